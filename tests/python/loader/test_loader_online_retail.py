"""The real source: three days of it in the repository, and all 305 where they are at hand."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from loader.loading.run import run
from loader.sources import load_sources

SAMPLE = Path(__file__).parents[1] / "data" / "online_retail"
WHOLE = Path(__file__).parents[4] / "shared" / "data" / "online_retail"


def load_retail(folder: Path, database_url: str) -> tuple[int, int]:
    """Load a folder; gives the files loaded and skipped."""
    result = run("online_retail", folder, sources=load_sources(), url=database_url, workers=2)
    assert not result.failed
    return result.count("loaded"), result.count("skipped")


def facts(database_url: str) -> tuple[object, ...] | None:
    with closing(psycopg2.connect(database_url)) as conn, conn.cursor() as cur:
        cur.execute(
            'select count(*), count(*) filter (where "UnitPrice"::numeric <= 0), '
            """count(*) filter (where "InvoiceNo" like 'C%'), """
            "count(distinct (_load_id, _row_id)), "
            'sum("Quantity"::bigint), sum("Quantity"::numeric * "UnitPrice"::numeric) '
            "from raw.online_retail_invoice_lines"
        )
        return cur.fetchone()


def test_three_real_days(database_url: str) -> None:
    assert load_retail(SAMPLE, database_url) == (3, 0)
    found = facts(database_url)
    assert found is not None
    assert found[:4] == (1930, 75, 94, 1930)
    assert load_retail(SAMPLE, database_url) == (0, 3)
    assert facts(database_url) == found


def test_the_whole_year(database_url: str) -> None:
    if not WHOLE.is_dir():
        pytest.skip(f"the 305 daily files of online_retail are not at {WHOLE}")
    assert load_retail(WHOLE, database_url) == (305, 0)
    found = facts(database_url)
    assert found is not None
    assert found[:4] == (541_909, 2_517, 9_288, 541_909)
    assert load_retail(WHOLE, database_url) == (0, 305)
