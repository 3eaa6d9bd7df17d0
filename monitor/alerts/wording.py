"""Text that can do no harm, whatever it holds: values of data end up in messages.

Each channel has characters of its own that mean something to it; those are escaped where a message
is written for it. Here is what no channel should get: control characters, characters that turn the
direction of text around, addresses and credentials.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from monitor.masking import mask

# Of a check's own sentence. What needs more than this is read in the report.
LONGEST = 500

ELLIPSIS = "…"

# Those that turn text around until they are undone (Unicode, annex 9), and the invisible marks.
_TURNING = re.compile("[\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")

# Half surrogate pairs cannot be written as UTF-8.
_HALVES = re.compile("[\ud800-\udfff]")

# Bounded, unlike what a short text may be searched for: time does not grow with the square.
_MAIL = re.compile(r"[\w.%+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_LOGIN = re.compile(r"(\b[a-z][a-z0-9+.-]{1,20}://)[^\s/@]{1,500}@", re.IGNORECASE)
_HOOK = re.compile(
    r"https?://[^\s/]{0,200}(?:hooks\.slack|webhook\.office|logic\.azure|powerplatform)\S{0,2000}",
    re.IGNORECASE,
)

_FIRST_STRONG, _POP = "\u2068", "\u2069"


def clean(text: str, longest: int = LONGEST, *, mask_addresses: bool = True) -> str:
    """Make one harmless line of any text.

    Control characters and line ends become spaces; characters that turn the direction around are
    removed; what is written from right to left is set apart, so that it does not reorder what
    stands beside it; e-mail addresses, logins in addresses and webhooks are masked.

    Args:
        text: anything.
        longest: characters that remain at most, an ellipsis among them.
        mask_addresses: not of what the project itself says, such as who owns a table.
    """
    # A mask must not depend on where the text was cut: cut far behind the end, mask, cut.
    text = _HALVES.sub("\ufffd", text[: longest * 20])
    text = _TURNING.sub("", text)
    text = "".join(" " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c for c in text)
    text = " ".join(text.split())
    if mask_addresses:
        text = masked(text)
    text = shorten(text, longest - 2)
    if any(unicodedata.bidirectional(c) in {"R", "AL"} for c in text):
        return f"{_FIRST_STRONG}{text}{_POP}"
    return text


def masked(text: str) -> str:
    """Mask what may be a person's or a secret, wherever it came from.

    Checks mask what they show; this is for what slips through.
    """
    text = _LOGIN.sub(r"\1•••@", text)
    text = _HOOK.sub("•••", text)
    return _MAIL.sub(lambda found: mask(found[0]), text)


def shorten(text: str, longest: int) -> str:
    """Cut a text to a length in characters, an ellipsis at its end where something was cut."""
    if len(text) <= longest:
        return text
    return text[: longest - 1].rstrip() + ELLIPSIS


def units(text: str) -> int:
    """Length of a text in UTF-16, as the services count it: never less than its characters."""
    return len(text) + sum(c > "\uffff" for c in text)


def escaped(text: str, escape: Callable[[str], str], longest: int) -> str:
    """Escape a text and cut it to a length, never within an escape.

    Args:
        text: as `clean` gives it.
        escape: of one character.
        longest: of what comes out, in UTF-16 units, an ellipsis among them.
    """
    pieces = [escape(c) for c in text]
    if sum(map(units, pieces)) <= longest:
        return "".join(pieces)
    kept, room = [], longest - 1
    for piece in pieces:
        room -= units(piece)
        if room < 0:
            break
        kept.append(piece)
    return "".join(kept).rstrip() + ELLIPSIS
