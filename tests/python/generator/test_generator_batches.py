"""Histories and days: the same bytes from any workers, the same change however it is cut."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from models import MIXED_FORMATS, PLACE, model_of

# Flags of a source that has everything which could hang on how its days are cut.
ROUGH = ("--defects", "0.1", "--defects", "too_few_fields=0.01", "--late", "0.1")


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a small batch made of many parts, by workers however small it is."""
    monkeypatch.setattr("generator.engine.workers.WORTH_WORKERS", 0)
    monkeypatch.setattr("generator.engine.parts.SMALLEST_PART", 700)
    monkeypatch.setattr("generator.engine.parts.DAY_PART", 100)


@pytest.mark.usefixtures("small_parts")
def test_bytes_do_not_depend_on_workers(tmp_path, make, landing, mixed_shop):
    """For a history and a day, in all seven formats at once."""
    model = ("--model", str(mixed_shop))
    for workers in ("1", "2", "5"):
        count = (*model, "--workers", workers)
        flags = ("--scale", "0.003", "--defects", "0.05", "--late", "0.02")
        make(tmp_path / workers, (*flags, *count), count)
    one, two, five = (landing.hashes(tmp_path / count) for count in "125")
    assert one == two == five
    assert len(set(MIXED_FORMATS.values())) == 7
    for batch in ("2025-12-31", "2026-01-01"):
        parts = [path for path in one if path.startswith(f"shop/{batch}/orders/")]
        assert len(parts) > 1, "one worker would have had nothing to share"


def test_another_seed_is_another_shop(tmp_path, make, landing):
    for seed in ("1", "2"):
        make(tmp_path / seed, ("--scale", "0.001", "--seed", seed))
    one, two = (landing.hashes(tmp_path / seed / "shop") for seed in ("1", "2"))
    same = [path for path in one if one[path] == two.get(path)]
    assert same == ["2025-12-31/categories/part-00000.json"]


@pytest.mark.parametrize("rough", [(), ROUGH], ids=["plain", "rough"])
@pytest.mark.parametrize("source_of", [("shop", "0.01"), ("clinic", "0.01")], ids=lambda s: s[0])
def test_history_and_days_are_a_longer_history(tmp_path, make, landing, source_of, rough):
    model, scale = source_of
    which = ("--model", model)
    flags = (*which, "--scale", scale, *(rough or ("--defects", "0")), "--start", "2025-03-01")
    make(tmp_path / "days", (*flags, "--days", "60"), *((*which, "--days", n) for n in "21"))
    make(tmp_path / "whole", (*flags, "--days", "63"))
    days, whole = (tmp_path / cut / model for cut in ("days", "whole"))
    assert len(landing.manifests(days)) == 4
    broken_lines = "too_few_fields=0.01" in rough
    ledgers = {cut: landing.table(cut, "_defects") for cut in (days, whole)}
    for name, table in landing.manifests(whole)[0]["tables"].items():
        last = slice(-1, None) if table["delivery"] == "full_extract" else slice(None)
        if broken_lines and table["format"].startswith("csv"):
            parts, one = (lines(landing, cut, name, last) for cut in (days, whole))
            assert parts == one, name
        else:
            parts, one = (landing.records(cut, name, last) for cut in (days, whole))
            pd.testing.assert_frame_equal(parts, one, obj=name)
        assert len(one) > 0
        # What the ledger says of them is the same but for the place.
        told = [
            mentioned(ledgers[cut], name, landing.manifests(cut)[last][0]["batch"])
            for cut in (days, whole)
        ]
        pd.testing.assert_frame_equal(*told, obj=f"ledger of {name}")


def lines(landing, source: Path, name: str, batches: slice) -> list[bytes]:
    """Lines of CSV files as they are, for files with lines that no reader takes."""
    found = []
    for manifest in landing.manifests(source)[batches]:
        for entry in manifest["tables"][name]["files"]:
            found += landing.content(source / manifest["batch"] / entry["path"]).split(b"\n")[1:-1]
    return sorted(found)


def mentioned(ledger: pd.DataFrame, name: str, since: str) -> pd.DataFrame:
    found = ledger[(ledger.table_name == name) & (ledger.batch >= since)]
    found = found.drop(columns=[*PLACE, "file", "row_number"])
    return found.sort_values(list(found.columns), ignore_index=True)


