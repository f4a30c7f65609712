"""Bodies and routes: checks, windows, packs, and what was decided about whom."""

from typing import Final

from fastapi import FastAPI
from shared.http import make_app

from contact_rules.api import approval_keys, checks, decisions, ledgers, packs

# A check may bring ten thousand past contacts of a few hundred bytes each.
LARGEST_BODY: Final = 4 * 1024 * 1024

_DESCRIPTION = """
Decides every planned visit against the law at that door: allowed hours, frequency caps, who may be
met, who must come. Packs of rules are data, each rule with its citation and how sure we are of it.

**Verdicts.** Each rule gives `pass`, `fail`, `unknown` or `not_applicable`. A prohibition that
fails is a `deny`; a presumption, guidance or policy that fails is a `deny` or `needs_review`, as
its pack says; `unknown` (a fact is missing) is `needs_review`, never `allow`. With `allow` come
the obligations.

**Stateless**: `checks` and `windows` take all facts in the body, store nothing, and always answer
the same body alike. **Stored**: visits that cases plans are decided by event, under the person's
lock; an approval reserves its place in every window that contains it, and is a signed token.
"""


def make() -> FastAPI:
    """The application with all routes of this service."""
    app = make_app(
        name="contact-rules",
        title="Doorstep contact rules",
        version="1",
        description=_DESCRIPTION.strip(),
        prefix="/contact-rules",
        max_body=LARGEST_BODY,
    )
    for module in (checks, packs, decisions, ledgers, approval_keys):
        app.include_router(module.router)
    return app
