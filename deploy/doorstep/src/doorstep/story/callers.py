"""Who speaks in the story: a lender's system, and the operations of the house."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from shared.auth import Role, mint
from shared.clock import utc_now
from shared.keys import BadKeys, Signer

from doorstep.story.edge import Edge
from doorstep.trouble import Trouble

LENDER: Final = "sample-bank"
"""The lender whose accounts the sample's are."""

_LIFETIME: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Callers:
    """The two of them, each with its own token."""

    lender: Edge
    ops: Edge


def story_tokens(key: Path) -> tuple[str, str]:
    """A lender's token and one of ops, signed with a private key (PEM). Raises Trouble."""
    try:
        signer = Signer(key)
    except BadKeys as error:
        raise Trouble(f"No tokens: {error}.") from error
    now = utc_now()
    lender = mint(
        signer, subject="story", role=Role.LENDER, lender=LENDER, now=now, lifetime=_LIFETIME
    )
    return lender, mint(signer, subject="story", role=Role.OPS, now=now, lifetime=_LIFETIME)


@contextmanager
def callers(url: str, tokens: tuple[str, str], language: str) -> Iterator[Callers]:
    """The callers of the house at that address, who want messages in that language."""
    lender, ops = tokens
    with Edge(url, lender, language) as as_lender, Edge(url, ops, language) as as_ops:
        yield Callers(lender=as_lender, ops=as_ops)
