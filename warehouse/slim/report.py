"""What a slim build did, as text for people and as markdown for a page of CI."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_TESTS = {"test", "unit_test"}
_SOUND = {"success", "pass", "no-op"}
_NAMES = {"model": "models", "seed": "seeds", "snapshot": "snapshots"}

Kind = Literal["built", "test"]


@dataclass(frozen=True)
class Node:
    """A node that dbt ran.

    Attributes:
        kind: of resource, such as "model" or "unit_test".
        table: schema and name of what it builds; "" for a test.
        status: in dbt's words; "success" or "pass" where all is well.
    """

    name: str
    kind: str
    table: str
    status: str
    seconds: float
    message: str


def read_nodes(target: Path) -> list[Node]:
    """Read what dbt did from its target folder; nothing where it found nothing to do."""
    results = target / "run_results.json"
    if not results.exists():
        return []
    manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    known = {**manifest["nodes"], **manifest["unit_tests"]}
    nodes = []
    for result in json.loads(results.read_text(encoding="utf-8"))["results"]:
        node = known.get(result["unique_id"])
        if node is None or node["resource_type"] == "operation":
            continue
        is_test = node["resource_type"] in _TESTS
        nodes.append(
            Node(
                name=node["name"],
                kind=node["resource_type"],
                table="" if is_test else f"{node['schema']}.{node['alias']}",
                status=result["status"],
                seconds=result["execution_time"],
                message=" ".join((result["message"] or "").split()),
            )
        )
    return nodes


@dataclass(frozen=True)
class Report:
    """A slim build.

    Attributes:
        against: what was compared with, or why everything was built.
        nodes: what dbt ran.
        before: rows of each relation in the base; None where there is none.
        after: rows of each relation now.
    """

    against: str
    nodes: list[Node]
    before: Mapping[str, int] | None
    after: Mapping[str, int]

    @property
    def failed(self) -> list[Node]:
        """Nodes that did not succeed, tests that did not pass, and what was skipped for them."""
        return [node for node in self.nodes if node.status not in _SOUND]

    def _counts(self) -> str:
        if not self.nodes:
            return "Nothing that dbt builds or tests has changed."
        built = Counter(node.kind for node in self.nodes if node.kind not in _TESTS)
        tests = [node for node in self.nodes if node.kind in _TESTS]
        passed = sum(node.status in _SOUND for node in tests)
        words = [f"{count} {_NAMES[kind]}" for kind, count in sorted(built.items())]
        seconds = sum(node.seconds for node in self.nodes)
        return (
            f"Built {', '.join(words) or 'nothing'}; {passed} of {len(tests)} tests passed; "
            f"{len(self.failed)} failed or skipped; {seconds:.1f} s in nodes."
        )

    def _rows(self) -> list[tuple[str, str, str, str]]:
        """Tables that were built: rows in the base, now, and the difference."""
        rows = []
        for table in sorted({node.table for node in self.nodes if node.table in self.after}):
            now = self.after[table]
            if self.before is None:
                rows.append((table, "", f"{now:,}", ""))
            elif table not in self.before:
                rows.append((table, "new", f"{now:,}", ""))
            else:
                was = self.before[table]
                rows.append(
                    (table, f"{was:,}", f"{now:,}", f"{now - was:+,}" if now != was else "")
                )
        return rows

    def _faults(self) -> list[str]:
        return [f"{node.kind} {node.name}: {node.status}: {node.message}" for node in self.failed]

    def text(self) -> str:
        """Write it for a terminal."""
        lines = [self.against, self._counts()]
        rows = [("table", "rows before", "rows now", "difference"), *self._rows()]
        if len(rows) > 1:
            widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
            for first, *others in rows:
                cells = [text.rjust(width) for text, width in zip(others, widths[1:], strict=True)]
                lines.append("  ".join([f"  {first.ljust(widths[0])}", *cells]).rstrip())
        return "\n".join([*lines, *self._faults()])

    def markdown(self) -> str:
        """Write it for the summary of a CI job."""
        verdict = "failed" if self.failed else "passed"
        lines = [f"### ci-slim {verdict}", "", self.against, "", self._counts(), ""]
        if self.failed:
            lines += [*(f"- {_escaped(fault)}" for fault in self._faults()), ""]
        if rows := self._rows():
            lines += ["| table | rows before | rows now | difference |", "|---|--:|--:|--:|"]
            lines += [f"| {' | '.join(row)} |" for row in rows]
        return "\n".join(lines).rstrip() + "\n"


def _escaped(text: str) -> str:
    """Keep a message from being read as markdown or HTML."""
    return "".join(f"\\{char}" if char in "\\`*_{}[]<>()#+-!|" else char for char in text)
