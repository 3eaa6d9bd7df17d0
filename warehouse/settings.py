"""Settings: from the environment first, then from `.env` in the project folder.

Names in the environment are those of the fields in upper case (DATABASE_URL, WAREHOUSE_ENV, ...);
an empty value counts as not set. `.env.example` describes each one.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal

import psycopg2
from psycopg2.extensions import parse_dsn
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from warehouse.errors import SettingsError
from warehouse.server_files import LOCK

PROJECT_DIR = Path(__file__).resolve().parents[1]


_URL_RULE = (
    "is not a PostgreSQL URL: it must look like postgresql://user:password@host:5432/database; "
    "percent-encode special characters in the password and after the question mark "
    "(@ is %40, / is %2F, % is %25, = is %3D)"
)


def check_url(url: str) -> None:
    """Refuse what libpq would not understand, and what it would understand wrongly.

    A password with a bare @ or / is cut there, and its tail taken for a host or a database: refused
    here, because those two are named in messages.

    Raises:
        ValueError: with a reason that repeats no part of the value, which holds a password.
    """
    try:
        parts = parse_dsn(url)
    except psycopg2.Error:
        raise ValueError(_URL_RULE) from None
    database, host, port = (str(parts.get(name, "")) for name in ("dbname", "host", "port"))
    socket = host.startswith("/")  # a server may also listen in a folder
    sound = (
        url.startswith(("postgresql://", "postgres://"))
        and database != ""
        and not {"@", "/"} & set(database)
        and "@" not in host
        and (socket or "/" not in host)
        and (port == "" or (port.isdecimal() and 0 < int(port) <= 65_535))
    )
    if not sound:
        raise ValueError(_URL_RULE)


def _checked(url: SecretStr) -> SecretStr:
    check_url(url.get_secret_value())
    return url


def _check_server_dir(folder: Path) -> Path:
    """Refuse a folder that is not the server's own: `clean` deletes it as a whole.

    Such are the project's, those above it, and any that holds something but no server's lock.
    """
    place = _resolved(folder)
    own = not PROJECT_DIR.is_relative_to(place)
    if own and not (place / LOCK).exists():
        with suppress(OSError):  # missing, or closed to us: the server's own commands say so
            own = not any(place.iterdir())
    if not own:
        raise ValueError(
            f"must be a folder of the server's own, such as .postgres, and {place} is in other use"
        )
    return folder


def _resolved(folder: Path) -> Path:
    """Resolve POSTGRES_DIR: a relative one counts from the project folder."""
    return (PROJECT_DIR / folder.expanduser()).resolve()


def _as_number(value: object) -> object:
    """Turn digits from the environment into a number: Literal does not convert by itself."""
    return int(value) if isinstance(value, str) and value.isdigit() else value


class Settings(BaseSettings):
    """What the commands of the warehouse take from their surroundings."""

    model_config = SettingsConfigDict(
        env_file=PROJECT_DIR / ".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    database_url: Annotated[SecretStr, AfterValidator(_checked)] | None = None
    warehouse_env: Literal["dev", "staging", "prod"] = "dev"
    postgres_major: Annotated[Literal[16, 18], BeforeValidator(_as_number)] = 18
    postgres_dir: Annotated[Path, AfterValidator(_check_server_dir)] = Path(".postgres")
    dbt_threads: int = Field(default=4, ge=1, le=64)

    @property
    def server_dir(self) -> Path:
        """Folder of the embedded server."""
        return _resolved(self.postgres_dir)


def load_settings() -> Settings:
    """Read the settings.

    Raises:
        SettingsError: names each faulty variable and what it must be, never its value.
    """
    try:
        return Settings()
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc'][:1]).upper()}: "
            + fault["msg"].removeprefix("Value error, ")
            for fault in error.errors(include_input=False, include_url=False)
        )
        message = f"{faults} (set in the environment or in {PROJECT_DIR / '.env'})"
        raise SettingsError(message) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot read {PROJECT_DIR / '.env'}: {error}") from None
