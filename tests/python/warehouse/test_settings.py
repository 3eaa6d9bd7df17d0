"""Settings: where they come from, and what faulty ones say."""

from __future__ import annotations

import pytest

from warehouse import settings
from warehouse.connections import database_url
from warehouse.errors import ServerError, SettingsError
from warehouse.settings import Settings, load_settings

URL = "postgresql://me:top-secret@db.example:5433/shop"


def test_defaults_are_the_embedded_server_in_development():
    loaded = load_settings()
    assert (loaded.database_url, loaded.warehouse_env) == (None, "dev")
    assert loaded.server_dir == settings.PROJECT_DIR / ".postgres"


def test_the_environment_wins_over_the_file(tmp_path, monkeypatch):
    file = tmp_path / ".env"
    file.write_text("WAREHOUSE_ENV=staging\nDBT_THREADS=7\nSOMETHING_ELSE=1\nPOSTGRES_MAJOR=\n")
    monkeypatch.setitem(Settings.model_config, "env_file", file)
    monkeypatch.setenv("WAREHOUSE_ENV", "prod")
    loaded = load_settings()
    assert (loaded.warehouse_env, loaded.dbt_threads, loaded.postgres_major) == ("prod", 7, 18)


def test_the_major_version_is_a_number(monkeypatch):
    monkeypatch.setenv("POSTGRES_MAJOR", "16")
    assert load_settings().postgres_major == 16


def test_a_secret_is_not_shown(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", URL)
    loaded = load_settings()
    assert "top-secret" not in f"{loaded!r} {loaded} {loaded.model_dump()}"
    assert database_url(loaded) == URL


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("DATABASE_URL", "mysql://me:top-secret@host/shop", "DATABASE_URL: .*must look like"),
        ("DATABASE_URL", "postgresql://me:top-secret@host", "DATABASE_URL: .*must look like"),
        ("DATABASE_URL", "postgresql://me:top-secret@host:port/x", "DATABASE_URL: .*must look"),
        ("WAREHOUSE_ENV", "top-secret", "WAREHOUSE_ENV: .*'dev', 'staging' or 'prod'"),
        ("POSTGRES_MAJOR", "15", "POSTGRES_MAJOR: .*16 or 18"),
        ("DBT_THREADS", "0", "DBT_THREADS: .*greater than or equal to 1"),
    ],
)
def test_a_faulty_setting_is_named_but_not_repeated(monkeypatch, name, value, says):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=says) as caught:
        load_settings()
    assert "top-secret" not in caught.value.message
    assert "\n" not in caught.value.message


def test_an_unreadable_file_is_named(tmp_path, monkeypatch):
    file = tmp_path / ".env"
    file.write_bytes(b"WAREHOUSE_ENV=\xff\xfe")
    monkeypatch.setitem(Settings.model_config, "env_file", file)
    with pytest.raises(SettingsError, match="cannot read"):
        load_settings()


def test_without_any_server_the_fix_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("POSTGRES_DIR", str(tmp_path / "none"))
    with pytest.raises(ServerError, match="make up"):
        database_url()
