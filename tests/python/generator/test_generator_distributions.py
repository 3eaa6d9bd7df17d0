"""Every curve fires: seasons, trends, tails and weights; the seed is fixed, so is the outcome."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

SCALE = "0.1"


@pytest.fixture(scope="module")
def year(tmp_path_factory, generate, landing):
    out = tmp_path_factory.mktemp("year")
    flags = ("--scale", SCALE, "--defects", "0", "--seed", "7", "--workers", "1")
    assert generate(out, *flags).exit_code == 0
    return out / "shop"


@pytest.fixture(scope="module")
def orders(year, landing) -> pd.DataFrame:
    orders = landing.table(year, "orders").query("op == 'I'")
    return orders.assign(ordered=pd.to_datetime(orders.ordered_at))


@pytest.fixture(scope="module")
def daily(orders) -> pd.Series:
    return orders.groupby(orders.ordered.dt.date).size()


def test_orders_follow_the_week(daily):
    weekday = pd.Series(daily.to_numpy(), index=[day.weekday() for day in daily.index])
    mean = weekday.groupby(level=0).mean()
    assert set(mean.nlargest(2).index) == {0, 6}
    assert set(mean.nsmallest(2).index) == {4, 5}
    assert mean.max() / mean.min() == pytest.approx(1.22, abs=0.1)


def test_orders_follow_the_year_and_its_trend(daily):
    month = (
        pd.Series(daily.to_numpy(), index=[day.month for day in daily.index])
        .groupby(level=0)
        .mean()
    )
    assert set(month.nlargest(2).index) == {11, 12}
    assert month.idxmin() == 2
    # January's and July's seasons are the same; half a year of the trend lies between them.
    assert month[7] / month[1] == pytest.approx(1 + 0.15 / 2, abs=0.03)


def test_sale_days_are_the_greatest(daily):
    black_friday, cyber_monday = date(2025, 11, 28), date(2025, 12, 1)
    assert set(daily.nlargest(2).index) == {black_friday, cyber_monday}
    assert daily[black_friday] > 1.8 * daily[date(2025, 11, 21)]
    assert daily[cyber_monday] > 1.6 * daily[date(2025, 11, 24)]


def test_days_scatter_like_counts_and_not_less(daily):
    """Around its month's mean of the weekday, a day has its own noise and a count's scatter."""
    rows = [(n, day.month, day.weekday()) for day, n in daily.items() if day.month < 11]
    frame = pd.DataFrame(rows, columns=["n", "m", "d"])
    groups = frame.groupby(["m", "d"]).n
    residual = (frame.n - groups.transform("mean")) / groups.transform("mean")
    freedom = len(frame) - groups.ngroups
    spread = float(np.sqrt((residual**2).sum() / freedom))
    expected = float(np.sqrt(0.03**2 + 1 / frame.n.mean()))
    assert spread == pytest.approx(expected, rel=0.15)


def test_orders_follow_the_hours(orders):
    hour = orders.ordered.dt.hour.value_counts(normalize=True)
    assert hour.idxmax() in (18, 19, 20)
    assert hour.idxmin() in (3, 4)
    assert hour.max() > 15 * hour.min()


def test_few_products_make_much_of_the_sales(year, landing):
    sold = landing.table(year, "order_items").product_id.value_counts(normalize=True)
    # Weight 1 / (rank + q), q = 1 + n / 200, n = 2000 products: the share of the first tenth.
    weights = 1 / (np.arange(2000) + 11)
    assert sold.head(200).sum() == pytest.approx(weights[:200].sum() / weights.sum(), rel=0.03)
    assert sold.iloc[0] == pytest.approx(weights[0] / weights.sum(), rel=0.1)
    assert len(sold) > 1900


def test_few_customers_buy_often(orders):
    bought = orders.customer_id.value_counts()
    top = bought.head(len(bought) // 5).sum() / len(orders)
    assert 0.4 < top < 0.6
    assert bought.max() < 0.002 * len(orders)
    # Popular customers are not the oldest ones: the number says nothing about the orders.
    number = pd.Series(bought.index.str[4:].astype(int), index=bought.index)
    early = number <= 10_000
    assert abs(np.corrcoef(number[early], bought[early])[0, 1]) < 0.05


def test_prices_are_log_normal_within_a_department(year, landing):
    products = landing.table(year, "products")
    tree = landing.table(year, "categories").set_index("category_id").parent_category_id
    top = products.category_id.map(tree).map(tree)
    logs = np.log(products.list_price.astype(float))
    for department, median, spread in (
        ("CAT-001", 85, 0.8),
        ("CAT-003", 160, 0.6),
        ("CAT-009", 15, 0.5),
    ):
        within = logs[top == department]
        assert len(within) > 100
        assert within.median() == pytest.approx(np.log(median), abs=0.15)
        assert within.std() == pytest.approx(spread, abs=0.12)
        assert abs(within.skew()) < 0.5


def test_lines_quantities_and_discounts_have_their_weights(year, landing):
    items = landing.table(year, "order_items")
    lines = items.groupby("order_id").size().value_counts(normalize=True).sort_index()
    expected = np.array([22, 28, 22, 13, 8, 4, 2, 1]) / 100
    assert lines.to_numpy() == pytest.approx(expected, abs=0.006)
    quantity = items.quantity.value_counts(normalize=True)
    assert quantity["1"] == pytest.approx(0.72, abs=0.005)
    assert quantity["10"] == pytest.approx(0.005, abs=0.002)
    discounted = (items.discount_amount.astype(float) > 0).groupby(items.order_id).any().mean()
    assert discounted == pytest.approx(0.2, abs=0.006)


def test_outcomes_and_payments_have_their_weights(year, landing, orders):
    cancelled = landing.table(year, "orders").query("status == 'cancelled'")
    assert len(cancelled) / len(orders) == pytest.approx(0.04, abs=0.003)
    payments = landing.table(year, "payments")
    captured = payments.query("status == 'captured'")
    split = captured.order_id.duplicated().sum() / len(orders)
    assert split == pytest.approx(0.96 * 0.95 * 0.03, abs=0.003)
    failed = (payments.status == "failed").sum() / len(orders)
    assert failed == pytest.approx(0.975 * 0.02 + 0.025 * 0.5, abs=0.003)
    assert captured.payment_method.value_counts(normalize=True)["card"] == pytest.approx(
        0.62, abs=0.02
    )


def test_customers_grow_and_change(year, landing):
    customers = landing.table(year, "customers")
    new = customers[(customers.op == "I") & (customers.registered_at >= "2025")]
    assert len(new) == 10_000
    assert new.registered_at.str[:10].nunique() == 365
    changes = customers[customers.op == "U"]
    # Four epochs of 120 days begin in the year, the last five days long; one chance in ten in each.
    assert len(changes) / 15_000 == pytest.approx(0.1 * 365 / 120, rel=0.1)
