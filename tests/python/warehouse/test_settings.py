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
        ("WAREHOUSE_ENV", "top-secret", "WAREHOUSE_ENV: .*'dev', 'staging' or 'prod'"),
        ("POSTGRES_MAJOR", "15", "POSTGRES_MAJOR: .*16 or 18"),
        ("POSTGRES_DIR", ".", "POSTGRES_DIR: must be a folder of the server's own"),
        ("POSTGRES_DIR", "models/..", "POSTGRES_DIR: must be a folder of the server's own"),
        ("POSTGRES_DIR", "models", "POSTGRES_DIR: .*models is in other use"),
        ("POSTGRES_DIR", "/", "POSTGRES_DIR: must be a folder of the server's own"),
        ("DBT_THREADS", "0", "DBT_THREADS: .*greater than or equal to 1"),
    ],
)
def test_a_faulty_setting_is_named_but_not_repeated(monkeypatch, name, value, says):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=says) as caught:
        load_settings()
    assert "top-secret" not in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    "url",
    [
        "mysql://me:top-secret@host/shop",
        "host=h dbname=d password=top-secret",
        "postgresql://me:top-secret@host",
        "postgresql://me:top-secret@host:port/x",
        "postgresql://me:top-secret@host:65536/x",
        "postgresql://me:top-secret@one,two:5433/x",
        "postgresql://me:top-secret%zz@host/x",
        "postgresql://me:top-secret@host/x?passwordd=x",
        "postgresql://me:top-secret@host/x?options=-c%20default_transaction_read_only=on",
        "postgresql://me:12/top-secret@host/x",
        "postgresql://me:a@top-secret@host/x",
        "postgresql://me:a pw@/top-secret:@host/x",
    ],
)
def test_a_faulty_url_is_told_in_one_fixed_sentence(monkeypatch, url):
    """Whatever is wrong with it: every part of it may be a piece of the password."""
    said = set()
    for value in (url, "nonsense"):
        monkeypatch.setenv("DATABASE_URL", value)
        with pytest.raises(SettingsError, match="percent-encode") as caught:
            load_settings()
        said.add(caught.value.message)
    (message,) = said
    assert message.startswith("DATABASE_URL: is not a PostgreSQL URL")
    assert "\n" not in message


@pytest.mark.parametrize(
    "url",
    [
        URL,
        "postgres://me:p%40ss%2Fw%25rd@host/shop",
        "postgresql://me@[::1]/shop?options=-c%20work_mem%3D8MB",
        "postgresql:///shop?host=/var/run/postgresql",
    ],
)
def test_a_url_that_libpq_understands_is_taken(monkeypatch, url):
    monkeypatch.setenv("DATABASE_URL", url)
    assert database_url(load_settings()) == url


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
