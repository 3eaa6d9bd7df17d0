"""Histories and days: the same bytes from any workers, the same change however it is cut."""

from __future__ import annotations

import hashlib
import json
import re

import pytest

CHANGING = ("customers", "orders", "order_items", "payments")


@pytest.mark.parametrize("workers", ["2", "5"])
def test_bytes_do_not_depend_on_workers(tmp_path, generate, landing, monkeypatch, workers):
    monkeypatch.setattr("generator.workers.WORTH_WORKERS", 0)
    flags = ("--scale", "0.02", "--days", "300", "--defects", "0.05", "--late", "0.02")
    for name, count in (("one", "1"), ("many", workers)):
        assert generate(tmp_path / name, *flags, "--workers", count).exit_code == 0
        assert generate(tmp_path / name, "--workers", count).exit_code == 0
    one = landing.hashes(tmp_path / "one")
    assert one == landing.hashes(tmp_path / "many")
    assert sum("orders/" in path for path in one) == 5


def test_another_seed_is_another_shop(tmp_path, generate, landing):
    for seed in ("1", "2"):
        assert generate(tmp_path / seed, "--scale", "0.001", "--seed", seed).exit_code == 0
    one, two = (landing.hashes(tmp_path / seed / "shop") for seed in ("1", "2"))
    same = [path for path in one if one[path] == two[path]]
    assert same == ["2025-12-31/categories/part-00000.json"]


@pytest.mark.parametrize("late", ["0", "0.1"])
def test_history_and_days_are_a_longer_history(tmp_path, generate, landing, late):
    flags = ("--scale", "0.01", "--defects", "0", "--late", late, "--start", "2025-03-01")
    assert generate(tmp_path / "days", *flags, "--days", "60").exit_code == 0
    assert generate(tmp_path / "days", "--days", "5").exit_code == 0
    assert generate(tmp_path / "whole", *flags, "--days", "65").exit_code == 0
    assert len(landing.manifests(tmp_path / "days" / "shop")) == 6
    for name in CHANGING:
        parts, whole = (
            landing.table(tmp_path / cut / "shop", name).drop(columns="batch")
            for cut in ("days", "whole")
        )
        columns = list(whole.columns)
        parts, whole = (frame.sort_values(columns, ignore_index=True) for frame in (parts, whole))
        assert parts.equals(whole), name
    for name in ("products", "suppliers", "categories"):
        last, whole = (
            landing.table(tmp_path / cut / "shop", name, slice(-1, None))
            for cut in ("days", "whole")
        )
        assert last.drop(columns="batch").equals(whole.drop(columns="batch")), name


def test_days_hold_what_happened_on_them(clean, landing):
    batches = [manifest["batch"] for manifest in landing.manifests(clean)]
    assert batches == ["2025-12-31", "2026-01-01", "2026-01-02", "2026-01-03"]
    for name, time in (("orders", "updated_at"), ("payments", "paid_at")):
        rows = landing.table(clean, name, slice(1, None))
        assert (rows[time].str[:10] == rows.batch).all()
        assert set(rows.batch) == set(batches[1:])
    orders = landing.table(clean, "orders", slice(1, None))
    assert (orders.ordered_at < "2026").any(), "days move the orders of the history"
    assert {"delivered", "shipped", "paid", "placed"} <= set(orders.status)
    customers = landing.table(clean, "customers", slice(1, None))
    assert set(customers.op) == {"I", "U"}


def test_a_history_ends_with_open_orders(clean, landing):
    orders = landing.table(clean, "orders", slice(0, 1)).sort_values("updated_at")
    last = orders.groupby("order_id").status.last()
    assert {"placed", "paid", "shipped"} <= set(last)
    assert orders.updated_at.max() < "2026"


def test_late_versions_come_a_day_late(tmp_path, generate, landing):
    flags = ("--scale", "0.01", "--defects", "0", "--late", "0.2", "--days", "30")
    assert generate(tmp_path, *flags).exit_code == 0
    assert generate(tmp_path, "--days", "4").exit_code == 0
    orders = landing.table(tmp_path / "shop", "orders", slice(1, None))
    is_late = orders.updated_at.str[:10] < orders.batch
    assert 0.05 < is_late.mean() < 0.3
    assert not is_late[orders.op == "I"].any()


