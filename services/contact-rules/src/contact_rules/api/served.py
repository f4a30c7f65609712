"""The service as the routes know it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from shared.http import language
from shared.http.operations import Check, Readiness
from shared.idempotency import Once, once
from shared.paging import Page, page
from shared.problems import Language
from shared.service import Service, current_service
from sqlmodel import Session

from contact_rules.domain import Library
from contact_rules.handlers.deciding import Desk
from contact_rules.settings import ContactRulesSettings
from contact_rules.store import reviews
from contact_rules.store.published_keys import PublishedKeys
from contact_rules.store.shelf import Shelf


@dataclass(kw_only=True, eq=False)
class ContactRulesService(Service):
    """The parts of the service contact-rules."""

    settings: ContactRulesSettings
    shelf: Shelf
    approval_keys: PublishedKeys
    """The public keys that approvals and decisions are verified with."""
    desk: Callable[[], Desk]
    """What decisions are made with now. Take it once for one transaction, as `library`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.readiness = Readiness(
            self._api_checks(), degrading={**self._worker_checks(), **self._packs()}
        )

    @property
    def library(self) -> Library:
        """The packs in use now. Take it once for one answer: another may take its place."""
        return self.shelf.library

    def worker_readiness(self) -> Readiness:
        """Packs that can't be used leave the older ones in use, and the worker ready."""
        return Readiness({**self._api_checks(), **self._worker_checks()}, degrading=self._packs())

    def measure(self) -> tuple[int, float]:
        with Session(self.engine) as session:
            reviews.measure(session, self.name, self.clock())
        return super().measure()

    def _packs(self) -> dict[str, Check]:
        return {"packs": lambda: self.shelf.trouble}


Served = Annotated[ContactRulesService, Depends(current_service)]
"""A route's parameter: the service it belongs to."""

FirstTime = Annotated[Once, Depends(once)]
"""A parameter of every route that changes something and reads its body whole."""

Spoken = Annotated[Language, Depends(language)]
Part = Annotated[Page, Depends(page)]
