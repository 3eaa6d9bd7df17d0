"""The questions of analyses/: each is answered, docs/answers.md has the answers of the demo's data,
and some are computed once more from production's rows, without SQL.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from decimal import Decimal
from itertools import combinations
from typing import Any

import pytest
from project import Project

from docs.answers import ANALYSES, PAGE, Answer, ask, header, names

Row = dict[str, Any]


@pytest.fixture(scope="module")
def asked(demo_warehouse: Project) -> Project:
    """Give the demo's warehouse with the page written from it."""
    demo_warehouse.run_well("python", "-m", "docs.answers")
    return demo_warehouse


@pytest.fixture(scope="module")
def answers(asked: Project) -> dict[str, Answer]:
    folder = asked.folder / "target/compiled/counting_house/analyses"
    compiled = {name: (folder / f"{name}.sql").read_text() for name in names()}
    return {answer.name: answer for answer in ask(asked.url, compiled)}


def rows_of(answer: Answer) -> list[Row]:
    """Give the rows with their columns' names; the demo has one source and one currency."""
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]


def percent(part: int | Decimal, whole: int | Decimal) -> Decimal:
    return Decimal(part) * 100 / Decimal(whole)


def roughly(shown: Decimal, exact: Decimal, places: int) -> bool:
    """Whether a figure is shown as it is, rounded."""
    return abs(shown - exact) <= Decimal(1) / 2 / 10**places


def test_there_are_twenty_questions() -> None:
    assert len(names()) == 20


@pytest.mark.parametrize("name", names())
def test_every_question_is_answered_for_the_shop(answers: dict[str, Answer], name: str) -> None:
    answer = answers[name]
    assert answer.question.endswith("?")
    assert len(set(answer.columns)) == len(answer.columns)
    assert 0 < len(answer.rows) <= 25
    assert {row["source"] for row in rows_of(answer)} == {"shop"}


def test_the_page_shows_the_demo(asked: Project) -> None:
    """Where it does not: `make demo`, then `python -m docs.answers`."""
    assert (asked.folder / "docs/answers.md").read_text() == PAGE.read_text()


def test_the_exposure_names_what_the_questions_read(asked: Project) -> None:
    manifest = json.loads((asked.folder / "target/manifest.json").read_text())
    read = {
        name
        for node in manifest["nodes"].values()
        if node["resource_type"] == "analysis"
        for name in node["depends_on"]["nodes"]
    }
    (exposure,) = [e for e in manifest["exposures"].values() if e["name"] == "answers"]
    assert set(exposure["depends_on"]["nodes"]) == read


@pytest.mark.parametrize("path", sorted(ANALYSES.glob("*.sql")), ids=lambda path: path.stem)
def test_no_question_asks_the_clock(path: Any) -> None:
    text = path.read_text().lower()
    assert not any(word in text for word in ("now(", "current_", "localtime", "clock_"))


def test_a_question_must_be_asked() -> None:
    assert header("x", "-- Why?\n--\n-- For this\n-- reason.\n\nselect 1") == (
        "Why?",
        "For this reason.",
    )
    with pytest.raises(ValueError, match="must begin with its question"):
        header("x", "select 1")


@pytest.fixture(scope="module")
def orders(asked: Project) -> dict[str, Row]:
    """Give production's orders with their lines, by their keys."""
    found: dict[str, Row] = {
        order_id: {"customer": customer_id, "at": ordered_at, "lines": []}
        for order_id, customer_id, ordered_at in asked.query(
            "select order_id, customer_id, ordered_at from production.orders"
        )
    }
    for line in asked.query(
        "select order_id, order_item_id, product_id, quantity, unit_price,"
        " coalesce(discount_amount, 0) from production.order_items"
    ):
        found[line[0]]["lines"].append(line[1:])
    return {order_id: order for order_id, order in found.items() if order["lines"]}


def net(line: tuple[Any, ...]) -> Decimal:
    _, _, quantity, price, discount = line
    amount: Decimal = quantity * price - discount
    return amount


def test_repeat_rate(answers: dict[str, Answer], orders: dict[str, Row]) -> None:
    times = defaultdict(list)
    for order in orders.values():
        times[order["customer"]].append(order["at"])
    again = {who: sorted(at) for who, at in times.items() if len(at) > 1}
    days = sorted((at[1] - at[0]).days for at in again.values())
    (row,) = rows_of(answers["repeat_rate"])
    assert (row["customers"], row["came_back"]) == (len(times), len(again))
    assert roughly(row["came_back_percent"], percent(len(again), len(times)), 1)
    assert row["median_days_to_second"] == days[(len(days) - 1) // 2]


def test_products_bought_together(answers: dict[str, Answer], orders: dict[str, Row]) -> None:
    baskets = [{line[1] for line in order["lines"]} for order in orders.values()]
    held = Counter(product for basket in baskets for product in basket)
    popular = {p for p, _ in sorted(held.items(), key=lambda item: (-item[1], item[0]))[:100]}
    pairs = Counter(
        pair for basket in baskets for pair in combinations(sorted(basket & popular), 2)
    )
    shown = rows_of(answers["products_bought_together"])
    best = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))[:10]
    assert [row["orders_with_both"] for row in shown] == [count for _, count in best]
    for row, ((one, other), both) in zip(shown, best, strict=True):
        assert (row["orders_with_first"], row["orders_with_second"]) == (held[one], held[other])
        lift = Decimal(both) * len(baskets) / (held[one] * held[other])
        assert roughly(row["lift"], lift, 2)


