"""The page in a browser: headless Chromium, with nothing of the network."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from watched import NOW, check, run_of

from monitor.check import Group, Severity, Status
from monitor.pipeline import BuildRun, NodeCost, Pipeline
from monitor.report.page import render

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium, chromium-browser or google-chrome is installed"
)

# No sandbox: containers that run as root have none. The others keep Chromium off the network.
FLAGS = [
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

SAMPLE = {
    "file": "2025-03-01/orders/part-00000.csv",
    "name": "<script>document.title = 'broken'</script>",
    "formula": "=cmd()",
    "right_to_left": "שלום \u202egnp.exe",
    "long": "x" * 10_000,
    "null": None,
}


def _page_text() -> str:
    checks = [
        check(
            f"{group.name.lower()}:orders:check_{status}",
            status,
            group=group,
            severity=severity,
            checked=1_000,
            failed={"fail": 100, "warn": 20, "pass": 3}.get(status),
            message="<script>document.title = 'broken'</script>",
            samples=(SAMPLE, SAMPLE) if status is Status.FAIL else (),
        )
        for group in Group
        for status, severity in zip(Status, (*Severity, Severity.INFO), strict=True)
    ]
    checks += [check("rule:orders:total_wrong", samples=(SAMPLE,), failed=12)]
    runs = [
        run_of(*checks[: 10 + day], started_at=NOW - timedelta(days=day), run_id=f"run{day}")
        for day in range(1, 12)
    ]
    builds = tuple(BuildRun(n, NOW, 10.0 + n % 3, 100, 99, 1_000 * n) for n in range(1, 9))
    nodes = tuple(
        NodeCost(name, "model", cost, cost / 100, tuple(cost * n for n in range(8)))
        for name, cost in (("fct_sales", 9.0), ("checked_orders", 30.5), ("orders", 12.25))
    )
    return render(run_of(*checks), runs, Pipeline(builds, nodes))


@dataclass
class Visit:
    """A page that is open, and what it did."""

    page: Page
    requests: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(_page_text(), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def visit(browser: Browser, address: str):
    contexts = []

    def open_page(**options: Any) -> Visit:
        context = browser.new_context(**options)
        contexts.append(context)
        found = Visit(context.new_page())
        found.page.on("request", lambda request: found.requests.append(request.url))
        found.page.on("console", lambda message: found.said.append(message.text))
        found.page.on("pageerror", lambda error: found.said.append(str(error)))
        found.page.goto(address)
        return found

    yield open_page
    for context in contexts:
        context.close()


def test_the_page_fetches_nothing_and_complains_of_nothing(visit, address: str) -> None:
    seen = visit()
    assert seen.requests == [address]
    assert seen.said == []
    assert seen.page.title().startswith("Do not trust it: 10 of 28 checks fail")
    headings = seen.page.locator("h2").all_inner_texts()
    assert headings == [
        "Summary",
        "What needs a hand",
        "All checks",
        *(group.capitalize() for group in Group),
        "Held rows",
        "Pipeline",
    ]


def test_a_script_in_the_page_would_not_run(visit) -> None:
    seen = visit()
    seen.page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'),"
        " {textContent: \"document.title = 'broken'\"}))"
    )
    assert seen.page.title() != "broken"
    assert "Content Security Policy" in seen.said[0]


def _column(page: Page, table: str, number: int) -> list[str]:
    return page.locator(f"{table} > tbody > tr > td:nth-child({number})").all_inner_texts()


def test_tables_sort_by_click_and_by_keyboard(visit) -> None:
    page = visit().page
    table = "[aria-label='The costliest nodes'] table"
    assert _column(page, table, 1) == ["fct_sales", "checked_orders", "orders"]
    page.get_by_role("button", name="Node", exact=True).click()
    assert _column(page, table, 1) == ["checked_orders", "fct_sales", "orders"]
    seconds = page.locator(f"{table} thead th").nth(2)
    seconds.get_by_role("button").focus()
    page.keyboard.press("Enter")
    assert _column(page, table, 3) == ["9.0", "12.2", "30.5"]
    assert seconds.get_attribute("aria-sort") == "ascending"
    page.keyboard.press("Space")
    assert _column(page, table, 3) == ["30.5", "12.2", "9.0"]
    assert seconds.get_attribute("aria-sort") == "descending"
    # Figures are sorted as numbers, and what has none comes at an end.
    rules = "[aria-label='Checks: schema'] > table"
    page.locator(rules).get_by_role("button", name="Broken").click()
    assert _column(page, rules, 5) == ["3", "20", "100", "-"]
    page.locator(rules).get_by_role("button", name="Status").click()
    assert _column(page, rules, 1) == ["fail", "warn", "skip", "pass"]


def test_filters_show_what_fits(visit) -> None:
    page = visit().page
    shown = page.locator("tr[data-status]:visible")
    assert shown.count() == 37
    page.get_by_role("checkbox", name="pass").uncheck()
    page.get_by_role("checkbox", name="warn").uncheck()
    page.get_by_role("checkbox", name="skip").uncheck()
    assert shown.count() == 10
    assert page.locator("output").inner_text() == "10 of 37 shown"
    page.get_by_label("Group").select_option("freshness")
    assert shown.count() == 1
    assert page.get_by_role("heading", name="Anomalies").is_hidden()
    page.get_by_label("Text").fill("no such words")
    assert shown.count() == 0
    # A link to a check shows it all the same, with its details.
    page.evaluate("location.hash = 'rule:orders:total_wrong'")
    row = page.locator("[id='rule:orders:total_wrong']")
    row.locator("details[open]").wait_for()
    assert row.is_visible()


def test_without_script_everything_is_there(visit) -> None:
    page = visit(java_script_enabled=False).page
    assert page.locator("tr[data-status]:visible").count() == 37
    assert page.locator("form.filter").is_hidden()
    assert page.get_by_role("button").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_everybody_can_use_it(visit, scheme: str, width: int) -> None:
    page = visit(color_scheme=scheme, viewport={"width": width, "height": 900}).page
    for details in page.locator("details").all()[:40]:
        details.evaluate("one => one.open = true")
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_it_prints(visit) -> None:
    page = visit().page
    page.emulate_media(media="print")
    assert page.locator("nav").is_hidden()
    assert page.locator("form.filter").is_hidden()
    assert page.pdf()[:5] == b"%PDF-"
