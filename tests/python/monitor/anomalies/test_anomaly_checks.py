"""Days of a real warehouse: figures are counted in PostgreSQL, and a bad day is exactly one alarm.

The small warehouse has 61 days, of which the last five have enough history before them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta

import pytest
from project import Project
from psycopg2.extensions import cursor

from monitor.anomalies.checks import anomaly_checks
from monitor.anomalies.figures import FiguresError, Updated, update_figures
from monitor.check import Check, Group, Status
from monitor.manifest import Manifest, load_manifest
from warehouse.connections import connect, transaction

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@contextmanager
def spoilt(project: Project, *statements: str) -> Iterator[cursor]:
    """Change the warehouse for the block only."""
    with closing(connect(project.url)) as conn:
        with conn.cursor() as cur:
            for statement in statements:
                cur.execute(statement)
            yield cur
        conn.rollback()


def manifest(project: Project) -> Manifest:
    return load_manifest(project.folder / "target/manifest.json")


def update(project: Project) -> Updated:
    with closing(connect(project.url)) as conn:
        return update_figures(conn, manifest(project))


def checks(project: Project, now: datetime = NOW) -> dict[str, Check]:
    with closing(connect(project.url)) as conn, transaction(conn) as cur:
        found = list(anomaly_checks(cur, now, manifest(project)))
    assert len({check.key for check in found}) == len(found)
    return {check.key: check for check in found}


def bad(found: dict[str, Check]) -> dict[str, Check]:
    return {
        key: check for key, check in found.items() if check.status in {Status.WARN, Status.FAIL}
    }


def messages(found: dict[str, Check]) -> list[str]:
    return [check.message for check in found.values()]


def last_day(project: Project) -> date:
    ((day,),) = project.query("select max(order_date) from marts.fct_orders")
    assert isinstance(day, date)
    return day


def test_without_figures_it_says_how_to_make_them(shop_days: Project) -> None:
    with spoilt(shop_days, "drop table if exists monitoring.daily_figures") as cur:
        (check,) = anomaly_checks(cur, NOW, manifest(shop_days))
    assert check.status == Status.SKIP
    assert "python -m monitor anomalies makes it" in check.message


def test_figures_are_those_of_the_rows(shop_days: Project) -> None:
    update(shop_days)
    found = dict(
        shop_days.query(
            """
            select measure, value from monitoring.daily_figures
            where table_name = 'marts.fct_sales' and source = 'shop'
                and day = (select max(order_date) from marts.fct_sales)
            """
        )
    )
    ((rows, orders, quantity, unknown, net),) = shop_days.query(
        """
        select
            count(*), count(distinct order_id), avg(quantity)::float8,
            avg((cost_amount is null)::integer)::float8,
            sum(net_amount) filter (where currency = 'USD')::float8
        from marts.fct_sales
        where order_date = (select max(order_date) from marts.fct_sales)
        """
    )
    assert found["rows"] == found["rows:USD"] == rows
    assert found["distinct:order_id"] == orders
    assert found["mean:quantity"] == pytest.approx(quantity)
    assert found["null_share:cost_amount"] == pytest.approx(unknown)
    assert found["sum:net_amount:USD"] == pytest.approx(net)


def test_only_days_that_were_touched_are_counted_anew(shop_days: Project) -> None:
    update(shop_days)
    assert update(shop_days).days == 0
    day = last_day(shop_days)
    with closing(connect(shop_days.url)) as conn, transaction(conn) as cur:
        cur.execute(
            "update marts.fct_orders set status = status where order_date in (%s, %s)",
            (day, day - timedelta(days=9)),
        )
    assert update(shop_days).days == 2
    assert update(shop_days).days == 0


def test_no_false_alarm_and_nothing_written(shop_days: Project) -> None:
    update(shop_days)
    with closing(connect(shop_days.url)) as conn, transaction(conn) as cur:
        cur.execute("set transaction read only")
        found = {check.key: check for check in anomaly_checks(cur, NOW, manifest(shop_days))}
    assert messages(bad(found)) == []
    volume = found["anomaly:shop:fct_orders:volume"]
    assert (volume.group, volume.status) == (Group.VOLUME, Status.PASS)
    assert f"orders of {last_day(shop_days):%A %Y-%m-%d}: " in volume.message
    nulls = found["anomaly:shop:fct_sales:nulls"]
    assert (nulls.group, nulls.status) == (Group.ANOMALIES, Status.PASS)


def test_a_half_empty_day_is_one_alarm_until_it_is_repaired(shop_days: Project) -> None:
    day = last_day(shop_days) - timedelta(days=1)
    with closing(connect(shop_days.url)) as conn, transaction(conn) as cur:
        cur.execute(
            """
            create table public.put_aside as
            select * from marts.fct_sales
            where order_date = %s and abs(hashtext(order_id)) %% 100 < 70
            """,
            (day,),
        )
        cur.execute(
            "delete from marts.fct_sales where order_item_id in"
            " (select order_item_id from public.put_aside)"
        )
    update(shop_days)
    ((key, check),) = bad(checks(shop_days)).items()
    assert key == "anomaly:shop:fct_sales:volume"
    assert f"sales of {day:%A %Y-%m-%d}: " in check.message
    assert f"; usual {day:%A}s " in check.message
    assert check.samples[0]["day"] == day.isoformat()
    assert check.sql is not None
    assert (day, "rows") in [(row[0], row[1]) for row in shop_days.query(check.sql)]

    strict = shop_days.run("python", "-m", "monitor", "anomalies", "--strict")
    assert strict.returncode == 1, strict.stderr
    assert f"{day:%Y-%m-%d}" in strict.stdout
    assert "1 with anomalies" in strict.stderr

    with closing(connect(shop_days.url)) as conn, transaction(conn) as cur:
        cur.execute("insert into marts.fct_sales select * from public.put_aside")
        cur.execute("drop table public.put_aside")
    repaired = shop_days.run("python", "-m", "monitor", "anomalies", "--strict")
    assert repaired.returncode == 0, repaired.stdout
    assert "0 with anomalies" in repaired.stderr
    assert "1 day counted anew" in repaired.stderr


def test_a_hole_is_a_day_of_zero_rows_unless_it_is_listed(shop_days: Project) -> None:
    """A day that is gone from the table has no figures either; days after it are there."""
    day = last_day(shop_days) - timedelta(days=2)
    update(shop_days)
    hole = (
        "delete from monitoring.daily_figures"
        f" where table_name = 'marts.fct_sales' and day = '{day}'"
    )
    with spoilt(shop_days, hole) as cur:
        ((_, check),) = bad(
            {check.key: check for check in anomaly_checks(cur, NOW, manifest(shop_days))}
        ).items()
        assert check.key == "anomaly:shop:fct_sales:volume"
        assert check.status == Status.FAIL
        assert f"sales of {day:%A %Y-%m-%d}: 0; usual" in check.message
        cur.execute("insert into staging.days_off values (null, %s, 'stocktaking')", (day,))
        listed = {check.key: check for check in anomaly_checks(cur, NOW, manifest(shop_days))}
        assert messages(bad(listed)) == []


def test_a_table_that_ends_before_the_others_has_a_hole(shop_days: Project) -> None:
    update(shop_days)
    stopped = (
        "delete from monitoring.daily_figures where table_name = 'marts.fct_sales'"
        f" and day >= '{last_day(shop_days) - timedelta(days=1)}'"
    )
    with spoilt(shop_days, stopped) as cur:
        found = bad({check.key: check for check in anomaly_checks(cur, NOW, manifest(shop_days))})
    assert list(found) == ["anomaly:shop:fct_sales:volume"]
    (check,) = found.values()
    assert check.status == Status.FAIL
    assert check.message.endswith("; and 1 more")


def test_nulls_that_were_never_there_are_told_by_their_column(shop_days: Project) -> None:
    day = last_day(shop_days)
    update(shop_days)
    nulls = (
        "update monitoring.daily_figures set value = 0.6 where table_name = 'marts.fct_sales'"
        f" and day = '{day}' and measure = 'null_share:unit_price'"
    )
    with spoilt(shop_days, nulls) as cur:
        ((key, check),) = bad(
            {check.key: check for check in anomaly_checks(cur, NOW, manifest(shop_days))}
        ).items()
    assert key == "anomaly:shop:fct_sales:nulls"
    assert f"nulls in unit_price of sales of {day:%A %Y-%m-%d}: 60.0%; usual" in check.message


def test_a_day_that_is_not_over_is_not_judged(shop_days: Project) -> None:
    """Loaded at noon, a day has half of its rows: it is judged when it was loaded after its end."""
    day = last_day(shop_days)
    update(shop_days)
    half = (
        "update monitoring.daily_figures set value = value * 0.1"
        f" where day = '{day}' and (measure = 'rows' or measure like '%:%')"
    )
    noon = f"update raw._loads set loaded_at = '{day} 12:00+00'"
    with spoilt(shop_days, half) as cur:
        judged = {check.key: check for check in anomaly_checks(cur, NOW, manifest(shop_days))}
        assert "anomaly:shop:fct_orders:volume" in bad(judged)
        cur.execute(noon)
        judged = {check.key: check for check in anomaly_checks(cur, NOW, manifest(shop_days))}
    assert messages(bad(judged)) == []


def test_who_may_not_write_is_told(shop_days: Project) -> None:
    with closing(connect(shop_days.url)) as conn:
        with transaction(conn) as cur:
            cur.execute("create role idle_reader")
            cur.execute("grant usage on schema monitoring to idle_reader")
        try:
            with transaction(conn) as cur:
                cur.execute("set role idle_reader")
            with pytest.raises(FiguresError, match="use a login of the role transformer"):
                update_figures(conn, manifest(shop_days))
        finally:
            with transaction(conn) as cur:
                cur.execute("reset role")
                cur.execute("drop owned by idle_reader")
                cur.execute("drop role idle_reader")
