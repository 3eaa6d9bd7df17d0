"""Whether a delivery is what its manifests promise: batches, files, bytes, records."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from monitor.check import Check, Group, Status
from monitor.landing.delivery import NamedFile
from monitor.landing.examining import FileFindings, TableFindings
from monitor.landing.making import Maker
from monitor.landing.wording import SHOWN, batches, have, listed, more
from warehouse.console import counted


class Promises(Maker):
    """The checks of batches, and of files against their manifest."""

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
            f"{listed(unfinished)} {have(unfinished)} no manifest.json: not finished, or cut off"
            if unfinished
            else f"{batches(chosen)}, none of them unfinished",
            checked=len(chosen),
            failed=len(unfinished),
        )
        yield self._unless(
            "",
            "manifests",
            "batches can be taken up",
            [{"fault": fault} for fault in found.faults],
            "no manifest is at fault",
            checked=len(chosen),
        )
        yield self._twice([file for one in findings for file in one.files])
        if found.strangers:
            yield self._check(
                "",
                "strangers",
                Group.RECONCILIATION,
                "no file beside the manifest",
                Status.WARN,
                f"no manifest names {listed(found.strangers)}: not loaded",
                failed=len(found.strangers),
                samples=[{"file": name} for name in found.strangers[:SHOWN]],
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
            f"{twice[0][0]} has the same events as {twice[0][1]}{more(twice)}"
            if twice
            else f"{batches(contents)} compared by SHA-256, none twice",
            checked=len(contents),
            failed=len(twice),
            samples=[{"batch": batch, "same as": other} for batch, other in twice[:SHOWN]],
        )

    def _there(self, table: str, named: Sequence[NamedFile]) -> Check:
        return self._unless(
            table,
            "files",
            "files are there",
            [{"file": file.name, "fault": file.fault} for file in named if file.fault],
            f"{counted(len(named), 'file')}, all there",
            checked=len(named),
        )

    def _as_promised(self, table: str, files: Sequence[FileFindings]) -> Check:
        faults: list[dict[str, str | None]] = []
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
            faults.append({"file": file.named.name, "fault": fault})
        return self._unless(
            table,
            "content",
            "bytes and SHA-256 are as promised",
            faults,
            f"{counted(len(files), 'file')} as promised",
            checked=len(files),
        )

    def _rows(self, table: str, files: Sequence[FileFindings]) -> Check:
        faults: list[dict[str, str | None]] = []
        for file in files:
            promised, found = file.named.promised, file.content.records
            if promised is not None and not file.fault and found != promised.rows:
                fault = f"holds {counted(found, 'record')}, its manifest promises {promised.rows:,}"
                faults.append({"file": file.named.name, "fault": fault})
        total = sum(file.content.records for file in files)
        return self._unless(
            table,
            "rows",
            "records are as many as promised",
            faults,
            f"{counted(total, 'record')} as promised",
            checked=len(files),
        )

    def _readable(self, table: str, files: Sequence[FileFindings]) -> Check:
        return self._unless(
            table,
            "readable",
            "files can be read",
            [{"fault": file.fault} for file in files if file.fault],
            f"{counted(len(files), 'file')} read to the end",
            checked=len(files),
            group=Group.SCHEMA,
        )
