"""The page of profiles in headless Chromium: no error, no request, readable for everybody."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from monitor.profiles.figures import (
    ColumnProfile,
    Correlation,
    Count,
    Drift,
    Histogram,
    Lengths,
    Patterns,
    Profile,
    TableProfile,
)
from monitor.profiles.page import render

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium, chromium-browser or google-chrome is installed"
)

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)

NUMBER = ColumnProfile(
    name="total",
    type="numeric",
    kind="number",
    personal=False,
    rows=100,
    nulls=3,
    distinct=90,
    distinct_method="sample",
    smallest="0.5",
    largest="99",
    mean="50",
    deviation=12.5,
    quantiles=[str(n) for n in range(101)],
    histogram=Histogram([0.0, 50.0, 100.0], [40, 57]),
    top=[Count("1", 2)],
    drift=Drift("numbers", NOW, 0.5, 0.25, 0.2, 0.1, drifted=True),
)

TEXT = replace(
    NUMBER,
    name="<script>document.title = 'broken'</script>",
    kind="text",
    smallest="=cmd()",
    largest="x" * 10_000,
    mean=None,
    quantiles=(),
    histogram=None,
    top=[Count("<script>document.title = 'broken'</script>", 9), Count("שלום \u202egnp.exe", 1)],
    lengths=Lengths(0, 5.5, 10_000, 2),
    patterns=Patterns(97, 2, [Count("A-99", 90), Count("<AAAAAA>", 7)]),
    drift=None,
)

PERSONAL = replace(TEXT, name="email", personal=True, smallest=None, largest=None, top=())

BARE = replace(
    NUMBER,
    name="nothing",
    rows=0,
    nulls=0,
    distinct=0,
    distinct_method="exact",
    smallest=None,
    largest=None,
    mean=None,
    deviation=None,
    quantiles=(),
    histogram=None,
    top=(),
    drift=None,
)


def table(name: str, *columns: ColumnProfile) -> TableProfile:
    return TableProfile(
        schema="marts",
        table=name,
        rows=1_000_000,
        rows_profiled=100,
        sample="blocks",
        seconds=0.5,
        columns=columns,
        correlations=[Correlation("total", "other", -0.9)],
        correlation_rows=100,
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_whole_and_harmless(tmp_path: Path, scheme: str) -> None:
    tables = [table("fct_orders", NUMBER, TEXT, PERSONAL, BARE), table('odd "name', BARE)]
    path = tmp_path / "profile.html"
    path.write_text(render(Profile("run", NOW, 1.5, tables)), encoding="utf-8")
    requests: list[str] = []
    said: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--headless", "--disable-gpu"]
        )
        page = browser.new_page(color_scheme="dark" if scheme == "dark" else "light")
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(path.as_uri())
        for details in page.locator("details").all():
            details.locator("summary").click()
        assert page.title() == "Profile of 2026-01-02 03:04 UTC"
        assert page.locator("h2").all_inner_texts() == [
            "Drift",
            "Tables",
            "marts.fct_orders",
            'marts.odd "name',
        ]
        assert "personal: no value is shown" in page.locator("main").inner_text()
        page.get_by_role("button", name="rows").first.click()
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        browser.close()
    assert said == []
    assert requests == [path.as_uri()]
