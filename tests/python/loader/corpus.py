"""The corpus: small hostile files, and what must come of each of them."""

from __future__ import annotations

from corpus_case import Case
from corpus_damage import DAMAGE
from corpus_dialects import DIALECTS
from corpus_encodings import ENCODINGS
from corpus_files import FILES
from corpus_values import VALUES

CORPUS: list[Case] = [*VALUES, *DIALECTS, *ENCODINGS, *DAMAGE, *FILES]
