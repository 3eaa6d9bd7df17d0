"""Every curve fires: seasons, trends, tails and weights; the seed is fixed, so is the outcome.

What is expected comes from the model's JSON and from formulas written down here. Bounds are four
standard deviations of a count unless said otherwise; a missing curve is off by far more, and where
that is not plain, a comment says by how much.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import date, timedelta
from statistics import NormalDist

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from models import model_of

FIRST, DAYS = date(2025, 1, 1), 365
# Within the first quarter of a promille of Kolmogorov's distribution.
KOLMOGOROV = 2.1


@pytest.fixture(scope="module")
def orders(year, landing) -> pd.DataFrame:
    """All versions of the history's orders."""
    orders = landing.table(year, "orders", slice(0, 1))
    return orders.assign(at=pd.to_datetime(orders.updated_at))


@pytest.fixture(scope="module")
def placed(orders) -> pd.DataFrame:
    return orders[orders.op == "I"]


@pytest.fixture(scope="module")
def items(year, landing) -> pd.DataFrame:
    return landing.table(year, "order_items", slice(0, 1))


@pytest.fixture(scope="module")
def customers(year, landing) -> pd.DataFrame:
    return landing.table(year, "customers", slice(0, 1))


@pytest.fixture(scope="module")
def products(year, landing) -> pd.DataFrame:
    return landing.table(year, "products", slice(0, 1))


@pytest.fixture(scope="module")
def clinic(tmp_path_factory, make, landing) -> Callable[[str], pd.DataFrame]:
    """Tables of a year of the clinic."""
    out = tmp_path_factory.mktemp("clinic")
    make(out, ("--model", "clinic", "--scale", "0.1", "--defects", "0", "--workers", "1"))
    return lambda name: landing.table(out / "clinic", name)


def distance(values: np.ndarray, below: Callable[[np.ndarray], np.ndarray], step: float) -> float:
    """Kolmogorov's distance times the root of the count, of values rounded to a step."""
    places, counts = np.unique(values, return_counts=True)
    seen = np.cumsum(counts) / len(values)
    return float(np.abs(seen - below(places + step / 2)).max() * len(values) ** 0.5)


_bell = np.vectorize(NormalDist().cdf)


