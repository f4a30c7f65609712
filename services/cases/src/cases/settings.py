"""What cases must be told to run."""

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import SettingsConfigDict
from shared.settings import ServiceSettings

from cases.domain.account import Buckets
from cases.domain.person import KEY_BYTES


def buckets_of(text: str) -> Buckets:
    """Buckets from ``M1=1,M2=31,…``: names, each with its first day. Raises ValueError."""
    later = []
    for part in text.split(","):
        name, separator, first = part.strip().partition("=")
        if not separator or not first.isascii() or not first.isdigit():
            raise ValueError("buckets are written as NAME=FIRST_DAY, with commas between")
        later.append((name.strip(), int(first)))
    return Buckets(later)


def _readable(text: str) -> str:
    buckets_of(text)
    return text


def _address(text: str) -> str:
    try:
        found = urlsplit(text)
        _ = found.port
    except ValueError:
        found = urlsplit("")
    if found.scheme not in {"http", "https"} or not found.hostname or found.query:
        raise ValueError("must be an address that begins with http:// or https://")
    return text.rstrip("/")


class CasesSettings(ServiceSettings):
    """Variables begin with ``CASES_``; each may come from a file, as ``CASES_…_FILE``."""

    model_config = SettingsConfigDict(env_prefix="CASES_")

    identity_key: SecretStr = Field(
        min_length=KEY_BYTES,
        description="the secret persons are recognised by, at least 32 characters; it must never"
        " change, or everybody is a stranger again",
    )
    approval_keys: str = Field(
        description="contact-rules' public keys: a JWKS file, or its http(s) address"
    )
    contact_rules_url: Annotated[str, AfterValidator(_address)] = Field(
        description="the address of contact-rules, such as http://contact-rules:8000"
    )
    service_token_file: Path = Field(
        description="a file with the bearer token (role `service`) that contact-rules is asked"
        " with; read again when it changes"
    )
    contact_rules_seconds: float = Field(
        default=2.0,
        gt=0,
        le=10,
        description="how long contact-rules may take for an answer before a team goes; without"
        " one nobody goes",
    )
    contact_rules_planning_seconds: float = Field(
        default=8.0,
        gt=0,
        le=60,
        description="how long contact-rules may take for the lawful windows of a hundred visits",
    )
    check_in_within_m: int = Field(
        default=200,
        ge=10,
        le=5000,
        description="how many metres from the address a team may be when it checks in, beside"
        " what its position may be wrong by",
    )
    buckets: Annotated[str, AfterValidator(_readable)] = Field(
        default="M1=1,M2=31,M3=61,M4=91,M5=121,M6=151,M7+=181",
        description="ranges of days past due: each name with its first day",
    )
