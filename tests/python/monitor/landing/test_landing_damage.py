"""Each way to damage a delivery turns the right check red, and no other."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner

from generator.__main__ import main as generator
from loader.loading.budget import Budget
from loader.reading.streams import Meter
from loader.sources import parse_sources
from monitor.__main__ import main
from monitor.check import Check, Status
from monitor.landing.delivery import find
from monitor.landing.keys import Keys
from monitor.landing.reading import Content, read
from monitor.landing.validation import validate

SOURCE = """
shop:
  layout: batches
  tables:
    orders: {columns: [order_id, status, total, ordered_at]}
    products: {columns: [product_id, product_name]}
"""

HISTORY = "2025-01-10"


class Shop:
    """A source of some days, that can be damaged."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "shop"
        for day in range(1, 11):
            rows = [
                f"o-{day}-{n},paid,{n}.50,2025-01-{day:02} 10:00:00+00" for n in range(100 + day)
            ]
            self.write(f"2025-01-{day:02}", "orders", "csv", self.csv(rows))
            products = [json.dumps({"product_id": f"p-{n}", "product_name": "x"}) for n in range(9)]
            name = f"2025-01-{day:02}"
            self.write(name, "products", "json", "\n".join(products).encode() + b"\n")
            self.seal(name)

    @staticmethod
    def csv(rows: list[str], header: str = "order_id,status,total,ordered_at") -> bytes:
        return "\n".join([header, *rows, ""]).encode()

    def path(self, batch: str, table: str, suffix: str = "csv") -> Path:
        return self.folder / batch / table / f"part-00000.{suffix}"

    def write(self, batch: str, table: str, suffix: str, content: bytes) -> None:
        path = self.path(batch, table, suffix)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def seal(self, batch: str) -> None:
        """Write a manifest that fits the files, as whoever had delivered them so would have."""
        tables = {}
        kinds = {
            "orders": (["order_id", "status", "total", "ordered_at"], ["order_id"], "append"),
            "products": (["product_id", "product_name"], ["product_id"], "full_extract"),
        }
        types = {"total": "decimal", "ordered_at": "timestamp"}
        for table, (columns, key, delivery) in kinds.items():
            files = []
            for path in sorted((self.folder / batch / table).glob("*")):
                content = path.read_bytes()
                plain = gzip.decompress(content) if path.suffix == ".gz" else content
                lines = max(plain.count(b"\n") - (table == "orders"), 0)
                files.append(
                    {
                        "path": f"{table}/{path.name}",
                        "rows": lines,
                        "bytes": len(content),
                        "sha256": hashlib.sha256(content).hexdigest(),
                    }
                )
            tables[table] = {
                "format": "csv" if table == "orders" else "json",
                "columns": columns,
                "files": files,
                "types": types if table == "orders" else {},
                "key": key,
                "delivery": delivery,
            }
        manifest = {"format_version": 1, "source": "shop", "batch": batch, "tables": tables}
        (self.folder / batch / "manifest.json").write_text(json.dumps(manifest))

    def checks(self, budget: str = "5%", batches: tuple[str, ...] = ()) -> dict[str, Check]:
        found = validate(
            self.folder,
            batches=batches,
            sources=parse_sources(SOURCE, "the test"),
            budget=Budget.parse(budget),
        )
        assert len({check.key for check in found}) == len(found)
        return {check.key.removeprefix("landing:shop:"): check for check in found}

    def wrong(self, budget: str = "5%") -> dict[str, Status]:
        return {
            key: check.status
            for key, check in self.checks(budget).items()
            if check.status not in {Status.PASS, Status.SKIP}
        }


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


LAST = "2025-01-10"


def test_a_sound_delivery_passes(shop: Shop) -> None:
    checks = shop.checks()
    assert {check.status for check in checks.values()} == {Status.PASS, Status.SKIP}
    assert checks["orders:rows"].message == "1,055 records as promised"
    assert checks["orders:keys"].checked == 1055
    assert checks["orders:volume"].status is Status.PASS
    assert checks["products:types"].status is Status.SKIP


Damage = Callable[[Shop], None]


def remove(shop: Shop) -> None:
    shop.path(LAST, "orders").unlink()


def cut_off(shop: Shop) -> None:
    path = shop.path(LAST, "orders")
    path.write_bytes(path.read_bytes()[:-9])


def change_a_byte(shop: Shop) -> None:
    path = shop.path(LAST, "orders")
    path.write_bytes(path.read_bytes().replace(b"paid", b"lost", 1))


def promise_more(shop: Shop) -> None:
    path = shop.folder / LAST / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["tables"]["orders"]["files"][0]["rows"] += 1
    path.write_text(json.dumps(manifest))