def normal_below(mean: float, spread: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda x: _bell((x - mean) / spread)


def log_normal_below(median: float, sigma: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda x: _bell(np.log(np.maximum(x, 1e-9) / median) / sigma)


def exponential_below(mean: float) -> Callable[[np.ndarray], np.ndarray]:
    return lambda x: 1 - np.exp(-np.maximum(x, 0) / mean)


def limited(
    below: Callable[[np.ndarray], np.ndarray], low: float, high: float
) -> Callable[[np.ndarray], np.ndarray]:
    """The distribution of values that are set to the nearer limit."""
    return lambda x: np.where(x < low, 0.0, np.where(x >= high, 1.0, below(x)))


def near(count: float, expected: float) -> bool:
    """Whether a count of independent events is within four standard deviations."""
    return abs(count - expected) <= 4 * expected**0.5


# Days, weeks and years


@pytest.fixture(scope="module")
def expected_a_day(shop_model) -> np.ndarray:
    """Orders that the calendar expects on each day, at this scale."""
    calendar = shop_model["calendars"]["shopping"]
    weights = []
    for number in range(DAYS):
        day = FIRST + timedelta(days=number)
        weight = calendar["weekdays"][day.weekday()] * calendar["months"][day.month - 1]
        weight *= 1 + calendar["trend_a_year"] * number / 365
        for special in calendar["special_days"]:
            thanksgiving = date(2025, 11, 27)
            if day == thanksgiving + timedelta(days=special["offset"]):
                weight *= special["weight"]
        weights.append(weight)
    return 100_000 * np.array(weights) / sum(weights)


@pytest.fixture(scope="module")
def daily(placed) -> pd.Series:
    days = placed.groupby(placed["at"].dt.date).size()
    assert len(days) == DAYS
    return days


def test_orders_follow_the_week(daily, expected_a_day, shop_model):
    """Without its weights, all weekdays would be as far above or below what is expected."""
    weights = shop_model["calendars"]["shopping"]["weekdays"]
    weekday = np.array([day.weekday() for day in daily.index])
    for number, weight in enumerate(weights):
        plain = expected_a_day[weekday == number] / weight
        # Four standard deviations: a percent each, of the count and of the days' own noise.
        assert daily[weekday == number].sum() / plain.sum() == pytest.approx(weight, rel=0.04)


def test_orders_follow_the_year(daily, expected_a_day, shop_model):
    weights = shop_model["calendars"]["shopping"]["months"]
    month = np.array([day.month for day in daily.index])
    for number, weight in enumerate(weights, 1):
        plain = expected_a_day[month == number] / weight
        assert daily[month == number].sum() / plain.sum() == pytest.approx(weight, rel=0.04)


def test_orders_grow(daily, expected_a_day):
    """What is left after weeks and seasons grows by 15% of the first day's within a year."""
    numbers = np.arange(DAYS)
    flat = expected_a_day / (1 + 0.15 * numbers / 365)
    slope, start = np.polyfit(numbers / 365, daily.to_numpy() / flat, 1, w=np.sqrt(flat))
    assert slope / start == pytest.approx(0.15, abs=0.04)


def test_sale_days_are_the_greatest(daily, expected_a_day):
    black_friday, cyber_monday = date(2025, 11, 28), date(2025, 12, 1)
    assert set(daily.nlargest(2).index) == {black_friday, cyber_monday}
    assert daily[black_friday] > 1.8 * daily[date(2025, 11, 21)]
    assert daily[cyber_monday] > 1.6 * daily[date(2025, 11, 24)]
    for offset in range(-1, 5):
        day = black_friday + timedelta(days=offset)
        expected = expected_a_day[(day - FIRST).days]
        assert daily[day] == pytest.approx(expected, rel=0.25), day


def test_days_have_noise_of_their_own(tmp_path, make, shop_model, expected_a_day):
    """The shop's calendar at scale 1, where 3% are more than a Poisson count's own scatter.

    Variance is that of the count plus the noise's: 1 + 0.03**2 * 2740 = 3.47 of the mean, without
    noise 1. The bound is three standard deviations of a sample variance of 365 days.
    """
    table = {
        "delivery": "append",
        "format": "parquet",
        "key": ["number"],
        "time": "at",
        "rows": shop_model["tables"]["orders"]["rows"],
        "columns": {
            "number": {"type": "integer", "kind": "sequence"},
            "at": {"type": "timestamp", "kind": "calendar"},
        },
    }
    model = {"name": "days", "calendars": shop_model["calendars"], "tables": {"orders": table}}
    (tmp_path / "days.json").write_text(json.dumps(model))
    make(tmp_path, ("--model", str(tmp_path / "days.json"), "--scale", "1", "--workers", "1"))
    files = sorted((tmp_path / "days" / "2025-12-31" / "orders").iterdir())
    times = np.concatenate([pq.read_table(file)["at"].to_numpy() for file in files])
    days = (times.astype("datetime64[D]") - np.datetime64(FIRST)).astype(int)
    means = 10 * expected_a_day
    ratio = float(((np.bincount(days, minlength=DAYS) - means) ** 2 / means).mean())
    assert ratio == pytest.approx(1 + 0.03**2 * means.mean(), abs=3 * 3.47 * (2 / DAYS) ** 0.5)


def test_small_counts_are_poisson(customers, expected_a_day):
    """Registrations, 27 a day: their distribution, day by day, not only their variance."""
    new = customers[(customers.op == "I") & (customers.registered_at >= "2025")]
    days = pd.to_datetime(new.registered_at.str[:10]).dt.date.value_counts()
    counts = np.array([days.get(FIRST + timedelta(days=n), 0) for n in range(DAYS)])
    means = expected_a_day / 10
    ratio = float(((counts - means) ** 2 / means).mean())
    assert ratio == pytest.approx(1.02, abs=3 * (2 / DAYS) ** 0.5)
    # Each count's place within its own Poisson distribution is evenly spread over 0 to 1.
    places = [
        poisson_below(count - 1, mean) + 0.5 * poisson_at(count, mean)
        for count, mean in zip(counts, means, strict=True)
    ]
    assert distance(np.array(places), lambda x: np.clip(x, 0, 1), 0) < 1.6


def poisson_at(count: int, mean: float) -> float:
    return math.exp(count * math.log(mean) - mean - math.lgamma(count + 1)) if count >= 0 else 0.0


def poisson_below(count: int, mean: float) -> float:
    return sum(poisson_at(n, mean) for n in range(count + 1))


def test_orders_follow_the_hours(placed, shop_model):
    weights = np.array(shop_model["calendars"]["shopping"]["hours"])
    found = placed["at"].dt.hour.value_counts().reindex(range(24)).to_numpy()
    expected = weights / weights.sum() * len(placed)
    assert (np.abs(found - expected) <= 4 * np.sqrt(expected)).all()
    minutes = placed["at"].dt.minute.value_counts(normalize=True)
    assert minutes.to_numpy() == pytest.approx(np.full(60, 1 / 60), rel=0.15)


# Popularity


def test_few_products_make_most_of_the_sales(items):
    """Rank r of n sells in proportion to 1 / (r + n / 200): the slope of the logarithms is -1.

    Even popularity would give a slope of 0, a plain exponent of 0.5 one of -0.5.
    """
    sold = items.product_id.value_counts().to_numpy()
    n, head = 2_000, 10.0
    assert len(sold) > 1_950
    for top in (20, 200, 1_000):
        share = math.log((top + head) / head) / math.log((n + head) / head)
        assert sold[:top].sum() / len(items) == pytest.approx(share, rel=0.05), top
    rank = np.arange(1, 1_001)
    slope, _ = np.polyfit(np.log(rank - 0.5 + head), np.log(sold[:1_000]), 1)
    assert slope == pytest.approx(-1, abs=0.05)


def test_few_customers_order_often(placed, customers):
    """The exponent is 0.5: the share of the first k of n is (sqrt(k/n + h) - sqrt(h)) / (...).

    Ranked by every second order, measured by the others, so that no luck is taken for rank: of the
    10% that is, some is lost, as luck ranks too. Even popularity would leave 1.6%, an exponent of 1
    would make it 40%.
    """
    registered = customers[customers.op == "I"].registered_at.sort_values().reset_index(drop=True)
    # The order of popularity is drawn anew where the number of customers passes a power of two.
    early = placed[placed.ordered_at < registered[16_384]].sort_values("ordered_at")
    assert len(early) > 50_000
    ranked, measured = early.iloc[::2].customer_id, early.iloc[1::2].customer_id
    top = ranked.value_counts().index[:200]
    n, head = 13_000, 0.001
    share = (math.sqrt(200 / n + head) - math.sqrt(head)) / (math.sqrt(1 + head) - math.sqrt(head))
    assert 0.8 * share < measured.isin(top).mean() < share
    # Popular customers are not the oldest ones.
    oldest = top.str[4:].astype(int) <= 5_000
    assert 0.2 < oldest.mean() < 0.6


# Prices and amounts


@pytest.fixture(scope="module")
def kinds(shop_model) -> pd.DataFrame:
    """Usual price and sigma of each category that has products."""
    return pd.DataFrame(shop_model["tables"]["kinds"]["rows"]["records"]).set_index("category_id")


def test_prices_are_log_normal_within_a_category(products, kinds):
    """A cost is 40 to 70% of the base price, whose logarithm is normal with its category's sigma.

    Standardized, all categories together are one bell: a distance of 2.1 is 4.7% of 2,000
    products. An even spread within a category would be off by 6%, one price for all by 50%.
    """
    own = kinds.loc[products.category_id]
    percent = np.log(np.arange(40, 71) / 100)
    logs = np.log(products.unit_cost.astype(float).to_numpy() / own.median_price.to_numpy())
    spread = np.sqrt(own.sigma.to_numpy() ** 2 + percent.var())
    standard = (logs - percent.mean()) / spread
    assert distance(standard, normal_below(0, 1), 0) < KOLMOGOROV
    assert standard.std() == pytest.approx(1, abs=0.06)
    # Wide categories are as bell-shaped in their own measure as narrow ones.
    wide = own.sigma.to_numpy() >= 0.5
    assert standard[wide].std() == pytest.approx(standard[~wide].std(), rel=0.12)
    # And not the prices themselves: these have a long tail to the right.
    prices = np.exp(standard * 0.6)
    assert pd.Series(prices).skew() > 1.5 > abs(pd.Series(standard).skew()) + 1.3


def test_list_prices_move_evenly_around_their_base(products):
    """From 15% below to 15% above: list price over cost has all the room that both leave."""
    big = products[products.unit_cost.astype(float) > 50]
    ratio = big.list_price.astype(float) / big.unit_cost.astype(float)
    assert 0.85 / 0.7 * 0.98 <= ratio.min() < 0.9 / 0.7
    assert 1.1 / 0.4 < ratio.max() <= 1.15 / 0.4 * 1.02
    steps = np.add.outer(np.arange(85, 116), np.zeros(31)) / np.add.outer(
        np.zeros(31), np.arange(40, 71)
    )
    known = np.sort(steps.ravel())
    found = distance(
        ratio.to_numpy(), lambda x: np.searchsorted(known, x, side="right") / len(known), 0
    )
    assert found < KOLMOGOROV


def test_bids_lie_evenly_below_the_list_price(year, landing):
    bids = landing.table(year, "bids")
    share = bids.amount.astype(float) / bids.list_price.astype(float)
    dear = share[bids.list_price.astype(float) > 100].to_numpy()
    assert len(dear) > 3_000
    assert distance(dear, lambda x: np.clip((x * 1_000 - 599.5) / 371, 0, 1), 0) < KOLMOGOROV


def test_stocks_follow_log_normal_sales(year, landing):
    """An order point is the sales of ten days: median 30, sigma 0.9, at least 5, at most 300."""
    points = landing.table(year, "inventory", slice(0, 1)).reorder_point.astype(int).to_numpy()
    below = limited(log_normal_below(30, 0.9), 5, 300)
    # Sales are rounded to hundredths, ten days' sales to whole pieces.
    assert distance(points, below, 1.0) < KOLMOGOROV


# Weights and shares


CHOICES = [
    ("customers", "segment"),
    ("shipments", "carrier"),
    ("returns", "reason"),
    ("bids", "status"),
    ("order_items", "quantity"),
]


@pytest.mark.parametrize(("table", "column"), CHOICES)
def test_choices_have_their_weights(year, landing, shop_model, table, column):
    spec = shop_model["tables"][table]["columns"][column]
    rows = landing.table(year, table)
    if table == "customers":
        rows = rows[rows.op == "I"]
    found = rows[column].value_counts()
    assert set(found.index) == {str(value) for value in spec["values"]}
    for value, weight in zip(spec["values"], spec["weights"], strict=True):
        expected = len(rows) * weight / sum(spec["weights"])
        assert near(found[str(value)], expected), value


def test_baskets_have_their_sizes(items, shop_model):
    weights = shop_model["tables"]["order_items"]["rows"]["weights"]
    lines = items.groupby("order_id").size().value_counts()
    assert set(lines.index) == set(range(1, 9))
    for number, weight in weights.items():
        assert near(lines[int(number)], lines.sum() * weight / sum(weights.values())), number


def test_discounts_and_fees_have_their_shares(placed, items):
    discounted = (items.discount_amount != "0.00").groupby(items.order_id).any()
    assert near(discounted.sum(), 0.2 * len(placed))
    charged = placed[placed.shipping_fee != "0.00"].shipping_fee.value_counts()
    for fee, share in (("4.99", 0.7), ("6.99", 0.2), ("9.99", 0.1)):
        assert near(charged[fee], share * charged.sum()), fee


def test_payments_have_their_shares(year, landing, orders):
    payments = landing.table(year, "payments", slice(0, 1))
    captured = payments[payments.status == "captured"]
    paid = captured.order_id.nunique()
    assert near(captured.order_id.duplicated().sum(), 0.03 * paid)
    methods = captured.drop_duplicates("order_id").payment_method.value_counts()
    for method, share in (
        ("card", 0.64),
        ("paypal", 0.22),
        ("bank_transfer", 0.09),
        ("gift_card", 0.05),
    ):
        assert near(methods[method], share * paid), method
    # 2% of the paid orders fail at first, half of those that are never paid do.
    failed = set(payments[payments.status == "failed"].order_id)
    was_paid = set(orders[orders.status == "paid"].order_id)
    never = set(orders[(orders.status == "cancelled")].order_id) - was_paid
    assert near(len(failed & was_paid), 0.02 * len(was_paid))
    assert near(len(failed & never), 0.5 * len(never))


def test_returns_and_reviews_have_their_shares(year, landing, items, orders):
    """Of the lines that were delivered early enough for all returns and reviews to be there."""
    delivered = orders[(orders.status == "delivered") & (orders.updated_at < "2025-12-01")]
    lines = items[items.order_id.isin(delivered.order_id)]
    returned = landing.table(year, "returns").order_item_id
    assert near(lines.order_item_id.isin(returned).sum(), 0.034 * len(lines))
    reviews = landing.table(year, "reviews")
    reviewed = reviews.order_id.isin(delivered.order_id).sum()
    assert near(reviewed, 0.104 * len(lines))


def test_null_shares(year, landing):
    reviews = landing.table(year, "reviews")
    assert near(reviews.body.isna().sum(), 0.12 * len(reviews))
    # Independent of the rest: not those of one rating.
    by_rating = reviews.body.isna().groupby(reviews.rating).mean()
    assert by_rating.between(0.08, 0.16).all()
    assert not reviews.drop(columns="body").isna().any(axis=None)


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("patients", "blood_group"),
        ("patients", "email"),
        ("patients", "employer"),
        ("lab_results", "c_reactive_protein"),
        ("lab_results", "cholesterol"),
        ("lab_results", "red_cells_in_urine"),
    ],
)
def test_null_shares_of_the_clinic(clinic, table, column):
    rows = clinic(table)
    if table == "patients":
        rows = rows[rows.op == "I"]
    share = model_of("clinic")["tables"][table]["columns"][column]["null_share"]
    assert near(rows[column].isna().sum(), share * len(rows))


