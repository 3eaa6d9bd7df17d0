"""What the command line says of models, without making anything."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from models import MODELS, model_of

SHOP_ORDER = [
    "categories",
    "suppliers",
    "products",
    "inventory",
    "customers",
    "orders",
    "order_items",
    "payments",
    "shipments",
    "returns",
    "reviews",
    "bids",
]


@pytest.mark.parametrize("name", ["shop", "clinic"])
def test_check_says_what_would_be_made(tmp_path, generate, name):
    result = generate(tmp_path / "landing", "check", name)
    assert result.exit_code == 0
    assert result.stderr == ""
    first, *lines = result.stdout.splitlines()
    tables = model_of(name)["tables"]
    columns = sum(len(table["columns"]) for table in tables.values())
    assert first.startswith(f"{name}: sound; {len(tables)} tables, {columns} columns")
    told = [line.split()[0] for line in lines]
    assert sorted(told) == sorted(tables)
    # Parents, and what columns refer to, come first.
    for table, spec in tables.items():
        wanted = {column["to"] for column in spec["columns"].values() if "to" in column}
        if "parent" in spec["rows"]:
            wanted.add(spec["rows"]["parent"])
        for other in wanted - {table}:
            assert told.index(other) < told.index(table), (other, table)
    assert not (tmp_path / "landing").exists()


def test_check_asks_faker(tmp_path, generate):
    content = model_of("shop")
    content["pools"]["first_names"]["faker"] = "first_nmae"
    path = tmp_path / "shop.json"
    path.write_text(json.dumps(content))
    result = generate(tmp_path / "landing", "check", str(path))
    assert result.exit_code == 2
    assert "first_names" in result.stderr
    assert "first_nmae" in result.stderr


def test_a_built_in_model_may_have_its_ending(tmp_path, generate):
    result = generate(tmp_path / "landing", "check", "clinic.json")
    assert result.exit_code == 0
    assert result.stdout.startswith("clinic.json: sound; 11 tables")


def test_check_takes_a_file(tmp_path, generate):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(model_of("clinic")))
    result = generate(tmp_path, "check", str(path))
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{path}: sound; 11 tables")


def test_ddl_has_a_table_for_each_that_is_delivered(tmp_path, generate):
    result = generate(tmp_path / "landing", "ddl", "shop")
    assert result.exit_code == 0
    assert result.stderr == ""
    created = [
        line.split()[2] for line in result.stdout.splitlines() if line.startswith("create table")
    ]
    assert created == SHOP_ORDER
    assert result.stdout.count("\ncomment on table ") == 12
    assert not (tmp_path / "landing").exists()


def test_schema_is_the_published_one(tmp_path, generate):
    """Editors read the file beside the models; both models name it."""
    result = generate(tmp_path / "landing", "schema")
    assert result.exit_code == 0
    schema = json.loads(result.stdout)
    assert schema == json.loads((MODELS / "model.schema.json").read_text())
    assert {"name", "tables"} <= set(schema["required"])
    for name in ("shop", "clinic"):
        assert model_of(name).get("$schema") == "./model.schema.json"
    assert not (tmp_path / "landing").exists()


@pytest.mark.parametrize("command", ["check", "ddl"])
@pytest.mark.parametrize("model", ["nowhere.json", "bakery", "."])
def test_a_model_that_is_not_there(tmp_path, generate, command, model):
    result = generate(tmp_path / "landing", command, model)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(f"Error: {model}: ")
    assert not (tmp_path / "landing").exists()


@pytest.mark.parametrize("arguments", [("check",), ("ddl",), ("chekc", "shop"), ("schema", "shop")])
def test_wrong_arguments(tmp_path, generate, arguments):
    result = generate(tmp_path / "landing", *arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("Usage: ")
    assert not (tmp_path / "landing").exists()


def test_help_and_a_report_on_the_real_command_line(tmp_path):
    """What was made stands on standard output, how far it is on the other; help names all flags."""

    def run(*flags: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "generator", "--out", str(tmp_path), *flags]
        return subprocess.run(command, capture_output=True, text=True, check=True)

    text = run("--help").stdout
    for word in (
        "--model",
        "--scale",
        "--defects",
        "--late",
        "--validate",
        "check",
        "ddl",
        "schema",
    ):
        assert word in text
    report = run("--scale", "0.001", "--days", "20")
    assert "2025-01-20 (history)" in report.stdout
    for name in (*SHOP_ORDER, "_truth/defects", "_truth/totals", "all"):
        assert f" {name} " in report.stdout
    assert "rows/s" in report.stdout
    assert "generating 2025-01-20" in report.stderr
    assert run("--start", "2025-01-01", "--days", "20").stdout.endswith(
        "2025-01-20: already there\n"
    )
