"""Properties of random models: what the documentation promises holds for any model it accepts.

Files are read by Arrow and Python alone (`landing`); what a record should say is worked out anew
from other records, in plain Python.
"""

from __future__ import annotations

import ast
import hashlib
import json
import math
import operator
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from random_models import FORMATS, Source, sources

from generator.engine.faults.shares import Shares
from generator.engine.parameters import Parameters
from generator.errors import ModelError
from generator.landing.batches import Batch
from generator.landing.run import make_batch
from generator.spec.checks import check
from generator.spec.graph import versioned_columns
from generator.spec.model import Model
from generator.spec.paths import column_paths
from generator.validation import validate

NAME = "random_one"
Record = dict[str, Any]


def examples(count: int) -> settings:
    return settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


# What a model of all kinds refuses is told by other tests; here almost all must be sound.
_tried: Counter[bool] = Counter()


def sound(source: Source) -> Model:
    model = Model.model_validate_json(json.dumps(source.model), strict=True)
    try:
        check(model)
    except ModelError as error:
        event(str(error))
        _tried[False] += 1
        assume(False)
    _tried[True] += 1
    return model


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def make(out: Path, source: Source, days: int = 0, more: int = 0, **others: Any) -> Path:
    """Make a history of `days` days and `more` days one by one; return the source's folder."""
    model = sound(source)
    days = days or source.days
    workers = others.pop("workers", 1)
    defects = Shares(others.pop("defects", 0.0))
    start = date.fromisoformat(source.start)
    parameters = Parameters(NAME, "", source.seed, source.scale, start, days, defects, **others)
    landed = out / NAME
    landed.mkdir(parents=True)
    make_batch(landed, model, Batch(parameters, "history", 0, days - 1), workers)
    for day in range(days, days + more):
        make_batch(landed, model, Batch(parameters, "day", day, day), workers)
    return landed


# -- what records say ------------------------------------------------------------------------------


class Unseen(Exception):  # noqa: N818 (it is no error)
    """A value stands in no file."""


class Number:
    """A number that may be missing: then what is made of it is, and no condition on it holds."""

    def __init__(self, exact: Fraction | None) -> None:
        self.exact = exact

    def _with(self, other: Number, make: Callable[[Any, Any], Any]) -> Number:
        if self.exact is None or other.exact is None:
            return Number(None)
        try:
            return Number(Fraction(make(self.exact, other.exact)))
        except ZeroDivisionError:
            return Number(None)

    def holds(self, other: Number, relation: Callable[[Any, Any], bool]) -> bool:
        known = self.exact is not None and other.exact is not None
        return known and relation(self.exact, other.exact)