def test_ratings_have_many_fives_and_few_twos(year, landing):
    ratings = landing.table(year, "reviews").rating.value_counts(normalize=True)
    assert ratings["5"] == ratings.max()
    assert 0.01 < ratings["1"] < 0.15
    assert ratings["2"] < ratings["3"] < ratings["4"]


# The clinic's laboratory: each law by its distribution function


def laboratory(clinic, column: str) -> np.ndarray:
    values = clinic("lab_results")[column].dropna().astype(float).to_numpy()
    assert len(values) > 3_000
    return values


@pytest.mark.parametrize(
    ("column", "below", "step"),
    [
        ("haemoglobin", limited(normal_below(14.1, 1.4), 6, 20), 0.01),
        ("temperature_change", limited(normal_below(0.1, 0.5), -2, 4), 0.01),
        ("cholesterol", limited(log_normal_below(195, 0.19), 80, 420), 0.01),
        ("c_reactive_protein", limited(exponential_below(6.5), 0.1, 300), 0.01),
        (
            "red_cells_in_urine",
            lambda x: np.array([poisson_below(math.floor(n), 1.4) for n in x]),
            1.0,
        ),
    ],
)
def test_laws_of_the_laboratory(clinic, column, below, step):
    assert distance(laboratory(clinic, column), below, step) < KOLMOGOROV


