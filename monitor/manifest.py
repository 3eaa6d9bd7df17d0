"""What dbt knows of the warehouse: its models, columns, rules and tests, read from its manifest."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from monitor.check import Severity
from warehouse.errors import WarehouseError
from warehouse.settings import PROJECT_DIR

MANIFEST_PATH = PROJECT_DIR / "target" / "manifest.json"

CHECKED = "checked_"

_RELATIONS = ("model", "seed", "snapshot")


class ManifestError(WarehouseError):
    """dbt's manifest is not there, damaged, or says what it may not."""


@dataclass(frozen=True)
class Column:
    """A column as YAML declares it; its type is none where none is declared."""

    name: str
    data_type: str | None
    is_personal: bool


@dataclass(frozen=True)
class Constraint:
    """A constraint as YAML declares it.

    Args:
        kind: primary_key, foreign_key, not_null, unique or check.
        columns: that it is about.
        parent: of a foreign key, the name of the table referred to.
    """

    kind: str
    columns: tuple[str, ...]
    parent: str | None


@dataclass(frozen=True)
class Node:
    """A node of dbt's graph: a model, seed, snapshot or test."""

    unique_id: str
    name: str
    kind: str
    schema: str
    relation: str
    path: str
    materialized: str
    columns: Mapping[str, Column]
    constraints: tuple[Constraint, ...]
    meta: Mapping[str, Any]
    tags: tuple[str, ...]
    depends_on: tuple[str, ...]
    test: str | None = None
    attached_to: str | None = None
    compiled: str | None = None

    @property
    def is_built(self) -> bool:
        """Whether a table or view of the warehouse comes of it."""
        return self.kind in _RELATIONS and self.materialized != "ephemeral"

    @property
    def place(self) -> str:
        """Its relation with the schema, as people write it."""
        return f"{self.schema}.{self.relation}"

    @property
    def owner(self) -> str | None:
        """Who answers for it."""
        owner = self.meta.get("owner")
        return None if owner is None else str(owner)

    @property
    def severity(self) -> Severity:
        """How much a failure matters.

        Raises:
            ManifestError: its meta names none that there is.
        """
        return _severity(self.meta, self.path)


@dataclass(frozen=True)
class Source:
    """A table that a source delivers, as dbt declares it.

    Args:
        warn_after: seconds after which it is late; none where nothing is promised.
        error_after: seconds after which it is too late; none where nothing is promised.
    """

    unique_id: str
    source: str
    table: str
    relation: str
    path: str
    meta: Mapping[str, Any]
    owner: str | None
    severity: Severity
    tags: tuple[str, ...]
    warn_after: float | None
    error_after: float | None
    personal: frozenset[str]


@dataclass(frozen=True)
class Manifest:
    """dbt's graph: nodes and sources by their unique ids."""

    nodes: Mapping[str, Node]
    sources: Mapping[str, Source]
    personal: frozenset[str] = field(default_factory=frozenset)

    def relations(self) -> Iterator[Node]:
        """Give the models, seeds and snapshots, by schema and name."""
        built = [node for node in self.nodes.values() if node.is_built]
        yield from sorted(built, key=lambda node: (node.schema, node.relation))

    def checked(self) -> dict[str, Node]:
        """Give the models that hold the rules, by entity."""
        return {
            node.name.removeprefix(CHECKED): node
            for node in self.relations()
            if node.name.startswith(CHECKED) and "rules" in node.meta
        }

    def tests(self) -> list[Node]:
        """Give the data tests, by name."""
        tests = [node for node in self.nodes.values() if node.kind == "test"]
        return sorted(tests, key=lambda node: node.name)

    def named(self, name: str) -> Node | None:
        """Find a model, seed or snapshot by its name."""
        return next((node for node in self.relations() if node.name == name), None)

    def ancestors(self, unique_id: str) -> set[str]:
        """Give the ids of all that a node reads, directly or through others."""
        found: set[str] = set()
        waiting = list(self.nodes[unique_id].depends_on)
        while waiting:
            parent = waiting.pop()
            if parent not in found:
                found.add(parent)
                if parent in self.nodes:
                    waiting.extend(self.nodes[parent].depends_on)
        return found

    def delivered(self) -> dict[str, list[Source]]:
        """Give what the sources deliver, by source: all that something in quality is made of."""
        wanted: set[str] = set()
        for node in self.checked().values():
            wanted |= self.ancestors(node.unique_id)
        by_source: dict[str, list[Source]] = {}
        for source in self.sources.values():
            if source.unique_id in wanted and not source.table.startswith("_"):
                by_source.setdefault(source.source, []).append(source)
        return by_source


