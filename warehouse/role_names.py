"""Names of the roles of a warehouse: what each may do is said and granted in `roles.py`.

Roles belong to the whole server and not to a database. So their names bear the database's: the
reader of dev has no access to prod on the same server.
"""

from __future__ import annotations

from typing import Literal

Role = Literal["owner", "loader", "transformer", "reader", "reader_pii"]


def role_name(database: str, role: Role) -> str:
    """Name a role of a database's warehouse; the macro `warehouse_role` does the same for dbt."""
    return f"counting_house_{database}_{role}"