def no_manifest(shop: Shop) -> None:
    (shop.folder / LAST / "manifest.json").unlink()


def half_a_manifest(shop: Shop) -> None:
    path = shop.folder / LAST / "manifest.json"
    path.write_text(path.read_text()[:100])


def rename_the_folder(shop: Shop) -> None:
    (shop.folder / LAST).rename(shop.folder / "2025-01-11")


def path_out_of_the_batch(shop: Shop) -> None:
    path = shop.folder / LAST / "manifest.json"
    path.write_text(path.read_text().replace("orders/part", "../2025-01-09/orders/part"))


def repeat_the_day_before(shop: Shop) -> None:
    shutil.copytree(shop.folder / "2025-01-09", shop.folder / LAST, dirs_exist_ok=True)
    shop.seal(LAST)


def stranger(shop: Shop) -> None:
    shop.path(LAST, "orders").with_name("part-00001.csv").write_text("a,b\n")


def rows_of(shop: Shop, rows: list[str], header: str | None = None) -> None:
    content = Shop.csv(rows, header) if header else Shop.csv(rows)
    shop.write(LAST, "orders", "csv", content)
    shop.seal(LAST)


SOUND = [f"n-{n},paid,{n}.50,2025-01-10 10:00:00+00" for n in range(110)]


def without_column(shop: Shop) -> None:
    rows = [row.rpartition(",")[0] for row in SOUND]
    rows_of(shop, rows, "order_id,status,total")


def further_column(shop: Shop) -> None:
    rows_of(shop, [f"{row},x" for row in SOUND], "order_id,status,total,ordered_at,channel")


def renamed_column(shop: Shop) -> None:
    rows_of(shop, SOUND, "order_id,status,total_amount,ordered_at")


def another_order(shop: Shop) -> None:
    rows = [",".join([*row.split(",")[::-1]]) for row in SOUND]
    rows_of(shop, rows, "ordered_at,total,status,order_id")


def another_table(shop: Shop) -> None:
    rows_of(shop, ["1,2"], "some,thing")


def wrong_types(shop: Shop) -> None:
    rows_of(shop, [row.replace(".50", " EUR") for row in SOUND])


def wrong_days(shop: Shop) -> None:
    rows_of(shop, [row.replace("2025-01-10", "2025-02-30") for row in SOUND])


def repeated_keys(shop: Shop) -> None:
    rows_of(shop, [SOUND[0], *SOUND, *SOUND[:60]])


def missing_keys(shop: Shop) -> None:
    rows_of(shop, [row.partition(",")[1] + row.partition(",")[2] for row in SOUND])


def nothing_but_a_header(shop: Shop) -> None:
    rows_of(shop, [])


def nothing_at_all(shop: Shop) -> None:
    shop.write(LAST, "orders", "csv", b"")
    shop.seal(LAST)


def few_fields(shop: Shop) -> None:
    rows_of(shop, [*SOUND[:90], *["x,y"] * 20])


def another_encoding(shop: Shop) -> None:
    path = shop.path(LAST, "orders")
    path.write_bytes(path.read_bytes().replace(b"paid", "bezahlt für".encode("latin-1")))
    shop.seal(LAST)


def few_rows(shop: Shop) -> None:
    rows_of(shop, SOUND[:9])


def many_rows(shop: Shop) -> None:
    rows_of(shop, [f"m-{n},paid,1,2025-01-10" for n in range(300)])


def no_value(shop: Shop) -> None:
    rows_of(shop, [row.replace(",paid,", ",,") for row in SOUND])