def load_manifest(path: Path = MANIFEST_PATH) -> Manifest:
    """Read dbt's manifest.

    Raises:
        ManifestError: it is not there or damaged.
    """
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise ManifestError(
            f"{path} is not there: dbt parse writes it, and so does every make build"
        ) from None
    except ValueError:
        raise ManifestError(f"{path} is damaged: dbt parse writes it anew") from None
    try:
        nodes = {key: _node(raw) for key, raw in document["nodes"].items()}
        sources = {key: _source(raw) for key, raw in document["sources"].items()}
    except KeyError as error:
        raise ManifestError(
            f"{path} lacks {error}: it is of another dbt; dbt parse writes it anew"
        ) from None
    personal = {
        column.name
        for node in nodes.values()
        for column in node.columns.values()
        if column.is_personal
    }
    for source in sources.values():
        personal |= source.personal
    return Manifest(nodes, sources, frozenset(personal))


def _node(raw: Mapping[str, Any]) -> Node:
    config = raw["config"]
    return Node(
        unique_id=raw["unique_id"],
        name=raw["name"],
        kind=raw["resource_type"],
        schema=raw["schema"],
        relation=raw["alias"],
        path=raw["original_file_path"],
        materialized=config.get("materialized") or "",
        columns={column.name: column for column in _columns(raw)},
        constraints=tuple(_constraints(raw)),
        meta=config.get("meta") or {},
        tags=tuple(raw.get("tags") or ()),
        depends_on=tuple((raw.get("depends_on") or {}).get("nodes") or ()),
        test=(raw.get("test_metadata") or {}).get("name"),
        attached_to=raw.get("attached_node"),
        compiled=raw.get("compiled_code") if raw["resource_type"] == "test" else None,
    )


def _columns(raw: Mapping[str, Any]) -> Iterable[Column]:
    for column in (raw.get("columns") or {}).values():
        meta = {**(column.get("meta") or {}), **((column.get("config") or {}).get("meta") or {})}
        yield Column(column["name"], column.get("data_type"), meta.get("pii") is True)


def _constraints(raw: Mapping[str, Any]) -> Iterable[Constraint]:
    """Give the constraints of a node in one shape; `declared_constraints` does so within dbt."""
    declared = [(one.get("columns") or [], one) for one in raw.get("constraints") or ()]
    for column in (raw.get("columns") or {}).values():
        declared += [([column["name"]], one) for one in column.get("constraints") or ()]
    for columns, one in declared:
        # As written before dbt compiled it, the relation's quoted name after.
        to = one.get("to") or (one.get("expression") or "").split("(")[0]
        parent = re.sub(r"ref\(|[()'\"]", "", to).split(".")[-1].strip()
        is_foreign = one["type"] == "foreign_key"
        yield Constraint(one["type"], tuple(columns), parent if is_foreign else None)


_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}


def _seconds(threshold: Mapping[str, Any] | None) -> float | None:
    if not threshold or threshold.get("count") is None:
        return None
    return float(threshold["count"] * _SECONDS[threshold["period"]])


def _severity(meta: Mapping[str, Any], path: str) -> Severity:
    named = meta.get("severity", Severity.CRITICAL)
    try:
        return Severity(named)
    except ValueError:
        known = ", ".join(Severity)
        raise ManifestError(
            f"{path}: severity {named!r} is none of {known}: correct its meta"
        ) from None


def _source(raw: Mapping[str, Any]) -> Source:
    config = raw.get("config") or {}
    meta = {**(raw.get("source_meta") or {}), **(config.get("meta") or {})}
    freshness = raw.get("freshness") or {}
    return Source(
        unique_id=raw["unique_id"],
        source=raw["source_name"],
        table=raw["name"],
        relation=raw["identifier"],
        path=raw["original_file_path"],
        meta=meta,
        owner=meta.get("owner"),
        severity=_severity(meta, raw["original_file_path"]),
        tags=tuple(raw.get("tags") or ()),
        warn_after=_seconds(freshness.get("warn_after")),
        error_after=_seconds(freshness.get("error_after")),
        personal=frozenset(column.name for column in _columns(raw) if column.is_personal),
    )
