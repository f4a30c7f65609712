"""What plans must be told to run."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict
from shared.settings import ServiceSettings


class PlansSettings(ServiceSettings):
    """Variables begin with ``PLANS_``."""

    model_config = SettingsConfigDict(env_prefix="PLANS_")

    offer_days: int = Field(
        default=14, ge=1, le=366, description="how many days a debtor has to take an offer"
    )
