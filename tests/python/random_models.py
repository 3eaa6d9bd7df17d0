"""Random small models: a hypothesis strategy that writes them as a model file would say them.

Tables are built one after the other, each of columns that only look back, so that nearly every
model passes the checks. `Facts` beside a column is what the builder needs to know to build on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any

from hypothesis import strategies as st

Json = dict[str, Any]

FORMATS = ("csv", "csv.gz", "csv.zst", "json", "json.gz", "json.zst", "parquet")
TEXTS = ("plain", "with, comma", 'a "quote"', "two\nlines", "Ünïcödé €", " blanks ", "null", "-")
# Expressions by their type; a and b become paths of numbers, w those of whole numbers.
DECIMALS = (
    "{a} + {b}",
    "{a} - {b} - 2.5",
    "round({a} * {b} / 7, 2)",
    "round({a} / {b}, 2)",
    "max({a}, {b}, 0.25)",
    "{a} if {b} > 3 else {c}",
    "{a} if known({a}) else 0",
    "round(min({a}, {b}) * 0.125, 2)",
    "abs({a} - {b}) % 7.5",
    "-{a} if {a} < {b} or {c} >= 10 else {b}",
)
WHOLE = ("{w} // 3", "floor({a} / 3)", "round({a} * 1.5)", "{w} % 7 + {v}", "{a} // {b}", "{w} * 2")
CONDITIONS = ("{a} > {b}", "{a} <= 5 and not {b} == 2", "known({a}) or {b} != 1")


@dataclass(frozen=True)
class Facts:
    """What other columns must know of one.

    Args:
        type: its type.
        bound: no value is farther from 0, if it is a number.
        moves: it hangs on the moment at which the row is seen.
        leads_to: the table whose key it is.
    """

    type: str
    bound: float = 0
    moves: bool = False
    leads_to: str | None = None


@dataclass
class Made:
    """A table that is built.

    Args:
        spec: what the model says.
        facts: its columns.
        parent: its parent's name.
        prompt: its rows come with their parent's, none later.
        before_days: how far back its rows go.
        whole: every parent has `count` of them.
    """

    spec: Json
    facts: dict[str, Facts] = field(default_factory=dict)
    parent: str | None = None
    prompt: bool = False
    before_days: int = 0
    whole: bool = False

    @property
    def time(self) -> str | None:
        time: str | None = self.spec.get("time")
        return time

    def add(self, name: str, facts: Facts, **spec: Any) -> str:
        self.spec["columns"][name] = {"type": facts.type, **spec}
        self.facts[name] = facts
        return name


@dataclass(frozen=True)
class Source:
    """A model and what to make of it.

    Args:
        model: as in a model file.
        prompt: tables of kind per_parent whose rows all come with their parent's.
        whole: those of them of which every parent has `count`.
        seed: start of all randomness.
        scale: the size.
        start: first day.
        days: days of the history.
    """

    model: Json
    prompt: frozenset[str]
    whole: frozenset[str]
    seed: int
    scale: float
    start: str
    days: int


class Builder:
    """Builds a model, drawing as it goes."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.tables: dict[str, Made] = {}

    def one(self, *values: Any) -> Any:
        return self._random.choice(values)

    def often(self, percent: int) -> bool:
        return self._random.randrange(100) < percent

    def number(self, low: int, high: int) -> int:
        return self._random.randint(low, high)

    # -- tables ----------------------------------------------------------------------------------

    def table(self) -> None:
        name = f"t{len(self.tables)}"
        parents = [n for n, made in self.tables.items() if len(made.spec["key"]) == 1]
        kind = self.one(*["fixed"] * 3, "over_time", "over_time", "records", *["per_parent"] * 4)
        if kind == "per_parent" and not parents:
            kind = "over_time"
        made = Made({"delivery": "internal", "format": self.one(*FORMATS), "columns": {}})
        self.tables[name] = made
        if kind == "per_parent":
            self._child(name, made, self.one(*parents))
        elif kind == "over_time":
            self._timed(made)
        else:
            self._fixed(made, kind)
        self._deliver(made)
        self._moves(made)
        for number in range(self.number(3, 7)):
            self._column(name, made, f"c{number}")
        if made.spec.get("life_cycle") and self.often(70):
            made.add("status", Facts("text", moves=True), kind="status")
        elif made.spec.get("life_cycle"):
            made.add("status", Facts("text", moves=True), kind="status", hidden=True)
        self._close(made)
        if made.parent is not None:
            self._sum_up(name, made, self.tables[made.parent])

    def _key(self, made: Made, name: str = "id") -> None:
        made.spec["key"] = [name]
        match self.one("integer", "bigint", "text", "uuid", "template"):
            case "integer":
                made.add(name, Facts("integer", 1e9), kind="sequence", first=self.number(0, 9))
            case "bigint":
                made.add(name, Facts("bigint", 1e13), kind="sequence", first=7_000_000_001)
            case "text":
                made.add(name, Facts("text"), kind="sequence", prefix=self.one("", "K-"), digits=9)
            case "uuid":
                made.add(name, Facts(self.one("uuid", "text")), kind="uuid")
            case _:
                made.add("n", Facts("integer", 1e9), kind="sequence", hidden=self.often(50))
                template = "x{n}/{{}}"
                if self.often(40):
                    made.add("u", Facts("uuid"), kind="uuid", hidden=True)
                    template = self.one('é, "{u}"', "{u}{n}")
                made.add(name, Facts("text"), kind="template", template=template, unique=True)

    def _fixed(self, made: Made, kind: str) -> None:
        if kind == "records":
            count = self.number(1, 4)
            made.spec["rows"] = {
                "kind": "records",
                "records": [
                    {"id": f"R{n}", "said": self.one(None, *TEXTS), "worth": self.one(None, 0, 7.5)}
                    for n in range(count)
                ],
            }
            made.spec["key"] = ["id"]
            for name, facts in (("id", Facts("text")), ("said", Facts("text"))):
                made.add(name, facts, kind="record")
            made.add("worth", Facts("decimal", 8), kind="record")
            return
        grows = self.one("linear", "root", "not")
        least = self.number(1, 4)
        count = self.number(1, 40)
        made.spec["rows"] = {"kind": "fixed", "count": count, "grows": grows, "least": least}
        self._key(made)
        if self.often(30):
            spread = {"min": "2025-02-20", "max": "2025-03-12"}
            made.add("base", Facts("timestamp"), kind="uniform", **spread)
            made.add("at", Facts("timestamp"), kind="after", column="base", delay=self._delay())
            made.spec["time"] = "at"
        elif self.often(70):
            key = made.facts["id"]
            facts = Facts(key.type, key.bound, leads_to=f"t{len(self.tables) - 1}")
            made.add("above", facts, kind="tree", levels=[1, self.number(1, 3), 2.5])

    def _timed(self, made: Made) -> None:
        earlier = [table.before_days for table in self.tables.values() if table.before_days]
        made.before_days = self.number(1, min(earlier, default=12))
        made.spec["rows"] = {
            "kind": "over_time", "calendar": self.one("steady", "lively"),
            "a_year": self.number(200, 2500), "least": self.number(1, 200),
            "before": self.number(0, 25), "before_least": self.one(0, 1, 1, 5),
            "before_days": made.before_days,
        }  # fmt: skip
        self._key(made)
        made.add("at", Facts("timestamp"), kind="calendar")
        made.spec["time"] = "at"

    def _child(self, name: str, made: Made, parent: str) -> None:
        of = self.tables[parent]
        made.parent = parent
        rows: Json = {"kind": "per_parent", "parent": parent}
        made.spec["rows"] = rows
        match self.one("count", "count", "weights", "slots"):
            case "count":
                rows["count"] = self.number(1, 3)
            case "weights":
                rows["weights"] = {"0": 1, "1": self.number(1, 3), "4": 2}
            case _:
                rows["slots"] = {"main": {}, "more": {"share": self.one(0.5, 1)}}
                if self.often(40):
                    rows["slots"]["more"]["when"] = self._when(parent)
        if self.often(30):
            rows["share"] = 0.6
        if self.often(25):
            rows["when"] = self._when(parent)
        key = of.facts[of.spec["key"][0]]
        facts = Facts(key.type, key.bound, leads_to=parent)
        made.add("of", facts, kind="parent")
        match self.one("place", "place", "own", "text"):
            case "place" if "slots" in rows:
                values = {"main": 1, "more": 2}
                made.add("place", Facts("integer", 2), kind="by_slot", values=values)
                made.spec["key"] = ["of", "place"]
            case "own":
                self._key(made)
            case choice:
                made.add("place", Facts("integer", 4), kind="position")
                made.spec["key"] = ["of", "place"]
                if choice == "text":
                    made.add("id", Facts("text"), kind="template", template="{of}#{place}")
                    made.spec["key"] = ["id"]
        self._child_time(made, of, parent)
        whole = "count" in rows and "share" not in rows and "when" not in rows
        made.whole = whole and made.prompt

    def _when(self, parent: str) -> str:
        of = self.tables[parent]
        still = [name for name, facts in of.facts.items() if not facts.moves]
        numbers = [name for name in still if of.facts[name].bound]
        if numbers and self.often(60):
            return f"{parent}.{self.one(*numbers)} > {self.number(0, 9)}"
        return f"known({parent}.{self.one(*still)})"

    def _child_time(self, made: Made, of: Made, parent: str) -> None:
        times = [
            name
            for name, facts in of.facts.items()
            if of.time is not None and (name == of.time or name.startswith("when_"))
        ]
        if not times:
            made.prompt = True
            return
        made.spec["time"] = "at"
        chosen = f"{parent}.{self.one(of.time, *times)}"
        slots = made.spec["rows"].get("slots")
        if self.often(50):
            made.add("at", Facts("timestamp"), kind="lookup", column=chosen)
            made.prompt = chosen == f"{parent}.{of.time}"
        elif slots is not None and self.often(70):
            ways = {slot: {"column": f"{parent}.{self.one(*times)}"} for slot in slots}
            ways["more"]["delay"] = self._delay()
            made.add("at", Facts("timestamp"), kind="after", slots=ways)
        elif self.often(85):
            made.add("at", Facts("timestamp"), kind="after", column=chosen, delay=self._delay())
        else:
            del made.spec["time"]

    def _delay(self) -> Json:
        unit, most = self.one(("days", 3), ("hours", 60), ("minutes", 900), ("seconds", 90_000))
        delay = {"max": most, "min": self.one(0, most / 3), "unit": unit}
        match self.one("uniform", "exponential", "normal", "log_normal"):
            case "exponential":
                return delay | {"kind": "exponential", "mean": most / 3}
            case "normal":
                return delay | {"kind": "normal", "mean": most / 2, "spread": most / 4}
            case "log_normal":
                return delay | {"kind": "log_normal", "median": most / 3, "spread": 0.7}
            case _:
                return delay

    # -- how rows are delivered, change and end ----------------------------------------------------

    def _deliver(self, made: Made) -> None:
        ways = ["full_extract"] * 2 + ["internal"]
        if made.time is not None:
            ways += ["append"] * 2 + ["change_log"] * 4
        made.spec["delivery"] = self.one(*ways)
        if made.time is not None and self.often(50):
            self._life(made)

    def _life(self, made: Made) -> None:
        steps = {
            "new": [
                {"to": "sent", "probability": 0.7, "after": self._delay()},
                {"to": "lost", "probability": self.one(0.1, 0.3), "after": self._delay()},
            ],
            "sent": [{"to": "back", "probability": self.one(0.5, 1), "after": self._delay()}],
        }
        if self.often(30):
            del steps["sent"]
        made.spec["life_cycle"] = {"first": "new", "steps": steps}
        reached = self.one("new", "sent", "lost")
        made.add(f"when_{reached}", Facts("timestamp"), kind="reached", status=reached, hidden=True)

    def _moves(self, made: Made) -> None:
        if made.spec["delivery"] != "append" and self.often(45):
            made.spec["changes"] = {"g": {"columns": [], "every_days": self.one([1, 3], [2, 9])}}
        if made.parent is None and self.often(35):
            ways = ["withdrawn"] if made.spec["delivery"] == "append" else ["withdrawn", "deleted"]
            after = self.one([1, 4], [2, 9])
            made.spec["ends"] = {"share": 0.4, "after_days": after, "how": self.one(*ways)}

    def _close(self, made: Made) -> None:
        """Add the columns that tell of versions, and take out what nothing came of."""
        groups = made.spec.get("changes")
        if groups is not None and not groups["g"]["columns"]:
            del made.spec["changes"]
            groups = None
        if groups and self.often(40):
            facts = Facts("integer", 400, moves=True)
            made.add("age", facts, kind="days_since", change="g")
        if made.spec.get("ends") and self.often(50):
            made.add("alive", Facts("boolean", moves=True), kind="alive")
        delivery = made.spec["delivery"]
        if delivery == "change_log" or (delivery == "full_extract" and self.often(40)):
            made.add("seen_at", Facts("timestamp", moves=True), kind="changed_at")
        if delivery == "change_log":
            made.add("op", Facts("text", moves=True), kind="operation")

    def _sum_up(self, name: str, made: Made, parent: Made) -> None:
        if self.often(60):
            parent.add(f"count_{name}", Facts("integer", 4), kind="count", of=name)
        numbers = [
            column
            for column, facts in made.facts.items()
            if 0 < facts.bound < 1e6 and not facts.moves
        ]
        if numbers and self.often(70):
            of = self.one(*numbers)
            facts = made.facts[of]
            type_ = "decimal" if facts.type == "decimal" else "bigint"
            summed = Facts(type_, facts.bound * 4)
            parent.add(f"sum_{name}", summed, kind="sum", of=f"{name}.{of}", signed=True)

    # -- columns -----------------------------------------------------------------------------------

    def _paths(self, name: str, made: Made) -> dict[str, Facts]:
        """Return what a row of a table can see, by path."""
        paths = {path: facts for path, facts in made.facts.items() if path != "op"}
        ways = {column: facts.leads_to for column, facts in made.facts.items() if facts.leads_to}
        if made.parent is not None:
            ways[made.parent] = made.parent
        for step, target in ways.items():
            if target is None or target == name:
                continue
            moves = step in made.facts and made.facts[step].moves
            for column, facts in self.tables[target].facts.items():
                if column != "op" and (made.time is not None or not facts.moves):
                    seen = Facts(facts.type, facts.bound, moves, facts.leads_to)
                    paths[f"{step}.{column}"] = seen
        return paths

    def _column(self, name: str, made: Made, column: str) -> None:
        kinds = ["drawn"] * 3 + ["reference"] * 2 + ["expression"] * 4 + ["lookup"] * 3
        make = {
            "drawn": self._drawn, "reference": self._reference, "expression": self._expression,
            "lookup": self._lookup, "template": self._template, "after": self._after,
        }[self.one(*kinds, "template", "after")]  # fmt: skip
        made_one = make(name, made)
        if made_one is None:
            made_one = self._drawn(name, made)
        facts, spec = made_one
        if self.often(20):
            spec["null_share"] = self.one(0.1, 0.5, 1)
        if self.often(10):
            spec["hidden"] = True
        made.add(column, facts, **spec)
        drawn = spec["kind"] not in ("expression", "lookup", "template", "after", "constant")
        groups = made.spec.get("changes")
        if drawn and groups and self.often(60):
            groups["g"]["columns"].append(column)
            made.facts[column] = Facts(facts.type, facts.bound, True, facts.leads_to)

    def _drawn(self, name: str, made: Made) -> tuple[Facts, Json]:  # noqa: PLR0911, PLR0912
        whole = self.one("integer", "bigint", "decimal")
        limits = {"min": self.one(0, 2), "max": self.one(3, 900)}
        if whole == "decimal" and self.often(50):
            limits["max"] += 0.75
        numbers = [p for p, f in self._paths(name, made).items() if f.bound and not f.moves]
        match self.one(
            "constant", "pool", "choice", "uniform", "uniform", "date", "normal", "log_normal",
            "exponential", "poisson", "zipf", "values", "uuid",
        ):  # fmt: skip
            case "constant":
                type_, value = self.one(
                    ("text", "with, comma"), ("integer", -3), ("decimal", 0.05), ("boolean", True),
                    ("date", "2024-02-29"), ("timestamp", "2025-03-02 23:59:59"), ("bigint", 10**9),
                )  # fmt: skip
                bound = {"integer": 3, "decimal": 1}.get(type_, 0)
                signed = {"signed": True} if type_ == "integer" else {}
                return Facts(type_, bound), {"kind": "constant", "value": value, **signed}
            case "pool":
                spec = {"kind": "pool", "pool": self.one("words", "pairs")}
                return Facts("text"), spec | {"exponent": self.one(0, 0.8, 2)}
            case "choice":
                count = self.number(1, len(TEXTS))
                spec = {"kind": "choice", "values": list(TEXTS[:count])}
                if self.often(50):
                    spec["weights"] = [self.one(1, 2.5)] + [self.one(0, 1, 3)] * (count - 1)
                return Facts("text"), spec
            case "values":
                type_, values = self.one(
                    ("integer", [1, 5, 12]), ("decimal", [0.5, 9.99]), ("boolean", [True, False]),
                    ("date", ["2025-03-01", "1969-12-31"]),
                )  # fmt: skip
                bound = 0 if type_ in ("boolean", "date") else 12
                return Facts(type_, bound), {"kind": "choice", "values": values}
            case "uniform":
                if self.often(30):
                    spec = {"kind": "uniform", "min": -limits["max"], "max": limits["max"]}
                    return Facts(whole, 901), spec | {"signed": True}
                return Facts(whole, 901), {"kind": "uniform"} | limits
            case "date":
                spec = {"kind": "uniform", "min": "2024-12-30", "max": "2025-03-31"}
                return Facts(self.one("date", "timestamp")), spec
            case "normal":
                mean = self.one(*numbers) if numbers and self.often(50) else 40
                return Facts(whole, 901), {"kind": "normal", "mean": mean, "spread": 25} | limits
            case "log_normal":
                return Facts(whole, 901), {"kind": "log_normal", "median": 9, "sigma": 1.0} | limits
            case "exponential":
                return Facts(whole, 901), {"kind": "exponential", "mean": 12.5} | limits
            case "poisson":
                return Facts(self.one("integer", "bigint"), 99), {"kind": "poisson", "mean": 2.5}
            case "zipf":
                spec = {"kind": "zipf", "count": 9, "exponent": self.one(0, 1.1)}
                return Facts(self.one("integer", "bigint"), 9), spec
            case _:
                return Facts(self.one("uuid", "text")), {"kind": "uuid"}

    def _reference(self, name: str, made: Made) -> tuple[Facts, Json] | None:
        targets = [
            target
            for target, other in self.tables.items()
            if len(other.spec["key"]) == 1
            and other.parent is None
            and (other.time is None or other.spec["rows"].get("before_least", 0) > 0)
            and (target != name or other.time is not None)
        ]
        if not targets:
            return None
        target = self.one(*targets)
        key = self.tables[target].facts[self.tables[target].spec["key"][0]]
        spec: Json = {"kind": "reference", "to": target}
        if self.often(50):
            spec |= {"exponent": self.one(0.5, 0.8, 1), "head": self.one(0.01, 0.5)}
        return Facts(key.type, key.bound, leads_to=target), spec

    def _lookup(self, name: str, made: Made) -> tuple[Facts, Json] | None:
        paths = {p: f for p, f in self._paths(name, made).items() if "." in p}
        if not paths:
            return None
        path = self.one(*paths)
        signed = {"signed": True} if paths[path].bound else {}
        return paths[path], {"kind": "lookup", "column": path, **signed}

    def _expression(self, name: str, made: Made) -> tuple[Facts, Json] | None:
        paths = self._paths(name, made)
        numbers = [p for p, f in paths.items() if 0 < f.bound <= 4000]
        whole = [p for p in numbers if paths[p].type != "decimal"]
        times = [p for p, f in paths.items() if f.type == "timestamp"]
        a, b, c = (self.one(*numbers) if numbers else "" for _ in range(3))
        w, v = (self.one(*whole) if whole else "" for _ in range(2))
        used = [a, b, c]
        choice = self.one("decimal", "decimal", "whole", "boolean", "time", "text")
        bound = 2 * max((paths[path].bound for path in used if path), default=0) + 3
        match choice:
            case "decimal" if numbers:
                text, type_ = self.one(*DECIMALS), "decimal"
                bound = bound**2 if "*" in text or "/" in text else bound
            case "whole" if whole:
                text, type_ = self.one(*WHOLE), "bigint"
                used += [w, v]
                bound = 1e9
            case "boolean" if numbers:
                text, type_, bound = self.one(*CONDITIONS), "boolean", 0
            case "time" if times:
                t, u = self.one(*times), self.one(*times)
                text, type_, bound = self.one(
                    (f"{t} - {u}", "bigint", 1e9), (f"{t} + 3600", "timestamp", 0),
                    (f"{t} < {u}", "boolean", 0),
                )  # fmt: skip
                used = [t, u]
            case "text" if "when_sent" in made.facts:
                text, type_, bound = "known(when_sent)", "boolean", 0
                used = ["when_sent"]
            case _:
                return None
        moves = any(paths[path].moves for path in used if path)
        spec: Json = {"kind": "expression", "value": text.format(a=a, b=b, c=c, w=w, v=v)}
        if bound:
            spec["signed"] = True
        return Facts(type_, bound, moves), spec

    def _template(self, name: str, made: Made) -> tuple[Facts, Json]:
        names = [c for c, f in made.facts.items() if f.type in ("text", "integer", "bigint")]
        one, two = self.one(*names, None), self.one(*names, None)
        parts = []
        for column in (one, two):
            if column is None:
                parts.append("{{" + self.one("a", 'b"', "c,") + "}}")
            elif made.facts[column].type == "text":
                parts.append("{" + column + self.one("", "|lower", "|upper") + "}")
            else:
                parts.append("{" + column + "}")
        moves = any(made.facts[column].moves for column in (one, two) if column is not None)
        return Facts("text", moves=moves), {"kind": "template", "template": " ".join(parts)}

    def _after(self, name: str, made: Made) -> tuple[Facts, Json] | None:
        times = {p: f for p, f in self._paths(name, made).items() if f.type == "timestamp"}
        if not times:
            return None
        path = self.one(*times)
        spec: Json = {"kind": "after", "column": path}
        if self.often(60):
            spec["delay"] = self._delay()
        return Facts("timestamp", moves=times[path].moves), spec

    # -- the rest of the model ---------------------------------------------------------------------

    def calendars(self) -> Json:
        lively = {
            "weekdays": [1, 1, self.one(0, 2), 1, 1.5, self.one(0, 3), 0.5],
            "months": [1, 1, self.one(1, 4), 1, 1, 1, 1, 1, 1, 1, 1, 1],
            "hours": [self.one(0, 1)] + [0, 1] * 11 + [2],
            "trend_a_year": self.one(0, -0.5, 3),
            "noise": self.one(0, 0.3),
            "special_days": [
                {"name": "one", "month": 3, "day": 3, "weight": self.one(0, 4)},
                {"name": "b", "month": 3, "weekday": "monday", "nth": 1, "offset": 1, "weight": 2},
            ],
        }
        return {"steady": {}, "lively": lively}

    def faults(self) -> None:
        for made in self.tables.values():
            if made.spec["delivery"] != "internal":
                made.spec["faults"] = list(self._faults(made))

    def _faults(self, made: Made) -> list[Json]:
        faults: list[Json] = [{"make": "duplicate_row", "rule": "twice"}]
        as_text = made.spec["format"] != "parquet"
        for name, spec in made.spec["columns"].items():
            if spec.get("hidden") or name in made.spec["key"] or spec["kind"] == "operation":
                continue
            facts = made.facts[name]
            makes = ["missing", "duplicate_key"]
            if facts.type == "text":
                makes += ["white_space", "wrong_case"]
            if facts.bound:
                makes += ["wrong_total", "not_positive", *["text_for_number"] * as_text]
            if facts.type in ("timestamp", "date"):
                makes += ["future_date", *["malformed_date"] * as_text]
            if facts.leads_to is not None:
                makes.append("unknown_reference")
            make = self.one(*makes)
            clean = make in ("white_space", "wrong_case")
            rule = {} if clean else {"rule": f"{name}_wrong"}
            faults.append({"make": make, "column": name, "weight": self.one(1, 3), **rule})
        return faults

    def totals(self) -> Json | None:
        measures = {}
        for name, made in self.tables.items():
            if made.spec["delivery"] != "internal" and made.time is not None:
                measures[name] = {"table": name, "date": made.time, "count": "rows"}
        return {"date": "day", "measures": measures} if measures else None


