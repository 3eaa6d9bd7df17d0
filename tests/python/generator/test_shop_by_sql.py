"""A year of the shop in PostgreSQL: its references, sums and time orders, by plain SQL.

Nothing here shares code with the generator: the files are copied into the tables that
`python -m generator ddl` prints, with their keys and foreign keys, and asked.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import phonenumbers
import psycopg2
import pyarrow.csv as pa_csv
import pytest
from project import new_database
from psycopg2 import extensions

# Parents first; the last extract of a table is the one that foreign keys lead to.
EXTRACTS = ("categories", "suppliers", "products", "inventory")
LAST_SECOND = "timestamptz '2026-01-02 23:59:59+00'"

DERIVED = """
create table placed as select * from orders where op = 'I';
alter table placed add primary key (order_id);

create table life as
select
    order_id,
    max(updated_at) filter (where status = 'placed') as placed_at,
    max(updated_at) filter (where status = 'paid') as paid_at,
    max(updated_at) filter (where status = 'shipped') as shipped_at,
    max(updated_at) filter (where status = 'delivered') as delivered_at,
    max(updated_at) filter (where status = 'cancelled') as cancelled_at
from orders
group by order_id;
alter table life add primary key (order_id);

create table registered as select * from customers where op = 'I';
alter table registered add primary key (customer_id);

create table deleted as select * from customers where op = 'D';
alter table deleted add primary key (customer_id);

create table bought as
select order_items.*, placed.ordered_at, placed.customer_id
from order_items inner join placed using (order_id);
alter table bought add primary key (order_item_id);

-- What was sold or bid for at a list price, and when.
create table priced as
select product_id, unit_price as price, ordered_at as at from bought
union all
select product_id, list_price as price, bid_at as at from bids;
create index on priced (product_id, at);

create table settled_payments as
select
    order_id,
    sum(amount) filter (where status = 'captured') as captured,
    count(*) filter (where status = 'captured') as captures,
    min(amount) filter (where status = 'captured') as least,
    count(*) filter (where status = 'refunded') as refunds,
    min(paid_at) filter (where status = 'failed') as failed_at
from payments
group by order_id;
analyze;
"""


@pytest.fixture(scope="module")
def db(
    postgres_server: str, year, landing, generate, shop_model: dict[str, Any]
) -> Iterator[extensions.cursor]:
    """A database with the year's files: `public` as the DDL says, `extracts` with all of them."""
    with new_database(postgres_server) as url, closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("set timezone = 'UTC'; set synchronous_commit = off; set jit = off;")
            cursor.execute("set work_mem = '64MB'; set maintenance_work_mem = '128MB'")
            cursor.execute(generate(year, "ddl", "shop").stdout)
            cursor.execute("create schema extracts")
            load(cursor, year, landing)
            rates = [
                (record["state"], record["tax_basis_points"])
                for record in shop_model["tables"]["states"]["rows"]["records"]
            ]
            assert len(rates) == 51
            cursor.execute("create table rates (state text primary key, basis_points integer)")
            cursor.executemany("insert into rates values (%s, %s)", rates)
            cursor.execute(DERIVED)
            yield cursor


def load(cursor: extensions.cursor, source, landing) -> None:
    def copy(manifest, name: str, target: str) -> None:
        part = manifest["truth" if name == "totals" else "tables"][name]
        for entry in part["files"]:
            path = source / manifest["batch"] / entry["path"]
            if ".csv" in path.name:
                stream = io.BytesIO(landing.content(path))
            else:
                stream = io.BytesIO()
                pa_csv.write_csv(landing.texts(path, part["columns"]), stream)
                stream.seek(0)
            columns = ", ".join(part["columns"])
            cursor.copy_expert(f"copy {target} ({columns}) from stdin (format csv, header)", stream)
            assert cursor.rowcount == entry["rows"]

    manifests = landing.manifests(source)
    for name in EXTRACTS:
        cursor.execute(f"create table extracts.{name} (like {name}, batch date not null)")
    for name, part in manifests[0]["tables"].items():
        for manifest in manifests[-1:] if name in EXTRACTS else manifests:
            copy(manifest, name, name)
        for manifest in manifests if name in EXTRACTS else ():
            batch = manifest["batch"]
            cursor.execute(f"alter table extracts.{name} alter batch set default '{batch}'")
            copy(manifest, name, f"extracts.{name}")
        assert part["columns"]
    totals = manifests[0]["truth"]["totals"]["columns"]
    columns = ", ".join(
        f"{name} {'date' if name == 'order_date' else 'text' if name == 'currency' else 'numeric'}"
        for name in totals
    )
    cursor.execute(f"create table totals ({columns})")
    for manifest in manifests:
        copy(manifest, "totals", "totals")