def test_totals_of_history_and_days_add_up_to_those_of_a_longer_history(
    tmp_path, make, landing, to_cents
):
    flags = ("--scale", "0.01", *ROUGH)
    make(tmp_path / "days", (*flags, "--days", "40"), ("--days", "3"))
    make(tmp_path / "whole", (*flags, "--days", "43"))
    sums = []
    for cut in ("days", "whole"):
        totals = landing.table(tmp_path / cut / "shop", "_totals").drop(columns=PLACE)
        figures = totals.drop(columns=["order_date", "currency"])
        money = [name for name in figures if name.endswith("_amount")]
        for name in figures:
            figures[name] = to_cents(figures[name]) if name in money else figures[name].astype(int)
        sums.append(figures.groupby(totals.order_date).sum())
    pd.testing.assert_frame_equal(*sums)


def test_days_hold_what_happened_on_them(clean, landing):
    batches = [manifest["batch"] for manifest in landing.manifests(clean)]
    assert batches == ["2025-12-31", "2026-01-01", "2026-01-02", "2026-01-03"]
    times = {
        "customers": "updated_at",
        "orders": "updated_at",
        "payments": "paid_at",
        "shipments": "delivered_at",
        "returns": "returned_at",
        "reviews": "created_at",
        "bids": "bid_at",
    }
    for name, time in times.items():
        rows = landing.table(clean, name, slice(1, None))
        assert (rows[time].str[:10] == rows.batch).all(), name
        assert set(rows.batch) == set(batches[1:]), name
    orders = landing.table(clean, "orders", slice(1, None))
    assert (orders.ordered_at < "2026").any(), "days move the orders of the history"
    assert {"delivered", "shipped", "paid", "placed"} <= set(orders.status)
    customers = landing.table(clean, "customers", slice(1, None))
    assert set(customers.op) == {"I", "U"}
    for batch in range(4):
        one = slice(batch, batch + 1)
        assert len(landing.table(clean, "products", one)) == 200, "whole extracts each day"


def test_a_history_ends_with_open_orders(clean, landing):
    orders = landing.table(clean, "orders", slice(0, 1)).sort_values("updated_at")
    last = orders.groupby("order_id").status.last()
    assert {"placed", "paid", "shipped"} <= set(last)
    assert orders.updated_at.max() < "2026"


def test_all_that_is_late_comes_in_the_end(tmp_path, make, landing):
    """With --late the same records come, one to three days after their time, or in time."""
    flags = ("--scale", "0.005", "--defects", "0", "--days", "30")
    make(tmp_path / "late", (*flags, "--late", "0.3"), ("--days", "6"))
    make(tmp_path / "sharp", flags, ("--days", "6"))
    late, sharp = tmp_path / "late" / "shop", tmp_path / "sharp" / "shop"
    times = {"customers": "updated_at", "orders": "updated_at", "payments": "paid_at"}
    for name, time in times.items():
        told, known = (landing.table(source, name) for source in (late, sharp))
        settled = [frame[frame[time] < "2025-02-02"].drop(columns=PLACE) for frame in (told, known)]
        columns = list(settled[0].columns)
        pd.testing.assert_frame_equal(
            *(frame.sort_values(columns, ignore_index=True) for frame in settled), obj=name
        )
        days = told[told.batch > "2025-01-30"]
        wait = pd.to_datetime(days.batch) - pd.to_datetime(days[time].str[:10])
        assert set(wait.dt.days) <= {0, 1, 2, 3}, name
        if name != "customers":  # of whom few change in a week
            assert set(wait.dt.days) == {0, 1, 2, 3}, name
            assert 0.2 < (wait.dt.days > 0).mean() < 0.4, name


def test_children_come_before_their_parents(tmp_path, make, landing):
    """A late order's first version comes after its lines: a loader must be able to wait for it."""
    flags = ("--scale", "0.01", "--defects", "0", "--days", "30", "--late", "0.3")
    make(tmp_path, flags, ("--days", "6"))
    orders = landing.table(tmp_path / "shop", "orders")
    first = orders[orders.op == "I"].groupby("order_id").batch.min()
    second = orders[orders.op == "U"].groupby("order_id").batch.min()
    assert (second < first.reindex(second.index)).any(), "an update before its row is told of"
    items = landing.table(tmp_path / "shop", "order_items")
    told = items.order_id.map(first)
    assert (items.batch < told).any(), "lines before their order"
    assert (items.batch > told).any(), "and after"
    # The lines of one order come together.
    assert (items.groupby("order_id").batch.nunique() == 1).all()


