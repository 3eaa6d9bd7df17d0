"""The parts a batch is made of.

A part is a block of rows; its border and its bytes hang on the parameters alone, so parts can be
made in any order by any number of workers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from generator.calendar import SECONDS_A_DAY
from generator.defects import FAULTS, Defects
from generator.mix import SLOTS, Bools, Ints
from generator.rows import Rows
from generator.tables import categories, customers, payments, products, suppliers
from generator.tables import orders as order_rows
from generator.tables.baskets import Lines, Totals, draw_lines, draw_totals
from generator.tables.lifecycle import Orders, draw_orders, first_order_with_events
from generator.text import Column
from generator.world import World
from generator.writer import FileEntry, PartFile

Entity = Literal["categories", "suppliers", "products", "customers", "orders"]

# Rows of one pass: buffers of a pass stay in the processor's cache (measured: see README.md).
CHUNK = 8_192
# Rows of a part of a history: large enough for COPY, small enough to share among workers; a small
# history is cut into four parts as long as they are worth a file.
PART, SMALLEST_PART, FEWEST_PARTS = 65_536, 4_096, 4
# A day looks at many rows and writes few, so it is cut far less.
DAY_PART = 1_048_576

# A row of totals for each day of the batch: orders, units, gross and discount in cents.
TOTALS_WIDTH = 4


@dataclass(frozen=True)
class Part:
    """A block of rows of an entity; a part of orders also has their items and payments.

    Args:
        entity: what it is made of.
        number: number of the part.
        first: first row.
        stop: row after the last.
    """

    entity: Entity
    number: int
    first: int
    stop: int


@dataclass(frozen=True)
class Made:
    """What came of a part.

    Args:
        files: finished files by table.
        ledger: records of the ledger of defects, as CSV.
        totals: int64, one row of TOTALS_WIDTH a day of the batch.
    """

    files: dict[str, list[FileEntry]]
    ledger: bytes
    totals: Ints


def plan(world: World) -> list[Part]:
    """Return all parts of a batch, in the order of their records in the ledger."""
    sizes: list[tuple[Entity, int, int]] = [
        ("categories", 0, len(categories.category_tree())),
        ("suppliers", 0, world.parameters.suppliers),
        ("products", 0, world.parameters.products),
        ("customers", 0, int(world.customers.before[world.days])),
        ("orders", first_order_with_events(world), int(world.orders.before[world.days])),
    ]
    return [part for entity, first, stop in sizes for part in _cut(world, entity, first, stop)]


def _cut(world: World, entity: Entity, first: int, stop: int) -> Iterator[Part]:
    if entity in ("categories", "suppliers"):
        size = stop
    elif entity == "products":
        size = PART
    elif world.window.begin >= 0:
        size = DAY_PART
    else:
        size = min(PART, max(SMALLEST_PART, -(-stop // FEWEST_PARTS)))
    for number, begin in enumerate(range(first, stop, max(size, 1))):
        yield Part(entity, number, begin, min(begin + size, stop))


class Table:
    """A table's buffer with its defects, shared by all parts that a worker makes.

    Args:
        world: the run.
        name: the table.
        columns: its layout.
    """

    def __init__(self, world: World, name: str, columns: list[Column]) -> None:
        self.name, self._world = name, world
        self.rows: Rows = world.rows(name, columns)

    def defects(self) -> Defects | None:
        """Return a new ledger; None for a table that takes no defects."""
        if self.name not in FAULTS:
            return None
        parameters = self._world.parameters
        return Defects(parameters.seed, self.name, parameters.defects, self.rows)


class Output:
    """One table's file in one part: chunks go from the buffer through the defects into the file."""

    def __init__(self, table: Table, folder: Path, number: int) -> None:
        self.rows, self._defects = table.rows, table.defects()
        path = f"{table.name}/part-{number:05d}.{table.rows.format}"
        self.file = PartFile(folder, path, table.rows.header)

    def write(self, counters: Ints, may_break: Bools | None = None) -> Bools:
        """Break, render and write the chunk in the buffer; return which records are broken."""
        broken = np.zeros(len(counters), dtype=np.bool_)
        if self._defects is not None:
            first = self.file.rows + 1
            broken = self._defects.apply(counters, may_break, self.file.path, first)
        self.file.write(self.rows.render(), self.rows.count)
        return broken

    @property
    def ledger(self) -> bytes:
        """Records of the ledger."""
        return self._defects.ledger if self._defects is not None else b""


