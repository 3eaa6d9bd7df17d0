"""Which share of a table's records gets which fault: what `--defects` says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, get_args

from generator.errors import BadParameter
from generator.spec.faults import Fault, Make
from generator.spec.holding import can_hold
from generator.spec.model import FileFormat, Model, Table
from generator.spec.values import Type

_SEPARATORS, _EQUALS = re.compile(r"\s*,\s*|\s+"), re.compile(r"\s*=\s*")
MAKES: tuple[str, ...] = get_args(Make)
GREATEST_SHARE = 0.5
# So that most records of a table stay sound, whatever is asked for.
GREATEST_SUM = Fraction(9, 10)


@dataclass(frozen=True)
class Shares:
    """How much is to be broken.

    Args:
        base: share of each table's records, split over its faults by their weights.
        kinds: shares of kinds that were asked for by name; these take no part in the base.
    """

    base: float = 0.0
    kinds: dict[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return what the manifest keeps."""
        return {"base": self.base, "kinds": dict(sorted(self.kinds.items()))}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Shares:
        """Read what `as_json` wrote.

        Raises:
            KeyError: a part is missing.
            TypeError: the content is no object.
            BadParameter: a share is out of range, or a kind is unknown.
        """
        kinds = [f"{kind}={share}" for kind, share in dict(content["kinds"]).items()]
        return parse_shares([str(content["base"]), *kinds])

    def of(self, name: str, table: Table, fmt: FileFormat) -> list[tuple[Fault, Fraction]]:
        """Return the table's faults with their exact shares, those above 0 only.

        Args:
            name: the table's name, for the message.
            table: the table.
            fmt: format of its files; what it cannot hold gets no share.

        Raises:
            BadParameter: the shares are too much for one table.
        """
        possible = [fault for fault in table.faults if can_hold(fault, _type(table, fault), fmt)]
        open_ones = [fault for fault in possible if fault.make not in self.kinds]
        weights = sum(Fraction(str(fault.weight)) for fault in open_ones)
        shares = []
        for fault in possible:
            if fault.make in self.kinds:
                same = sum(other.make == fault.make for other in possible)
                share = Fraction(str(self.kinds[fault.make])) / same
            elif weights:
                share = Fraction(str(self.base)) * Fraction(str(fault.weight)) / weights
            else:
                share = Fraction(0)
            if share:
                shares.append((fault, share))
        total = sum(share for _, share in shares)
        if total > GREATEST_SUM:
            raise BadParameter(
                f"--defects: the shares of table {name} add up to {float(total):g};"
                f" lower them to {float(GREATEST_SUM):g} or less"
            )
        return shares

    def check(self, model: Model, formats: Mapping[str, FileFormat]) -> None:
        """Compare with a model before anything is made.

        Args:
            model: the model.
            formats: the format of each table that is delivered.

        Raises:
            BadParameter: too much for one table, or no table can have a kind asked for.
        """
        for name, fmt in formats.items():
            self.of(name, model.tables[name], fmt)
        for kind, share in self.kinds.items():
            having = {name for name in formats if kind in _makes(model.tables[name])}
            if not share:
                continue
            if not having:
                known = sorted(set().union(*(_makes(model.tables[name]) for name in formats)))
                raise BadParameter(
                    f"--defects {kind}={share:g}: no table of the model {model.name} lists this"
                    f" fault; {_choose(known)}"
                )
            if not any(
                fault.make == kind
                and can_hold(fault, _type(model.tables[name], fault), formats[name])
                for name in having
                for fault in model.tables[name].faults
            ):
                raise BadParameter(
                    f"--defects {kind}={share:g}: {', '.join(sorted(having))} would have it, but"
                    f" not in format {formats[min(having)]}; leave it out or choose --format csv"
                )


def parse_shares(items: Sequence[str]) -> Shares:
    """Read the values of `--defects`: `0.01`, `duplicate_key=0.02`, with commas or blanks between.

    Raises:
        BadParameter: an item is not a share, names no kind of fault, or comes twice.
    """
    shares: dict[str, float] = {}
    texts = [_EQUALS.sub("=", text.strip()) for text in items]
    for item in (part for text in texts for part in _SEPARATORS.split(text)):
        kind, equals, number = item.rpartition("=")
        kind = kind.strip()
        if equals and kind not in MAKES:
            raise BadParameter(f"--defects {item}: {kind!r} is no kind of fault; {_choose(MAKES)}")
        share = _share(item, number)
        if kind in shares:
            what = f"the share of {kind}" if kind else "the share of all kinds"
            raise BadParameter(f"--defects {item}: {what} is given twice; give it once")
        shares[kind] = share
    return Shares(shares.pop("", 0.0), shares)


def _share(item: str, number: str) -> float:
    try:
        share = float(number)
    except ValueError:
        share = -1.0
    if not 0 <= share <= GREATEST_SHARE:
        raise BadParameter(
            f"--defects {item}: give a share from 0 to {GREATEST_SHARE}, as in 0.01 or"
            " duplicate_key=0.02"
        )
    return share


def _choose(kinds: Sequence[str]) -> str:
    return f"choose among {', '.join(kinds)}" if kinds else "leave it out"


def _makes(table: Table) -> set[str]:
    return {fault.make for fault in table.faults}


def _type(table: Table, fault: Fault) -> Type | None:
    """Return the type of the column that a fault changes; None for a whole line."""
    return None if fault.column is None else table.columns[fault.column].type
