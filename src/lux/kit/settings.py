"""One frozen, typed settings object; the only place that reads the environment."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from lux.kit.errors import FieldProblem, SettingsProblem

PLATFORM_NAMES = {"port": "PORT", "database_url": "DATABASE_URL", "repl_id": "REPL_ID"}
_DOMAINS = "REPLIT_DOMAINS"  # the public address, as Replit names it
_LOGIN_PASSWORD = re.compile(r"(?<=://)([^/:@\s]*):[^@\s]*@")
_QUERY_SECRET = re.compile(r"([?&][\w-]*(?:pass\w*|secret\w*|token|key)=)[^&#\s]*", re.IGNORECASE)


class Settings(BaseSettings):
    """All settings of an installation: `LUX_*`, else the platform's own names, else the default."""

    model_config = SettingsConfigDict(
        env_prefix="LUX_", frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    home: Path = Field(default=Path("var"), description="Folder that holds all local state.")
    database_url: str = Field(
        default="",
        description="postgresql://, mysql://, mariadb:// or sqlite:/// address; empty = SQLite in the home folder.",
    )
    public_url: str = Field(
        default="", description="Address under which people reach LUX; links in mails begin with it."
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=5000, ge=1, le=65535, description="Port to listen on (also PORT).")
    jobs: Literal["local", "celery", "none"] = Field(
        default="local",
        description="Who runs background work: this server (local), workers anywhere (celery), nobody here (none).",
    )
    broker_url: str = Field(
        default="",
        validate_default=True,
        description="redis://, rediss://, amqp:// or amqps:// address that LUX_JOBS=celery works over.",
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
    audit_key: SecretStr = Field(
        default=SecretStr(""),
        description="Signs the audit log's checkpoints (32 bytes in base64); empty = a key file in the home folder.",
    )
    file_store: str = Field(default="", description="Where files go: empty = the home folder, or s3://bucket/prefix.")
    file_store_endpoint: str = Field(default="", description="Address of an S3-compatible service.")
    allow_hosts: tuple[str, ...] = Field(
        default=(), description="Hosts on private addresses that tenants may name (JSON list), e.g. a relay."
    )
    allow_http: bool = Field(
        default=False, description="Let webhooks and other addresses that people enter begin with http://, too."
    )
    tls_ca_file: str = Field(
        default="", description="Extra certificate authority (PEM) to trust for mail servers and webhooks."
    )
    dns_servers: tuple[str, ...] = Field(
        default=(), description="Name servers to ask (JSON list); empty = the system's."
    )
    max_upload_mb: int = Field(default=2048, ge=1, le=65536, description="Largest file people can upload, in MiB.")
    session_idle_hours: int = Field(default=12, ge=1, le=720, description="A session ends after this idle time.")
    session_days: int = Field(default=7, ge=1, le=90, description="A session ends after this time in any case.")
    trash_days: int = Field(
        default=30, ge=0, le=3650, description="Days after which what is in the trash is removed for good; 0 = never."
    )
    backup_dir: str = Field(default="", description="Folder for backups; empty = `backups` in the home folder.")
    backup_hours: int = Field(
        default=24, ge=0, le=8760, description="Hours between backups that LUX makes by itself; 0 = it makes none."
    )
    backup_keep: int = Field(default=7, ge=1, le=1000, description="How many of the newest backups are kept.")
    backup_keep_days: int = Field(default=7, ge=0, le=1000, description="Besides: one backup of each of so many days.")
    backup_keep_weeks: int = Field(
        default=4, ge=0, le=1000, description="Besides: one backup of each of so many weeks."
    )
    backup_keep_months: int = Field(
        default=3, ge=0, le=1000, description="Besides: one backup of each of so many months."
    )
    mail_pace: int = Field(default=0, ge=0, description="Most messages per second over all; 0 = no limit.")
    resume_ramp_minutes: int = Field(
        default=10, ge=0, le=1440, description="Minutes until the full pace is back after a stop; 0 = at once."
    )
    api_per_minute: int = Field(default=600, ge=1, le=100_000, description="Most API calls per minute and key.")
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

    @field_validator("database_url")
    @classmethod
    def _exact(cls, value: str) -> str:
        if not value:
            return value
        from lux.kit import database_url  # only where it is set: the supervising process stays small

        return database_url.normal(value)

    @field_validator("broker_url")
    @classmethod
    def _fits_the_engine(cls, value: str, info: ValidationInfo) -> str:
        if value and not value.startswith(("redis://", "rediss://", "amqp://", "amqps://")):
            raise ValueError("must begin with redis://, rediss://, amqp:// or amqps://")
        if info.data.get("jobs") != "celery":
            return value
        if not value:
            raise ValueError("LUX_JOBS=celery needs it, for example redis://127.0.0.1:6379/0")
        if str(info.data.get("database_url") or "sqlite").startswith("sqlite"):
            raise ValueError(
                "LUX_JOBS=celery needs a database that several machines reach: set LUX_DATABASE_URL to PostgreSQL or "
                "MariaDB, or use LUX_JOBS=local"
            )
        return value

    @field_validator("public_url")
    @classmethod
    def _plain_url(cls, value: str) -> str:
        if not value:
            return value
        if not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        parts = urlsplit(value)
        _ = parts.port  # raises ValueError for one that is no number
        if not parts.hostname or any(letter.isspace() for letter in value):
            raise ValueError("must name a host, for example https://lux.example.com")
        if parts.query or parts.fragment or "@" in parts.netloc:
            raise ValueError("must be a plain address, without ?, # and @")
        return value.rstrip("/")

    @field_validator("host")
    @classmethod
    def _without_brackets(cls, value: str) -> str:
        return value.removeprefix("[").removesuffix("]")

    @model_validator(mode="after")
    def _complete(self) -> Self:
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
        shown = f"[{shown}]" if ":" in shown else shown  # RFC 3986: an IPv6 address stands in brackets
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
                shown[name] = _mask_password(str(value))
        return shown | {"database_url": self.shown_database}

    @property
    def shown_database(self) -> str:
        """Return the database's address fit for people: without passwords."""
        from lux.kit import database_url

        return database_url.masked(self.database)


class _PlatformSource(PydanticBaseSettingsSource):
    """The platforms' own names: PORT, DATABASE_URL, REPL_ID, and REPLIT_DOMAINS for the public address."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ANN401, ARG002 - pydantic's signature
        value = os.environ.get(PLATFORM_NAMES.get(field_name, ""), "")
        return (value or None, field_name, False)

    def __call__(self) -> dict[str, Any]:
        found = {name: os.environ.get(variable, "") for name, variable in PLATFORM_NAMES.items()}
        domain = os.environ.get(_DOMAINS, "").partition(",")[0].strip()
        found["public_url"] = f"https://{domain}" if domain else ""
        return {name: value for name, value in found.items() if value}


def load(**overrides: object) -> Settings:
    """Read the settings; a wrong value raises SettingsProblem that names itself."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]
    except ValidationError as error:
        problems = [_problem(item["loc"], item["msg"], item["input"], overrides) for item in error.errors()]
        words = "; ".join(f"{problem.field}: {problem.message}" for problem in problems)
        raise SettingsProblem(f"A setting can't be used. {words}", problems=problems) from error
    except SettingsError as error:
        raise SettingsProblem(
            f'A setting can\'t be read: {error}. Lists are JSON, for example ["relay.example.com"].'
        ) from error


def _problem(
    place: tuple[int | str, ...], message: str, value: object, overrides: Mapping[str, object]
) -> FieldProblem:
    """Say what is wrong with a setting, under the name that was really set, without showing secrets."""
    name = ".".join(str(part) for part in place)
    words = message.removeprefix("Value error, ")
    if name not in {"database_url", "secret_key", "master_keys"}:
        words = f"{words} (it is {_mask_password(str(value))!r})"
    return FieldProblem(field=_variable(name, overrides), message=words)


def _variable(name: str, overrides: Mapping[str, object]) -> str:
    """Return the variable from which a setting has its value."""
    own = f"LUX_{name.upper()}"
    is_own = name in overrides or any(variable.upper() == own and value for variable, value in os.environ.items())
    platforms = _DOMAINS if name == "public_url" else PLATFORM_NAMES.get(name, "")
    return platforms if not is_own and os.environ.get(platforms) else own


def environment(names: Mapping[str, str]) -> dict[str, str]:
    """Return a copy of the process environment with some values set, for child processes."""
    return {**os.environ, **names}


def _mask_password(text: str) -> str:
    return _QUERY_SECRET.sub(r"\1***", _LOGIN_PASSWORD.sub(r"\1:***@", text))