def test_laws_of_the_clinic(clinic):
    appointments = clinic("appointments")
    booked = appointments[appointments.op == "I"]
    minutes = booked.minutes.astype(int).to_numpy()
    assert distance(minutes, limited(log_normal_below(20, 0.5), 5, 180), 1.0) < KOLMOGOROV
    # A pool with an exponent: the first reason far more often than the last.
    reasons = booked.reason.value_counts(normalize=True).to_numpy()
    assert len(reasons) == 37
    assert reasons[0] > 4 * reasons[-1]
    # Grades of pay are ranks by Zipf's law.
    grades = clinic("doctors").grade.astype(int).value_counts()
    weights = {rank: rank**-1.2 for rank in range(1, 7)}
    for rank, weight in weights.items():
        expected = grades.sum() * weight / sum(weights.values())
        assert near(grades.get(rank, 0), expected), rank
    hours = clinic("doctors").hours_a_week.astype(int).to_numpy()
    assert distance(hours, limited(normal_below(36, 7), 8, 48), 1.0) < KOLMOGOROV


def test_the_tree_of_departments_has_its_levels(clinic):
    tree = clinic("departments").set_index("department_id").part_of
    first = tree.isna()
    second = tree.isin(tree.index[first])
    third = tree.isin(tree.index[second])
    assert (first.sum(), second.sum(), third.sum()) == (4, 20, 36)


