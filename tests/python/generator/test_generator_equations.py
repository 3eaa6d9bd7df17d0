"""The shop's equations, keys, references and life cycles, read from the files alone."""

from __future__ import annotations

import pandas as pd
import pytest

STATES_WITHOUT_TAX = {"AK", "DE", "MT", "NH", "OR"}
FOLLOWS = {
    "placed": {"paid", "cancelled"},
    "paid": {"shipped", "cancelled"},
    "shipped": {"delivered"},
    "delivered": set(),
    "cancelled": set(),
}


@pytest.fixture(scope="module")
def shop(clean, landing) -> dict[str, pd.DataFrame]:
    names = landing.manifests(clean)[0]["tables"]
    return {name: landing.table(clean, name) for name in names}


@pytest.fixture(scope="module")
def placed(shop) -> pd.DataFrame:
    orders = shop["orders"]
    first = orders[orders.op == "I"].set_index("order_id")
    assert first.index.is_unique
    return first


@pytest.fixture(scope="module")
def items(shop, to_cents) -> pd.DataFrame:
    items = shop["order_items"]
    amounts = {
        name: to_cents(items[name]) for name in ("unit_price", "discount_amount", "line_total")
    }
    items = items.assign(quantity=items.quantity.astype(int), **amounts)
    return items.assign(gross=items.quantity * items.unit_price)


def test_line_totals(items):
    assert (items.line_total == items.gross - items.discount_amount).all()
    assert (items.discount_amount > 0).any()
    assert (items[["quantity", "unit_price"]] > 0).all(axis=None)


def test_order_totals_are_the_sums_of_their_lines(placed, items, to_cents):
    lines = items.groupby("order_id")
    assert set(lines.groups) == set(placed.index)
    subtotal, discount, tax, shipping, total = (
        to_cents(placed[name]) for name in ("subtotal", "discount", "tax", "shipping_fee", "total")
    )
    assert (subtotal == lines.gross.sum().reindex(placed.index)).all()
    assert (discount == lines.discount_amount.sum().reindex(placed.index)).all()
    assert (total == subtotal - discount + tax + shipping).all()
    assert (shipping == 0).any()
    assert (shipping > 0).any()


def test_tax_is_that_of_the_state_where_the_customer_lived(shop, placed, to_cents):
    customers = shop["customers"].sort_values(["customer_id", "updated_at"])
    orders = placed.reset_index()[["order_id", "customer_id", "ordered_at"]]
    known = orders.merge(customers[["customer_id", "updated_at", "state"]], on="customer_id")
    known = known[known.updated_at <= known.ordered_at]
    state = known.sort_values("updated_at").groupby("order_id").state.last()
    assert set(state.index) == set(placed.index)
    net = to_cents(placed.subtotal) - to_cents(placed.discount)
    tax, state = to_cents(placed.tax), state.reindex(placed.index)
    # One rate explains all orders of a state, each to half a cent.
    lowest = ((tax - 0.5) / net).groupby(state).max()
    highest = ((tax + 0.5) / net).groupby(state).min()
    assert (lowest <= highest).all()
    assert len(lowest) == 51
    taxed = tax.groupby(state).sum() > 0
    assert set(taxed[~taxed].index) == STATES_WITHOUT_TAX
    moved = customers.groupby("customer_id").state.nunique() > 1
    assert moved.any()


def test_versions_of_an_order_change_its_status_only(shop):
    orders = shop["orders"]
    fixed = orders.drop(columns=["status", "updated_at", "op", "batch"]).drop_duplicates()
    assert fixed.order_id.is_unique


def test_statuses_follow_each_other_in_time(shop):
    orders = shop["orders"].sort_values(["order_id", "updated_at"])
    before = orders.groupby("order_id").status.shift()
    first = before.isna()
    assert (orders[first].status == "placed").all()
    assert (orders[first].op == "I").all()
    assert (orders[first].updated_at == orders[first].ordered_at).all()
    assert (orders[~first].op == "U").all()
    steps = set(zip(before[~first], orders[~first].status, strict=True))
    assert steps == {(a, b) for a, following in FOLLOWS.items() for b in following}
    assert not orders.duplicated(["order_id", "updated_at"]).any()


def test_captured_payments_add_up_to_the_order(shop, placed, to_cents):
    payments = shop["payments"].assign(amount=to_cents(shop["payments"].amount))
    total = to_cents(placed.total)
    paid = shop["orders"].query("status == 'paid'").set_index("order_id")
    captured = payments[payments.status == "captured"].groupby("order_id").amount
    assert set(captured.groups) == set(paid.index)
    assert (captured.sum() == total.reindex(captured.sum().index)).all()
    assert (captured.count() == 2).any()
    assert (payments.amount > 0).all()
    on_time = payments[payments.status == "captured"].set_index("order_id").paid_at
    assert (on_time == paid.updated_at.reindex(on_time.index)).all()