class Maker:
    """Makes parts of a batch.

    Args:
        world: the run.
        folder: the folder the files go to.
    """

    def __init__(self, world: World, folder: Path) -> None:
        self._world, self._folder = world, folder
        fmt, stamp = world.format_of, world.stamp
        layouts = {
            "categories": categories.category_columns(fmt("categories")),
            "suppliers": suppliers.supplier_columns(stamp),
            "products": products.product_columns(stamp),
            "customers": customers.customer_columns(world, fmt("customers")),
            "orders": order_rows.order_columns(stamp),
            "order_items": order_rows.item_columns(),
            "payments": payments.payment_columns(stamp),
        }
        self._tables = {name: Table(world, name, columns) for name, columns in layouts.items()}
        self._texts = customers.CustomerTexts.of(world, fmt("customers"))

    def make(self, part: Part) -> Made:
        """Make a part's files.

        Raises:
            OSError: the disk is full or the folder cannot be written.
        """
        names = ("orders", "order_items", "payments") if part.entity == "orders" else (part.entity,)
        outputs = {name: Output(self._tables[name], self._folder, part.number) for name in names}
        first_day = max(self._world.window.begin // SECONDS_A_DAY, 0)
        totals = np.zeros((self._world.days - first_day, TOTALS_WIDTH), dtype=np.int64)
        try:
            for first in range(part.first, part.stop, CHUNK):
                chunk = np.arange(first, min(first + CHUNK, part.stop))
                if part.entity == "orders":
                    self._orders(chunk, outputs, totals, first_day)
                else:
                    self._other(part.entity, chunk, outputs[part.entity])
            files = {name: output.file.finish() for name, output in outputs.items()}
        finally:
            for output in outputs.values():
                output.file.close()
        ledger = b"".join(output.ledger for output in outputs.values())
        return Made(files, ledger, totals)

    def _other(self, entity: Entity, chunk: Ints, output: Output) -> None:
        world, rows = self._world, output.rows
        may_break = None
        if entity == "categories":
            categories.fill_categories(rows)
        elif entity == "suppliers":
            keys = world.keys("suppliers")
            suppliers.fill_suppliers(rows, keys, world.pools, chunk, world.window.last_day)
        elif entity == "products":
            products.fill_products(rows, world, chunk)
        else:
            versions = customers.draw_versions(world, chunk)
            customers.fill_customers(world, rows, self._texts, versions)
            chunk, may_break = versions.counter, ~versions.is_first
        output.write(chunk, may_break)

    def _orders(
        self, chunk: Ints, outputs: dict[str, Output], totals: Ints, first_day: int
    ) -> None:
        world, window = self._world, self._world.window
        orders = draw_orders(world, chunk)
        events = np.concatenate([orders.arrival, orders.paid], axis=1)
        orders = orders.of(np.any(window.holds(events), axis=1))
        if not len(orders.number):
            return
        lines = draw_lines(world, orders)
        sums = draw_totals(world, orders, lines)
        self._versions(orders, sums, outputs["orders"])
        output = outputs["payments"]
        output.write(payments.fill_payments(world, output.rows, orders, sums))
        self._items(orders, lines, outputs["order_items"], totals, first_day)

    def _versions(self, orders: Orders, sums: Totals, output: Output) -> None:
        window = self._world.window
        order, version = np.nonzero(window.holds(orders.arrival))
        # Only a version between the first and the last that have been delivered may be broken: the
        # order then keeps its registration and its present state.
        delivered = np.where(orders.arrival < window.end, np.arange(4), 0).max(axis=1)
        middle = (version > 0) & (version < delivered[order])
        order_rows.fill_orders(output.rows, orders, sums, order, version)
        output.write(orders.number[order] * SLOTS + version, middle)

    def _items(
        self, orders: Orders, lines: Lines, output: Output, totals: Ints, first_day: int
    ) -> None:
        placed = self._world.window.holds(orders.placed_at)
        lines = lines.of(placed[lines.order])
        order_rows.fill_items(output.rows, self._world.catalogue, orders, lines)
        broken = output.write(lines.counter)
        order_rows.add_totals(totals, orders, lines.of(~broken), first_day)