def test_the_manifest_tells_the_truth_about_the_files(broken, landing):
    for manifest in landing.manifests(broken):
        folder = broken / manifest["batch"]
        named = {"manifest.json"}
        assert list(manifest["tables"]) == [
            "categories",
            "suppliers",
            "products",
            "customers",
            "orders",
            "order_items",
            "payments",
        ]
        for part in (*manifest["tables"].values(), *manifest["truth"].values()):
            for entry in part["files"]:
                content = (folder / entry["path"]).read_bytes()
                named.add(entry["path"])
                assert entry["sha256"] == hashlib.sha256(content).hexdigest()
                assert entry["bytes"] == len(content)
                assert entry["path"].endswith(part["format"])
                records = landing.records(folder / entry["path"])
                assert entry["rows"] == len(records)
                assert all(list(record) == part["columns"] for record in records)
        found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
        assert found == named


def test_values_are_written_as_promised(clean, landing):
    orders = landing.table(clean, "orders")
    stamp = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00"
    assert orders.updated_at.str.fullmatch(stamp).all()
    assert set(orders.currency) == {"USD"}
    assert orders.order_id.str.fullmatch(r"ORD-\d{8}").all()
    products = landing.table(clean, "products")
    uuid = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    assert products.product_id.str.fullmatch(uuid).all()
    assert products.is_active.isin([True, False]).all()
    customers = landing.table(clean, "customers")
    assert customers.street.str.contains(",").any(), "a field that needs quotes"
    assert customers.state.str.fullmatch("[A-Z]{2}").all()
    text = next((clean / "2025-12-31" / "customers").iterdir()).read_text(encoding="utf-8")
    assert re.search(r',"\d+ [A-Za-z ]+, (Apt\. 3|Suite 200)",', text)


@pytest.mark.parametrize("fmt", ["csv", "json"])
def test_one_format_for_all_says_the_same(tmp_path, generate, landing, fmt):
    flags = ("--scale", "0.002", "--defects", "0.1")
    assert generate(tmp_path / "mixed", *flags).exit_code == 0
    assert generate(tmp_path / fmt, *flags, "--format", fmt).exit_code == 0
    (manifest,) = landing.manifests(tmp_path / fmt / "shop")
    for name in manifest["tables"]:
        one, mixed = (landing.table(tmp_path / kind / "shop", name) for kind in (fmt, "mixed"))
        text = [
            frame.map(lambda value: "" if value is None else str(value).lower())
            for frame in (one, mixed)
        ]
        assert text[0].equals(text[1]), name
        files = manifest["tables"][name]["files"]
        assert all(entry["path"].endswith(f".{fmt}") for entry in files)


def test_scale_and_days_set_the_size(tmp_path, generate, landing):
    assert generate(tmp_path, "--scale", "0.01", "--defects", "0").exit_code == 0
    (manifest,) = landing.manifests(tmp_path / "shop")
    rows = {
        name: sum(entry["rows"] for entry in table["files"])
        for name, table in manifest["tables"].items()
    }
    orders = landing.table(tmp_path / "shop", "orders")
    customers = landing.table(tmp_path / "shop", "customers")
    assert (orders.op == "I").sum() == 10_000
    assert (customers.op == "I").sum() == 2_000
    assert rows["categories"] == 150
    assert rows["order_items"] == pytest.approx(28_000, rel=0.03)
    assert rows["payments"] == pytest.approx(10_500, rel=0.03)


def test_the_smallest_shop_works(tmp_path, generate, landing):
    assert generate(tmp_path, "--scale", "0.000001", "--days", "400").exit_code == 0
    assert generate(tmp_path, "--days", "30").exit_code == 0
    orders = landing.table(tmp_path / "shop", "orders")
    assert (orders.op == "I").sum() >= 1
    quiet = landing.manifests(tmp_path / "shop")[-1]
    assert quiet["tables"]["payments"]["columns"][0] == "payment_id"
    assert json.dumps(quiet["tables"]["payments"]["files"]) == "[]"