@pytest.mark.parametrize("source", ["clean", "broken", "year"])
def test_the_manifest_tells_the_truth_about_the_files(source, request, landing, shop_model):
    folder = request.getfixturevalue(source)
    delivered = {
        name: table["delivery"]
        for name, table in shop_model["tables"].items()
        if table["delivery"] != "internal"
    }
    # The history's orders are many, and the last batch has all there is to see.
    for manifest in landing.manifests(folder)[1 if source == "year" else 0 :]:
        batch = folder / manifest["batch"]
        named = {"manifest.json"}
        found = {name: table["delivery"] for name, table in manifest["tables"].items()}
        assert found == delivered
        assert len(found) == 12
        for part in (*manifest["tables"].values(), *manifest["truth"].values()):
            for entry in part["files"]:
                content = (batch / entry["path"]).read_bytes()
                named.add(entry["path"])
                assert entry["sha256"] == hashlib.sha256(content).hexdigest()
                assert entry["bytes"] == len(content)
                assert entry["path"].endswith(f".{part['format']}")
                texts = landing.texts(batch / entry["path"], part["columns"])
                assert entry["rows"] == texts.num_rows
                assert texts.column_names == part["columns"]
        files = {str(path.relative_to(batch)) for path in batch.rglob("*") if path.is_file()}
        assert files == named


def test_values_are_written_as_promised(clean, landing):
    orders = landing.table(clean, "orders")
    stamp = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00"
    assert orders.updated_at.str.fullmatch(stamp).all()
    assert set(orders.currency) == {"USD"}
    assert orders.order_id.str.fullmatch(r"ORD-\d{8}").all()
    assert orders.total.str.fullmatch(r"\d+\.\d\d").all()
    products = landing.table(clean, "products")
    uuid = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    assert products.product_id.str.fullmatch(uuid).all()
    assert set(products.is_active) == {"true", "false"}
    text = (clean / "2025-12-31" / "orders" / "part-00000.csv").read_bytes()
    assert text.endswith(b"\n")
    assert b"\r" not in text


@pytest.mark.parametrize(
    "fmt", ["csv", "csv.gz", "csv.zst", "json", "json.gz", "json.zst", "parquet"]
)
def test_one_format_for_all_says_the_same(tmp_path, make, landing, fmt, mixed_source):
    make(tmp_path, (*mixed_source.flags, "--format", fmt))
    (manifest,) = landing.manifests(tmp_path / "shop")
    for name, table in manifest["tables"].items():
        one = landing.table(tmp_path / "shop", name)
        mixed = landing.table(mixed_source.folder, name)
        pd.testing.assert_frame_equal(one.drop(columns="path"), mixed.drop(columns="path"))
        assert table["format"] == fmt
        assert all(entry["path"].endswith(f".{fmt}") for entry in table["files"])


class Mixed:
    flags = ("--scale", "0.002", "--defects", "0", "--days", "120")

    def __init__(self, folder: Path) -> None:
        self.folder = folder


@pytest.fixture(scope="module")
def mixed_source(tmp_path_factory, make) -> Mixed:
    out = tmp_path_factory.mktemp("mixed")
    make(out, Mixed.flags)
    return Mixed(out / "shop")


def test_scale_and_days_set_the_size(year, landing):
    manifest = landing.manifests(year)[0]
    rows = {
        name: sum(entry["rows"] for entry in table["files"])
        for name, table in manifest["tables"].items()
    }
    orders = landing.table(year, "orders", slice(0, 1))
    customers = landing.table(year, "customers", slice(0, 1))
    # Days are drawn, so a year is: within three standard deviations of a Poisson count and noise.
    assert (orders.op == "I").sum() == pytest.approx(100_000, rel=0.015)
    assert ((customers.op == "I") & (customers.registered_at < "2025")).sum() == 10_000
    assert (customers.op == "I").sum() == pytest.approx(20_000, rel=0.03)
    assert rows["categories"] == 150
    assert rows["products"] == 2_000
    assert rows["inventory"] == 4_000
    assert rows["suppliers"] == 316
    assert rows["order_items"] == pytest.approx(281_000, rel=0.02)
    assert rows["bids"] == pytest.approx(15_000, rel=0.03)


