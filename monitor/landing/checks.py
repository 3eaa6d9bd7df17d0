"""What was found in a delivery, as checks: of the delivery, and of each of its tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from monitor.check import Check
from monitor.landing.contents import Contents
from monitor.landing.examining import TableFindings
from monitor.landing.promises import Promises


class Judge(Promises, Contents):
    """Makes all checks of a delivery."""

    def of_table(self, table: str, findings: Sequence[TableFindings]) -> Iterator[Check]:
        """Judge a table's files in all chosen batches."""
        files = [file for one in findings for file in one.files]
        named = [file for file in self._delivery.checked if file.table == table]
        yield self._there(table, named)
        if any(file.promised for file in named):
            yield self._as_promised(table, files)
            yield self._rows(table, files)
        yield self._readable(table, files)
        yield self._columns(table, files)
        yield self._records(table, files, encoding=False)
        yield self._records(table, files, encoding=True)
        yield self._types(table, files)
        yield self._nulls(table, findings)
        yield self._keys(table, findings)
        yield self._empty(table, files)
        yield self._volume(table, findings)
