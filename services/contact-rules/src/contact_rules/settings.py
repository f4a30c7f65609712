"""What contact-rules must be told to run."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict
from shared.settings import ServiceSettings

from contact_rules.domain.approval import ISSUER


class ContactRulesSettings(ServiceSettings):
    """Variables begin with ``CONTACT_RULES_``."""

    model_config = SettingsConfigDict(env_prefix="CONTACT_RULES_")

    approval_key: Path = Field(description="the Ed25519 private key (PEM) that signs approvals")
    approval_issuer: str = Field(
        default=ISSUER, min_length=1, description="the `iss` of the approvals signed"
    )
    packs: Path | None = Field(
        default=None, description="the directory of the rule packs; default: those shipped"
    )