def test_the_smallest_shop_works(tmp_path, make, landing):
    make(tmp_path, ("--scale", "0.000001", "--days", "400"), ("--days", "10"))
    orders = landing.table(tmp_path / "shop", "orders")
    assert (orders.op == "I").sum() >= 1
    assert (orders.groupby("order_id").op.first() == "I").all()
    quiet = landing.manifests(tmp_path / "shop")[-1]
    assert quiet["tables"]["payments"]["columns"][0] == "payment_id"
    assert json.dumps(quiet["tables"]["payments"]["files"]) == "[]"


def test_the_clinic_is_made_and_stands_its_own_check(tmp_path, make, landing, generate):
    flags = ("--model", "clinic", "--scale", "0.01", "--validate")
    make(tmp_path, flags)
    result = generate(tmp_path, *flags[:2], "--validate")
    assert result.exit_code == 0
    assert "all as the model says" in result.output
    tables = model_of("clinic")["tables"]
    delivered = [name for name, table in tables.items() if table["delivery"] != "internal"]
    assert list(landing.manifests(tmp_path / "clinic")[0]["tables"]) == delivered
    assert len(delivered) == 9


def test_a_model_file_works_as_a_built_in_model(tmp_path, make, landing):
    """MODEL=path: the folder bears the model's name, not the file's."""
    path = tmp_path / "mine.json"
    content = model_of("clinic") | {"description": "Changed words change no row."}
    path.write_text(json.dumps(content, indent=1))
    flags = ("--scale", "0.005", "--days", "90")
    make(tmp_path / "one", ("--model", str(path), *flags), ("--model", "clinic"))
    make(tmp_path / "two", ("--model", "clinic", *flags), ("--model", str(path)))
    assert landing.hashes(tmp_path / "one") == landing.hashes(tmp_path / "two")
    assert (tmp_path / "one" / "clinic").is_dir()


@pytest.fixture(scope="module")
def small_source(tmp_path_factory, make) -> Path:
    out = tmp_path_factory.mktemp("small")
    make(out, ("--scale", "0.001", "--days", "30", "--late", "0.05"), ("--days", "3"))
    return out / "shop"


@pytest.fixture
def source(tmp_path, small_source) -> Path:
    """A copy to work on: 30 days and three more."""
    return Path(shutil.copytree(small_source, tmp_path / "shop"))


@pytest.mark.parametrize(
    "flags",
    [
        ("--start", "2025-01-01", "--days", "30"),
        ("--start", "2025-01-01"),
        ("--start", "2025-01-31"),
        ("--start", "2025-01-31", "--days", "2", "--scale", "0.001", "--seed", "42"),
        ("--start", "2025-01-31", "--format", "mixed", "--late", "0.05", "--defects", "0.01"),
    ],
)
def test_asked_again_changes_nothing(source, generate, landing, flags):
    before = landing.hashes(source), [p.stat().st_mtime_ns for p in sorted(source.rglob("*"))]
    result = generate(source.parent, *flags)
    assert result.exit_code == 0
    assert "already there" in result.output
    after = landing.hashes(source), [p.stat().st_mtime_ns for p in sorted(source.rglob("*"))]
    assert before == after


def test_days_take_their_flags_from_the_manifest(source, generate, landing):
    result = generate(source.parent, "--start", "2025-02-02", "--days", "3")
    assert result.exit_code == 0
    assert "2025-02-02: already there" in result.output
    manifests = landing.manifests(source)
    batches = [manifest["batch"] for manifest in manifests]
    days = [f"2025-0{day}" for day in ("1-31", "2-01", "2-02", "2-03", "2-04")]
    assert batches == ["2025-01-30", *days]
    assert [manifest["kind"] for manifest in manifests] == ["history"] + 5 * ["day"]
    for manifest in manifests:
        assert manifest["generator"] == manifests[0]["generator"]
        assert manifest["generator"]["scale"] == 0.001
        assert manifest["generator"]["late"] == 0.05