# Life cycles


@pytest.fixture(scope="module")
def lives(orders) -> pd.DataFrame:
    """Each settled order's times by status; those of December may still be on their way."""
    times = orders.pivot(index="order_id", columns="status", values="at")
    return times[times.placed < pd.Timestamp("2025-12-01", tz="UTC")]


def test_steps_have_their_probabilities(lives):
    paid, shipped = lives.paid.notna(), lives.shipped.notna()
    cancelled, delivered = lives.cancelled.notna(), lives.delivered.notna()
    assert near(len(lives) - paid.sum(), 0.07 * len(lives))
    assert near((paid & cancelled).sum(), 0.03 * paid.sum())
    assert (shipped == (paid & ~cancelled)).all()
    assert (delivered == shipped).all()


@pytest.mark.parametrize(
    ("origin", "to", "below"),
    [
        ("placed", "paid", limited(log_normal_below(6 * 60, 1.2), 2 * 60, 2_880 * 60)),
        ("placed", "cancelled", limited(normal_below(36 * 3_600, 14 * 3_600), 7_200, 259_200)),
        ("paid", "shipped", limited(log_normal_below(26 * 3_600, 0.6), 4 * 3_600, 96 * 3_600)),
        ("paid", "cancelled", limited(exponential_below(36_000), 3_600, 36 * 3_600)),
        ("shipped", "delivered", limited(log_normal_below(66 * 3_600, 0.4), 86_400, 691_200)),
    ],
)
def test_steps_take_their_time(lives, origin, to, below):
    """Seconds between two statuses: a delay that is not drawn at all would be off by 50%."""
    rows = lives if origin == "paid" else lives[(to != "cancelled") | lives.paid.isna()]
    wait = (rows[to] - rows[origin]).dropna().dt.total_seconds().to_numpy()
    assert len(wait) > 2_000
    assert distance(wait, below, 1.0) < KOLMOGOROV


