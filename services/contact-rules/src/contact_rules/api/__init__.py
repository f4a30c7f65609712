"""Bodies and routes: checks, windows, packs, and what was decided about whom."""

from typing import Final

from fastapi import FastAPI
from shared.http import make_app

from contact_rules.api import (
    approval_keys,
    approvals,
    breaches,
    checks,
    contacts,
    decisions,
    evidence,
    facts,
    ledgers,
    pack_drafts,
    packs,
    person_windows,
    replays,
    reviews,
    simulations,
)
from contact_rules.domain.pack_version import VersionRefusal
from contact_rules.domain.review import MayNotVote, ReviewRefusal
from contact_rules.handlers.give_evidence import NotSigned
from contact_rules.handlers.replay_decision import CanNotReplay
from contact_rules.handlers.schedule_packs import NoSuchVersion
from contact_rules.handlers.simulate import NoSuchSimulation
from contact_rules.store.shelf import RulesNotRead

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
        unlimited_paths=["/v1/contacts"],
        open_paths=[approvals.VERIFY_PATH],
        refusals={
            MayNotVote: 403,
            ReviewRefusal: 409,
            CanNotReplay: 409,
            NotSigned: 409,
            NoSuchVersion: 404,
            NoSuchSimulation: 404,
            VersionRefusal: 409,
            RulesNotRead: 503,
        },
    )
    for module in (
        checks,
        person_windows,
        pack_drafts,  # before packs: `drafts` is no id of a pack
        simulations,
        packs,
        decisions,
        evidence,
        replays,
        facts,
        ledgers,
        contacts,
        breaches,
        reviews,
        approvals,
        approval_keys,
    ):
        app.include_router(module.router)
    return app
