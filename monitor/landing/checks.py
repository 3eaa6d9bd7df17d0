"""What was found in a delivery, as checks: of the delivery, and of each of its tables."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence, Sized
from difflib import SequenceMatcher

from loader.loading.budget import Budget
from loader.reading.records import Reason
from monitor.check import Check, Group, Status
from monitor.landing import volume
from monitor.landing.delivery import Delivery, NamedFile
from monitor.landing.examining import Example, FileFindings, TableFindings
from warehouse.console import counted

# Examples that a check shows, and files that its sentence names.
_SAMPLES = 20
_NAMED = 3

_ENCODING: frozenset[Reason] = frozenset({"invalid_utf8", "invalid_encoding", "nul_byte"})

# Names that have so much in common may be one column, renamed.
_ALIKE = 0.6

# From so many rows on a column without any value is not there by chance.
_ROWS_WITHOUT_VALUE = 20


class Judge:
    """Makes the checks of a delivery.

    Args:
        delivery: what lies there.
        budget: records of a file, or of a table, that may have a fault before a check fails.
    """

    def __init__(self, delivery: Delivery, budget: Budget) -> None:
        self._delivery, self._budget = delivery, budget

    def of_delivery(self, findings: Iterable[TableFindings]) -> Iterator[Check]:
        """Judge batches and manifests.

        Args:
            findings: of all tables.
        """
        found = self._delivery
        chosen = set(found.chosen)
        unfinished = [batch for batch in found.unfinished if batch in chosen]
        yield self._check(
            "",
            "finished",
            Group.RECONCILIATION,
            "batches are finished",
            Status.FAIL if unfinished else Status.PASS,
            f"{_listed(unfinished)} {_have(unfinished)} no manifest.json: not finished, or cut off"
            if unfinished
            else f"{_batches(chosen)}, none of them unfinished",
            checked=len(chosen),
            failed=len(unfinished),
        )
        yield self._check(
            "",
            "manifests",
            Group.RECONCILIATION,
            "batches can be taken up",
            Status.FAIL if found.faults else Status.PASS,
            f"{found.faults[0]}{_more(found.faults)}"
            if found.faults
            else "no manifest is at fault",
            checked=len(chosen),
            failed=len(found.faults),
            samples=[{"fault": fault} for fault in found.faults[:_SAMPLES]],
        )
        yield self._twice([file for one in findings for file in one.files])
        if found.strangers:
            yield self._check(
                "",
                "strangers",
                Group.RECONCILIATION,
                "no file beside the manifest",
                Status.WARN,
                f"no manifest names {_listed(found.strangers)}: not loaded",
                failed=len(found.strangers),
                samples=[{"file": name} for name in found.strangers[:_SAMPLES]],
            )

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

    def _check(  # noqa: PLR0913, PLR0917 - a check's own
        self,
        table: str,
        what: str,
        group: Group,
        name: str,
        status: Status,
        message: str,
        *,
        checked: int | None = None,
        failed: int | None = None,
        samples: Sequence[dict[str, str | None]] = (),
    ) -> Check:
        source = self._delivery.source
        parts = ["landing", source, *([table] if table else []), what]
        return Check(
            key=":".join(parts),
            group=group,
            name=f"{table}: {name}" if table else name,
            status=status,
            message=message,
            subject=f"{source}/{table}" if table else source,
            source=source,
            checked=checked,
            failed=failed,
            samples=tuple(samples),
        )

    def _twice(self, read: Sequence[FileFindings]) -> Check:
        """Judge whether a chosen batch, or a file without one, is another one once more."""
        contents: defaultdict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
        for file in self._delivery.files:
            if file.promised and file.promised.rows and file.delivery != "full_extract":
                contents[file.batch][file.table, file.promised.sha256] += 1
        for one in read:
            if one.named.promised is None and one.content.records and one.content.sha256:
                contents[one.named.name][one.named.table, one.content.sha256] += 1
        first: dict[frozenset[tuple[tuple[str, str], int]], str] = {}
        twice = []
        watched = {*self._delivery.chosen, *(one.named.name for one in read)}
        for batch, content in sorted(contents.items()):
            other = first.setdefault(frozenset(content.items()), batch)
            if other != batch and {batch, other} & watched:
                twice.append((batch, other))
        return self._check(
            "",
            "twice",
            Group.RECONCILIATION,
            "no batch comes twice",
            Status.FAIL if twice else Status.PASS,
            f"{twice[0][0]} has the same events as {twice[0][1]}{_more(twice)}"
            if twice
            else f"{_batches(contents)} compared by SHA-256, none twice",
            checked=len(contents),
            failed=len(twice),
            samples=[{"batch": batch, "same as": other} for batch, other in twice[:_SAMPLES]],
        )

    def _there(self, table: str, named: Sequence[NamedFile]) -> Check:
        missing = [file for file in named if file.fault]
        return self._check(
            table,
            "files",
            Group.RECONCILIATION,
            "files are there",
            Status.FAIL if missing else Status.PASS,
            f"{missing[0].name} {missing[0].fault}{_more(missing)}"
            if missing
            else f"{counted(len(named), 'file')}, all there",
            checked=len(named),
            failed=len(missing),
            samples=[{"file": file.name, "fault": file.fault} for file in missing[:_SAMPLES]],
        )

    def _as_promised(self, table: str, files: Sequence[FileFindings]) -> Check:
        samples: list[dict[str, str | None]] = []
        for file in files:
            promised, landed = file.named.promised, file.named.file
            assert landed is not None
            if promised is None:
                continue
            if landed.bytes != promised.bytes:
                fault = f"has {landed.bytes:,} bytes, its manifest promises {promised.bytes:,}"
            elif file.content.sha256 and file.content.sha256 != promised.sha256:
                fault = (
                    f"has sha256 {file.content.sha256[:12]}…, its manifest promises "
                    f"{promised.sha256[:12]}…"
                )
            else:
                continue
            samples.append({"file": file.named.name, "fault": fault})
        return self._check(
            table,
            "content",
            Group.RECONCILIATION,
            "bytes and SHA-256 are as promised",
            Status.FAIL if samples else Status.PASS,
            f"{samples[0]['file']} {samples[0]['fault']}{_more(samples)}"
            if samples
            else f"{counted(len(files), 'file')} as promised",
            checked=len(files),
            failed=len(samples),
            samples=samples[:_SAMPLES],
        )

    def _rows(self, table: str, files: Sequence[FileFindings]) -> Check:
        samples: list[dict[str, str | None]] = []
        for file in files:
            promised, found = file.named.promised, file.content.records
            if promised is not None and not file.fault and found != promised.rows:
                fault = f"holds {counted(found, 'record')}, its manifest promises {promised.rows:,}"
                samples.append({"file": file.named.name, "fault": fault})
        total = sum(file.content.records for file in files)
        return self._check(
            table,
            "rows",
            Group.RECONCILIATION,
            "records are as many as promised",
            Status.FAIL if samples else Status.PASS,
            f"{samples[0]['file']} {samples[0]['fault']}{_more(samples)}"
            if samples
            else f"{counted(total, 'record')} as promised",
            checked=len(files),
            failed=len(samples),
            samples=samples[:_SAMPLES],
        )

    def _readable(self, table: str, files: Sequence[FileFindings]) -> Check:
        faults = [file for file in files if file.fault]
        return self._check(
            table,
            "readable",
            Group.SCHEMA,
            "files can be read",
            Status.FAIL if faults else Status.PASS,
            f"{faults[0].fault}{_more(faults)}"
            if faults
            else f"{counted(len(files), 'file')} read to the end",
            checked=len(files),
            failed=len(faults),
            samples=[{"fault": file.fault} for file in faults[:_SAMPLES]],
        )

    def _columns(self, table: str, files: Sequence[FileFindings]) -> Check:
        declared = self._delivery.declared.tables[table]
        # A JSON file without records names no columns.
        told = [file for file in files if file.content.columns]
        worst = Status.PASS
        faults: list[dict[str, str | None]] = []
        for file in told:
            status, fault = _compare(
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
            f"{faults[0]['file']} {faults[0]['fault']}{_more(faults)}"
            if faults
            else f"{counted(len(declared.columns), 'column')} in {counted(len(told), 'file')}"
            if told
            else "no file names any",
            checked=len(told),
            failed=len(faults),
            samples=faults[:_SAMPLES],
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
            samples=_samples(one for file in files for one in file.rejected) if bad else (),
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
            samples=_samples(one for file in files for one in file.wrongly_typed),
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
        parts += [f"{_listed(hollow)} {_have(hollow)} no value at all"] if hollow else []
        most = ", ".join(
            f"{name} {count / rows:.1%}" for name, count in nulls.most_common(_NAMED) if count
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
            samples=[{"column without values": name} for name in hollow[:_SAMPLES]],
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
            f"earlier one of the batch has: {_listed(batches)}"
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
            f"{_listed(empty)} {_have(empty)} no record"
            if empty
            else f"{counted(len(files), 'file')}, none empty",
            checked=len(files),
            failed=len(empty),
            samples=[{"file": name} for name in empty[:_SAMPLES]],
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
            message = f"{batch} has {counted(found, 'row')}; usual are {normal:,}{_more(odd)}"
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
                for _, batch, found, normal in odd[:_SAMPLES]
            ],
        )

    def _within(self, bad: int, rows: int) -> Status:
        if not bad:
            return Status.PASS
        allowed = self._budget.allowed(rows)
        return Status.WARN if allowed is not None and bad <= allowed else Status.FAIL


def _compare(
    file: FileFindings, declared: Sequence[str], promised: Sequence[str]
) -> tuple[Status, str]:
    """Compare a file's columns with those that are declared, and with its manifest's."""
    found = file.content.columns
    missing = [name for name in declared if name not in found]
    more = [name for name in found if name not in declared]
    unkept = [name for name in promised if name not in found]
    if file.named.file is not None and file.named.file.format == "json":
        # A record may leave out what it has no value for, so a file may never name a column.
        unkept = []
    parts = []
    renamed = [(old, new) for old in missing for new in more if _alike(old, new)]
    for old, new in renamed:
        parts.append(f"has {new} in the place of {old}: renamed?")
    gone = [name for name in missing if name not in {old for old, _ in renamed}]
    added = [name for name in more if name not in {new for _, new in renamed}]
    if gone:
        parts.append(f"lacks {_listed(gone)}")
    if added:
        parts.append(f"has {_listed(added)}, which nobody declared")
    if unkept:
        parts.append(f"lacks {_listed(unkept)}, which its manifest promises")
    if missing or unkept:
        return Status.FAIL, "; ".join(parts)
    if parts:
        return Status.WARN, "; ".join(parts)
    in_order = [name for name in declared if name in found]
    if found != in_order and file.named.file is not None and file.named.file.format != "json":
        return Status.WARN, f"has its columns in another order: {_listed(found, 20)}"
    return Status.PASS, ""


def _alike(old: str, new: str) -> bool:
    first, second = old.lower(), new.lower()
    is_part = first in second or second in first
    return is_part or SequenceMatcher(None, first, second).ratio() >= _ALIKE


def _samples(examples: Iterable[Example]) -> list[dict[str, str | None]]:
    return [
        {"file": one.file, "record": f"{one.record:,}", "fault": one.what}
        for _, one in zip(range(_SAMPLES), examples, strict=False)
    ]


def _listed(names: Sequence[str], most: int = _NAMED) -> str:
    return ", ".join(names[:most]) + (
        f" and {len(names) - most:,} more" if len(names) > most else ""
    )


def _batches(found: Sized) -> str:
    return f"{len(found):,} batch{'' if len(found) == 1 else 'es'}"


def _more(faults: Sequence[object]) -> str:
    return f" (and {len(faults) - 1:,} more)" if len(faults) > 1 else ""


def _have(names: Sequence[str]) -> str:
    return "has" if len(names) == 1 else "have"
