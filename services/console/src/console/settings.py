"""Settings of the console, from the environment as ``CONSOLE_…``."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict
from shared.settings import SiteSettings


class ConsoleSettings(SiteSettings):
    """Where the services are. The console has no database and no secrets."""

    model_config = SettingsConfigDict(env_prefix="CONSOLE_")

    cases_url: str = Field(description="the address of cases, such as http://cases:8000")
    contact_rules_url: str = Field(description="the address of contact-rules")
    plans_url: str = Field(description="the address of plans")
    secure_cookies: bool = Field(
        default=False, description="send cookies over HTTPS only: set it behind HTTPS"
    )
