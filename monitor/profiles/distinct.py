"""How many different values a table has: estimates from a sample, or from hashes of all rows."""

from __future__ import annotations

import math
from collections.abc import Mapping

from psycopg2 import sql
from psycopg2.extensions import cursor

from monitor.profiles.relations import Relation
from monitor.profiles.working_set import copied
from warehouse.composed import qualified

# Registers are 2 to the power of this: a standard error of 1.04 / sqrt(4096) = 1.6%.
BITS = 12
REGISTERS = 2**BITS

# Bits of a hash that the rank is taken from: not the sign, and not those of the register.
_RANK_BITS = 63 - BITS

_RANKS = """
select case when least_hash = 0 then {rank_bits} + 1
    else position('1' in least_hash::bit({rank_bits})::text) end as rank, count(*)
from (
    select hash & {mask} as register, min((hash >> {bits}) & {rest}) as least_hash
    from (
        select hash_record_extended(row({value}), 0) as hash
        from {table}
        where {column} is not null
    ) as hashes
    group by 1
) as registers
group by 1
"""


def from_sample(distinct: int, singles: int, sampled: int, rows: int) -> int:
    """Estimate the distinct values of a table from those of a sample of its rows.

    The estimator Duj1 of Haas and Stokes, "Estimating the Number of Classes in a Finite Population"
    (Journal of the American Statistical Association, 1998), which PostgreSQL's ANALYZE takes too:
    n * d / (n - f1 + f1 * n / N).

    Args:
        distinct: d, values in the sample.
        singles: f1, of these, values of one row only.
        sampled: n, rows of the sample that have a value.
        rows: N, rows of the table that have one.
    """
    if sampled == 0:
        return 0
    estimate = sampled * distinct / (sampled - singles + singles * sampled / max(rows, sampled))
    return round(min(max(estimate, distinct), max(rows, sampled)))


def hyperloglog(cur: cursor, relation: Relation, number: int) -> int:
    """Estimate the distinct values of a column by HyperLogLog, computed by PostgreSQL.

    It reads the column of all rows and keeps one number for each of 4,096 registers, whatever the
    number of values.
    """
    column = relation.columns[number]
    cur.execute(
        sql.SQL(_RANKS).format(
            rank_bits=sql.Literal(_RANK_BITS),
            mask=sql.Literal(REGISTERS - 1),
            bits=sql.Literal(BITS),
            rest=sql.Literal(2**_RANK_BITS - 1),
            value=copied(column),
            column=sql.Identifier(column.name),
            table=qualified(relation.schema, relation.name),
        )
    )
    return estimated(dict(cur.fetchall()))


def estimated(ranks: Mapping[int, int]) -> int:
    """Estimate a number of values from the ranks of registers.

    Flajolet, Fusy, Gandouet and Meunier, "HyperLogLog: the analysis of a near-optimal cardinality
    estimation algorithm" (2007), with their linear counting where many registers are empty.
    Hashes have 63 bits, so no correction for large numbers is needed.

    Args:
        ranks: number of registers by rank (leading zeros and one); the missing ones are empty.
    """
    empty: int = REGISTERS - sum(ranks.values())
    harmonic = empty + sum(count * 2.0**-rank for rank, count in ranks.items())
    alpha = 0.7213 / (1 + 1.079 / REGISTERS)
    estimate: float = alpha * REGISTERS**2 / harmonic
    if estimate <= 2.5 * REGISTERS and empty:
        estimate = REGISTERS * math.log(REGISTERS / empty)
    return round(estimate)
