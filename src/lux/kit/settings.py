"""One frozen, typed settings object; the only place that reads the environment."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from lux.kit.errors import FieldProblem, SettingsProblem

PLATFORM_NAMES = {"port": "PORT", "database_url": "DATABASE_URL", "repl_id": "REPL_ID"}


class Settings(BaseSettings):
    """All settings of an installation: `LUX_*`, else the platform's own names, else the default."""

    model_config = SettingsConfigDict(env_prefix="LUX_", frozen=True, extra="ignore", env_ignore_empty=True)

    home: Path = Field(default=Path("var"), description="Folder that holds all local state.")
    database_url: str = Field(
        default="", description="SQLAlchemy URL; empty = SQLite in the home folder. postgres:// is understood."
    )
    public_url: str = Field(
        default="", description="Address under which people reach LUX; links in mails begin with it."
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=5000, ge=1, le=65535, description="Port to listen on (also PORT).")
    jobs: Literal["local", "none"] = Field(
        default="local", description="Who runs background work: this server (local) or nobody here (none)."
    )
    job_threads: int = Field(default=4, ge=1, le=64, description="Threads for background work in one worker.")
    web_threads: int = Field(default=8, ge=1, le=128, description="Threads that answer requests.")
    proxy_hops: int = Field(
        default=0, ge=0, le=5, description="How many reverse proxies in front of LUX may be believed."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="Least level logged.")
    log_format: Literal["auto", "json", "text"] = Field(
        default="auto", description="auto = text on a terminal, JSON elsewhere."
    )
    secret_key: SecretStr = Field(
        default=SecretStr(""), description="Signs cookies and links; empty = a key file in the home folder."
    )
    master_keys: SecretStr = Field(
        default=SecretStr(""),
        description="Vault keys `k2:<base64>,k1:<base64>`, newest first; empty = a key file in the home folder.",
    )
    file_store: str = Field(default="", description="Where files go: empty = the home folder, or s3://bucket/prefix.")
    file_store_endpoint: str = Field(default="", description="Address of an S3-compatible service.")
    allow_hosts: tuple[str, ...] = Field(
        default=(), description="Hosts on private addresses that tenants may name (JSON list), e.g. a relay."
    )
    tls_ca_file: str = Field(default="", description="Extra certificate authority (PEM) to trust for mail servers.")
    dns_servers: tuple[str, ...] = Field(
        default=(), description="Name servers to ask (JSON list); empty = the system's."
    )
    max_upload_mb: int = Field(default=2048, ge=1, le=65536, description="Largest file people can upload, in MiB.")
    session_idle_hours: int = Field(default=12, ge=1, le=720, description="A session ends after this idle time.")
    session_days: int = Field(default=7, ge=1, le=90, description="A session ends after this time in any case.")
    mail_pace: int = Field(default=0, ge=0, description="Most messages per second over all; 0 = no limit.")
    repl_id: str = Field(default="", description="Set by Replit (REPL_ID).")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take arguments first, then LUX_* variables, then the platforms' own names."""
        return (init_settings, env_settings, _PlatformSource(settings_cls))

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("public_url")
    @classmethod
    def _plain_url(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.database_url.startswith(("postgres://", "postgresql://")):
            rest = self.database_url.split("://", 1)[1]
            object.__setattr__(self, "database_url", f"postgresql+psycopg://{rest}")
        if self.repl_id and "host" not in self.model_fields_set:
            object.__setattr__(self, "host", "0.0.0.0")  # noqa: S104 - Replit's proxy reaches the container from outside
        if self.repl_id and "proxy_hops" not in self.model_fields_set:
            object.__setattr__(self, "proxy_hops", 1)
        return self

    @property
    def database(self) -> str:
        """Return the SQLAlchemy URL in use."""
        return self.database_url or f"sqlite:///{self.home / 'lux.db'}"

    @property
    def base_url(self) -> str:
        """Return the address that links begin with."""
        shown = "127.0.0.1" if self.host in {"0.0.0.0", "::"} else self.host  # noqa: S104 - compared, not bound
        return self.public_url or f"http://{shown}:{self.port}"

    @property
    def is_https(self) -> bool:
        """Say whether people reach LUX over TLS."""
        return self.base_url.startswith("https://")

    def effective(self) -> dict[str, str]:
        """Return every setting as text with secrets masked, as `lux config` prints it."""
        shown: dict[str, str] = {}
        for name in type(self).model_fields:
            value: object = getattr(self, name)
            if isinstance(value, SecretStr):
                shown[name] = "set (hidden)" if value.get_secret_value() else "not set"
            else:
                shown[name] = _mask_password(str(self.database if name == "database_url" else value))
        return shown


class _PlatformSource(PydanticBaseSettingsSource):
    """The platforms' own names: PORT, DATABASE_URL, REPL_ID, and REPLIT_DOMAINS for the public address."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ANN401, ARG002 - pydantic's signature
        value = os.environ.get(PLATFORM_NAMES.get(field_name, ""), "")
        return (value or None, field_name, False)

    def __call__(self) -> dict[str, Any]:
        found = {name: os.environ.get(variable, "") for name, variable in PLATFORM_NAMES.items()}
        domain = os.environ.get("REPLIT_DOMAINS", "").partition(",")[0].strip()
        found["public_url"] = f"https://{domain}" if domain else ""
        return {name: value for name, value in found.items() if value}


def load(**overrides: object) -> Settings:
    """Read the settings; a wrong value raises SettingsProblem that names itself."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        problems = [
            FieldProblem(
                field="LUX_" + ".".join(str(part) for part in item["loc"]).upper(),
                message=f"{item['msg']} (it is {item['input']!r})",
            )
            for item in error.errors()
        ]
        words = "; ".join(f"{problem.field}: {problem.message}" for problem in problems)
        raise SettingsProblem(f"A setting can't be used. {words}", problems=problems) from error
    except SettingsError as error:
        raise SettingsProblem(
            f'A setting can\'t be read: {error}. Lists are JSON, for example ["relay.example.com"].'
        ) from error


def environment(names: Mapping[str, str]) -> dict[str, str]:
    """Return a copy of the process environment with some values set, for child processes."""
    return {**os.environ, **names}


def _mask_password(text: str) -> str:
    head, separator, tail = text.partition("://")
    if not separator or "@" not in tail:
        return text
    login, _, place = tail.rpartition("@")
    return f"{head}://{login.split(':', 1)[0]}:***@{place}"