@pytest.mark.parametrize(
    ("column", "below"),
    [
        ("returns.returned_at", limited(log_normal_below(9 * 86_400, 0.6), 172_800, 2_592_000)),
        ("reviews.created_at", limited(exponential_below(8 * 86_400), 86_400, 2_592_000)),
    ],
)
def test_returns_and_reviews_take_their_time(year, landing, lives, column, below):
    table, time = column.split(".")
    rows = landing.table(year, table)
    if table == "returns":
        rows = rows.assign(order_id=rows.order_item_id.str[:12])
    delivered = rows.order_id.map(lives.delivered)
    early = delivered < pd.Timestamp("2025-12-01", tz="UTC")
    wait = (pd.to_datetime(rows[time]) - delivered)[early].dt.total_seconds().to_numpy()
    assert len(wait) > 5_000
    assert distance(wait, below, 1.0) < KOLMOGOROV


# Slow changes and ends


@pytest.mark.parametrize(
    ("columns", "every_days", "seen"),
    [
        (["street", "city", "state", "postal_code"], (900, 4_000), 1.0),
        # One in 108 draws the same host and separator again; one in 100 the same line.
        (["email"], (1_200, 4_500), 1 - (0.7**2 + 0.2**2 + 0.1**2) / 36),
        (["line"], (1_200, 4_500), 0.99),
    ],
    ids=["address", "email", "phone"],
)
def test_customers_change_as_often_as_the_model_says(customers, columns, every_days, seen):
    """A period evenly between a and b days makes ln(b/a) / (b - a) changes a day on average."""
    low, high = every_days
    versions = customers.assign(line=customers.phone.str[-4:])
    versions = versions.sort_values(["customer_id", "updated_at"])
    known = versions.customer_id == versions.customer_id.shift()
    changed = known & (versions[columns] != versions[columns].shift()).any(axis=1)
    changed &= (versions.op == "U") & (versions.updated_at >= "2025")
    old = versions[(versions.op == "I") & (versions.registered_at < "2025")]
    mine = versions[changed & versions.customer_id.isin(old.customer_id)]
    expected = len(old) * 365 * math.log(high / low) / (high - low) * seen
    assert near(len(mine), expected)
    assert mine.customer_id.is_unique, "nobody changes twice within the shortest period"