def damaged_gzip(shop: Shop) -> None:
    packed = gzip.compress(Shop.csv(SOUND), mtime=0)
    shop.path(LAST, "orders").unlink()
    shop.write(LAST, "orders", "csv.gz", packed)
    shop.seal(LAST)
    path = shop.path(LAST, "orders", "csv.gz")
    path.write_bytes(packed[: len(packed) // 2])


def no_file_of_a_table(shop: Shop) -> None:
    shop.path(LAST, "orders").unlink()
    shop.seal(LAST)


def no_file_at_all(shop: Shop) -> None:
    shop.path(LAST, "orders").unlink()
    shop.path(LAST, "products", "json").unlink()
    shop.seal(LAST)


def no_json(shop: Shop) -> None:
    shop.write(LAST, "products", "json", b'{"product_id": "p"\n' * 9)
    shop.seal(LAST)


FAIL, WARN = Status.FAIL, Status.WARN


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (remove, {"orders:files": FAIL}),
        (cut_off, {"orders:content": FAIL, "orders:types": WARN}),
        (change_a_byte, {"orders:content": FAIL}),
        (promise_more, {"orders:rows": FAIL}),
        (no_manifest, {"finished": FAIL}),
        (half_a_manifest, {"manifests": FAIL}),
        (rename_the_folder, {"manifests": FAIL}),
        (path_out_of_the_batch, {"orders:files": FAIL, "strangers": WARN}),
        (repeat_the_day_before, {"twice": FAIL}),
        (stranger, {"strangers": WARN}),
        (without_column, {"orders:columns": FAIL}),
        (further_column, {"orders:columns": WARN}),
        (renamed_column, {"orders:columns": FAIL}),
        (another_order, {"orders:columns": WARN}),
        (another_table, {"orders:readable": FAIL}),
        (wrong_types, {"orders:types": FAIL}),
        (wrong_days, {"orders:types": FAIL}),
        (repeated_keys, {"orders:keys": FAIL}),
        (missing_keys, {"orders:nulls": FAIL}),
        (nothing_but_a_header, {"orders:empty": WARN, "orders:volume": FAIL}),
        (nothing_at_all, {"orders:readable": FAIL}),
        (few_fields, {"orders:records": FAIL}),
        (another_encoding, {"orders:encoding": FAIL, "orders:volume": FAIL}),
        (few_rows, {"orders:volume": FAIL}),
        (many_rows, {"orders:volume": WARN}),
        (no_value, {}),
        (damaged_gzip, {"orders:content": FAIL, "orders:readable": FAIL}),
        (no_file_of_a_table, {"orders:volume": FAIL}),
        (no_file_at_all, {"orders:volume": FAIL, "products:volume": FAIL}),
        (no_json, {"products:records": FAIL, "products:volume": FAIL}),
    ],
)
def test_each_damage_turns_the_right_checks_red(
    shop: Shop, damage: Damage, expected: dict[str, Status]
) -> None:
    damage(shop)
    assert shop.wrong() == expected


def test_a_column_without_any_value_warns(shop: Shop) -> None:
    for day in range(1, 11):
        path = shop.path(f"2025-01-{day:02}", "orders")
        path.write_bytes(path.read_bytes().replace(b",paid,", b",,"))
        shop.seal(f"2025-01-{day:02}")
    assert shop.wrong() == {"orders:nulls": WARN}


def test_messages_name_the_place_and_no_value(shop: Shop) -> None:
    renamed_column(shop)
    checks = shop.checks()
    assert checks["orders:columns"].message == (
        "2025-01-10/orders/part-00000.csv has total_amount in the place of total: renamed?; "
        "lacks total, which its manifest promises"
    )
    wrong_types(shop)
    found = shop.checks()["orders:types"]
    assert found.message == (
        "of 1,055 rows, texts that are no value of their column's type: total 110 (10.43%)"
    )
    assert found.samples[0]["fault"] == "total: 9 AAA is no decimal"


def test_the_tolerance_tells_a_warning_from_a_failure(shop: Shop) -> None:
    rows_of(shop, [*SOUND, SOUND[0], "x,y"])
    assert shop.wrong() == {"orders:keys": WARN, "orders:records": WARN}
    assert shop.wrong("0") == {"orders:keys": FAIL, "orders:records": FAIL}


def test_one_batch_can_be_checked_alone(shop: Shop) -> None:
    wrong_types(shop)
    assert shop.checks(batches=("2025-01-09",))["orders:types"].status is Status.PASS
    alone = shop.checks(batches=(LAST,))
    assert alone["orders:types"].checked == 110
    assert alone["orders:volume"].status is Status.PASS
    by_folder = validate(shop.folder / LAST, sources=parse_sources(SOURCE, "the test"))
    assert [check.message for check in by_folder] == [check.message for check in alone.values()]


def test_a_table_that_only_the_days_before_have_is_missed(shop: Shop) -> None:
    no_file_of_a_table(shop)
    found = shop.checks(batches=(LAST,))
    assert found["orders:volume"].status is FAIL
    assert found["orders:volume"].message == f"{LAST} has 0 rows; usual are 105"


def test_the_command_writes_the_report_and_ends_with_1(shop: Shop, tmp_path: Path) -> None:
    sources = tmp_path / "sources.yml"
    sources.write_text(SOURCE)
    command = ["validate", str(shop.folder), "--sources", str(sources), "--out", str(tmp_path)]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    assert "Load them" in done.stderr
    wrong_types(shop)
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 1
    assert "fail: orders: texts are of their column's type" in done.stderr
    assert "Do not load them" in (tmp_path / "landing.html").read_text()
    document = json.loads((tmp_path / "landing.json").read_text())
    assert (document["kind"], document["verdict"]["status"]) == ("landing", "fail")
    done = CliRunner().invoke(main, [*command, "--batch", "2024-12-24"])
    assert done.exit_code == 1
    assert "no batch 2024-12-24" in done.stderr


