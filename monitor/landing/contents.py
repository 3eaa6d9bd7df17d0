"""Whether the content of a table's files can be loaded: columns, records, types, keys, volume."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from loader.reading.records import Reason
from monitor.check import Check, Group, Status
from monitor.landing import volume
from monitor.landing.columns import compare
from monitor.landing.examining import FileFindings, TableFindings
from monitor.landing.making import Maker
from monitor.landing.wording import NAMED, SHOWN, have, listed, more, samples
from warehouse.console import counted

_ENCODING: frozenset[Reason] = frozenset({"invalid_utf8", "invalid_encoding", "nul_byte"})

# From so many rows on a column without any value is not there by chance.
_ROWS_WITHOUT_VALUE = 20


class Contents(Maker):
    """The checks of what stands in files."""

    def _columns(self, table: str, files: Sequence[FileFindings]) -> Check:
        declared = self._delivery.declared.tables[table]
        # A JSON file without records names no columns.
        told = [file for file in files if file.content.columns]
        worst = Status.PASS
        faults: list[dict[str, str | None]] = []
        for file in told:
            status, fault = compare(
                file, declared.columns, declared.raw_columns(list(file.named.columns))
            )
            if status is Status.WARN and declared.schema_ == "strict":
                status = Status.FAIL
            if status is not Status.PASS:
                faults.append({"file": file.named.name, "fault": fault})
                worst = Status.FAIL if Status.FAIL in {worst, status} else Status.WARN
        if not told:
            worst = Status.SKIP
        return self._check(
            table,
            "columns",
            Group.SCHEMA,
            "columns are the declared ones",
            worst,
            f"{faults[0]['file']} {faults[0]['fault']}{more(faults)}"
            if faults
            else f"{counted(len(declared.columns), 'column')} in {counted(len(told), 'file')}"
            if told
            else "no file names any",
            checked=len(told),
            failed=len(faults),
            samples=faults[:SHOWN],
        )

    def _records(self, table: str, files: Sequence[FileFindings], *, encoding: bool) -> Check:
        """Judge records that the loader would set aside: for their bytes, or for their form."""
        reasons: Counter[str] = Counter()
        beyond = False
        for file in files:
            reasons.update({k: n for k, n in file.rejects.items() if (k in _ENCODING) is encoding})
            # As the loader does: a file at a time, and whatever the reason.
            allowed = self._budget.allowed(file.content.records)
            of_kind = any((reason in _ENCODING) is encoding for reason in file.rejects)
            beyond |= of_kind and allowed is not None and file.rejects.total() > allowed
        total = sum(file.content.records for file in files)
        bad = reasons.total()
        status = Status.FAIL if beyond else Status.WARN if bad else Status.PASS
        told = ", ".join(f"{reason} {count:,}" for reason, count in sorted(reasons.items()))
        end = (
            f"more than {self._budget} of a file: the loader refuses it"
            if beyond
            else "the loader sets them aside"
        )
        what, name = (
            ("encoding", "text is in the declared encoding")
            if encoding
            else ("records", "records can be read")
        )
        return self._check(
            table,
            what,
            Group.SCHEMA,
            name,
            status,
            f"{bad:,} of {counted(total, 'record')} cannot be read ({told}); {end}"
            if bad
            else f"{counted(total, 'record')}, all can be read",
            checked=total,
            failed=bad,
            samples=samples(one for file in files for one in file.rejected) if bad else (),
        )

    def _types(self, table: str, files: Sequence[FileFindings]) -> Check:
        wrong: Counter[str] = Counter()
        for file in files:
            wrong.update(file.wrong)
        types = {name for file in files for name in file.named.types}
        rows = sum(file.rows for file in files)
        if not types or not rows:
            why = "there are no rows" if types else "neither a manifest nor sources.yml names types"
            status, message = Status.SKIP, why
        else:
            status = self._within(max(wrong.values(), default=0), rows)
            told = ", ".join(
                f"{name} {count:,} ({count / rows:.2%})" for name, count in wrong.most_common()
            )
            message = (
                f"of {counted(rows, 'row')}, texts that are no value of their column's type: {told}"
                if wrong
                else f"{counted(len(types), 'column')} of {counted(rows, 'row')} are of their types"
            )
        return self._check(
            table,
            "types",
            Group.SCHEMA,
            "texts are of their column's type",
            status,
            message,
            checked=rows,
            failed=wrong.total(),
            samples=samples(one for file in files for one in file.wrongly_typed),
        )

    def _nulls(self, table: str, findings: Sequence[TableFindings]) -> Check:
        nulls: Counter[str] = Counter()
        columns: dict[str, int] = {}
        for file in (file for one in findings for file in one.files):
            nulls.update(file.nulls)
            for name in file.content.columns:
                columns[name] = columns.get(name, 0) + file.rows
        rows = sum(one.rows for one in findings)
        keyless = sum(one.keyless for one in findings)
        hollow = [
            name for name, of in columns.items() if of >= _ROWS_WITHOUT_VALUE and nulls[name] == of
        ]
        status = self._within(keyless, rows) if keyless else Status.PASS
        if hollow and status is Status.PASS:
            status = Status.WARN
        parts = [f"{keyless:,} of {counted(rows, 'row')} lack their key"] if keyless else []
        parts += [f"{listed(hollow)} {have(hollow)} no value at all"] if hollow else []
        most = ", ".join(
            f"{name} {count / rows:.1%}" for name, count in nulls.most_common(NAMED) if count
        )
        return self._check(
            table,
            "nulls",
            Group.SCHEMA,
            "keys and columns have values",
            status if rows else Status.SKIP,
            "; ".join(parts) or (f"nulls: {most or 'none'}" if rows else "there are no rows"),
            checked=rows,
            failed=keyless,
            samples=[{"column without values": name} for name in hollow[:SHOWN]],
        )

    def _keys(self, table: str, findings: Sequence[TableFindings]) -> Check:
        keyed = [one for one in findings if one.repeated is not None]
        rows = sum(one.rows for one in keyed)
        repeated = sum(one.repeated or 0 for one in keyed)
        key = next((f.named.key for one in keyed for f in one.files), ())
        batches = [one.batch for one in keyed if one.repeated]
        return self._check(
            table,
            "keys",
            Group.SCHEMA,
            "keys come once in a batch",
            self._within(repeated, rows) if keyed else Status.SKIP,
            f"of {counted(rows, 'row')}, {repeated:,} have a key ({', '.join(key)}) that an "
            f"earlier one of the batch has: {listed(batches)}"
            if repeated
            else f"{counted(rows, 'row')}, each with a key of its own ({', '.join(key)})"
            if keyed
            else "neither a manifest nor sources.yml names a key, or no file has its columns",
            checked=rows,
            failed=repeated,
        )

    def _empty(self, table: str, files: Sequence[FileFindings]) -> Check:
        empty = [file.named.name for file in files if not file.content.records and not file.fault]
        return self._check(
            table,
            "empty",
            Group.VOLUME,
            "files have records",
            Status.WARN if empty else Status.PASS,
            f"{listed(empty)} {have(empty)} no record"
            if empty
            else f"{counted(len(files), 'file')}, none empty",
            checked=len(files),
            failed=len(empty),
            samples=[{"file": name} for name in empty[:SHOWN]],
        )

    def _volume(self, table: str, findings: Sequence[TableFindings]) -> Check:
        rows: dict[str, int] = {}
        if self._delivery.declared.layout == "batches":
            # A batch that brings nothing of the table counts as well.
            rows = dict.fromkeys(self._delivery.finished, 0)
            for file in self._delivery.files:
                if file.promised and file.table == table:
                    rows[file.batch] += file.promised.rows
        # Without a manifest only what was read is known.
        rows |= {one.batch: one.rows for one in findings}
        order = sorted(rows)
        # How many rows there are in a file that cannot be read, nobody knows: that it cannot is
        # told already.
        unread = {file.batch for file in self._delivery.files if file.fault and file.table == table}
        unread |= {one.batch for one in findings if any(file.fault for file in one.files)}
        judged: list[tuple[Status, str, int, int]] = []
        for batch in (one for one in self._delivery.chosen if one in rows and one not in unread):
            before = [rows[earlier] for earlier in order[: order.index(batch)]]
            status = volume.judge(rows[batch], before)
            judged.append((status, batch, rows[batch], volume.usual(before)))
        worst = next(
            (one for s in (Status.FAIL, Status.WARN, Status.PASS) for one in judged if one[0] is s),
            None,
        )
        odd = [one for one in judged if one[0] in {Status.FAIL, Status.WARN}]
        if worst is None:
            status, message = (
                Status.SKIP,
                f"no batch that was read has {volume.LEAST_BATCHES} before it to compare with",
            )
        else:
            status, batch, found, normal = worst
            message = f"{batch} has {counted(found, 'row')}; usual are {normal:,}{more(odd)}"
        return self._check(
            table,
            "volume",
            Group.VOLUME,
            "as many rows as in the batches before",
            status,
            message,
            checked=len(judged),
            failed=len(odd),
            samples=[
                {"batch": batch, "rows": f"{found:,}", "usual": f"{normal:,}"}
                for _, batch, found, normal in odd[:SHOWN]
            ],
        )