def test_a_removed_day_is_made_again_byte_for_byte(source, generate, landing):
    """Backfill: a day in the middle, and the last one."""
    before = landing.hashes(source)
    for day in ("2025-01-31", "2025-02-02"):
        shutil.rmtree(source / day)
        assert generate(source.parent).exit_code == 0
        assert landing.hashes(source) == before
    shutil.rmtree(source / "2025-02-01")
    assert generate(source.parent, "--start", "2025-02-01").exit_code == 0
    assert landing.hashes(source) == before


def test_a_day_without_manifest_is_made_again(source, generate, landing):
    before = landing.hashes(source)
    (source / "2025-01-31" / "manifest.json").unlink()
    (source / "2025-01-31" / "orders" / "part-00000.csv").write_text("half")
    assert generate(source.parent, "--start", "2025-01-31").exit_code == 0
    assert landing.hashes(source) == before


def test_files_of_others_are_not_touched(source, generate):
    (source / "2025-01-31" / "manifest.json").unlink()
    (source / "2025-01-31" / "thesis.docx").write_text("years of work")
    result = generate(source.parent)
    assert result.exit_code == 1
    assert "thesis.docx" in result.output
    assert (source / "2025-01-31" / "thesis.docx").exists()


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (
            ("--scale", "0.5"),
            ("--scale 0.5", "--scale 0.001", "manifest.json", "leave --scale out"),
        ),
        (("--seed", "7"), ("--seed 7", "--seed 42", "manifest.json")),
        (("--defects", "0"), ("--defects", "manifest.json")),
        (("--defects", "missing=0.1"), ("--defects", "manifest.json")),
        (("--late", "0"), ("--late 0", "--late 0.05", "manifest.json")),
        (("--format", "csv"), ("--format csv", "--format mixed", "manifest.json")),
        (("--start", "2025-03-01"), ("--start 2025-03-01", "gap", "--start 2025-02-03")),
        (("--start", "2025-01-01", "--days", "60"), ("--days 60", "manifest.json")),
        (("--start", "2025-01-15", "--days", "16"), ("--start 2025-01-31", "manifest.json")),
        (("--start", "2024-01-01"), ("--start 2024-01-01", "another --out", "manifest.json")),
        (("--days", "4380"), ("--days 4380", "after its start")),
    ],
)
def test_contradictions(source, generate, landing, flags, words):
    before = landing.hashes(source)
    result = generate(source.parent, *flags)
    assert result.exit_code == 2
    for word in words:
        assert word in result.output
    assert landing.hashes(source) == before


def test_a_changed_model_does_not_go_on_with_the_old_ones_history(tmp_path, make, generate):
    path = tmp_path / "shop.json"
    content = model_of("shop")
    make(tmp_path, ("--scale", "0.001", "--days", "20"))
    content["tables"]["orders"]["columns"]["discount_percent"]["weights"] = [70, 10, 10, 10]
    path.write_text(json.dumps(content))
    result = generate(tmp_path, "--model", str(path))
    assert result.exit_code == 2
    for word in ("--model shop", "has changed", "2025-01-20/manifest.json", "another --out"):
        assert word in result.output
    assert [p.name for p in sorted((tmp_path / "shop").iterdir())] == ["2025-01-20"]


def change(manifest: Path, **values: object) -> None:
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | values))


def test_damaged_manifests(source, generate):
    history, day = source / "2025-01-30" / "manifest.json", source / "2025-01-31" / "manifest.json"
    whole = history.read_text()
    parameters = json.loads(whole)["generator"]
    damages = {
        "not a manifest": lambda: history.write_text(whole[:100]),
        "generator is missing": lambda: history.write_text('{"format_version": 1}'),
        "format_version 9": lambda: change(history, format_version=9),
        "not a history": lambda: change(history, kind="day"),
        "rename the folder": lambda: change(history, last_day="2025-01-29"),
        "--scale -3": lambda: change(history, generator=parameters | {"scale": -3}),
        "kinds": lambda: change(history, generator=parameters | {"defects": {"base": 0}}),
        "does not continue": lambda: change(day, kind="history"),
    }
    for words, damage in damages.items():
        kept = day.read_text()
        damage()
        result = generate(source.parent)
        assert result.exit_code == 1, words
        assert words in result.output
        assert ".json" in result.output
        history.write_text(whole)
        day.write_text(kept)
    assert generate(source.parent).exit_code == 0