def ask(db: extensions.cursor, statement: str) -> list[tuple[Any, ...]]:
    db.execute(statement)
    return db.fetchall()


def number(db: extensions.cursor, statement: str) -> float:
    ((found,),) = ask(db, statement)
    return float(found)


# What must not be there, by what it would mean.
NEVER = {
    "an order of a customer who was not registered": """
        select * from placed left join registered using (customer_id)
        where registered.registered_at is null or registered.registered_at >= placed.ordered_at
    """,
    "an order of a customer who was deleted": """
        select * from placed inner join deleted using (customer_id)
        where deleted.updated_at <= placed.ordered_at
    """,
    "a bid of a customer who was not registered": """
        select * from bids left join registered using (customer_id)
        where registered.registered_at is null or registered.registered_at >= bids.bid_at
    """,
    "a bid of a customer who was deleted": """
        select * from bids inner join deleted using (customer_id)
        where deleted.updated_at <= bids.bid_at
    """,
    "a review of a customer who was deleted": """
        select * from reviews inner join deleted using (customer_id)
        where deleted.updated_at <= reviews.created_at
    """,
    "a line without its order, or an order without lines": """
        select * from order_items full join placed using (order_id)
        where order_items.order_id is null or placed.order_id is null
    """,
    "a line's identifier that is not its order's and place": """
        select * from order_items where order_item_id <> order_id || '-' || line_number
    """,
    "an order whose lines are not numbered from 1": """
        select order_id from order_items group by order_id
        having min(line_number) <> 1 or max(line_number) <> count(*)
    """,
    "a payment without its order": """
        select * from payments where not exists (
            select from placed where placed.order_id = payments.order_id
        )
    """,
    "a review of what the customer has not bought in that order": """
        select * from reviews where not exists (
            select from bought
            where bought.order_id = reviews.order_id
                and bought.product_id = reviews.product_id
                and bought.customer_id = reviews.customer_id
        )
    """,
    "a product of a category that has others below it": """
        select * from products
        inner join categories on products.category_id = categories.parent_category_id
    """,
    "a product whose name does not tell brand and kind": """
        select * from products inner join categories using (category_id)
        where not starts_with(product_name, brand || ' ' || category_name || ', ')
    """,
    "a product that costs the shop more than it brings": """
        select * from products where unit_cost >= list_price or unit_cost <= 0
    """,
    "a product or supplier that changed after the extract": f"""
        select product_id::text from products where updated_at > {LAST_SECOND}
        union all
        select supplier_id from suppliers where updated_at > {LAST_SECOND}
    """,
    "another catalogue than the day before": """
        select product_id, min(batch) from extracts.products
        group by product_id, product_name, brand, category_id, supplier_id, unit_cost, currency
        having count(*) <> 3
    """,
    "a product that came back": """
        select * from extracts.products as before inner join extracts.products as after
            using (product_id)
        where before.batch < after.batch and after.is_active and not before.is_active
    """,
    "a line or bid for a product that had been withdrawn": """
        select * from extracts.products inner join priced using (product_id)
        where not is_active and priced.at >= updated_at
            or not is_active and priced.at >= batch + interval '1 day'
    """,
    "a price other than the product's at that moment": """
        select * from extracts.products inner join priced using (product_id)
        where priced.at >= updated_at and priced.at < batch + interval '1 day'
            and price <> list_price
    """,
    "a price that changes and changes back within a day": """
        select * from (
            select
                price,
                lag(price) over by_time as before,
                lead(price) over by_time as after,
                lead(at) over by_time - lag(at) over by_time as span
            from priced
            window by_time as (partition by product_id order by at)
        ) as prices
        where before <> price and after <> price and span < interval '45 days'
    """,
    "a list price that is not whole dollars and 99 cents": """
        select * from products where list_price - floor(list_price) <> 0.99
    """,
    "a product without two shelves": """
        select product_id from inventory group by product_id
        having count(*) <> 2 or min(warehouse_code) <> 'EAST' or max(warehouse_code) <> 'WEST'
    """,
    "a shelf that fills by itself": """
        select * from extracts.inventory as before inner join extracts.inventory as after
            using (product_id, warehouse_code)
        where before.batch < after.batch and (
            after.counted_at < before.counted_at
            or after.counted_at >= after.batch + interval '1 day'
            or after.counted_at = before.counted_at
            and after.quantity_on_hand > before.quantity_on_hand
        )
    """,
    "a line whose total is not its quantity times price less discount": """
        select * from order_items
        where line_total <> quantity * unit_price - discount_amount or unit_price <= 0
    """,
    "an order whose lines have different discounts": """
        select order_id from (select *, quantity * unit_price as gross from order_items) as lines
        group by order_id
        having not (
            bool_and(discount_amount = 0)
            or bool_and(discount_amount = round(gross * 5 / 100, 2))
            or bool_and(discount_amount = round(gross * 10 / 100, 2))
            or bool_and(discount_amount = round(gross * 20 / 100, 2))
        )
    """,
    "an order whose sums are not those of its lines": """
        select * from placed inner join (
            select
                order_id,
                sum(quantity * unit_price) as gross,
                sum(discount_amount) as discounts,
                sum(line_total) as net
            from order_items
            group by order_id
        ) as lines using (order_id)
        where subtotal <> gross or discount <> discounts or subtotal - discount <> net
    """,
    "an order whose tax is not that of the state where the customer lived": """
        select * from (
            select distinct on (placed.order_id)
                placed.*, customers.state
            from placed inner join customers using (customer_id)
            where customers.updated_at <= placed.ordered_at
            order by placed.order_id, customers.updated_at desc
        ) as taxed
        left join rates using (state)
        where tax is distinct from round((subtotal - discount) * basis_points / 10000, 2)
    """,
    "an order whose shipping fee does not follow from its value": """
        select * from placed
        where (subtotal - discount >= 75) <> (shipping_fee = 0)
            or shipping_fee not in (0, 4.99, 6.99, 9.99)
    """,
    "an order whose total is not the sum of its parts": """
        select * from orders where total <> subtotal - discount + tax + shipping_fee
    """,
    "versions of an order that differ in more than the status": """
        select order_id from orders group by order_id
        having count(distinct (
            customer_id, currency, subtotal, discount, tax, shipping_fee, total, ordered_at
        )) > 1
    """,
    "a status that does not follow the one before it": """
        select * from (
            select
                *,
                lag(status) over by_time as before,
                row_number() over by_time as version
            from orders
            window by_time as (partition by order_id order by updated_at)
        ) as versions
        where op <> case when version = 1 then 'I' else 'U' end
            or version = 1 and (updated_at <> ordered_at or status <> 'placed')
            or version > 1 and (before, status) not in (
                ('placed', 'paid'), ('placed', 'cancelled'), ('paid', 'shipped'),
                ('paid', 'cancelled'), ('shipped', 'delivered')
            )
    """,
    "a customer's versions out of order": """
        select * from (
            select
                *,
                row_number() over by_time as version,
                count(*) over (partition by customer_id) as versions
            from customers
            window by_time as (partition by customer_id order by updated_at)
        ) as numbered
        where (version = 1) <> (op = 'I')
            or op = 'I' and updated_at <> registered_at
            or op = 'D' and version <> versions
            or op not in ('I', 'U', 'D')
    """,
    "a version of a customer that changes what never changes": """
        select customer_id from customers group by customer_id
        having count(distinct (first_name, last_name, country, segment, registered_at)) > 1
    """,
    "a customer who moves, writes from elsewhere and has another phone in the same second": """
        select * from (
            select
                op,
                substr(phone, 8) <> lag(substr(phone, 8)) over by_time as new_phone,
                email <> lag(email) over by_time as new_email,
                (street, postal_code) <> (
                    lag(street) over by_time, lag(postal_code) over by_time
                ) as new_address
            from customers
            window by_time as (partition by customer_id order by updated_at)
        ) as steps
        where op = 'D' and (new_phone or new_email or new_address)
            or new_phone::integer + new_email::integer + new_address::integer > 1
    """,
    "an email address of two customers": """
        select email from customers group by email having count(distinct customer_id) > 1
    """,
    "captured payments that do not add up to the order": """
        select * from life
        inner join placed using (order_id)
        left join settled_payments using (order_id)
        where (paid_at is not null) <> (captured is not null)
            or captured <> total
            or captures > 2
            or captures = 2 and least not between floor(total * 20) / 100 and ceil(total * 50) / 100
    """,
    "a captured payment at another time than the order's": """
        select * from payments inner join life using (order_id)
        where status = 'captured' and payments.paid_at is distinct from life.paid_at
    """,
    "a payment before its order": """
        select * from payments inner join placed using (order_id) where paid_at <= ordered_at
    """,
    "a payment that is not positive or of no kind": """
        select * from payments
        where amount <= 0 or status not in ('captured', 'failed', 'refunded')
            or payment_method not in ('card', 'paypal', 'bank_transfer', 'gift_card')
    """,
    "an order that is paid in two ways": """
        select order_id from payments group by order_id having count(distinct payment_method) > 1
    """,
    "a failed attempt that is not of the order's total or comes after the payment": """
        select * from payments
        inner join placed using (order_id)
        inner join life using (order_id)
        where payments.status = 'failed'
            and (amount <> total or payments.paid_at >= life.paid_at or life.paid_at < placed_at)
    """,
    "a refund of what was not paid and cancelled": """
        select * from payments
        inner join placed using (order_id)
        inner join life using (order_id)
        where payments.status = 'refunded' and (
            amount <> total
            or life.paid_at is null
            or cancelled_at is null
            or payments.paid_at <= cancelled_at
            or payments.paid_at > cancelled_at + interval '48 hours'
        )
    """,
    "a cancelled order that was paid and not refunded within two days": f"""
        select * from life left join settled_payments using (order_id)
        where paid_at is not null and cancelled_at + interval '48 hours' <= {LAST_SECOND}
            and refunds is distinct from 1
    """,
    "a parcel without its order, or not at its times": """
        select * from shipments left join life using (order_id)
        where shipments.shipped_at is distinct from life.shipped_at
            or shipments.delivered_at is distinct from life.delivered_at
    """,
    "an order that was delivered without a parcel, or with two": """
        select order_id from life left join shipments using (order_id)
        where life.delivered_at is not null
        group by order_id having count(shipment_id) <> 1
    """,
    "a parcel that is shipped before the payment or delivered before it is shipped": """
        select * from shipments inner join life using (order_id)
        where life.paid_at is null or life.paid_at >= shipments.shipped_at
            or shipments.shipped_at >= shipments.delivered_at
    """,
    "a return of what was not delivered, or too much of it": """
        select * from returns
        inner join bought using (order_item_id)
        left join shipments using (order_id)
        where delivered_at is null
            or returned_at < delivered_at + interval '2 days'
            or returned_at > delivered_at + interval '30 days'
            or returns.quantity not between 1 and bought.quantity
    """,
    "a refund that is not the share of what comes back": """
        select * from returns inner join bought using (order_item_id)
        where refund_amount <> round(line_total * returns.quantity / bought.quantity, 2)
            or refund_amount is null
    """,
    "a line that comes back twice": """
        select order_item_id from returns group by order_item_id having count(*) > 1
    """,
    "a review of what was not delivered": """
        select * from reviews left join shipments using (order_id)
        where delivered_at is null
            or created_at < delivered_at + interval '1 day'
            or created_at > delivered_at + interval '30 days'
    """,
    "a rating that is none": "select * from reviews where rating not between 1 and 5",
    "a bid that is not below the list price": """
        select * from bids
        where amount >= list_price or amount <= 0
            or amount not between round(list_price * 0.6, 2) and round(list_price * 0.97, 2)
    """,
    "a day whose true totals are not those of the files": """
        select * from (
            select
                ordered_at::date as day,
                count(distinct order_id) as orders,
                sum(quantity) as units,
                sum(quantity * unit_price) as gross_amount,
                sum(discount_amount) as discount_amount,
                sum(line_total) as net_amount
            from bought group by 1
        ) as sold
        full join (
            select ordered_at::date as day, sum(tax) as tax, sum(shipping_fee) as fees
            from placed group by 1
        ) as charged using (day)
        full join (
            select paid_at::date as day, count(*) as payments, sum(amount) as paid
            from payments where status = 'captured' group by 1
        ) as settled using (day)
        full join (
            select returned_at::date as day, sum(quantity) as units, sum(refund_amount) as refund
            from returns group by 1
        ) as sent_back using (day)
        full join (
            select
                order_date as day,
                array_agg(distinct currency) as currencies,
                sum(totals.orders) as orders,
                sum(totals.units) as units,
                sum(totals.gross_amount) as gross,
                sum(totals.discount_amount) as discount,
                sum(totals.net_amount) as net,
                sum(totals.tax_amount) as tax,
                sum(totals.shipping_amount) as fees,
                sum(totals.payments) as payments,
                sum(totals.paid_amount) as paid,
                sum(totals.returned_units) as returned_units,
                sum(totals.refund_amount) as refund
            from totals group by 1
        ) as told using (day)
        where told.currencies is distinct from array['USD']
            or (
                told.orders, told.units, told.gross, told.discount, told.net, told.tax, told.fees,
                told.payments, told.paid, told.returned_units, told.refund
            ) is distinct from (
                coalesce(sold.orders, 0), coalesce(sold.units, 0), coalesce(sold.gross_amount, 0),
                coalesce(sold.discount_amount, 0), coalesce(sold.net_amount, 0),
                coalesce(charged.tax, 0), coalesce(charged.fees, 0),
                coalesce(settled.payments, 0), coalesce(settled.paid, 0),
                coalesce(sent_back.units, 0), coalesce(sent_back.refund, 0)
            )
    """,
}


