"""What cases must be told to run."""

from typing import Annotated

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
    buckets: Annotated[str, AfterValidator(_readable)] = Field(
        default="M1=1,M2=31,M3=61,M4=91,M5=121,M6=151,M7+=181",
        description="ranges of days past due: each name with its first day",
    )
