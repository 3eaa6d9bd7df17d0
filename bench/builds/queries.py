"""The questions of readers, each asked many times of a warm server."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from statistics import median

from warehouse.connections import connect

_TIMES = 21

# A day, a customer, an order and a product in the middle of the history.
_CHOSEN = """
    select order_date, date_trunc('month', order_date)::date as month_start, customer_id, order_id
    from marts.fct_orders
    where line_count > 0 and customer_id <> 'unknown'
    order by order_date, order_id
    offset (select count(*) / 2 from marts.fct_orders where line_count > 0)
    limit 1
"""

QUERIES: Mapping[str, str] = {
    "fct_sales of a day, by product": """
        select product_id, sum(quantity) as units, sum(net_amount) as net_amount
        from marts.fct_sales
        where order_date = %(order_date)s
        group by product_id
    """,
    "daily_revenue of a month": """
        select *
        from marts.daily_revenue
        where
            order_date >= %(month_start)s
            and order_date < %(month_start)s + interval '1 month'
        order by order_date
    """,
    "history of a customer": """
        select dim_customers.valid_from, dim_customers.city, fct_orders.order_id, fct_orders.total
        from marts.dim_customers
        left join marts.fct_orders
            on
                dim_customers.customer_id = fct_orders.customer_id
                and dim_customers.valid_from = fct_orders.customer_valid_from
        where dim_customers.customer_id = %(customer_id)s
        order by dim_customers.valid_from, fct_orders.ordered_at
    """,
    "an order with its lines": """
        select fct_orders.*, fct_sales.*
        from marts.fct_orders
        inner join marts.fct_sales using (order_id)
        where fct_orders.order_id = %(order_id)s
        order by fct_sales.line_number
    """,
}


@dataclass(frozen=True)
class Asked:
    """A query, its median in milliseconds on the clock of the client, its rows, and its plan."""

    name: str
    milliseconds: float
    rows: int
    plan: str


def ask(url: str) -> list[Asked]:
    """Ask each query many times; the first answer, which may come from the disk, does not count."""
    with closing(connect(url, application_name="bench")) as conn, conn.cursor() as cur:
        cur.execute(_CHOSEN)
        names = [column.name for column in cur.description or ()]
        row = cur.fetchone()
        assert row is not None, "the shop has orders"
        chosen = dict(zip(names, row, strict=True))
        answers = []
        for name, query in QUERIES.items():
            times, rows = [], 0
            for _ in range(_TIMES + 1):
                started = time.monotonic()
                cur.execute(query, chosen)
                rows = len(cur.fetchall())
                times.append(1e3 * (time.monotonic() - started))
            cur.execute("explain (analyze, buffers, costs off) " + query, chosen)
            plan = "\n".join(line for (line,) in cur.fetchall())
            answers.append(Asked(name, median(times[1:]), rows, plan))
    return answers
