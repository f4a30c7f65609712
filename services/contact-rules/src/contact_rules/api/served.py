"""The service as the routes know it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends
from shared.service import Service, current_service

from contact_rules.domain import Library
from contact_rules.settings import ContactRulesSettings


@dataclass(kw_only=True, eq=False)
class ContactRulesService(Service):
    """The parts of the service contact-rules."""

    settings: ContactRulesSettings
    library: Library
    approval_keys: Mapping[str, Any]
    """The public keys that approvals are verified with, as a JWKS."""


Served = Annotated[ContactRulesService, Depends(current_service)]
"""A route's parameter: the service it belongs to."""