def test_prices_change_as_often_as_the_model_says(products):
    """A period from 45 to 240 days: the share of products that changed within the last 30."""
    changed = (products.is_active == "true") & (products.updated_at >= "2025-12-02")
    active = (products.is_active == "true").sum()
    assert near(changed.sum(), active * 30 * math.log(240 / 45) / (240 - 45))
    # None waited longer than the longest period.
    assert products[products.is_active == "true"].updated_at.min() >= "2025-05-05"


def test_products_are_withdrawn_as_the_model_says(products):
    """5% of them, evenly within 1 to 730 days: after a year half of those."""
    assert near((products.is_active == "false").sum(), 2_000 * 0.05 * 364 / 730)


def test_customers_are_deleted_as_the_model_says(customers):
    """0.5%, evenly 30 to 730 days after they registered."""
    since = pd.to_datetime(customers[customers.op == "I"].registered_at)
    age = (pd.Timestamp("2026-01-01", tz="UTC") - since).dt.total_seconds() / 86_400
    expected = 0.005 * ((age - 30) / 700).clip(0, 1).sum()
    assert expected > 40
    assert near((customers.op == "D").sum(), expected)


# Late arrivals


def test_records_are_late_as_often_as_asked_for(tmp_path, make, landing):
    """A tenth of the versions and payments, one, two or three days, each as often."""
    flags = ("--scale", "0.05", "--defects", "0", "--late", "0.1", "--days", "20")
    make(tmp_path, flags, ("--days", "7"))
    for name, time in (("orders", "updated_at"), ("bids", "bid_at")):
        rows = landing.table(tmp_path / "shop", name, slice(1, None))
        # Days that are seen whole: all that could come late from them has come.
        rows = rows[rows[time].str[:10].between("2025-01-21", "2025-01-24")]
        wait = (pd.to_datetime(rows.batch) - pd.to_datetime(rows[time].str[:10])).dt.days
        assert near((wait > 0).sum(), 0.1 * len(rows)), name
        for days in (1, 2, 3):
            assert near((wait == days).sum(), 0.1 * len(rows) / 3), (name, days)
        assert wait.max() == 3
