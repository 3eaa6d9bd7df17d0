"""Settings: from the environment first, then from `.env` in the project folder.

Names in the environment are those of the fields in upper case (DATABASE_URL, WAREHOUSE_ENV, ...);
an empty value counts as not set. `.env.example` describes each one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from warehouse.errors import SettingsError

PROJECT_DIR = Path(__file__).resolve().parents[1]


def _check_url(url: SecretStr) -> SecretStr:
    """Refuse what is not a PostgreSQL URL with host and database.

    Raises:
        ValueError: with a reason that does not repeat the value, which holds a password.
    """
    reason = "must look like postgresql://user:password@host:5432/database"
    try:
        parts = urlsplit(url.get_secret_value())
        complete = parts.scheme in {"postgresql", "postgres"} and parts.path.strip("/")
        _ = parts.port  # out of range or not a number: urlsplit says so only when asked
    except ValueError:
        raise ValueError(reason) from None
    if not complete:
        raise ValueError(reason)
    return url


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

    database_url: Annotated[SecretStr, AfterValidator(_check_url)] | None = None
    warehouse_env: Literal["dev", "staging", "prod"] = "dev"
    postgres_major: Annotated[Literal[16, 18], BeforeValidator(_as_number)] = 18
    postgres_dir: Path = Path(".postgres")
    dbt_threads: int = Field(default=4, ge=1, le=64)

    @property
    def server_dir(self) -> Path:
        """Folder of the embedded server; a relative POSTGRES_DIR counts from the project folder."""
        return (PROJECT_DIR / self.postgres_dir.expanduser()).resolve()


def load_settings() -> Settings:
    """Read the settings.

    Raises:
        SettingsError: names each faulty variable and what it must be, never its value.
    """
    try:
        return Settings()
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc'][:1]).upper()}: {fault['msg']}"
            for fault in error.errors(include_input=False, include_url=False)
        )
        message = f"{faults} (set in the environment or in {PROJECT_DIR / '.env'})"
        raise SettingsError(message) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot read {PROJECT_DIR / '.env'}: {error}") from None
