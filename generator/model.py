"""The shop's tables: how they are delivered, in which format and with which columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from generator.text import Format

Delivery = Literal["append", "change_log", "full_extract"]


@dataclass(frozen=True)
class Table:
    """A table of the source.

    Args:
        name: its name.
        delivery: how it arrives.
        format: its format where `--format mixed`.
        columns: its columns in order; the first is its key (the ledger names records by it).
    """

    name: str
    delivery: Delivery
    format: Format
    columns: tuple[str, ...]


def _table(name: str, delivery: Delivery, fmt: Format, columns: str) -> Table:
    return Table(name, delivery, fmt, tuple(columns.split()))


SHOP = {
    table.name: table
    for table in (
        _table(
            "categories", "full_extract", "json", "category_id category_name parent_category_id"
        ),
        _table(
            "suppliers",
            "full_extract",
            "csv",
            "supplier_id supplier_name contact_email phone country updated_at",
        ),
        _table(
            "products",
            "full_extract",
            "json",
            "product_id product_name brand category_id supplier_id list_price unit_cost currency"
            " is_active updated_at",
        ),
        _table(
            "customers",
            "change_log",
            "csv",
            "customer_id first_name last_name email phone street city state postal_code country"
            " segment registered_at updated_at op",
        ),
        _table(
            "orders",
            "change_log",
            "csv",
            "order_id customer_id status currency subtotal discount tax shipping_fee total"
            " ordered_at updated_at op",
        ),
        _table(
            "order_items",
            "append",
            "csv",
            "order_item_id order_id product_id line_number quantity unit_price discount_amount"
            " line_total",
        ),
        _table(
            "payments",
            "append",
            "csv",
            "payment_id order_id payment_method status amount currency paid_at",
        ),
    )
}
