"""A source of one's own: what the README says is all that it takes."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from project import Project

from warehouse.settings import PROJECT_DIR

SOURCES = """
bakery:
  layout: files
  tables:
    sales: {format: csv, patterns: ["*.csv"], columns: [sale_id, product, quantity, price, sold_at]}
"""

STAGING = {
    "_bakery__sources.yml": """
sources:
  - name: bakery
    schema: raw
    tables:
      - name: sales
        identifier: bakery_sales
""",
    "stg_bakery__orders.sql": """
select
    'bakery' as source,
    'bk-' || sales.sale_id as order_id,
    cast(null as text) as customer_id,
    'invoiced' as status,
    'EUR' as currency,
    'I' as op,
    cast(null as numeric) as subtotal,
    cast(null as numeric) as discount_amount,
    cast(null as numeric) as tax_amount,
    cast(null as numeric) as shipping_fee,
    cast(null as numeric) as total,
    typed.ordered_at,
    typed.ordered_at as updated_at,
    typed.uncastable,
    sales._load_id as load_id,
    sales._row_id as row_id,
    {{ delivered_record('sales') }} as record
from {{ source('bakery', 'sales') }} as sales
cross join {{ typed_columns(
    'sales', {'ordered_at': 'timestamptz'}, texts={'ordered_at': 'sold_at'}
) }} as typed
""",
    "stg_bakery__order_items.sql": """
select
    'bakery' as source,
    'bk-' || sales.sale_id || '-1' as order_item_id,
    'bk-' || sales.sale_id as order_id,
    'bk-' || sales.product as product_id,
    1 as line_number,
    typed.quantity,
    typed.unit_price,
    cast(0 as numeric) as discount_amount,
    cast(null as numeric) as line_total,
    typed.uncastable,
    sales._load_id as load_id,
    sales._row_id as row_id,
    {{ delivered_record('sales') }} as record
from {{ source('bakery', 'sales') }} as sales
cross join {{ typed_columns(
    'sales', {'quantity': 'bigint', 'unit_price': 'numeric'}, texts={'unit_price': 'price'}
) }} as typed
""",
    "stg_bakery__products.sql": """
select
    'bakery' as source,
    'bk-' || product as product_id,
    product as product_name,
    cast(null as text) as brand,
    cast(null as text) as category_id,
    cast(null as text) as supplier_id,
    'EUR' as currency,
    cast(null as numeric) as list_price,
    cast(null as numeric) as unit_cost,
    true as is_active,
    true as is_goods,
    max({{ safe_cast('sold_at', 'timestamptz') }}) as updated_at,
    false as is_full_extract,
    cast(null as text) as uncastable,
    _load_id as load_id,
    min(_row_id) as row_id,
    jsonb_build_object('product', product) as record
from {{ source('bakery', 'sales') }}
group by product, _load_id
""",
}


def add_bakery(project: Project) -> None:
    """Add the source to a project: the loader's entry, its staging folder, two lines for dbt."""
    with (project.folder / "loader/sources.yml").open("a") as entries:
        entries.write(SOURCES)
    staging = project.folder / "models/staging/bakery"
    staging.mkdir()
    for name, text in STAGING.items():
        (staging / name).write_text(text)
    settings = project.folder / "dbt_project.yml"
    text = settings.read_text()
    text = text.replace("[shop, online_retail]", "[shop, online_retail, bakery]")
    entry = "    online_retail: ["
    text = text.replace(entry, "    bakery: [products, orders, order_items]\n" + entry)
    settings.write_text(text)


def test_a_bakery_joins_the_warehouse(make_project: Callable[[], Project]) -> None:
    """All of dbt build passes, unit tests and promises included, and the bread is counted."""
    project = make_project()
    add_bakery(project)
    files = str(PROJECT_DIR / "tests/python/data/bakery")
    project.run_well("python", "-m", "loader", "bakery", "--from", files)
    project.run_well("dbt", "build")
    assert project.query(
        "select order_date::text, orders, units, gross_amount from marts.daily_revenue order by 1"
    ) == [("2026-01-05", 2, 8, Decimal("12.30")), ("2026-01-06", 1, 3, Decimal("1.65"))]
    assert project.query(
        "select record_key, failed_rules, line_number, record ->> 'quantity'"
        " from quality.quarantine"
    ) == [("bk-3-1", "quantity_not_a_number", 4, "one")]