_ARITHMETIC: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul,
    ast.Div: operator.truediv, ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod,
}  # fmt: skip
_RELATIONS: dict[type, Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip


def value_of(node: ast.expr, at: Callable[[str], Number]) -> Number:  # noqa: PLR0911
    """Work out an expression by Python's tree of it; `at` gives the number at a path."""
    of = lambda part: value_of(part, at)  # noqa: E731
    match node:
        case ast.Constant():
            return Number(Fraction(str(node.value)))
        case ast.Name() | ast.Attribute():
            return at(ast.unparse(node))
        case ast.UnaryOp(op=ast.USub()):
            return Number(Fraction(0))._with(of(node.operand), operator.sub)
        case ast.BinOp():
            return of(node.left)._with(of(node.right), _ARITHMETIC[type(node.op)])
        case ast.IfExp():
            return of(node.body) if holds(node.test, at) else of(node.orelse)
        case ast.Call(func=ast.Name(id="round")):
            number = of(node.args[0]).exact
            unit = 10 ** (node.args[1].value if len(node.args) > 1 else 0)  # type: ignore[attr-defined]
            half_up = number and Fraction(math.floor(number * unit + Fraction(1, 2)), unit)
            return Number(half_up)
        case ast.Call(func=ast.Name(id="floor")):
            number = of(node.args[0]).exact
            return Number(number if number is None else Fraction(math.floor(number)))
        case ast.Call(func=ast.Name(id="abs")):
            number = of(node.args[0]).exact
            return Number(number if number is None else abs(number))
        case ast.Call(func=ast.Name(id="min" | "max" as name)):
            pick = min if name == "min" else max
            return reduce(lambda one, two: one._with(two, pick), map(of, node.args))
        case _:
            return Number(Fraction(holds(node, at)))


def holds(node: ast.expr, at: Callable[[str], Number]) -> bool:
    match node:
        case ast.Compare():
            left, right = value_of(node.left, at), value_of(node.comparators[0], at)
            return left.holds(right, _RELATIONS[type(node.ops[0])])
        case ast.BoolOp():
            each = [holds(part, at) for part in node.values]
            return all(each) if isinstance(node.op, ast.And) else any(each)
        case ast.UnaryOp(op=ast.Not()):
            return not holds(node.operand, at)
        case ast.Call(func=ast.Name(id="known")):
            return value_of(node.args[0], at).exact is not None
        case _:
            raise AssertionError(ast.dump(node))


def number(text: str | None, type_: str) -> Fraction | None:
    """Return a value of a file as a number: seconds, days, 0 and 1, or itself."""
    if text is None:
        return None
    match type_:
        case "timestamp":
            return Fraction(int(datetime.fromisoformat(text + ":00").timestamp()))
        case "date":
            return Fraction(date.fromisoformat(text).toordinal())
        case "boolean":
            return Fraction(text == "true")
        case "text" | "uuid":
            return Fraction(0)
        case _:
            return Fraction(text)


@dataclass
class Files:
    """What a source's files hold, and how its tables hang together."""

    model: Model
    records: dict[str, list[Record]]

    def __post_init__(self) -> None:
        self.versioned = {name: versioned_columns(self.model, name) for name in self.model.tables}
        self.ticking = {name: self._ticking(name) for name in self.model.tables}
        self.by_key: dict[str, dict[tuple[Any, ...], list[Record]]] = {}
        for name, records in self.records.items():
            kept = self.by_key[name] = {}
            for record in records:
                kept.setdefault(self.key(name, record), []).append(record)
            for versions in kept.values():
                if len(versions) > 1:
                    versions.sort(key=lambda record: record["seen_at"])

    def _ticking(self, name: str) -> set[str]:
        """Return the columns that change between two lines of a change log, as time goes by."""
        columns = self.model.tables[name].columns
        found = {column for column, spec in columns.items() if spec.kind in ("days_since", "alive")}
        first = {
            name: {path.split(".")[0] for path in column_paths(s)} for name, s in columns.items()
        }
        while more := {column for column in first if column not in found and first[column] & found}:
            found |= more
        return found

    def key(self, name: str, record: Record) -> tuple[Any, ...]:
        return tuple(record[column] for column in self.model.tables[name].key)

    def row(self, table: str, key: str | None, column: str, seen: str | None) -> Record:
        """Return a row as it was at a time; Unseen where no file says so."""
        versions = self.by_key.get(table, {}).get((key,))
        if versions is None:
            raise Unseen
        if column not in self.versioned[table]:
            return versions[-1]
        then = [version for version in versions if seen and version.get("seen_at", "~") <= seen]
        log = self.model.tables[table].delivery == "change_log"
        if not log or not then or column in self.ticking[table]:
            raise Unseen
        if then[-1].get("op") == "D":
            raise Unseen  # what changes after the end stands in no file
        return then[-1]

    def text(self, table: str, record: Record, path: str) -> tuple[str | None, str]:
        """Return what stands at the end of a path, and its type; Unseen where no file says it."""
        step, _, rest = path.partition(".")
        spec = self.model.tables[table]
        if not rest:
            if step not in record:
                raise Unseen
            return record[step], spec.columns[step].type
        if step == getattr(spec.rows, "parent", None):
            target, step = step, next(n for n, c in spec.columns.items() if c.kind == "parent")
        else:
            target = self.leads_to(table, step)
        if step not in record:
            raise Unseen
        column = rest.split(".")[0]
        if column == getattr(self.model.tables[target].rows, "parent", None):
            column = "of"
        if record[step] is None:
            return None, self._type(target, rest)
        seen = record.get(spec.time) if spec.time is not None else None
        return self.text(target, self.row(target, record[step], column, seen), rest)

    def _type(self, table: str, path: str) -> str:
        step, _, rest = path.partition(".")
        if not rest:
            return self.model.tables[table].columns[step].type
        parent = getattr(self.model.tables[table].rows, "parent", None)
        return self._type(step if step == parent else self.leads_to(table, step), rest)

    def leads_to(self, table: str, column: str) -> str:
        spec: Any = self.model.tables[table].columns[column]
        match spec.kind:
            case "reference":
                return str(spec.to)
            case "parent":
                return str(getattr(self.model.tables[table].rows, "parent", None))
            case "tree":
                return table
            case "lookup":
                *steps, last = spec.column.split(".")
                at = table
                for step in steps:
                    parent = getattr(self.model.tables[at].rows, "parent", None)
                    at = step if step == parent else self.leads_to(at, step)
                return self.leads_to(at, last)
            case _:
                raise Unseen

    def expected(self, table: str, record: Record, name: str) -> Fraction | str | None:
        """Work out what a column must hold; Unseen where that cannot be told from the files."""
        spec: Any = self.model.tables[table].columns[name]
        match spec.kind:
            case "constant" if spec.type == "text":
                return str(spec.value)
            case "lookup":
                return self.text(table, record, spec.column)[0]
            case "after" if spec.column is not None and spec.delay is None:
                return self.text(table, record, spec.column)[0]
            case "expression":
                tree = ast.parse(spec.value, mode="eval").body
                return value_of(
                    tree, lambda path: Number(number(*self.text(table, record, path)))
                ).exact
            case "template":
                return self._template(table, record, spec.template)
            case _ if any(self.text(table, record, p)[0] is None for p in column_paths(spec)):
                return None
            case _:
                raise Unseen

    def _template(self, table: str, record: Record, template: str) -> str | None:
        text = template.replace("{{", "\0").replace("}}", "\1")
        while "{" in text:
            before, _, rest = text.partition("{")
            field, _, after = rest.partition("}")
            column, _, case = field.partition("|")
            value = self.text(table, record, column)[0]
            if value is None:
                return None
            value = {"lower": value.lower(), "upper": value.upper()}.get(case, value)
            text = before + value + after
        return text.replace("\0", "{").replace("\1", "}")


def files_of(landing: Any, landed: Path, model: Model) -> Files:
    (manifest,) = landing.manifests(landed)
    records: dict[str, list[Record]] = {}
    for name, entry in manifest["tables"].items():
        records[name] = []
        for file in entry["files"]:
            found = landing.texts(landed / manifest["batch"] / file["path"], entry["columns"])
            assert found.num_rows == file["rows"]
            records[name] += found.to_pylist()
    return Files(model, records)


def judge_source(landing: Any, source: Source, seen: Counter[str]) -> None:
    model = sound(source)
    with folder() as out:
        landed = make(out, source)
        files = files_of(landing, landed, model)
        validate(model, next(landed.iterdir()), landed)
    for name, records in files.records.items():
        judge_sizes(source, files, name, seen)
        judge_keys(files, name)
        for record in records:
            judge_references(files, name, record, seen)
            judge_values(files, name, record, seen)
        judge_sums(source, files, name, seen)


def test_files_hold_what_the_model_says(landing):
    """Sizes, keys, references, and whatever follows from other columns."""
    seen: Counter[str] = Counter()

    @examples(150)
    @given(sources())
    def judge(source: Source) -> None:
        judge_source(landing, source, seen)

    judge()
    least = {
        "fixed": 20, "reference": 500, "parent": 500, "tree": 50, "earlier": 200, "after": 50,
        "lookup": 300, "expression": 500, "template": 300, "sum": 50, "count": 50,
    }  # fmt: skip
    assert {kind: seen[kind] for kind in least if seen[kind] < least[kind]} == {}
    assert _tried[False] < 0.3 * _tried.total()


def fixed(count: int, delivery: str = "full_extract", **columns: Any) -> dict[str, Any]:
    key = {"id": {"type": "integer", "kind": "sequence"}}
    rows = {"kind": "fixed", "count": count}
    return {"delivery": delivery, "key": ["id"], "rows": rows, "columns": key | columns}


def timed(delivery: str = "append", before: int = 20, **columns: Any) -> dict[str, Any]:
    table = fixed(1, delivery, at={"type": "timestamp", "kind": "calendar"}, **columns)
    return table | {
        "time": "at",
        "rows": {
            "kind": "over_time", "calendar": "steady", "a_year": 3000,
            "before": before, "before_least": 1, "before_days": 10,
        },
    }  # fmt: skip


def child(parent: str, delivery: str = "full_extract", **columns: Any) -> dict[str, Any]:
    rows = {"kind": "per_parent", "parent": parent, "count": 2}
    of = {"of": {"type": "integer", "kind": "parent"}}
    table = fixed(1, delivery, **of, **columns) | {"rows": rows}
    return table | ({"time": "at"} if "at" in columns else {})


AT_ONCE = {"max": 1, "unit": "seconds"}
LATER = {"min": 1, "max": 6, "unit": "days"}
CHANGED = {"type": "timestamp", "kind": "changed_at"}
OPERATION = {"type": "text", "kind": "operation"}
UUID = {"type": "uuid", "kind": "uuid"}
AT_PARENT = {"type": "timestamp", "kind": "lookup", "column": "t0.at"}

# What was wrong once, as small as it was found.
FOUND: dict[str, dict[str, Any]] = {
    "a template without columns, partly missing": {
        "t0": fixed(9, c={"type": "text", "kind": "template", "template": "x", "null_share": 0.5})
    },
    "written dates outside the days of the batch": {
        "t0": fixed(
            9,
            a={"type": "date", "kind": "constant", "value": "1969-12-31"},
            b={"type": "timestamp", "kind": "choice", "values": ["2199-01-01", "1901-01-01"]},
        )
    },
    "a time moved out of the days of the batch": {
        "t0": timed(b={"type": "timestamp", "kind": "expression", "value": "at + id * 86400"})
    },
    "a tree of fewer rows than levels": {
        "t0": fixed(2, up={"type": "integer", "kind": "tree", "levels": [1, 1, 9]})
    },
    "through a key to a row that has a parent": {
        "t0": timed(c={"type": "integer", "kind": "uniform", "min": 0, "max": 9}),
        "t1": child("t0", at=AT_PARENT, c={"type": "integer", "kind": "lookup", "column": "t0.c"}),
        "t2": child("t1", c={"type": "integer", "kind": "lookup", "column": "of.c"}),
    },
    "a division by zero, and one that is kept from it": {
        "t0": fixed(
            40,
            n={"type": "integer", "kind": "uniform", "min": 0, "max": 3},
            a={"type": "decimal", "kind": "expression", "value": "round(id / n, 2)"},
            b={"type": "integer", "kind": "expression", "value": "id // n if n > 0 else 0"},
        )
    },
    "a distribution whose parameter is missing": {
        "t0": fixed(
            40,
            n={"type": "integer", "kind": "zipf", "count": 9, "exponent": 1, "null_share": 0.4},
            a={"type": "integer", "kind": "log_normal", "median": "n", "sigma": 1, "max": 99},
            b={"type": "integer", "kind": "uniform", "min": 0, "max": "n"},
        )
    },
    "references of rows from before the first day": {
        "t0": timed(before=200),
        "t1": timed(before=200, c={"type": "integer", "kind": "reference", "to": "t0"}),
    },
    "children in an extract whose parents come later": {
        "t0": {
            **fixed(
                40,
                "append",
                base={"type": "timestamp", "kind": "constant", "value": "2025-02-28"},
                at={"type": "timestamp", "kind": "after", "column": "base", "delay": LATER},
            ),
            "time": "at",
        },
        "t1": child("t0"),
    },
    "children in an extract whose parents are deleted": {
        "t0": fixed(40) | {"ends": {"share": 0.5, "after_days": [1, 2], "how": "deleted"}},
        "t1": child("t0"),
    },
    "a path through a key that is missing": {
        "t0": fixed(
            40,
            up={"type": "integer", "kind": "tree", "levels": [1, 3], "null_share": 0.5},
            c={"type": "integer", "kind": "lookup", "column": "up.id"},
        )
    },
    "two statuses in the same second": {
        "t0": timed(
            "change_log", op=OPERATION, seen_at=CHANGED, status={"type": "text", "kind": "status"}
        )
        | {
            "life_cycle": {
                "first": "new",
                "steps": {"new": [{"to": "old", "probability": 1, "after": AT_ONCE}]},
            }
        },
    },
    "changed_at of another row": {
        "t0": timed(
            "change_log", op=OPERATION, seen_at=CHANGED,
            c={"type": "integer", "kind": "uniform", "min": 0, "max": 9},
        ) | {"changes": {"g": {"columns": ["c"], "every_days": [1, 3]}}},
        "t1": child(
            "t0",
            at={"type": "timestamp", "kind": "after", "column": "t0.at", "delay": LATER},
            c={"type": "timestamp", "kind": "lookup", "column": "t0.seen_at"},
        ),
    },
    "upper case of a UUID and of letters beyond ASCII": {
        "t0": fixed(
            9,
            u={"type": "text", "kind": "uuid"},
            a={"type": "text", "kind": "template", "template": "é {u}"},
            b={"type": "text", "kind": "template", "template": "{a|upper} {u|upper}"},
        )
    },
    "a key around a UUID that must be quoted": {
        "t0": fixed(
            9, u=UUID, k={"type": "text", "kind": "template", "template": 'é, "{u}"'}
        ) | {"key": ["k"]},
        "t1": fixed(30, c={"type": "text", "kind": "reference", "to": "t0"}),
    },
}  # fmt: skip


@pytest.mark.parametrize("found", FOUND)
def test_what_was_wrong_once(found, landing):
    model = {"name": NAME, "calendars": {"steady": {}}, "tables": FOUND[found]}
    source = Source(model, frozenset(), frozenset(), 42, 1.0, "2025-03-01", 4)
    seen: Counter[str] = Counter()
    judge_source(landing, source, seen)


def test_nothing_comes_about_under_a_deleted_parent(landing, tmp_path):
    parents = timed("change_log", op=OPERATION, seen_at=CHANGED)
    ends = {"share": 0.5, "after_days": [1, 3], "how": "deleted"}
    delay = {"min": 0, "max": 6, "unit": "days"}
    born = {"type": "timestamp", "kind": "after", "column": "t0.at", "delay": delay}
    tables = {"t0": parents | {"ends": ends}, "t1": child("t0", "append", at=born) | {"time": "at"}}
    model = {"name": NAME, "calendars": {"steady": {}}, "tables": tables}
    landed = make(tmp_path, Source(model, frozenset(), frozenset(), 42, 1.0, "2025-03-01", 9))
    log = landing.table(landed, "t0")
    deleted = log[log["op"] == "D"].set_index("id")["seen_at"]
    children = landing.table(landed, "t1").set_index("of")["at"]
    both = children.to_frame().join(deleted, how="inner")
    assert len(both) > 10
    assert (both["at"] < both["seen_at"]).all()


def judge_sizes(source: Source, files: Files, name: str, seen: Counter[str]) -> None:
    spec: Any = files.model.tables[name]
    there = len(files.by_key[name])
    ends = spec.ends is not None and spec.ends.how == "deleted"
    if spec.rows.kind == "records":
        assert there == len(spec.rows.records) or ends
    if spec.rows.kind == "fixed" and spec.time is None:
        growth = {"linear": source.scale, "root": math.sqrt(source.scale), "not": 1}
        count = max(spec.rows.least, round(spec.rows.count * growth[spec.rows.grows]))
        assert there == count or (ends and there < count)
        seen["fixed"] += 1
    if spec.rows.kind == "per_parent" and name in source.whole:
        parents = files.records.get(spec.rows.parent)
        copies = any(c.kind == "lookup" for n, c in spec.columns.items() if n != "at")
        parent = files.model.tables[spec.rows.parent]
        if parents is not None and not copies and parent.ends is None:
            assert there == spec.rows.count * len(files.by_key[spec.rows.parent])
            seen["per_parent"] += 1


def is_deleted(model: Model, name: str) -> bool:
    """Say whether rows of a table can be deleted, perhaps with their parents."""
    spec = model.tables[name]
    parent = getattr(spec.rows, "parent", None)
    own = spec.ends is not None and spec.ends.how == "deleted"
    return own or (parent is not None and is_deleted(model, parent))


def judge_keys(files: Files, name: str) -> None:
    spec = files.model.tables[name]
    for key, versions in files.by_key[name].items():
        assert None not in key
        if spec.delivery == "change_log":
            assert len({version["seen_at"] for version in versions}) == len(versions)
            told = "".join(version["op"] for version in versions)
            assert told[0] == "I"
            assert set(told[1:-1]) <= {"U"}
            assert told[-1] != "I" or told == "I"
        else:
            assert len(versions) == 1


def judge_references(files: Files, name: str, record: Record, seen: Counter[str]) -> None:
    spec = files.model.tables[name]
    for column, at in spec.columns.items():
        if at.kind not in ("reference", "parent", "tree") or record.get(column) is None:
            continue
        target = files.leads_to(name, column)
        other = files.model.tables[target]
        # Who is gone from an extract takes the children along; others still refer to them.
        gone = other.delivery == "full_extract" and is_deleted(files.model, target)
        along = at.kind == "parent" and spec.delivery == "full_extract"
        if target not in files.records or (gone and not along):
            continue
        rows = files.by_key[target].get((record[column],))
        assert rows is not None, f"{name}.{column}: {record[column]} is no {target}"
        seen[at.kind] += 1
        if None not in (spec.time, other.time) and spec.time in record and other.time in rows[0]:
            came, made = record[spec.time], rows[0][other.time]
            if at.kind == "reference" and column not in files.versioned[name]:
                first = min(row[other.time] for (row, *_) in files.by_key[target].values())
                assert made[:10] < came[:10] or made == first, f"{name}.{column} is too early"
                seen["earlier"] += 1
            if at.kind == "parent":
                assert made <= came


def judge_values(files: Files, name: str, record: Record, seen: Counter[str]) -> None:
    for column, spec in files.model.tables[name].columns.items():
        if column not in record or (record[column] is None and spec.null_share):
            continue
        try:
            expected = files.expected(name, record, column)
        except Unseen:
            continue
        found: Any = record[column]
        if spec.kind == "expression":
            found = number(found, spec.type)
        assert found == expected, f"{name}.{column} is {found}, not {expected}: {spec!r}"
        seen[spec.kind] += 1


def judge_sums(source: Source, files: Files, name: str, seen: Counter[str]) -> None:
    for column, spec in files.model.tables[name].columns.items():
        if spec.kind not in ("sum", "count") or spec.hidden:
            continue
        child, _, summed = getattr(spec, "of").partition(".")  # noqa: B009
        if child not in files.records or child not in source.prompt:
            continue
        if files.model.tables[child].delivery == "full_extract" and is_deleted(files.model, name):
            continue
        children: dict[str, list[Record]] = {}
        for row, *_ in files.by_key[child].values():
            children.setdefault(row["of"], []).append(row)
        for record in files.records[name]:
            rows = children.get(record[files.model.tables[name].key[0]], [])
            if spec.kind == "count":
                assert int(record[column]) == len(rows)
            elif rows and summed in rows[0]:
                assert Fraction(record[column]) == sum(Fraction(row[summed] or 0) for row in rows)
            elif not rows:
                assert Fraction(record[column]) == 0
            seen[spec.kind] += 1


# -- bytes -----------------------------------------------------------------------------------------


def hashes(landed: Path) -> dict[str, str]:
    return {
        str(path.relative_to(landed)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(landed.rglob("*"))
        if path.is_file()
    }


ALL = slice(None)
ROUGH = st.sampled_from([{}, {"defects": 0.4}, {"late": 0.4}, {"defects": 0.3, "late": 0.3}])


def test_bytes_depend_on_nothing_else(landing):
    """Neither on the run nor on how many rows are made or written in one pass."""

    @examples(30)
    @given(sources(), ROUGH)
    def judge(source: Source, rough: dict[str, float]) -> None:
        with folder() as out:
            once, again = (make(out / name, source, more=1, **rough) for name in ("1", "2"))
            assert hashes(once) == hashes(again)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("generator.engine.parts.CHUNK", 7)
                patch.setattr("generator.engine.parts.BLOCK", 3)
                bits = make(out / "bits", source, more=1, **rough)
            if not rough.get("defects"):
                assert hashes(bits) == hashes(once)
            # Copies stand at the end of what is written at once: the records are the same.
            for name in landing.manifests(once)[0]["tables"]:
                assert told(landing, bits, name, ALL) == told(landing, once, name, ALL)

    judge()


@examples(6)
@given(sources(), ROUGH)
def test_bytes_do_not_depend_on_workers(source, rough):
    with folder() as out, pytest.MonkeyPatch.context() as patch:
        patch.setattr("generator.engine.workers.WORTH_WORKERS", 0)
        patch.setattr("generator.engine.parts.SMALLEST_PART", 5)
        patch.setattr("generator.engine.parts.DAY_PART", 20)
        one, two = (make(out / n, source, more=1, workers=int(n), **rough) for n in "12")
        assert hashes(one) == hashes(two)


# -- days and formats ------------------------------------------------------------------------------


def told(landing: Any, landed: Path, name: str, batches: slice) -> list[str]:
    """Return a table's records in an order of their own."""
    found = []
    for manifest in landing.manifests(landed)[batches]:
        entry = manifest["tables"][name]
        for file in entry["files"]:
            path = landed / manifest["batch"] / file["path"]
            found += landing.texts(path, entry["columns"]).to_pylist()
    return sorted(map(repr, found))


def test_history_and_days_are_a_longer_history(landing):
    @examples(40)
    @given(sources(), ROUGH, st.integers(1, 3))
    def judge(source: Source, rough: dict[str, float], more: int) -> None:
        with folder() as out:
            parts = make(out / "parts", source, more=more, **rough)
            whole = make(out / "whole", source, days=source.days + more, **rough)
            for name, entry in landing.manifests(whole)[0]["tables"].items():
                last = entry["delivery"] == "full_extract"
                batches = slice(-1, None) if last else ALL
                assert told(landing, parts, name, batches) == told(landing, whole, name, batches)

    judge()


def test_formats_hold_the_same(landing):
    @examples(15)
    @given(sources(most_tables=3))
    def judge(source: Source) -> None:
        with folder() as out:
            made = {fmt: make(out / fmt, source, format=fmt) for fmt in FORMATS}
            for name in landing.manifests(made["csv"])[0]["tables"]:
                plain = told(landing, made["csv"], name, ALL)
                for fmt, landed in made.items():
                    assert told(landing, landed, name, ALL) == plain, (name, fmt)

    judge()
