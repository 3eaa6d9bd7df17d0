"""customers: who they are, when they registered, and what they change later.

Time is cut into epochs of 120 days. In each a customer may change one thing (address, email or
phone) at one moment, so a customer's state at any time follows from the customer's number without
knowing anybody else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generator.calendar import SECONDS_A_DAY
from generator.mix import SLOTS, Bools, Choice, Ints, below, chance
from generator.rows import Rows
from generator.text import Column, Digits, Format, Number, Text, Texts, encode
from generator.world import DAYS_BEFORE, NEVER, World

EPOCH = 120 * SECONDS_A_DAY
CHANGE_SHARE = 0.10
ADDRESS, EMAIL, PHONE = range(3)
_CHANGED = Choice((60, 25, 15))

SEGMENTS = ("consumer", "small_business", "corporate")
_SEGMENT = Choice((82, 13, 5))
DOMAINS = tuple(
    f"{host}.example.{end}"
    for host in ("mail", "post", "inbox", "web")
    for end in ("com", "org", "net")
)
AREA_CODES = (
    "212",
    "213",
    "303",
    "305",
    "312",
    "404",
    "415",
    "503",
    "512",
    "602",
    "617",
    "702",
    "713",
    "801",
)
# One address in eight has a unit; its comma makes CSV quote the field.
UNITS = ("", "", "", "", "", "", "", "", "", "", "", "", "", "", ", Apt. 3", ", Suite 200")


def registered_at(world: World, rows: Ints) -> Ints:
    """Return the time of registration in seconds since day 0; negative for earlier customers."""
    keys, calendar = world.keys("customers"), world.customers
    bits = keys.draw("registered_at", rows)
    earlier = int(calendar.before[0])
    offset = (bits >> np.uint64(32)).astype(np.int64)
    # (row + u) / earlier of the two years before day 0, in integers.
    span = DAYS_BEFORE * SECONDS_A_DAY
    times = (rows * span + (offset * span >> 32)) // earlier - span
    new = np.flatnonzero(rows >= earlier)
    days = calendar.day_of(rows[new])
    times[new] = calendar.seconds(rows[new], days, bits[new])
    return times


def _changes(world: World, rows: Ints, epoch: int) -> tuple[Ints, Ints]:
    """Return when each customer changes something in an epoch (NEVER: not at all) and what.

    A change before the registration is not ruled out here.
    """
    keys = world.keys("customers")
    counters = rows * SLOTS + epoch
    bits = keys.draw("change", counters)
    moment = epoch * EPOCH + below(keys.draw("change_at", counters), EPOCH)
    times = np.where(chance(bits, CHANGE_SHARE), moment, NEVER)
    return times, _CHANGED(bits << np.uint64(32))


def address_versions(world: World, rows: Ints, at: Ints) -> Ints:
    """Return how often each customer had moved by a time.

    Args:
        world: the run.
        rows: customer numbers from 0, in any order.
        at: a time for each.
    """
    versions = np.zeros(len(rows), dtype=np.int64)
    for epoch in range(int(at.max(initial=-1)) // EPOCH + 1):
        times, changed = _changes(world, rows, epoch)
        moved = np.flatnonzero((times <= at) & (changed == ADDRESS))
        versions[moved] += times[moved] > registered_at(world, rows[moved])
    return versions


def places(world: World, rows: Ints, versions: Ints) -> Ints:
    """Return the place (index into the pool) where each customer lives at an address version."""
    bits = world.keys("customers").draw("place", rows * SLOTS + versions)
    return below(bits, len(world.pools.places))


@dataclass(frozen=True)
class Versions:
    """Versions of customers that arrive in a batch, one array element a version.

    Args:
        customer: customer number.
        counter: unique number of the version.
        registered_at: time of registration.
        updated_at: time of the version.
        is_first: the registration itself (`op` I).
        address: number of the address, from 0.
        email: number of the email.
        phone: number of the phone number.
    """

    customer: Ints
    counter: Ints
    registered_at: Ints
    updated_at: Ints
    is_first: Bools
    address: Ints
    email: Ints
    phone: Ints


def arrivals(world: World, table: str, counters: Ints, times: Ints) -> Ints:
    """Return when later versions arrive: at once, or a day late for the share `--late`."""
    if not world.parameters.late:
        return times
    late = chance(world.keys(table).draw("late", counters), world.parameters.late)
    return times + late * SECONDS_A_DAY


def draw_versions(world: World, rows: Ints) -> Versions:
    """Return what arrives in the batch of some customers."""
    window = world.window
    rows = rows[_touched(world, rows)]
    registered = registered_at(world, rows)
    epochs = (window.end - 1) // EPOCH + 1
    times, kinds = [registered], [np.full(len(rows), -1)]
    for epoch in range(epochs):
        changed_at, kind = _changes(world, rows, epoch)
        times.append(np.where(changed_at > registered, changed_at, NEVER))
        kinds.append(kind)
    time, kind = np.stack(times, axis=1), np.stack(kinds, axis=1)
    valid = time < NEVER
    counters = rows[:, None] * SLOTS + np.arange(epochs + 1)
    arrival = time.copy()
    arrival[:, 1:] = arrivals(world, "customers", counters[:, 1:], time[:, 1:])
    row, version = np.nonzero(valid & window.holds(arrival))

    def number(changed: int) -> Ints:
        return np.cumsum(valid & (kind == changed), axis=1)[row, version]

    return Versions(
        customer=rows[row],
        counter=counters[row, version],
        registered_at=registered[row],
        updated_at=time[row, version],
        is_first=version == 0,
        address=number(ADDRESS),
        email=number(EMAIL),
        phone=number(PHONE),
    )


def _touched(world: World, rows: Ints) -> Bools:
    """Return which customers may have a version in the batch: a day skips all others."""
    window = world.window
    if window.begin < 0:
        return np.ones(len(rows), dtype=np.bool_)
    touched: Bools = rows >= world.customers.before[window.begin // SECONDS_A_DAY]
    since = window.begin - SECONDS_A_DAY
    for epoch in range(max(since, 0) // EPOCH, (window.end - 1) // EPOCH + 1):
        times, _ = _changes(world, rows, epoch)
        touched |= (times >= since) & (times < window.end)
    return touched


def customer_columns(world: World, fmt: Format) -> list[Column]:
    """Return the layout; a street with a comma has its quotes in its first and last piece."""
    pools = world.pools
    first, last, street = (
        Text(max(len(text.encode()) for text in pool))
        for pool in (pools.first_names, pools.last_names, pools.streets)
    )
    city = Text(encode((city for city, _, _ in pools.places), fmt).dtype.itemsize)
    return [
        Column("customer_id", (b"CUS-", Digits(7))),
        Column("first_name", (first,)),
        Column("last_name", (last,)),
        Column("email", (first, b".", last, Number(), b"@", Text(24))),
        Column("phone", (b"+1-", Text(3), b"-555-01", Digits(2))),
        Column("street", (Text(1), Number(), b" ", street, Text(16))),
        Column("city", (city,), quoted=False),
        Column("state", (Text(2),)),
        Column("postal_code", (Text(5),)),
        Column("country", (b"US",)),
        Column("segment", (Text(14),)),
        Column("registered_at", (world.stamp,)),
        Column("updated_at", (world.stamp,)),
        Column("op", (Text(1),)),
    ]


@dataclass(frozen=True)
class CustomerTexts:
    """The pools of a run as bytes, ready to be taken by index."""

    first: Texts
    last: Texts
    first_lower: Texts
    last_lower: Texts
    streets: Texts
    units: Texts
    opening: Texts
    cities: Texts
    states: Texts
    postal_codes: Texts

    @classmethod
    def of(cls, world: World, fmt: Format) -> CustomerTexts:
        """Encode the pools for a format."""
        pools, csv = world.pools, fmt == "csv"
        return cls(
            first=_plain(pools.first_names),
            last=_plain(pools.last_names),
            first_lower=_plain([name.lower() for name in pools.first_names]),
            last_lower=_plain([name.lower() for name in pools.last_names]),
            streets=_plain(pools.streets),
            units=_plain([unit + ('"' if csv and unit else "") for unit in UNITS]),
            opening=_plain(['"' if csv and unit else "" for unit in UNITS]),
            cities=encode((city for city, _, _ in pools.places), fmt),
            states=_plain([state for _, state, _ in pools.places]),
            postal_codes=_plain([code for _, _, code in pools.places]),
        )


def _plain(texts: list[str] | tuple[str, ...]) -> Texts:
    return np.array([text.encode() for text in texts])


_DOMAINS, _AREA_CODES, _SEGMENTS = _plain(DOMAINS), _plain(AREA_CODES), _plain(SEGMENTS)


def fill_customers(world: World, rows: Rows, texts: CustomerTexts, versions: Versions) -> None:
    """Fill one record for each version."""
    keys, customer = world.keys("customers"), versions.customer
    first = below(keys.draw("first_name", customer), len(texts.first))
    last = below(keys.draw("last_name", customer), len(texts.last))
    address = customer * SLOTS + versions.address
    house, unit = keys.draw("house_number", address), below(keys.draw("unit", address), len(UNITS))
    street = below(keys.draw("street", address), len(texts.streets))
    place = places(world, customer, versions.address)
    # The next domain with every change, so that a new address always differs from the one before.
    domain = (below(keys.draw("domain", customer), len(DOMAINS)) + versions.email) % len(DOMAINS)
    phone = keys.draw("phone", customer * SLOTS + versions.phone)
    rows.begin(len(customer))
    rows.put("customer_id", customer + 1)
    rows.put("first_name", texts.first[first])
    rows.put("last_name", texts.last[last])
    rows.put(
        "email", texts.first_lower[first], texts.last_lower[last], customer + 1, _DOMAINS[domain]
    )
    rows.put(
        "phone", _AREA_CODES[below(phone, len(AREA_CODES))], below(phone << np.uint64(32), 100)
    )
    rows.put(
        "street",
        texts.opening[unit],
        1 + below(house, 9_899),
        texts.streets[street],
        texts.units[unit],
    )
    rows.put("city", texts.cities[place])
    rows.put("state", texts.states[place])
    rows.put("postal_code", texts.postal_codes[place])
    rows.put("segment", _SEGMENTS[_SEGMENT(keys.draw("segment", customer))])
    rows.put("registered_at", versions.registered_at)
    rows.put("updated_at", versions.updated_at)
    rows.put("op", np.where(versions.is_first, b"I", b"U"))
