"""profiles.yml: what dbt needs, private, and complete or not there."""

from __future__ import annotations

import stat

import yaml

from warehouse.profiles import PROFILE, profile, write_profiles
from warehouse.settings import Settings


def settings(**values: object) -> Settings:
    return Settings(_env_file=None, **values)


def test_the_file_is_private_and_replaced_whole(tmp_path):
    path = tmp_path / "profiles.yml"
    path.write_text("old")
    path.chmod(0o644)
    write_profiles("postgresql://me:pä:ss@db:5433/shop", settings(), path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
    target = yaml.safe_load(path.read_text())[PROFILE]["outputs"]["dev"]
    facts = {name: target[name] for name in ("host", "port", "user", "password", "dbname")}
    assert facts == {
        "host": "db",
        "port": 5433,
        "user": "me",
        "password": "pä:ss",
        "dbname": "shop",
    }


def test_the_target_is_the_environment():
    content = profile("postgresql://me@db/shop", settings(warehouse_env="prod", dbt_threads=3))
    assert content[PROFILE]["target"] == "prod"
    assert content[PROFILE]["outputs"]["prod"]["threads"] == 3


def test_percent_codes_and_certificates_reach_dbt():
    url = "postgresql://me:a%40b%2Fc@db/shop?sslmode=verify-full&sslrootcert=/ca.pem"
    target = profile(url, settings())[PROFILE]["outputs"]["dev"]
    assert (target["password"], target["sslmode"]) == ("a@b/c", "verify-full")
    assert target["sslrootcert"] == "/ca.pem"


def test_what_dbt_cannot_take_is_said(capfd):
    profile("postgresql://me@db/shop?target_session_attrs=read-write", settings())
    assert "no setting for target_session_attrs" in capfd.readouterr().err
