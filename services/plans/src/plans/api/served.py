"""The service as the routes know it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import Depends
from shared.service import Service, current_service

from plans.settings import PlansSettings


@dataclass(kw_only=True, eq=False)
class PlansService(Service):
    """The parts of the service plans."""

    settings: PlansSettings

    @property
    def offer_lifetime(self) -> timedelta:
        """How long an offer stands."""
        return timedelta(days=self.settings.offer_days)


Served = Annotated[PlansService, Depends(current_service)]
"""A route's parameter: the service it belongs to."""
