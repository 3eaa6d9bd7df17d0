"""The file for Prometheus, read back by Prometheus' own parser."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from psycopg2.extensions import connection

from monitor.__main__ import main
from monitor.alerts.config import parse_alerts
from monitor.alerts.run import alert
from monitor.check import Check, Group, Severity, Status
from monitor.exposition import Family, exposition
from monitor.history import Run, store
from monitor.prometheus import read
from warehouse.connections import connect

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.fixture
def conn(database_url: str) -> Iterator[connection]:
    with closing(connect(database_url)) as opened:
        yield opened


def parsed(text: str) -> dict[str, Metric]:
    return {family.name: family for family in text_string_to_metric_families(text)}


def values(metric: Metric) -> dict[tuple[str, ...], float]:
    return {tuple(sample.labels.values()): sample.value for sample in metric.samples}


@pytest.mark.parametrize(
    "value", ['a"b', "a\\b", "a\nb", "\\n", "}{", "a,b=c", "ü😀", "זה", "", " ", "x" * 10_000]
)
def test_any_label_comes_back_as_it_was(value: str) -> None:
    text = exposition([Family("table_rows", "Rows\nof \\ a table.", [({"table": value}, 12)])])
    (family,) = parsed(text).values()
    assert (family.name, family.type) == ("counting_house_table_rows", "gauge")
    assert family.documentation == "Rows\nof \\ a table."
    (sample,) = family.samples
    assert (sample.labels, sample.value) == ({"table": value}, 12)
    assert len(text.splitlines()) == 3


@pytest.fixture
def filled(conn: connection) -> connection:
    """A database with a little of everything that is read."""
    with conn, conn.cursor() as cur:
        cur.execute("""
            create schema raw;
            create table raw._loads (source text, table_name text, batch text, status text,
                seconds float8, rows bigint, loaded_at timestamptz);
            insert into raw._loads values
                ('shop', 'orders', '2026-03-02', 'loaded', 9, 900, '2026-03-02 06:00+00'),
                ('shop', 'orders', '2026-03-03', 'loaded', 2, 20, '2026-03-03 06:00+00'),
                ('shop', 'items', '2026-03-03', 'loaded', 3, 50, '2026-03-03 06:01+00'),
                ('shop', 'items', '2026-03-04', 'failed', 1, 0, '2026-03-04 06:01+00'),
                ('shop', '_truth_totals', '2026-03-03', 'loaded', 0, 5, '2026-03-03 06:02+00');
            create schema monitoring;
            create table monitoring._run_results (build bigint, node text, resource_type text,
                status text, rows_affected bigint, seconds numeric, started_at timestamptz);
            insert into monitoring._run_results values
                (1, 'orders', 'model', 'error', null, 99, '2026-03-03 07:00+00'),
                (2, 'orders', 'model', 'success', 20, 4, '2026-03-04 07:00+00'),
                (2, 'sound', 'test', 'fail', 3, 1.5, '2026-03-04 07:00:04+00'),
                (2, 'sound', 'test', 'pass', 0, 0.5, '2026-03-04 07:00:10+00');
            create view monitoring.row_counts as
                select 'marts' as layer, 'dim_dates' as table_name, null as source, 365 as row_count
                union all select 'raw', 'shop_orders', 'shop', 920;
        """)
    checks = tuple(
        Check(
            key=f"key-{number}",
            group=group,
            name="name",
            status=status,
            message="message",
            subject="marts.x",
            severity=severity,
        )
        for number, (group, status, severity) in enumerate(
            [
                (Group.RULES, Status.FAIL, Severity.CRITICAL),
                (Group.RULES, Status.PASS, Severity.CRITICAL),
                (Group.VOLUME, Status.WARN, Severity.CRITICAL),
            ]
        )
    )
    run = Run(
        run_id="r",
        started_at=NOW - timedelta(seconds=8),
        finished_at=NOW,
        seconds=8.0,
        kind="warehouse",
        checks=checks,
    )
    store(conn, run)
    config = parse_alerts(
        "channels: {ops: {type: slack, url_env: NOT_SET}}\nroutes: [{channels: [ops]}]",
        "alerts.yml",
    )
    alert(conn, run, config, NOW, dry_run=False, clock=lambda: NOW)
    return conn


def test_the_figures_are_those_of_the_warehouse(filled: connection) -> None:
    families, missing = read(filled, NOW)
    assert missing == []
    found = {
        name.removeprefix("counting_house_"): values(family)
        for name, family in parsed(exposition(families)).items()
    }
    assert found["source_age_seconds"] == {
        ("shop", "items"): 29 * 3600 + 59 * 60 + 0,
        ("shop", "orders"): 30 * 3600,
    }
    loaded_at = datetime(2026, 3, 3, 6, tzinfo=UTC).timestamp()
    assert found["source_last_load_timestamp_seconds"]["shop", "orders"] == loaded_at
    assert found["load_duration_seconds"] == {("shop",): 5}
    assert found["load_rows"] == {("shop",): 75}
    assert found["build_number"] == {(): 2}
    assert found["build_duration_seconds"] == {(): 10.5}
    assert found["build_success"] == {(): 1}
    assert found["build_rows"] == {(): 20}
    assert found["node_duration_seconds"] == {("orders", "model"): 4, ("sound", "test"): 0.5}
    assert found["build_nodes"] == {("model", "success"): 1, ("test", "pass"): 1}
    assert found["table_rows"] == {
        ("marts", "dim_dates", ""): 365,
        ("raw", "shop_orders", "shop"): 920,
    }
    assert found["report_timestamp_seconds"] == {(): NOW.timestamp()}
    assert found["report_duration_seconds"] == {(): 8}
    assert found["checks"]["business rules", "fail"] == 1
    assert found["checks"]["business rules", "pass"] == 1
    assert found["checks"]["volume", "warn"] == 1
    assert found["checks"]["volume", "fail"] == 0
    assert found["incidents_open"] == {("info",): 0, ("warning",): 1, ("critical",): 1}
    assert found["alert_messages"] == {
        ("ops", "pending"): 1,
        ("ops", "sent"): 0,
        ("ops", "failed"): 0,
    }
    assert all(family.samples for family in families)


def test_names_and_types_are_as_prometheus_wants_them(filled: connection) -> None:
    families, _ = read(filled, NOW)
    text = exposition(families)
    names = [line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(names) == len(set(names)) == len(families)
    for name, family in parsed(text).items():
        assert family.type == "gauge"
        assert family.documentation.endswith(".")
        assert not name.endswith(("_total", "_count", "_sum", "_bucket", "_info"))
        series = [tuple(sample.labels.items()) for sample in family.samples]
        assert len(series) == len(set(series))
    assert text.endswith("\n")


def test_rows_need_not_be_counted(filled: connection) -> None:
    families, missing = read(filled, NOW, rows=False)
    assert "table_rows" not in {family.name for family in families}
    assert missing == []


@pytest.fixture
def cli(database_url: str, monkeypatch: pytest.MonkeyPatch):
    """Runs the command in this process."""
    monkeypatch.setenv("DATABASE_URL", database_url)

    def call(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["metrics", *arguments])

    return call


def test_an_empty_warehouse_says_what_is_missing(cli, tmp_path: Path) -> None:
    out = tmp_path / "new" / "warehouse.prom"
    result = cli("--out", str(out))
    assert result.exit_code == 0, result.output
    assert "not there yet: raw._loads (make load), monitoring._run_results (make build)" in (
        result.stderr
    )
    assert "0 figures of 0 metrics" in result.stderr
    assert out.read_text() == ""


def test_the_file_is_replaced_as_a_whole(cli, filled: connection, tmp_path: Path) -> None:
    out = tmp_path / "warehouse.prom"
    out.write_text("old")
    with out.open() as reader:
        result = cli("--out", str(out), "--log", "json")
        assert result.exit_code == 0, result.output
        # Who has it open reads the old one to its end: it was not written into.
        assert reader.read() == "old"
    (event,) = (json.loads(line) for line in result.stderr.splitlines())
    assert (event["event"], event["command"]) == ("metrics_written", "metrics")
    assert event["metrics"] == len(parsed(out.read_text()))
    document = json.loads(result.stdout)
    assert (document["samples"], document["missing"]) == (event["samples"], [])
    assert list(tmp_path.iterdir()) == [out]
    assert out.stat().st_mode & 0o777 == 0o644 & ~current_umask()


def current_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_faults_are_told(cli, tmp_path: Path) -> None:
    wrong = cli("--out", str(tmp_path / "warehouse.txt"))
    assert wrong.exit_code == 2
    assert "does not end in .prom" in wrong.stderr
    (tmp_path / "file").write_text("")
    nowhere = cli("--out", str(tmp_path / "file" / "warehouse.prom"))
    assert nowhere.exit_code == 1
    assert "correct --out" in nowhere.stderr
