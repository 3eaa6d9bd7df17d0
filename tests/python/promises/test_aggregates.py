"""The aggregates are built by the groups that a build touches; here each way to be touched."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from contents import contents
from hand_written import Row, sound, write_batch
from project import Project

REVENUE = """
    select order_date::text, currency, orders, returns, units, net_amount
    from marts.daily_revenue order by 1, 2
"""
CUSTOMERS = """
    select customer_id, currency, orders, returns, lifetime_value, first_ordered_at::date::text
    from marts.customer_lifetime_value order by 1, 2
"""
COHORTS = """
    select cohort_month::text, month_start::text, active_customers
    from marts.cohort_activity order by 1, 2
"""
ACTIVE = """
    select month_start::text, active_customers, new_customers, returning_customers
    from marts.monthly_active_customers order by 1
"""
PRODUCTS = """
    select month_start::text, currency, line_count, returned_units, net_amount, margin_amount
    from marts.product_monthly_performance order by 1, 2
"""
MIX = "select month_start::text, currency, payments, amount_share from marts.payment_method_mix"


def order(number: int, day: str, customer: str | None, **changes: str | None) -> Row:
    """Give an order of a day at noon, as it was when it was made."""
    at = f"2026-{day} 12:00:00+00"
    changes = {"ordered_at": at, "updated_at": at, "customer_id": customer, **changes}
    return sound("orders", order_id=f"o-{number}", **changes)


def line(number: int) -> Row:
    """Give the only line of an order: one piece for 10.00 that cost 4.00."""
    return sound("order_items", order_item_id=f"l-{number}", order_id=f"o-{number}")


HISTORY = {
    "categories": [sound("categories")],
    "suppliers": [sound("suppliers")],
    "products": [sound("products")],
    "customers": [sound("customers", customer_id=f"cu-{n}") for n in (1, 2, 3)],
    "orders": [
        order(1, "01-10", "cu-1"),
        order(2, "03-01", "cu-1"),
        order(3, "03-01", None),
        order(4, "02-05", "cu-2"),
        order(5, "03-02", "cu-3"),
    ],
    "order_items": [line(number) for number in (1, 2, 3, 4, 5)],
    "payments": [sound("payments", order_id="o-4", paid_at="2026-02-05 12:05:00+00")],
}

# o-1 was the only order of its day, and moves to another one in another month; o-4 was made in
# another currency; a line of o-5 comes back; o-6 is a guest's; o-7 is late, and the first of cu-3.
DAY = {
    "orders": [
        order(1, "02-10", "cu-1", updated_at="2026-04-01 10:00:00+00", op="U"),
        order(4, "02-05", "cu-2", updated_at="2026-04-01 10:00:00+00", op="U", currency="EUR"),
        order(6, "03-02", None),
        order(7, "01-15", "cu-3"),
    ],
    "order_items": [line(6), line(7)],
    "payments": [
        sound("payments", payment_id="pay-2", order_id="o-7", paid_at="2026-02-06 12:05:00+00")
    ],
    "returns": [sound("returns", order_item_id="l-5")],
}


@pytest.fixture(scope="module")
def project(make_project: Callable[[], Project]) -> Project:
    """Give a project that has built the history, and then the day."""
    project = make_project()
    for batch, tables in (("2026-03-31", HISTORY), ("2026-04-01", DAY)):
        write_batch(project.folder / "data/landing/shop", batch, tables)
        project.run_well("python", "-m", "loader", "shop")
        project.run_well("dbt", "build", "--exclude-resource-type", "unit_test")
    return project


def test_a_day_that_lost_its_only_order_is_gone(project: Project) -> None:
    ten = Decimal(10)
    assert project.query(REVENUE) == [
        ("2026-01-15", "USD", 1, 0, 1, ten),
        ("2026-02-05", "EUR", 1, 0, 1, ten),
        ("2026-02-10", "USD", 1, 0, 1, ten),
        ("2026-03-01", "USD", 2, 0, 2, 2 * ten),
        ("2026-03-02", "USD", 2, 0, 2, 2 * ten),
        ("2026-03-04", "USD", 0, 1, 0, -ten),
    ]


def test_customers_without_guests(project: Project) -> None:
    assert project.query(CUSTOMERS) == [
        ("cu-1", "USD", 2, 0, Decimal(20), "2026-02-10"),
        ("cu-2", "EUR", 1, 0, Decimal(10), "2026-02-05"),
        ("cu-3", "USD", 2, 1, Decimal(10), "2026-01-15"),
    ]


def test_customers_change_cohort(project: Project) -> None:
    """cu-1 from January to February, cu-3 from March to January."""
    assert project.query(COHORTS) == [
        ("2026-01-01", "2026-01-01", 1),
        ("2026-01-01", "2026-03-01", 1),
        ("2026-02-01", "2026-02-01", 2),
        ("2026-02-01", "2026-03-01", 1),
    ]
    assert project.query(ACTIVE) == [
        ("2026-01-01", 1, 1, 0),
        ("2026-02-01", 2, 2, 0),
        ("2026-03-01", 2, 0, 2),
    ]


def test_products_month_by_month(project: Project) -> None:
    """The line that came back takes its price and its cost out of its own month."""
    assert project.query(PRODUCTS) == [
        ("2026-01-01", "USD", 1, 0, Decimal(10), Decimal(6)),
        ("2026-02-01", "EUR", 1, 0, Decimal(10), Decimal(6)),
        ("2026-02-01", "USD", 1, 0, Decimal(10), Decimal(6)),
        ("2026-03-01", "USD", 4, 1, Decimal(30), Decimal(18)),
    ]
    sums = "select sum(net_amount), sum(margin_amount) from marts.product_performance"
    assert project.query(sums) == [(Decimal(60), Decimal(36))]


def test_payments_of_a_month(project: Project) -> None:
    assert project.query(MIX) == [("2026-02-01", "USD", 2, Decimal(1))]


def test_built_anew_they_are_the_same(project: Project) -> None:
    before = contents(project)
    project.run_well("dbt", "run", "--full-refresh", "-s", "marts.aggregates")
    assert contents(project) == before
