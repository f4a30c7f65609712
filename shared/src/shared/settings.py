"""Settings of a service: from the environment, secrets also from files, with useful errors."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import Field, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from shared.http.validation import errors_in
from shared.log import Format

_FILE: Final = "_FILE"


class BadSettings(Exception):
    """Settings a service can't start with. The text names each variable and never shows a value."""


class _SecretFiles(PydanticBaseSettingsSource):
    """Reads ``CASES_DATABASE_URL_FILE=/run/secrets/…`` where ``CASES_DATABASE_URL`` could be.

    Containers hand secrets over as files, so that they are in no process listing.
    """

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        variable = _variable(self.settings_cls, field_name)
        named = os.environ.get(variable + _FILE)
        if not named:
            return None, field_name, False
        if os.environ.get(variable):
            raise BadSettings(f"{variable} and {variable}{_FILE} are both set: keep one")
        try:
            content = Path(named).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "not UTF-8"
            raise BadSettings(
                f"{variable}{_FILE} names {named}, which can't be read: {why}"
            ) from None
        return content.rstrip("\r\n"), field_name, False

    def __call__(self) -> dict[str, Any]:
        found = {}
        for name, field in self.settings_cls.model_fields.items():
            value, _, _ = self.get_field_value(field, name)
            if value is not None:
                found[name] = value
        return found


class SiteSettings(BaseSettings):
    """What everything that answers HTTP must be told. Subclass it with an ``env_prefix``."""

    model_config = SettingsConfigDict(
        extra="ignore", frozen=True, env_ignore_empty=True, hide_input_in_errors=True
    )

    log_format: Format = Field(default="auto", description="json, console or auto")
    log_level: str = Field(default="INFO", pattern="^(?i:debug|info|warning|error)$")
    host: str = Field(default="127.0.0.1", description="the address the API listens on")
    port: int = Field(default=8000, ge=0, le=65535, description="the port the API listens on")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, _SecretFiles(settings_cls)


class ServiceSettings(SiteSettings):
    """What every service must be told: its database, its bus, and whose tokens it believes.

    There are no default secrets and no default addresses of databases.
    """

    database_url: str = Field(
        repr=False,
        description="the service's own database, as postgresql://USER:PASSWORD@HOST/NAME",
    )
    bus_url: str | None = Field(
        default=None, repr=False, description="RabbitMQ, as amqp://USER:PASSWORD@HOST/VHOST"
    )
    token_keys: str = Field(
        description="the keys that sign bearer tokens: a JWKS file, or its http(s) address"
    )
    token_issuer: str = Field(default="doorstep", description="the `iss` tokens must have")
    token_audience: str = Field(default="doorstep", description="the `aud` tokens must have")
    revoked_tokens: Path | None = Field(
        default=None, description="a file with the ids (`jti`) of revoked tokens, one a line"
    )
    worker_host: str = Field(
        default="127.0.0.1", description="the address of the worker's health and metrics"
    )
    worker_port: int = Field(
        default=8001, ge=0, le=65535, description="the port of the worker's health and metrics"
    )
    database_pool: int = Field(default=5, ge=1, le=100, description="connections per process")

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, value: str) -> str:
        try:
            scheme = make_url(value).get_backend_name()
        except (ArgumentError, ValueError):
            scheme = ""
        if scheme not in {"postgresql", "postgres"}:
            raise ValueError("must be an address that begins with postgresql://")
        return value

    @field_validator("bus_url")
    @classmethod
    def _is_amqp(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("amqp://", "amqps://")):
            raise ValueError("must be an address that begins with amqp:// or amqps://")
        return value


S = TypeVar("S", bound=SiteSettings)


def load(settings_class: type[S], **given: Any) -> S:
    """The settings as the environment (and ``given``) say. Raises `BadSettings`."""
    try:
        return settings_class(**given)
    except ValidationError as error:
        raise BadSettings("\n".join(_lines(settings_class, error))) from None


def _lines(settings_class: type[SiteSettings], error: ValidationError) -> list[str]:
    """One line a variable; never its value, which may be a secret."""
    lines = []
    found = error.errors(include_input=False, include_url=False)
    for each, said in zip(found, errors_in(found, {}), strict=False):
        name = str(each["loc"][0]) if each["loc"] else ""
        field = settings_class.model_fields.get(name)
        about = f" ({field.description})" if field is not None and field.description else ""
        variable = _variable(settings_class, name)
        words = said.message if isinstance(said.message, str) else said.message.en
        lines.append(f"{variable} {words}{about}")
    return lines


def _variable(settings_class: type[BaseSettings], name: str) -> str:
    return f"{settings_class.model_config.get('env_prefix', '')}{name}".upper()


def unknown_variables(
    settings_class: type[SiteSettings], environment: Mapping[str, str] | None = None
) -> list[str]:
    """Variables with the service's prefix that mean nothing to it: most likely misspelt."""
    prefix = settings_class.model_config.get("env_prefix", "").upper()
    if not prefix:
        return []
    known = {_variable(settings_class, name) for name in settings_class.model_fields}
    known |= {name + _FILE for name in known}
    names = os.environ if environment is None else environment
    return sorted(
        name for name in names if name.upper().startswith(prefix) and name.upper() not in known
    )
