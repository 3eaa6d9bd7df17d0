"""Keys of a table, remembered as 64-bit hashes: whether one is there, whether one comes twice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from generator.engine.randomness.mix import Bits, Bools, Ints


def hashes(columns: Sequence[pa.Array]) -> Bits:
    """Return a hash for each row; the same for a number and its text.

    Two of a billion different keys share a hash with a probability of 3 %, and a given wrong
    reference passes for right with one of 5 in 10**11: never by accident alone.
    """
    found = np.zeros(len(columns[0]), dtype=np.uint64)
    for column in columns:
        texts = column.cast(pa.string()).to_numpy(zero_copy_only=False)
        found *= np.uint64(0x9E3779B97F4A7C15)
        found += pd.util.hash_array(texts, categorize=False)
    return found


class KeySet:
    """A growing set of hashes, as few sorted arrays of which each is over twice the next."""

    def __init__(self) -> None:
        self._runs: list[Bits] = []

    def has(self, found: Bits) -> Bools:
        """Return which hashes are in the set."""
        known = np.zeros(len(found), dtype=np.bool_)
        for run in self._runs:
            places = np.searchsorted(run, found)
            places[places == len(run)] = 0
            known |= run[places] == found
        return known

    def add(self, found: Bits) -> None:
        """Add hashes, repeated ones too."""
        run = np.unique(found)
        while self._runs and len(self._runs[-1]) <= 2 * len(run):
            run = np.union1d(self._runs.pop(), run)
        if len(run):
            self._runs.append(run)

    def first_repeated(self, found: Bits) -> Ints:
        """Return the place of the first hash that is in the set or came before in `found`."""
        _, first = np.unique(found, return_index=True)
        repeated = np.ones(len(found), dtype=np.bool_)
        repeated[first] = False
        return np.flatnonzero(repeated | self.has(found))[:1]
