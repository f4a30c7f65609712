"""Key pairs in files: a private key, and the JWKS by which others verify what it signs."""

import json
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from shared.keys import BadKeys, KeySet, Signer, make_key, thumbprint

from doorstep.trouble import Trouble


def complete(private: Path, public: Path) -> None:
    """Makes what is missing of a pair. Afterwards `public` verifies what `private` signs.

    A JWKS that lacks the private key gets it in front, and keeps the keys it has: what they signed
    goes on counting. Nothing else is changed. Raises Trouble for a file that is no key or no JWKS
    rather than replace it, and OSError.
    """
    if not private.exists():
        put(private, lambda path: make_key(path))
    try:
        signer = Signer(private)
        if not public.exists():
            published = signer.public_jwks()
        elif KeySet(public).get(signer.kid) is None:
            published = signer.public_jwks(_published(public))
        else:
            return
    except BadKeys as error:
        text = str(error)
        raise Trouble(
            f"{text[:1].upper()}{text[1:]}.",
            "Put the right file back, or remove it: the next start makes it anew.",
        ) from error
    put(public, lambda path: write(path, json.dumps(published, indent=1) + "\n"))


def put(path: Path, make: Callable[[Path], None]) -> None:
    """Made beside its place and renamed in: a killed attempt leaves no half a file."""
    with tempfile.TemporaryDirectory(prefix="making-", dir=path.parent) as beside:
        fresh = Path(beside) / path.name
        make(fresh)
        fresh.replace(path)


def write(path: Path, text: str) -> None:
    """A file for its owner alone."""
    path.touch(mode=0o600)
    path.write_text(text)


def _published(path: Path) -> dict[str, Any]:
    """The keys of a JWKS that verify anything, each with its name. The set is known to be good."""
    keys = []
    for key in json.loads(path.read_bytes())["keys"]:
        with suppress(BadKeys):
            KeySet.of({"keys": [key]})
            keys.append(key | {"kid": key.get("kid") or thumbprint(key)})
    return {"keys": keys}
