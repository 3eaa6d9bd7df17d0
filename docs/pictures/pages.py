"""Photographs pages of the watch for the documentation: `python -m docs.pictures.pages`.

Needs Chromium and the packages of development. The pages are what `make report` has written:

    make report && python -m docs.pictures.pages exports/report/report.html docs/pictures/report
"""

from __future__ import annotations

import shutil
from pathlib import Path

import click
from playwright.sync_api import ViewportSize, sync_playwright

from warehouse.errors import WarehouseError

# No sandbox: containers that run as root have none.
_FLAGS = ["--no-sandbox", "--headless", "--disable-gpu", "--disable-background-networking"]

_NAMES = ("chromium", "chromium-browser", "google-chrome")

_SHOTS: dict[str, tuple[ViewportSize, bool]] = {
    "light": ({"width": 1000, "height": 720}, False),
    "phone": ({"width": 390, "height": 844}, True),
}


@click.command()
@click.argument("page", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("picture", type=click.Path(path_type=Path))
@click.option("--at", default="", help="Where to scroll to: the id of a heading or a check.")
@click.option("--only", type=click.Choice(sorted(_SHOTS)), help="One of the pictures.")
def main(page: Path, picture: Path, at: str, only: str | None) -> None:
    """Photograph PAGE into PICTURE-light.png and, as a phone in the dark shows it, -phone.png."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        raise WarehouseError(f"none of {', '.join(_NAMES)} is installed: install one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=_FLAGS)
        for name, (viewport, is_dark) in _SHOTS.items():
            if only not in {None, name}:
                continue
            context = browser.new_context(
                viewport=viewport,
                color_scheme="dark" if is_dark else "light",
                reduced_motion="reduce",
            )
            shown = context.new_page()
            shown.goto(page.resolve().as_uri() + (f"#{at}" if at else ""))
            shown.wait_for_timeout(300)  # details of a check that the address names open by script
            target = picture.with_name(f"{picture.name}-{name}.png")
            shown.screenshot(path=target)
            click.echo(f"{target}: {target.stat().st_size / 1000:,.0f} kB")
        browser.close()


if __name__ == "__main__":
    main()
