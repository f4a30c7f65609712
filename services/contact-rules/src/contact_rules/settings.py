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
    approval_older_keys: Path | None = Field(
        default=None,
        description="public keys before it that still count, published after it: a JWKS, a PEM, or"
        " a directory of such files; read again when they change",
    )
    approval_issuer: str = Field(
        default=ISSUER, min_length=1, description="the `iss` of the approvals signed"
    )
    packs: Path | None = Field(
        default=None, description="the directory of the rule packs; default: those shipped"
    )
    review_hours: int = Field(
        default=72,
        ge=1,
        le=720,
        description="how long people have to decide what rules leave open, at most until the visit",
    )