@pytest.mark.parametrize("what", NEVER)
def test_there_is_never(db: extensions.cursor, what: str) -> None:
    assert ask(db, NEVER[what])[:3] == []


# What must be there, or the rules above would hold for nothing.
AT_LEAST = {
    "select count(*) from placed": 95_000,
    "select count(*) from deleted": 30,
    "select count(*) from placed inner join deleted using (customer_id)": 20,
    "select count(*) from customers where op = 'U'": 5_000,
    "select count(*) from life where cancelled_at is not null and paid_at is null": 5_000,
    "select count(*) from life where cancelled_at is not null and paid_at is not null": 2_000,
    "select count(*) from settled_payments where captures = 2": 2_000,
    "select count(*) from settled_payments where refunds = 1": 2_000,
    "select count(*) from settled_payments where failed_at is not null": 4_000,
    "select count(*) from life where delivered_at is null and cancelled_at is null": 1_000,
    "select count(*) from returns": 7_000,
    "select count(*) from returns inner join bought using (order_item_id)"
    " where returns.quantity < bought.quantity": 300,
    "select count(*) from reviews": 20_000,
    "select count(*) from reviews where body is null": 2_000,
    "select count(*) from bids": 14_000,
    "select count(*) from products where not is_active": 30,
    "select count(*) from categories where parent_category_id is null": 10,
    "select count(*) from extracts.products as a inner join extracts.products as b"
    " using (product_id) where a.list_price <> b.list_price": 20,
    "select count(*) from extracts.inventory as a inner join extracts.inventory as b"
    " using (product_id, warehouse_code) where a.counted_at < b.counted_at": 200,
    "select count(*) from extracts.inventory as a inner join extracts.inventory as b"
    " using (product_id, warehouse_code) where a.quantity_on_hand > b.quantity_on_hand": 1_000,
    "select count(*) from priced inner join extracts.products using (product_id)"
    " where at >= updated_at": 50_000,
    "select count(distinct state) from customers": 51,
    "select count(*) from (select customer_id from customers group by customer_id"
    " having count(distinct state) > 1) as moved": 1_000,
    "select count(*) from (select customer_id from customers group by customer_id"
    " having count(distinct email) > 1) as renamed": 1_000,
    "select count(*) from totals": 367,
}


