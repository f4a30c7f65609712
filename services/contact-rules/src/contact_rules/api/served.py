"""The service as the routes know it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends
from shared.http.operations import Check, Readiness
from shared.service import Service, current_service

from contact_rules.domain import Library
from contact_rules.settings import ContactRulesSettings
from contact_rules.store.shelf import Shelf


@dataclass(kw_only=True, eq=False)
class ContactRulesService(Service):
    """The parts of the service contact-rules."""

    settings: ContactRulesSettings
    shelf: Shelf
    approval_keys: Mapping[str, Any]
    """The public keys that approvals are verified with, as a JWKS."""

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

    def _packs(self) -> dict[str, Check]:
        return {"packs": lambda: self.shelf.trouble}


Served = Annotated[ContactRulesService, Depends(current_service)]
"""A route's parameter: the service it belongs to."""
