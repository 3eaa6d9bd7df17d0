"""The real source: what its files say, counted without the warehouse, is what the marts say."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from contents import contents
from project import Project

from warehouse.settings import PROJECT_DIR

SAMPLE = PROJECT_DIR / "tests/python/data/online_retail"
WHOLE = PROJECT_DIR.parent / "shared/data/online_retail"

AMOUNTS = {
    "production": """
        select
            (select sum(quantity * unit_price) from production.order_items),
            (select sum(refund_amount) from production.returns)
    """,
    "facts": """
        select
            (select sum(gross_amount) from marts.fct_sales),
            (select sum(refund_amount) from marts.fct_returns)
    """,
    "daily_revenue": "select sum(gross_amount), sum(refund_amount) from marts.daily_revenue",
}


@dataclass(frozen=True)
class Counted:
    """Lines and amounts of some files, in exact decimals."""

    lines: int
    held: int
    sales: int
    returns: int
    gross: Decimal
    refunds: Decimal


def count(folder: Path) -> Counted:
    """Count a folder's files with pandas, as the issue defines sales, returns and held lines."""
    lines = pd.concat(
        pd.read_csv(path, dtype=str, keep_default_na=False)
        for path in sorted(folder.glob("*.csv.gz"))
    )
    price, quantity = lines["UnitPrice"].map(Decimal), lines["Quantity"].map(int)
    positive, cancelled = price > 0, lines["InvoiceNo"].str.startswith("C")
    amount = price * quantity
    return Counted(
        lines=len(lines),
        held=int((~positive).sum()),
        sales=int((positive & ~cancelled).sum()),
        returns=int((positive & cancelled).sum()),
        gross=amount[positive & ~cancelled].sum(),
        refunds=-amount[positive & cancelled].sum(),
    )


def found(project: Project) -> Counted:
    """Count the same in the warehouse, and see that every layer holds the same amounts."""
    ((lines, held, sales, returns),) = project.query(
        """
        select
            (select count(*) from raw.online_retail_invoice_lines),
            (select count(*) from quality.quarantine where resolved_at is null),
            (select count(*) from marts.fct_sales),
            (select count(*) from marts.fct_returns)
        """,
    )
    amounts = {layer: project.query(statement)[0] for layer, statement in AMOUNTS.items()}
    assert len(set(amounts.values())) == 1, amounts
    return Counted(lines, held, sales, returns, *amounts["facts"])


def load(project: Project, folder: Path) -> str:
    """Load a folder; give what the loader said."""
    return project.run_well("python", "-m", "loader", "online_retail", "--from", str(folder)).stdout


def build_alone(project: Project) -> None:
    """Build the layers from this source only."""
    project.run_well("dbt", "build", "--vars", "sources: [online_retail]")


def test_sample_at_once_one_by_one_and_again(
    make_project: Callable[[], Project], tmp_path: Path
) -> None:
    at_once, one_by_one = make_project(), make_project()
    load(at_once, SAMPLE)
    build_alone(at_once)
    assert found(at_once) == count(SAMPLE)

    for path in sorted(SAMPLE.glob("*.csv.gz"), reverse=True):
        shutil.copy(path, tmp_path)
        load(one_by_one, tmp_path)
        build_alone(one_by_one)
    assert contents(one_by_one) == contents(at_once)

    rows = at_once.query("select count(*), max(load_id) from raw._loads")
    load(at_once, SAMPLE)
    assert at_once.query("select count(*), max(load_id) from raw._loads") == rows
    assert found(at_once) == count(SAMPLE)


def test_beside_the_generated_shop(small_warehouse: Project) -> None:
    """The real shop's files join the same tables and change nothing of the other source."""
    shop = "select * from marts.daily_revenue where source = 'shop' order by 1, 3"
    before = small_warehouse.query(shop)
    load(small_warehouse, SAMPLE)
    small_warehouse.run_well("dbt", "build")
    assert small_warehouse.query(shop) == before
    ((sales, guests, charges),) = small_warehouse.query(
        """
        select
            count(*),
            count(*) filter (where customer_id = 'unknown'),
            count(*) filter (where not is_goods)
        from marts.fct_sales
        join marts.dim_products using (product_id)
        where fct_sales.source = 'online_retail' and is_current
        """,
    )
    assert sales == count(SAMPLE).sales
    assert guests > 0
    assert charges > 0

    # The shop owner's questions are answered for both, as far as this source tells of it.
    small_warehouse.run_well("python", "-m", "docs.answers")
    page = (small_warehouse.folder / "docs/answers.md").read_text()
    answered = {part.split('"')[0] for part in page.split('<a id="') if "| online_retail |" in part}
    assert answered >= {"order_sizes", "products_bought_together", "repeat_rate", "return_reasons"}
    assert "| online_retail | USD |" not in page


@pytest.mark.skipif(not WHOLE.is_dir(), reason="the 305 real files are not here (../shared/data)")
def test_whole_year(make_project: Callable[[], Project]) -> None:
    project = make_project()
    load(project, WHOLE)
    build_alone(project)
    assert found(project) == count(WHOLE)
    expected = Counted(
        lines=541_909,
        held=2_517,
        sales=530_104,
        returns=9_288,
        gross=Decimal("10666684.544"),
        refunds=Decimal("896812.490"),
    )
    assert found(project) == expected
    ((by_price,),) = project.query(
        "select count(*) from quality.quarantine where failed_rules like '%price_not_positive%'",
    )
    assert by_price == expected.held
