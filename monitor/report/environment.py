"""The jinja2 environment of the watch's pages: autoescape, the base template, the page's policy.

A page holds its CSS and its script as text, and its Content-Security-Policy names both by their
SHA-256. So a browser fetches nothing and runs nothing else, whatever the data say.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from monitor.report import charts

TEMPLATES = Path(__file__).with_name("templates")

LONGEST_VALUE = 200  # characters of a value that a page shows

# Shown as pictures: control characters, and marks that would turn the direction of what follows.
_PICTURES = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\n\t"} | {
    0x7F: 0x2421
}
_DIRECTIONS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], "�")


def environment(templates: Path | None = None, *, css: str = "", script: str = "") -> Environment:
    """Make an environment whose templates may extend `base.html`.

    Args:
        templates: a folder with templates of one's own; those of the report are found as well.
        css: added to that of the base template.
        script: added to that of the base template.
    """
    folders = [folder for folder in (templates, TEMPLATES) if folder is not None]
    env = Environment(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    whole_css = (TEMPLATES / "page.css").read_text(encoding="utf-8") + css
    whole_script = (TEMPLATES / "page.js").read_text(encoding="utf-8") + script
    env.globals.update(
        css=Markup(whole_css),
        script=Markup(whole_script),
        policy=_policy(whole_css, whole_script),
    )
    env.globals.update(charts=charts)
    env.filters.update(
        number=number, value=value, moment=moment, share=share, anchor=anchor, text=text
    )
    return env


def _policy(css: str, script: str) -> str:
    """Write the Content-Security-Policy that allows two texts by their hashes."""
    return (
        f"default-src 'none'; style-src {_hash(css)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def number(figure: float | None, digits: int = 0) -> str:
    """Write a number with commas; a dash where there is none."""
    return "-" if figure is None else f"{figure:,.{digits}f}"


def share(part: float | None, whole: float | None) -> str:
    """Write a share in percent, never 0% or 100% for what is merely close to it."""
    if part is None or not whole:
        return "-"
    percent = 100 * part / whole
    if 0 < percent < 0.01:
        return "< 0.01%"
    if 99.99 < percent < 100:
        return "> 99.99%"
    return f"{percent:.2f}".rstrip("0").rstrip(".") + "%"


def moment(at: datetime) -> str:
    """Write a time in UTC to the minute."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def anchor(key: str) -> str:
    """Turn a key into an id that a link can name; different keys give different ids.

    "rule:orders:total wrong" becomes "rule:orders:total~20~wrong".
    """
    return re.sub(r"[^A-Za-z0-9_:.-]", lambda found: f"~{ord(found[0]):x}~", key)


def text(whole: str) -> Markup:
    """Show text between tags: quotes there need no escape, and statements are full of them."""
    return Markup(html.escape(whole, quote=False))


def value(found: object) -> Markup:
    """Show a value of the data so that it does no harm and can be told from others.

    Null is told from the text "NULL", blanks from nothing; what is long is cut with its length
    said; control characters are shown as pictures, and no mark of direction reaches beyond the
    value.
    """
    if found is None:
        return Markup('<span class="null">NULL</span>')
    whole = str(found)
    if not whole:
        return Markup('<span class="null">empty</span>')
    shown = whole[:LONGEST_VALUE].translate(_PICTURES).translate(_DIRECTIONS)
    cut = ""
    if len(whole) > LONGEST_VALUE:
        cut = Markup(' <span class="null">… {} characters</span>').format(f"{len(whole):,}")
    return Markup("<bdi>{}</bdi>{}").format(escape(shown), cut)