@st.composite
def sources(draw: st.DrawFn, *, most_tables: int = 5) -> Source:
    """Draw a model of 1 to 5 tables, a seed, a start and the days of a history.

    Of a table no choice is drawn by itself: hypothesis would take minutes to make a failing one
    smaller. It can leave out the last tables.
    """
    builder = Builder(draw(st.randoms(use_true_random=True)))
    for _ in range(draw(st.integers(1, most_tables))):
        builder.table()
    if all(made.spec["delivery"] == "internal" for made in builder.tables.values()):
        builder.tables["t0"].spec["delivery"] = "full_extract"
    builder.faults()
    model: Json = {
        "name": "random_one",
        "calendars": builder.calendars(),
        "pools": {
            "words": {"values": list(TEXTS)},
            "pairs": {"templates": ["{words} and {words}", "only {words}"], "size": 12},
        },
        "tables": {
            name: builder.tables[name].spec
            for name in sorted(builder.tables, reverse=draw(st.booleans()))
        },
    }
    if (totals := builder.totals()) is not None:
        model["totals"] = totals
    return Source(
        model,
        frozenset(name for name, made in builder.tables.items() if made.prompt),
        frozenset(name for name, made in builder.tables.items() if made.whole),
        seed=draw(st.integers(0, 2**63 - 1)),
        scale=draw(st.sampled_from([1.0, 1.0, 0.3, 2.5])),
        start=draw(st.sampled_from(["2025-03-01", "2024-02-27", "1970-01-01"])),
        days=draw(st.integers(1, 6)),
    )
