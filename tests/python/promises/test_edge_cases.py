"""What a shop's files can hold at their worst, each with its defined outcome.

One warehouse, three builds, each a plain `dbt build` with all tests: see the batches below.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from contents import contents
from hand_written import Row, sound, write_batch
from project import Project

Rows = list[tuple[Any, ...]]

LINES_OF_LARGE_ORDER = 5_000

HELD = """
    select entity, record_key, failed_rules, split_part(file, '/', 1), row_id
    from quality.quarantine where resolved_at is null order by entity, file, row_id
"""
REVENUE = """
    select order_date::text, currency, orders, units, gross_amount, discount_amount,
        refund_amount, net_amount
    from marts.daily_revenue order by order_date, currency
"""
COSTS = """
    select order_item_id, customer_id, currency, unit_cost, cost_amount, margin_amount
    from marts.fct_sales where order_item_id in ('l-1a', 'l-1b', 'l-11') order by 1
"""
PRODUCT_HISTORY = """
    select product_id, to_char(valid_from, 'MM-DD HH24'), to_char(valid_to, 'MM-DD HH24'),
        unit_cost, is_deleted, batch
    from production.product_history order by product_id, valid_from
"""
DIFFERING = "select * from monitoring.reconciliation where difference is distinct from 0"

AMOUNTS = {"discount": "0.00", "tax": "0.00", "shipping_fee": "0.00"}
O_1 = {
    "order_id": "o-1", "subtotal": "25.00", "discount": "1.00", "tax": "2.00",
    "shipping_fee": "3.00", "total": "29.00",
}  # fmt: skip


def order(order_id: str | None, hour: int, **changes: str | None) -> Row:
    """Give an order of 1 March that was written when it was made."""
    at = f"2026-03-01 {hour}:00:00+00"
    return sound("orders", **{"order_id": order_id, "ordered_at": at, "updated_at": at, **changes})


def line(item: str, order_id: str, price: str, **changes: str | None) -> Row:
    """Give a line of one piece."""
    return sound("order_items", order_item_id=item, order_id=order_id, unit_price=price, **changes)


def product(product_id: str, **changes: str | None) -> Row:
    """Give a product."""
    return sound("products", product_id=product_id, **changes)


def stock(quantity: str, day: int) -> Row:
    """Give what is in stock in the evening of a day of March."""
    counted_at = f"2026-03-{day:02} 20:00:00+00"
    return sound("inventory", quantity_on_hand=quantity, counted_at=counted_at)


def customer(customer_id: str, **changes: str | None) -> Row:
    """Give a customer."""
    return sound("customers", customer_id=customer_id, **changes)


FIRST = {
    "categories": [sound("categories")],
    "suppliers": [sound("suppliers")],
    "products": [
        product("p-1"),
        product("p-2", brand=""),
        product("p-3"),
        product("p-5", product_name="  "),
    ],
    "inventory": [stock("10", 1)],
    "customers": [
        customer("cu-1"),
        customer("cu-2"),
        customer("cu-3", first_name="Bea"),
        customer("cu-3", first_name="Bee", updated_at="2026-03-01 09:00:00+00", op="U"),
        customer("cu-3", first_name="Bo", updated_at="2026-03-01 09:00:00+00", op="U"),
        customer("cu-4"),
        customer("cu-10", birth_date="0001-01-01"),
        customer("cu-11", birth_date="9999-12-31"),
        customer("cu-12", birth_date="1900-01-01"),
    ],
    "orders": [
        sound("orders", **O_1),
        order("o-2", 11),
        order("o-3", 12),
        order("o-5", 14, **AMOUNTS, subtotal="10.00", total="11.00"),
        order("o-6", 15),
        order("o-7", 16, customer_id=""),
        order("o-7", 16, customer_id="", status="paid", op="U"),
        order("o-8", 17, customer_id=None, currency="XTS"),
        order(None, 18),
        order("", 18),
        order("o-9", 19, ordered_at="0001-01-01 00:00:00+00"),
        order("o-10", 20, ordered_at="9999-12-31 23:59:59+00", updated_at="9999-12-31 23:59:59+00"),
    ],
    "order_items": [
        line("l-1a", "o-1", "10.00", quantity="2", discount_amount="1.00"),
        line("l-1b", "o-1", "5.00", line_number="2", product_id="p-2"),
        line("l-2", "o-2", "7.00"),
        line("l-4", "o-4", "3.00"),
        line("l-5", "o-5", "10.00"),
        line("l-6", "o-6", "4.00"),
        line("l-8a", "o-8", "999999999999999"),
        line(
            "l-8b", "o-8", "0.333333333333333333", quantity="3", line_total="0.999999999999999999"
        ),
        line("l-8c", "o-8", "1000000000000000"),
        line("l-8d", "o-8", "1.00", quantity="9223372036854775808"),
        line("l-9", "o-2", "1.00", quantity=None),
        line("l-10", "o-2", "1.00", quantity=""),
        *(
            line(f"l-3-{number}", "o-3", "2.00", line_number=str(number))
            for number in range(1, LINES_OF_LARGE_ORDER + 1)
        ),
    ],
    "payments": [
        sound("payments", payment_id="pay-9", order_id="o-2", paid_at="0001-01-01 00:00:00+00"),
        sound("payments", payment_id="pay-10", order_id="o-2", paid_at="9999-12-31 23:59:59+00"),
    ],
}
# p-2 is not in the extract of the 2nd, which comes late; p-3 is not in that of the 4th.
P_1 = {"2": "2026-03-02 08:00:00+00", "3": "2026-03-03 08:00:00+00"}
SECOND = {
    "products": [product("p-1", unit_cost="5.00", updated_at=P_1["2"]), product("p-3")],
    "inventory": [stock("9", 2)],
}
THIRD = {
    "products": [
        product("p-1", unit_cost="6.00", updated_at=P_1["3"]),
        product("p-2", brand=""),
        product("p-3"),
    ],
    "inventory": [stock("8", 3)],
    "orders": [
        sound(
            "orders",
            order_id="o-11",
            ordered_at="2026-03-02 12:00:00+00",
            updated_at="2026-03-02 12:00:00+00",
        )
    ],
    "order_items": [line("l-11", "o-11", "9.00")],
}
NEXT_DAY = {"updated_at": "2026-03-04 10:00:00+00", "op": "U"}
FOURTH = {
    "products": [
        product("p-1", unit_cost="6.00", updated_at=P_1["3"]),
        product("p-2", brand=""),
        product("p-4", updated_at="2026-03-04 08:00:00+00"),
    ],
    "orders": [
        sound("orders", **{**O_1, **NEXT_DAY, "status": "paid", "currency": "EUR"}),
        order("o-2", 11, **{**NEXT_DAY, "ordered_at": "2026-02-27 11:00:00+00"}),
        order("o-5", 14, **AMOUNTS, subtotal="10.00", total="10.00"),
    ],
    "payments": [
        sound("payments", amount="29.00", currency="EUR", paid_at="2026-03-04 10:00:00+00")
    ],
    "returns": [sound("returns", order_item_id="l-1b", refund_amount="5.00", currency="EUR")],
}
DELETES = {"updated_at": "2026-03-05 10:00:00+00", "op": "D"}
BUILDS: list[dict[str, dict[str, list[Row]]]] = [
    {"2026-03-01": FIRST, "2026-03-03": THIRD},
    {"2026-03-02": SECOND, "2026-03-04": FOURTH},
    {
        "2026-03-05 only deletes": {
            "orders": [order("o-6", 15, **DELETES)],
            "customers": [customer("cu-4", **DELETES)],
        },
        "2026-03-06 nothing": {},
        "2026-03-06 no rows": {"products": [], "orders": [], "order_items": []},
        "2026-03-07 again": FOURTH,
        "2026-03-08": {"orders": [order("o-4", 13)]},
    },
]

HELD_FOR_GOOD = [
    ("customers", "cu-3", "duplicate_key", "2026-03-01", 5),
    ("customers", "cu-10", "birth_date_too_early", "2026-03-01", 7),
    ("customers", "cu-11", "birth_date_in_future", "2026-03-01", 8),
    ("order_items", "l-8c", "unit_price_out_of_range", "2026-03-01", 9),
    ("order_items", "l-8d", "quantity_not_a_number", "2026-03-01", 10),
    ("order_items", "l-9", "quantity_missing", "2026-03-01", 11),
    ("order_items", "l-10", "quantity_missing", "2026-03-01", 12),
    ("orders", "o-7", "duplicate_key", "2026-03-01", 7),
    ("orders", None, "order_id_missing", "2026-03-01", 9),
    ("orders", None, "order_id_missing", "2026-03-01", 10),
    ("orders", "o-9", "ordered_at_too_early", "2026-03-01", 11),
    ("orders", "o-10", "ordered_at_in_future,updated_at_in_future", "2026-03-01", 12),
    ("payments", "pay-9", "paid_at_too_early", "2026-03-01", 1),
    ("payments", "pay-10", "paid_at_in_future", "2026-03-01", 2),
    ("products", "p-5", "product_name_missing", "2026-03-01", 4),
]
WAITS_FOR_ITS_ORDER = ("order_items", "l-4", "order_unknown", "2026-03-01", 4)
DELIVERED_AGAIN = [
    ("orders", "o-1", "duplicate_row", "2026-03-07 again", 1),
    ("orders", "o-2", "duplicate_row", "2026-03-07 again", 2),
    ("orders", "o-5", "duplicate_row", "2026-03-07 again", 3),
    ("payments", "pay-1", "duplicate_row", "2026-03-07 again", 1),
    ("returns", "r-1", "duplicate_row", "2026-03-07 again", 1),
]
EXTREME_AMOUNT = Decimal("999999999999999.999999999999999999")
EXTREME_DAY = ("2026-03-01", "XTS", 1, 4, EXTREME_AMOUNT, 0, 0, EXTREME_AMOUNT)


def money(text: str) -> Decimal:
    """Give an amount."""
    return Decimal(text)


def in_order(rows: Rows) -> Rows:
    """Sort rows that may hold None."""
    return sorted(rows, key=str)


@dataclass(frozen=True)
class After:
    """What some tables held after one of the builds."""

    held: Rows
    revenue: Rows
    costs: Rows
    product_history: Rows
    differing: Rows


@pytest.fixture(scope="module")
def project(make_project: Callable[[], Project]) -> Project:
    """Give an empty warehouse."""
    return make_project()


@pytest.fixture(scope="module")
def after(project: Project) -> list[After]:
    """Load and build three times, and look after each build."""
    moments = []
    for batches in BUILDS:
        for name, tables in batches.items():
            write_batch(project.folder / "data/landing/shop", name, tables)
        project.run_well("python", "-m", "loader", "shop")
        project.run_well("dbt", "build")
        asked = (HELD, REVENUE, COSTS, PRODUCT_HISTORY, DIFFERING)
        moments.append(After(*(project.query(question) for question in asked)))
    return moments


def test_what_is_held(after: list[After]) -> None:
    """Of every case the one rule; nothing that is sound, or was corrected, or found its parent."""
    waiting = [
        WAITS_FOR_ITS_ORDER,
        ("order_items", "l-5", "order_unknown", "2026-03-01", 5),
        ("orders", "o-5", "total_wrong", "2026-03-01", 4),
    ]
    assert in_order(after[0].held) == in_order([*HELD_FOR_GOOD, *waiting])
    assert in_order(after[1].held) == in_order([*HELD_FOR_GOOD, WAITS_FOR_ITS_ORDER])
    assert in_order(after[2].held) == in_order([*HELD_FOR_GOOD, *DELIVERED_AGAIN])


def test_what_was_let_go(project: Project, after: list[After]) -> None:
    """A row whose parent came is released, one that was delivered anew is corrected."""
    assert after
    assert project.query(
        "select entity, record_key, resolution from quality.quarantine"
        " where resolved_at is not null order by 1, 2"
    ) == [
        ("order_items", "l-4", "released"),
        ("order_items", "l-5", "released"),
        ("orders", "o-5", "corrected"),
    ]


def test_revenue_follows_every_version(after: list[After]) -> None:
    """An order moves to its day, to its currency; a deleted one stays booked; extremes are exact.

    Deleted are words about an order, not its lines: what was sold that day was sold.
    """
    day_of_o_11 = ("2026-03-02", "USD", 1, 1, money("9.00"), 0, 0, money("9.00"))
    assert after[0].revenue == [
        ("2026-03-01", "USD", 4, 5005, money("10036.00"), 1, 0, money("10035.00")),
        EXTREME_DAY,
        day_of_o_11,
    ]
    assert after[1].revenue == [
        ("2026-02-27", "USD", 1, 1, money("7.00"), 0, 0, money("7.00")),
        ("2026-03-01", "EUR", 1, 3, money("25.00"), 1, 0, money("24.00")),
        ("2026-03-01", "USD", 3, 5002, money("10014.00"), 0, 0, money("10014.00")),
        EXTREME_DAY,
        day_of_o_11,
        ("2026-03-04", "EUR", 0, 0, 0, 0, money("5.00"), money("-5.00")),
    ]
    with_o_4 = ("2026-03-01", "USD", 4, 5003, money("10017.00"), 0, 0, money("10017.00"))
    assert after[2].revenue == [*after[1].revenue[:2], with_o_4, *after[1].revenue[3:]]


def test_a_late_extract_changes_the_versions_between(after: list[After]) -> None:
    """Its price counts from its own time, and a sale of that time gets the cost that held then."""
    at_first = [
        ("p-1", "02-01 00", "03-03 08", money("4.00"), False, "2026-03-01"),
        ("p-1", "03-03 08", None, money("6.00"), False, "2026-03-03"),
        ("p-2", "02-01 00", None, money("4.00"), False, "2026-03-01"),
        ("p-3", "02-01 00", None, money("4.00"), False, "2026-03-01"),
    ]
    assert after[0].product_history == at_first
    in_the_end = [
        ("p-1", "02-01 00", "03-02 08", money("4.00"), False, "2026-03-01"),
        ("p-1", "03-02 08", "03-03 08", money("5.00"), False, "2026-03-02"),
        ("p-1", "03-03 08", None, money("6.00"), False, "2026-03-03"),
        # Withdrawn for a day, and back again.
        ("p-2", "02-01 00", "03-02 08", money("4.00"), False, "2026-03-01"),
        ("p-2", "03-02 08", "03-03 08", money("4.00"), True, "2026-03-02"),
        ("p-2", "03-03 08", None, money("4.00"), False, "2026-03-03"),
        # Withdrawn for good.
        ("p-3", "02-01 00", "03-04 08", money("4.00"), False, "2026-03-01"),
        ("p-3", "03-04 08", None, money("4.00"), True, "2026-03-04"),
        ("p-4", "03-04 08", None, money("4.00"), False, "2026-03-04"),
    ]
    assert after[1].product_history == in_the_end
    # The same extract once more, and one without rows, say nothing new.
    assert after[2].product_history == in_the_end

    costs = [("l-11", "cu-1", "USD", 4, 4, 5), ("l-1a", "cu-1", "USD", 4, 8, 11)]
    assert after[0].costs == [*costs, ("l-1b", "cu-1", "USD", 4, 4, 1)]
    costs = [("l-11", "cu-1", "USD", 5, 5, 4), ("l-1a", "cu-1", "EUR", 4, 8, 11)]
    assert after[1].costs == [*costs, ("l-1b", "cu-1", "EUR", 4, 4, 1)]
    assert after[2].costs == after[1].costs


def test_layers_agree_after_every_build(after: list[After]) -> None:
    assert [moment.differing for moment in after] == [[], [], []]


def test_products_as_they_are_now(project: Project, after: list[After]) -> None:
    assert after
    assert project.query(
        "select product_id, brand, unit_cost, is_deleted from production.products order by 1"
    ) == [
        ("p-1", "Mill", 6, False),
        ("p-2", None, 4, False),
        ("p-3", "Mill", 4, True),
        ("p-4", "Mill", 4, False),
    ]
    assert project.query(
        "select inventory_date::text, quantity_on_hand from marts.fct_inventory order by 1"
    ) == [("2026-03-01", 10), ("2026-03-02", 9), ("2026-03-03", 8)]


def test_the_snapshot_records_what_was_withdrawn(project: Project, after: list[After]) -> None:
    """p-2 was back before a build could see that it was gone."""
    assert after
    assert project.query(
        "select product_id, is_deleted, dbt_valid_to is null from snapshots.products_snapshot"
        " where product_id in ('p-2', 'p-3') order by product_id, dbt_valid_from"
    ) == [("p-2", False, True), ("p-3", False, False), ("p-3", True, True)]


def test_versions_of_one_time(project: Project, after: list[After]) -> None:
    """Of two versions with one updated_at the first by batch, file and line stands."""
    assert after
    assert project.query(
        "select first_name, valid_from::date::text, valid_to::date::text"
        " from production.customer_history where customer_id = 'cu-3' order by 2"
    ) == [("Bea", "2026-02-01", "2026-03-01"), ("Bee", "2026-03-01", None)]
    assert project.query("select status from production.orders where order_id = 'o-7'") == [
        ("placed",)
    ]


def test_deletes_end_what_was(project: Project, after: list[After]) -> None:
    """A batch of deletes alone: flags and ends, no row goes."""
    assert after
    assert project.query("select customer_id from production.customers where is_deleted") == [
        ("cu-4",)
    ]
    assert project.query(
        "select is_deleted, valid_from::date::text, valid_to::date::text"
        " from marts.dim_customers where customer_id = 'cu-4' order by 2"
    ) == [(False, "1900-01-01", "2026-03-05"), (True, "2026-03-05", None)]
    assert project.query("select order_id from production.orders where is_deleted") == [("o-6",)]
    assert project.query(
        "select order_id, status, to_char(valid_from, 'DD HH24'), to_char(valid_to, 'DD HH24')"
        " from production.order_status_history where order_id in ('o-1', 'o-6')"
        " order by order_id, valid_from"
    ) == [
        ("o-1", "placed", "01 10", "04 10"),
        ("o-1", "paid", "04 10", None),
        ("o-6", "placed", "01 15", "05 10"),
    ]


def test_customers_with_and_without_orders(project: Project, after: list[After]) -> None:
    """A customer who never ordered is known and counted nowhere; an order without one is kept."""
    assert after
    assert project.query(
        "select customer_id, is_current from marts.dim_customers where customer_id = 'cu-2'"
    ) == [("cu-2", True)]
    assert project.query(
        "select customer_id, currency, orders from marts.customer_lifetime_value order by 1, 2"
    ) == [("cu-1", "EUR", 1), ("cu-1", "USD", 6)]
    assert project.query(
        "select order_id, customer_id from marts.fct_orders where customer_id <> 'cu-1' order by 1"
    ) == [("o-7", "unknown"), ("o-8", "unknown")]


def test_an_order_of_5000_lines(project: Project, after: list[After]) -> None:
    assert after
    assert project.query(
        "select line_count, units, gross_amount, cost_amount from marts.fct_orders"
        " where order_id = 'o-3'"
    ) == [(LINES_OF_LARGE_ORDER, LINES_OF_LARGE_ORDER, 2 * LINES_OF_LARGE_ORDER, 20_000)]


def test_built_anew_it_is_the_same(project: Project, after: list[After]) -> None:
    """What was let go of stays in the quarantine, with the times of its coming and going."""
    assert after
    quarantine = (
        "select entity, record_key, failed_rules, record, file, line_number, first_seen_at,"
        " resolved_at, resolution from quality.quarantine order by entity, load_id, row_id"
    )
    before, held = contents(project), project.query(quarantine)
    project.run_well("dbt", "build", "--full-refresh")
    assert contents(project) == before
    assert project.query(quarantine) == held