@pytest.mark.parametrize("statement", AT_LEAST)
def test_there_is_enough(db: extensions.cursor, statement: str) -> None:
    assert number(db, statement) >= AT_LEAST[statement]


def test_the_tables_are_those_of_the_ddl_with_their_foreign_keys(db: extensions.cursor) -> None:
    found = ask(
        db,
        "select conrelid::regclass::text, confrelid::regclass::text from pg_constraint"
        " where contype = 'f' order by 1, 2",
    )
    assert found == [
        ("bids", "products"),
        ("categories", "categories"),
        ("inventory", "products"),
        ("order_items", "products"),
        ("products", "categories"),
        ("products", "suppliers"),
        ("returns", "order_items"),
        ("reviews", "products"),
    ]


def test_categories_are_a_tree_of_three_levels(db: extensions.cursor) -> None:
    found = ask(
        db,
        """
        with recursive tree as (
            select category_id, 1 as depth from categories where parent_category_id is null
            union all
            select categories.category_id, depth + 1
            from categories inner join tree on categories.parent_category_id = tree.category_id
        )
        select depth, count(*) from tree group by depth order by depth
        """,
    )
    assert found == [(1, 10), (2, 30), (3, 110)]


def test_phone_numbers_are_valid_in_their_country(db: extensions.cursor) -> None:
    numbers = ask(db, "select distinct phone, country from customers")
    numbers += ask(db, "select distinct phone, country from extracts.suppliers")
    assert len(numbers) > 10_000
    for phone, country in numbers:
        read = phonenumbers.parse(phone, None)
        assert phonenumbers.is_valid_number(read), phone
        assert phonenumbers.region_code_for_number(read) == country, phone
    assert len({country for _, country in numbers}) > 5


def test_customers_have_phones_of_their_city(db: extensions.cursor) -> None:
    """An area code, once a city's, is never that of a city in another state."""
    found = ask(
        db,
        "select substr(phone, 4, 3) as area from customers group by 1"
        " having count(distinct state) > 1",
    )
    assert found == []


def test_ratings_lean_on_the_product(db: extensions.cursor) -> None:
    """Analysis of variance: products differ from each other more than the ratings of one do.

    Without the product's quality the quotient would be 1, give or take 0.1.
    """
    quotient = number(
        db,
        """
        with products as (
            select
                product_id,
                count(*) as n,
                avg(rating) as mean,
                var_pop(rating) * count(*) as rest
            from reviews
            group by product_id
        )
        select
            sum(n * (mean - (select avg(rating) from reviews)) ^ 2) / (count(*) - 1)
            / (sum(rest) / (sum(n) - count(*)))
        from products
        """,
    )
    assert quotient > 1.8
    assert 3.5 < number(db, "select avg(rating) from reviews") < 4.2
    assert ask(db, "select distinct rating from reviews order by 1") == [(n,) for n in range(1, 6)]