def test_order_sizes(answers: dict[str, Answer], orders: dict[str, Row]) -> None:
    amounts = [sum(map(net, order["lines"])) for order in orders.values()]
    for row in rows_of(answers["order_sizes"]):
        least, bound = row["from_amount"], row["below_amount"] or Decimal("inf")
        within = [amount for amount in amounts if least <= amount < bound]
        assert (row["orders"], row["net_amount"]) == (len(within), sum(within))
        assert roughly(row["percent_of_orders"], percent(len(within), len(amounts)), 1)


def test_new_and_returning_revenue(answers: dict[str, Answer], orders: dict[str, Row]) -> None:
    first: dict[str, Any] = {}
    for order in orders.values():
        month = order["at"].date().replace(day=1)
        first[order["customer"]] = min(month, first.get(order["customer"], month))
    new: Counter[Any] = Counter()
    returning: Counter[Any] = Counter()
    for order in orders.values():
        month = order["at"].date().replace(day=1)
        kind = new if first[order["customer"]] == month else returning
        kind[month] += sum(map(net, order["lines"]))
    shown = rows_of(answers["new_and_returning_revenue"])
    assert [row["month_start"] for row in shown] == sorted({*new, *returning})[-12:]
    for row in shown:
        assert row["of_new_customers"] == new[row["month_start"]]
        assert row["of_returning_customers"] == returning[row["month_start"]]
        assert row["of_guests"] == 0


def test_margins(asked: Project, answers: dict[str, Answer], orders: dict[str, Row]) -> None:
    """Costs are those of the product's version at the time, the first for all the time before."""
    versions = defaultdict(list)
    for product_id, valid_from, unit_cost, supplier_id in asked.query(
        "select product_id, valid_from, unit_cost, supplier_id from production.product_history"
    ):
        versions[product_id].append((valid_from, unit_cost, supplier_id))
    earned: Counter[str] = Counter()
    for order in orders.values():
        for line in order["lines"]:
            past = sorted(versions[line[1]])
            held = [version for version in past if version[0] <= order["at"]] or past[:1]
            _, cost, supplier = held[-1]
            earned[supplier] += net(line) - line[2] * cost
    best = sorted(earned.items(), key=lambda item: (-item[1], item[0]))[:10]
    shown = [
        (row["supplier_id"], row["margin_amount"]) for row in rows_of(answers["margin_by_supplier"])
    ]
    assert shown == best


def test_payment_failures(asked: Project, answers: dict[str, Answer]) -> None:
    methods = dict(
        asked.query("select payment_method, payment_method_name from staging.payment_methods")
    )
    counted: Counter[tuple[str, str]] = Counter()
    paid, failures = set(), []
    for order_id, method, status, amount in asked.query(
        "select order_id, payment_method, status, amount from production.payments"
    ):
        counted[methods[method], status] += 1
        if status == "captured":
            paid.add(order_id)
        if status == "failed":
            failures.append((order_id, methods[method], amount))
    for row in rows_of(answers["payment_failures_by_method"]):
        method = row["payment_method"]
        failed = [(order, amount) for order, how, amount in failures if how == method]
        assert row["failed"] == counted[method, "failed"] == len(failed)
        assert row["attempts"] == len(failed) + counted[method, "captured"]
        assert row["rescued"] == sum(order in paid for order, _ in failed)
        assert row["amount_lost"] == sum(amount for order, amount in failed if order not in paid)


def test_late_shipments(asked: Project, answers: dict[str, Answer]) -> None:
    parcels, late = Counter(), Counter()
    for carrier, shipped_at, delivered_at in asked.query(
        "select carrier, shipped_at, delivered_at from production.shipments"
    ):
        parcels[carrier] += 1
        late[carrier] += (delivered_at - shipped_at).total_seconds() > 5 * 86_400
    shown = rows_of(answers["late_shipments_by_carrier"])
    assert {row["carrier"]: (row["parcels"], row["late"]) for row in shown} == {
        carrier: (count, late[carrier]) for carrier, count in parcels.items()
    }


def test_shares_make_a_whole(answers: dict[str, Answer]) -> None:
    for name, column, whole in (
        ("return_reasons", "percent_of_refunds", 100),
        ("order_sizes", "percent_of_net_amount", 100),
        ("ratings_and_returns", "percent_of_reviews", 100),
        ("revenue_by_weekday_and_hour", "whole_week", 1000),
    ):
        rows = rows_of(answers[name])
        assert abs(sum(row[column] for row in rows) - whole) <= Decimal("0.05") * len(rows), name