def test_refunds_follow_cancelled_orders_that_were_paid(shop, placed, to_cents):
    refunds = shop["payments"].query("status == 'refunded'").set_index("order_id")
    orders = shop["orders"]
    cancelled = orders[orders.status == "cancelled"].set_index("order_id").updated_at
    assert len(refunds) > 0
    assert refunds.index.is_unique
    assert (refunds.paid_at > cancelled.reindex(refunds.index)).all()
    assert (to_cents(refunds.amount) == to_cents(placed.total).reindex(refunds.index)).all()


def test_each_failed_attempt_is_before_the_payment_or_the_cancellation(shop):
    failed = shop["payments"].query("status == 'failed'").set_index("order_id")
    orders = shop["orders"]
    second = orders[orders.op == "U"].groupby("order_id").updated_at.min()
    second = second.reindex(failed.index)
    assert len(failed) > 0
    assert ((failed.paid_at < second) | second.isna()).all()


def test_every_reference_existed_at_that_time(shop, placed, items):
    registered = shop["customers"].query("op == 'I'").set_index("customer_id").registered_at
    assert (registered.reindex(placed.customer_id).to_numpy() < placed.ordered_at).all()
    assert set(shop["payments"].order_id) <= set(placed.index)
    assert set(items.product_id) <= set(shop["products"].product_id)
    assert set(shop["products"].category_id) <= set(shop["categories"].category_id)
    assert set(shop["products"].supplier_id) <= set(shop["suppliers"].supplier_id)
    parents = shop["categories"].parent_category_id.dropna()
    assert set(parents) <= set(shop["categories"].category_id)


def test_keys_are_unique(shop):
    assert shop["order_items"].order_item_id.is_unique
    assert shop["payments"].payment_id.is_unique
    for name in ("categories", "suppliers", "products"):
        key = shop[name].columns[0]
        assert not shop[name].duplicated([key, "batch"]).any()
    assert not shop["order_items"].duplicated(["order_id", "line_number"]).any()


def test_emails_belong_to_one_customer_each(shop):
    customers = shop["customers"]
    assert (customers.groupby("email").customer_id.nunique() == 1).all()
    assert customers.email.str.fullmatch(r"[a-z]+\.[a-z]+\d+@[a-z]+\.example\.(com|org|net)").all()


def test_customers_change_what_they_change_and_nothing_else(shop):
    customers = shop["customers"].sort_values(["customer_id", "updated_at"])
    assert customers[customers.op == "I"].customer_id.is_unique
    groups = {
        "address": ["street", "city", "state", "postal_code"],
        "email": ["email"],
        "phone": ["phone"],
    }
    fixed = ["first_name", "last_name", "country", "segment", "registered_at"]
    same = customers.customer_id == customers.customer_id.shift()
    assert (customers[same].op == "U").all()
    for name in fixed:
        assert (customers[name] == customers[name].shift())[same].all()
    changed = pd.DataFrame(
        {
            name: (customers[columns] != customers[columns].shift()).any(axis=1)[same]
            for name, columns in groups.items()
        }
    )
    assert (changed.sum(axis=1) <= 1).all()
    # A new phone number is drawn from few and can be the old one; address and email always differ.
    assert (changed.sum(axis=1) == 1).mean() > 0.98
    assert changed.any().all()


def test_items_cost_what_the_product_cost_that_day(clean, landing, to_cents):
    """The extract of a day has the price of the day's orders, withdrawn products are not sold."""
    for manifest in landing.manifests(clean)[1:]:
        day = manifest["batch"]
        at = landing.manifests(clean).index(manifest)
        batch = slice(at, at + 1)
        products = landing.table(clean, "products", batch).set_index("product_id")
        items = landing.table(clean, "order_items", batch)
        sold = products.loc[items.product_id]
        assert (to_cents(items.unit_price).to_numpy() == to_cents(sold.list_price)).all()
        assert sold.is_active.astype(bool).all()
        assert (products.updated_at <= f"{day} 23:59:59+00").all()
        assert not products.is_active.all()
    prices = landing.table(clean, "products").groupby("product_id").list_price.nunique()
    assert (prices > 1).any()


def test_categories_are_a_tree_of_three_levels(shop):
    tree = shop["categories"].drop_duplicates("category_id").set_index("category_id")
    parent = tree.parent_category_id
    depth = pd.Series(1, index=tree.index)
    for _ in range(5):
        depth = parent.map(depth).fillna(0).astype(int) + 1
    assert depth.value_counts().to_dict() == {1: 10, 2: 30, 3: 110}
    assert set(depth.reindex(shop["products"].category_id)) == {3}