FAULTS = ("too_few_fields", "too_many_fields", "broken_quote", "invalid_utf8")


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A history with each kind of fault that the generator can plant."""
    out = tmp_path_factory.mktemp("landing")
    flags = ["--scale", "0.003", "--days", "30", "--seed", "5", "--defects", "0.1"]
    for fault in FAULTS:
        flags += ["--defects", f"{fault}=0.01"]
    done = CliRunner().invoke(generator, [*flags, "--workers", "1", "--out", str(out)])
    assert done.exit_code == 0, done.output
    return out / "shop"


@pytest.fixture(scope="module")
def ledger(generated: Path) -> list[dict[str, str]]:
    (path,) = generated.glob("*/_truth/defects.csv")
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def found(generated: Path) -> Iterator[dict[str, Check]]:
    checks = validate(generated, budget=Budget.parse("0"))
    yield {check.key.removeprefix("landing:shop:"): check for check in checks}


def test_planted_lines_are_all_found_and_nothing_else(
    found: dict[str, Check], ledger: list[dict[str, str]]
) -> None:
    planted = Counter(
        (row["table_name"], row["fault"] == "invalid_utf8")
        for row in ledger
        if row["outcome"] == "reject"
    )
    assert sum(planted.values()) > 30
    for (table, encoding), count in planted.items():
        check = found[f"{table}:{'encoding' if encoding else 'records'}"]
        assert (check.status, check.failed) == (Status.FAIL, count), check.message
    others = {
        key: check.failed
        for key, check in found.items()
        if key.rpartition(":")[2] in {"records", "encoding"}
        and (key.partition(":")[0], key.endswith("encoding")) not in planted
    }
    assert set(others.values()) == {0}


def test_planted_texts_and_copies_are_all_found_and_nothing_else(
    found: dict[str, Check], ledger: list[dict[str, str]]
) -> None:
    wrong = Counter(
        row["table_name"] for row in ledger if row["fault"] in {"text_for_number", "malformed_date"}
    )
    copies = Counter(
        row["table_name"] for row in ledger if row["fault"] in {"duplicate_key", "duplicate_row"}
    )
    assert wrong and copies
    tables = {key.partition(":")[0] for key in found if key.endswith(":types")}
    for table in tables:
        types, keys = found[f"{table}:types"], found[f"{table}:keys"]
        assert (types.failed, keys.failed) == (wrong[table], copies[table]), table


def test_what_is_sound_passes(generated: Path, found: dict[str, Check]) -> None:
    for key, check in found.items():
        if key.rpartition(":")[2] in {"files", "content", "rows", "readable", "columns"}:
            assert check.status is Status.PASS, check.message
    assert found["finished"].status is Status.PASS


@pytest.mark.parametrize("format_", ["csv.gz", "csv.zst", "json", "json.gz", "json.zst", "parquet"])
def test_every_format_is_read(tmp_path: Path, format_: str) -> None:
    flags = ["--scale", "0.0005", "--days", "20", "--defects", "0.05", "--format", format_]
    done = CliRunner().invoke(generator, [*flags, "--workers", "1", "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    checks = validate(tmp_path / "shop", budget=Budget.parse("50%"))
    assert [check.message for check in checks if check.status is Status.FAIL] == []
    rows = {check.subject: check.checked for check in checks if check.key.endswith(":types")}
    assert rows["shop/orders"]


def test_records_come_in_pieces_whatever_the_size_of_the_file(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    many = [f"n-{n},paid,{n}.50,2025-01-10 10:00:00+00" for n in range(200_000)]
    rows_of(shop, many)
    delivery = find(shop.folder, parse_sources(SOURCE, "the test"), None, [LAST])
    (named,) = [one for one in delivery.checked if one.table == "orders"]
    assert named.file is not None and named.file.bytes > 8_000_000
    declared, content = delivery.declared.tables["orders"], Content()
    sizes = [
        (piece.nbytes, piece.num_rows)
        for piece in read(named.file, declared, Meter(), content, lambda _reject: None)
    ]
    assert max(size for size, _ in sizes) < 4_000_000
    assert sum(rows for _, rows in sizes) == content.records == 200_000


def test_keys_beyond_the_memory_are_told_by_files(tmp_path: Path) -> None:
    with Keys() as keys:
        for start in (0, 150_000):
            texts = pa.array([f"k-{n}" for n in range(start, start + 200_000)])
            keys.add([texts])
        keys.add([pa.array(["a", "a", None, ""])])
        keys.add([pa.array(["a"])])
        assert (keys.repeated(), keys.missing) == (50_002, 2)
    with Keys() as keys:
        keys.add([pa.array(["a", "ab"]), pa.array(["bc", "c"])])
        assert keys.repeated() == 0
