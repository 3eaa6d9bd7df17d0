"""Draw the pictures of docs/generator.md: what the engine makes of docs/examples/ferries.json.

    python -m docs.pictures.draw

Nothing is drawn from a formula: every bar counts values that the engine made, so a distribution
that went wrong would be seen.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from docs.pictures.svg import Bars, Tick, Tree
from generator.engine.frames import Frame
from generator.engine.parameters import Parameters
from generator.engine.pools import fill_pools
from generator.engine.randomness.mix import NULL, Ints
from generator.engine.tables import Table
from generator.engine.world import Window, World
from generator.spec.checks import check
from generator.spec.delays import SECONDS_A_DAY
from generator.spec.loading import load_model

HERE = Path(__file__).parent
MODEL = HERE.parent / "examples" / "ferries.json"
FOLDER = HERE / "distributions"

_DAYS = 365
_MONTHS = ("Jan", "Mar", "May", "Jul", "Sep", "Nov")
_MONTH_BEGINS = (0, 59, 120, 181, 243, 304)


def pictures() -> dict[str, Bars | Tree]:
    """Return all pictures by the name of their file."""
    model = load_model(str(MODEL))
    check(model)
    parameters = Parameters(model.name, scale=1.0)
    pools = fill_pools(model, parameters.seed)
    world = World(model, parameters, pools, Window.of_days(0, _DAYS - 1))
    bookings, passengers = (_all_rows(world.tables[name]) for name in ("bookings", "passengers"))
    return {
        **_drawn(bookings, passengers),
        **_listed(bookings, passengers, len(pools["towns"])),
        **_related(world.tables["regions"], bookings),
        **_timed(bookings, passengers),
    }


def _all_rows(table: Table) -> Frame:
    """Frame all rows of a table, seen at the end of the year where that matters."""
    end = np.full(table.size, _DAYS * SECONDS_A_DAY - 1)
    return Frame(table, np.arange(table.size), moment=lambda: end)


def _drawn(bookings: Frame, passengers: Frame) -> dict[str, Bars | Tree]:
    """Draw the numbers that come from a curve."""
    born = np.datetime64(bookings.table.world.parameters.start) + passengers.first("born_on")
    years = born.astype("datetime64[Y]").astype(np.int64) + 1970
    return {
        "uniform": _histogram(
            "uniform: discount_percent", bookings.first("discount_percent"), (0, 26, 1), (0, 13, 25)
        ),
        "uniform_date": _histogram(
            "uniform: year of born_on", years, (1940, 2011, 1), (1940, 1975, 2010)
        ),
        "normal": _histogram(
            "normal: car_height_cm", bookings.first("car_height_cm"), (104, 240, 4), (120, 165, 210)
        ),
        "log_normal": _histogram(
            "log_normal: luggage_kg",
            bookings.first("luggage_kg"), (0, 12_001, 150), (0, 14, 40, 80, 120), 100,
        ),
        "exponential": _histogram(
            "exponential: minutes_on_phone",
            bookings.first("minutes_on_phone"), (0, 6_001, 75), (0, 10, 20, 40, 60), 100,
        ),
        "poisson": _counts("poisson: bags", bookings.first("bags"), range(10)),
        "zipf": _counts("zipf: deck", bookings.first("deck"), range(1, 10)),
    }  # fmt: skip


def _listed(bookings: Frame, passengers: Frame, towns: int) -> dict[str, Bars | Tree]:
    """Draw what is chosen from a list."""
    languages = passengers.table.column("language").labels or ()
    chosen = np.bincount(passengers.first("language"))
    agents = bookings.rows_of("agent_id") < NULL
    # The first value: a later one has been drawn anew by a change.
    first = Frame(passengers.table, passengers.rows)
    in_town = np.bincount(first.first("town"), minlength=towns)
    return {
        "choice": Bars(
            "choice: language", chosen.tolist(), _names(languages), _note(chosen), apart=True
        ),
        "pool": Bars(
            "pool with exponent 0.8: town", in_town.tolist(),
            _places(towns, (1, towns // 2, towns)), _note(in_town), apart=True,
        ),
        "null_share": Bars(
            "null_share 0.4: agent_id", [int(agents.sum()), int((~agents).sum())],
            _names(("there", "missing")), f"{len(agents):,} values", apart=True,
        ),
    }  # fmt: skip


def _related(regions: Table, bookings: Frame) -> dict[str, Bars | Tree]:
    """Draw which rows belong together."""
    rows = Frame(regions, np.arange(regions.size)).rows_of("part_of").tolist()
    above = [None if row == NULL else int(row) for row in rows]
    agents = bookings.rows_of("agent_id")
    return {
        "tree": Tree("tree: regions, levels 1, 3, 6", above, f"{len(above)} rows on three levels"),
        "reference": _popularity("reference: agent_id", agents[agents < NULL]),
        "reference_popular": _popularity(
            "reference with exponent 1: route_id", bookings.rows_of("route_id")
        ),
        "per_parent": _counts(
            "rows per_parent: tickets of a booking", bookings.first("tickets"), range(1, 7)
        ),
    }


def _timed(bookings: Frame, passengers: Frame) -> dict[str, Bars | Tree]:
    """Draw when things happen."""
    times = bookings.first("booked_at")
    boarded = bookings.first("boarded_at")
    waits = (boarded - times)[boarded < NULL] // SECONDS_A_DAY
    days = np.bincount(times // SECONDS_A_DAY, minlength=_DAYS)
    hours = np.bincount(times // 3_600 % 24, minlength=24)
    ending = passengers.table.ending
    assert ending is not None
    ended = np.bincount(
        np.minimum(ending.time(passengers) // SECONDS_A_DAY, _DAYS), minlength=_DAYS + 1
    )
    active = len(passengers) - np.cumsum(ended[:_DAYS])
    months = [(float(day), name) for day, name in zip(_MONTH_BEGINS, _MONTHS, strict=True)]
    return {
        "calendar_days": Bars(
            "calendar: bookings by day", days.tolist(), months,
            f"{len(times):,} rows; {days.min()} to {days.max()} a day",
        ),
        "calendar_hours": Bars(
            "calendar: bookings by hour", hours.tolist(),
            [(hour + 0.5, f"{hour}:00") for hour in (0, 6, 12, 18, 23)], _note(hours), apart=True,
        ),
        "life_cycle": _histogram(
            "life_cycle: days from booked to boarded", waits, (0, 91, 1), (0, 12, 30, 60, 90)
        ),
        "changes": _histogram(
            "changes: days since the last move", passengers.first("days_in_town"),
            (0, 800, 10), (0, 200, 400, 600, 800),
        ),
        "ends": Bars(
            "ends: active passengers by day", active.tolist(), months,
            f"{active[0]:,} rows on the first day, {active[-1]:,} on the last",
        ),
    }  # fmt: skip


def _histogram(
    title: str, values: Ints, bins: tuple[int, int, int], ticks: tuple[int, ...], unit: int = 1
) -> Bars:
    """Count values in bins; values outside are in the first and the last.

    Args:
        title: what is drawn.
        values: in hundredths where `unit` is 100.
        bins: begin of the first, end of the last, width.
        ticks: values written below, in whole units.
        unit: how many of the values' units make one.
    """
    first, end, width = bins
    count = -(-(end - first) // width)
    place = np.clip((values - first) // width, 0, count - 1)
    counts = np.bincount(place, minlength=count)
    ends = [int(part) / unit for part in np.percentile(values, (0, 50, 100), method="lower")]
    note = "{:,} values; least {:g}, middle {:g}, greatest {:g}".format(len(values), *ends)
    shown = [((tick * unit - first) / width, f"{tick:g}") for tick in ticks]
    return Bars(title, counts.tolist(), shown, note)


def _counts(title: str, values: Ints, shown: range) -> Bars:
    """Draw a bar for each of some numbers, the last for all above it too."""
    counts = np.bincount(np.minimum(values, shown[-1]), minlength=shown[-1] + 1)[shown[0] :]
    ticks = _names([str(number) for number in shown])
    return Bars(title, counts.tolist(), ticks, _note(counts), apart=True)


def _popularity(title: str, rows: Ints) -> Bars:
    """Draw how often each row was drawn, the most popular one first."""
    counts = np.sort(np.bincount(rows))[::-1]
    ticks = _places(len(counts), (1, len(counts) // 2, len(counts)))
    note = f"{len(rows):,} draws among {len(counts)} rows; {counts[-1]} to {counts[0]} each"
    return Bars(title, counts.tolist(), ticks, note, apart=True)


def _names(labels: tuple[str, ...] | list[str]) -> list[Tick]:
    return [(number + 0.5, label) for number, label in enumerate(labels)]


def _places(count: int, shown: tuple[int, ...]) -> list[Tick]:
    ends = {1: "1st", count: f"{count}th"}
    return [(number - 0.5, ends.get(number, f"{number}th")) for number in shown]


def _note(counts: Ints) -> str:
    return f"{counts.sum():,} values; tallest bar {100 * counts.max() / counts.sum():.1f}%"


def main() -> None:
    """Write the pictures."""
    FOLDER.mkdir(exist_ok=True)
    for name, picture in pictures().items():
        (FOLDER / f"{name}.svg").write_text(picture.svg(), encoding="utf-8")


if __name__ == "__main__":
    main()
