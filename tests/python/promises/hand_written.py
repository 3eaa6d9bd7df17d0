"""Batches of the shop written by hand: sound rows, of which a test changes what it is about."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

Row = Mapping[str, str | None]

# A missing value is None, an empty text is "": in a file nothing, and two quotes.
SOUND: Mapping[str, Row] = {
    "categories": {
        "category_id": "c-1",
        "category_name": "Bread",
        "parent_category_id": None,
    },
    "suppliers": {
        "supplier_id": "s-1",
        "supplier_name": "The Mill",
        "contact_email": "office@mill.example.com",
        "phone": "+12125550100",
        "country": "US",
        "updated_at": "2026-01-01 00:00:00+00",
    },
    "products": {
        "product_id": "p-1",
        "product_name": "Rye",
        "brand": "Mill",
        "category_id": "c-1",
        "supplier_id": "s-1",
        "list_price": "10.00",
        "unit_cost": "4.00",
        "currency": "USD",
        "is_active": "true",
        "updated_at": "2026-02-01 00:00:00+00",
    },
    "inventory": {
        "product_id": "p-1",
        "warehouse_code": "EAST",
        "quantity_on_hand": "10",
        "reorder_point": "2",
        "counted_at": "2026-03-01 20:00:00+00",
    },
    "customers": {
        "customer_id": "cu-1",
        "first_name": "Ann",
        "last_name": "Lee",
        "email": "ann@folk.example.com",
        "phone": None,
        "street": None,
        "city": None,
        "state": None,
        "postal_code": None,
        "country": "US",
        "segment": "consumer",
        "birth_date": None,
        "registered_at": "2026-02-01 00:00:00+00",
        "updated_at": "2026-02-01 00:00:00+00",
        "op": "I",
    },
    "orders": {
        "order_id": "o-1",
        "customer_id": "cu-1",
        "status": "placed",
        "currency": "USD",
        "subtotal": None,
        "discount": None,
        "tax": None,
        "shipping_fee": None,
        "total": None,
        "ordered_at": "2026-03-01 10:00:00+00",
        "updated_at": "2026-03-01 10:00:00+00",
        "op": "I",
    },
    "order_items": {
        "order_item_id": "l-1",
        "order_id": "o-1",
        "product_id": "p-1",
        "line_number": "1",
        "quantity": "1",
        "unit_price": "10.00",
        "discount_amount": "0.00",
        "line_total": None,
    },
    "payments": {
        "payment_id": "pay-1",
        "order_id": "o-1",
        "payment_method": "card",
        "status": "captured",
        "amount": "10.00",
        "currency": "USD",
        "paid_at": "2026-03-01 10:05:00+00",
    },
    "returns": {
        "return_id": "r-1",
        "order_item_id": "l-1",
        "quantity": "1",
        "reason": "damaged",
        "refund_amount": "10.00",
        "currency": "USD",
        "returned_at": "2026-03-04 09:00:00+00",
    },
}


def sound(table: str, **changes: str | None) -> Row:
    """Give a sound row of a table with some values changed."""
    assert changes.keys() <= SOUND[table].keys()
    return {**SOUND[table], **changes}


def write_batch(landing: Path, batch: str, tables: Mapping[str, Sequence[Row]]) -> None:
    """Write a finished batch: a CSV file a table, and the manifest."""
    described = {}
    for table, rows in tables.items():
        lines = [",".join(SOUND[table]), *(",".join(map(_cell, row.values())) for row in rows)]
        content = "".join(f"{line}\n" for line in lines).encode()
        path = landing / batch / table / "part-00000.csv"
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        file = {
            "path": f"{table}/part-00000.csv",
            "rows": len(rows),
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        described[table] = {"format": "csv", "columns": list(SOUND[table]), "files": [file]}
    manifest = {"format_version": 1, "source": "shop", "batch": batch, "tables": described}
    (landing / batch).mkdir(exist_ok=True)
    (landing / batch / "manifest.json").write_text(json.dumps(manifest))


def _cell(value: str | None) -> str:
    return "" if value is None else '"' + value.replace('"', '""') + '"'
