"""Settings from the environment and a `.env` file; secrets also from the file that NAME_FILE names.

A missing or wrong setting is one sentence that names it (`SettingsError`).
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from dotenv import dotenv_values
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.diagnosis.proxy import parse_proxy

Network = IPv4Network | IPv6Network
ChannelId = Annotated[str, Field(pattern=r"^[CGD][A-Z0-9]{2,30}$")]
GroupId = Annotated[str, Field(pattern=r"^S[A-Z0-9]{2,30}$")]

_DOTENV = ".env"
_SECRETS = (
    "SLACK_BOT_TOKEN",
    "SLACK_SIGNING_SECRET",
    "SLACK_APP_TOKEN",
    "SLACK_CLIENT_SECRET",
    "TLSCHECK_ENCRYPTION_KEY",
    "REDIS_URL",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "TLSCHECK_WORKER_KEY",
)


DEFAULT_VANTAGE = "here"
"""What a place calls itself that nobody gave a name."""


class SettingsError(Exception):
    """A setting is missing or wrong; the text names it and says what to do."""


@dataclass(frozen=True, slots=True)
class Slip:
    """One setting that is wrong.

    `kind` is pydantic's word for the mistake, or "unreadable" for a file; `reason` says it without
    showing the value; `bounds` is what pydantic expected there (`ge`, `le`, `expected`, …).
    """

    name: str
    kind: str
    reason: str
    bounds: Mapping[str, object]


class Settings(BaseSettings):
    """Every setting of tlscheck; field names are the environment's names in lower case."""

    model_config = SettingsConfigDict(env_file=_DOTENV, env_ignore_empty=True, extra="ignore")

    slack_bot_token: SecretStr | None = None
    slack_signing_secret: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    slack_client_id: Annotated[str, Field(pattern=r"^[0-9.]{3,64}$|^$")] = ""
    slack_client_secret: SecretStr | None = None
    slack_redirect_uri: str = ""
    tlscheck_encryption_key: SecretStr | None = None
    slack_api_url: str = "https://slack.com/api/"
    port: Annotated[int, Field(ge=0, le=65535)] = 3000
    redis_url: SecretStr | None = None
    tlscheck_allow_networks: Annotated[tuple[Network, ...], NoDecode] = ()
    tlscheck_deny_networks: Annotated[tuple[Network, ...], NoDecode] = ()
    tlscheck_extra_roots: Path | None = None
    tlscheck_cache_seconds: Annotated[int, Field(ge=0, le=86_400)] = 300
    tlscheck_channels: Annotated[tuple[ChannelId, ...], NoDecode, Field(max_length=200)] = ()
    tlscheck_user_groups: Annotated[tuple[GroupId, ...], NoDecode, Field(max_length=10)] = ()
    tlscheck_other_workspaces: bool = False
    tlscheck_rate_person: Annotated[int, Field(ge=0, le=100_000)] = 30
    tlscheck_rate_channel: Annotated[int, Field(ge=0, le=100_000)] = 120
    tlscheck_sweep_hosts: Annotated[int, Field(ge=0, le=100_000)] = 20_000
    tlscheck_sweep_rate: Annotated[float, Field(ge=0.1, le=10_000)] = 200.0
    tlscheck_lang: Literal["en", "ja"] | None = None
    tlscheck_log: Literal["json", "console"] = "console"
    https_proxy: SecretStr | None = None
    http_proxy: SecretStr | None = None
    no_proxy: str = ""
    tlscheck_proxy_resolves: bool = False
    tlscheck_vantage: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")] = DEFAULT_VANTAGE
    tlscheck_metrics_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    tlscheck_worker_key: Annotated[SecretStr, Field(min_length=16)] | None = None

    @field_validator("tlscheck_allow_networks", "tlscheck_deny_networks", mode="before")
    @classmethod
    def _split_networks(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return tuple(ip_network(part, strict=False) for part in value.replace(",", " ").split())

    @field_validator("tlscheck_channels", "tlscheck_user_groups", mode="before")
    @classmethod
    def _split_ids(cls, value: Any) -> Any:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @field_validator("https_proxy", "http_proxy")
    @classmethod
    def _usable(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            parse_proxy(value.get_secret_value())
        return value

    @field_validator("slack_api_url")
    @classmethod
    def _with_final_slash(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")):
            msg = "must be an http or https address"
            raise ValueError(msg)
        return value if value.endswith("/") else value + "/"

    @field_validator("tlscheck_extra_roots")
    @classmethod
    def _readable(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            msg = f"no such file: {value}"
            raise ValueError(msg)
        return value


def _names(source: Mapping[str, str | None], name: str) -> bool:
    return bool(source.get(name) or source.get(f"{name}_FILE"))


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or "it is no text"


def setting_names() -> tuple[str, ...]:
    """Every name that is read from the environment, those of secrets' files included."""
    fields = (name.upper() for name in Settings.model_fields)
    return (*fields, *(f"{name}_FILE" for name in _SECRETS), "TLSCHECK_DEBUG")


def secrets_of(settings: Settings) -> list[str]:
    """The values that nothing may show: no log line, no answer."""
    found = (getattr(settings, name.lower()) for name in _SECRETS)
    return [one.get_secret_value() for one in found if one is not None]


def load_settings(**overrides: Any) -> Settings:
    """Read the settings.

    Args:
        **overrides: Values by field name that take the place of the environment's.

    Raises:
        SettingsError: A setting is wrong, or the file of a NAME_FILE cannot be read.
    """
    settings, slips = survey_settings(**overrides)
    if slips:
        msg = f"{slips[0].name}: {slips[0].reason}"
        raise SettingsError(msg)
    return settings


def survey_settings(**overrides: Any) -> tuple[Settings, tuple[Slip, ...]]:
    """Read the settings; those that are wrong have their defaults, and are all named beside.

    Args:
        **overrides: As for `load_settings`.
    """
    slips: list[Slip] = []
    try:
        dotenv = dotenv_values(overrides.get("_env_file", _DOTENV) or os.devnull)
    except (OSError, UnicodeDecodeError) as error:
        slips.append(Slip(_DOTENV, "unreadable", f"cannot be read: {_reason(error)}", {}))
        dotenv, overrides = {}, {**overrides, "_env_file": None}
    values: dict[str, Any] = {}
    for name in _SECRETS:
        # The environment is stronger than the file, and NAME stronger than NAME_FILE beside it.
        source = next((one for one in (os.environ, dotenv) if _names(one, name)), {})
        file = source.get(f"{name}_FILE")
        if file and not (source.get(name) or source.get(name.lower())):
            try:
                values[name.lower()] = Path(file).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                reason = f"cannot read {file}: {_reason(error)}"
                slips.append(Slip(f"{name}_FILE", "unreadable", reason, {}))
    values |= overrides
    try:
        return Settings(**values), tuple(slips)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
    # The first mistake of each setting is said.
    wrong = {str(one["loc"][0]): one for one in reversed(found)}
    for field, one in reversed(wrong.items()):
        reason = one["msg"].removeprefix("Value error, ")
        slips.append(Slip(field.upper(), one["type"], reason, one.get("ctx", {})))
    defaults = {field: Settings.model_fields[field].default for field in wrong}
    return Settings(**{**values, **defaults}), tuple(slips)
