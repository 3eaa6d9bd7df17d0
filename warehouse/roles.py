"""The roles of a warehouse: who owns what, who reads what.

Roles are groups without a login. Each layer belongs to the role that writes it: raw to the loader,
the others to the transformer. What the readers see is configured in dbt (`grants`, and `pii` in the
meta of columns) and granted by dbt as it builds; see docs/roles.md.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Final, get_args
from urllib.parse import quote, urlsplit

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor, encrypt_password

from warehouse import composed
from warehouse.connections import connect, transaction, where, work_in_role
from warehouse.errors import WarehouseError
from warehouse.role_names import Role, role_name

ROLES: Final[tuple[Role, ...]] = get_args(Role)

RAW = "raw"
BUILT_LAYERS = ("staging", "quality", "snapshots", "production", "marts", "monitoring")

# Of those whose tables have them: sequences of identity columns and a table's row type follow it.
_OF_OTHERS = """
select format(
    'alter %%s %%I.%%I owner to %%I',
    case relkind
        when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence'
        else 'table'
    end,
    nspname, relname, %(role)s::text
)
from pg_class
inner join pg_namespace on relnamespace = pg_namespace.oid
where nspname = any(%(schemas)s) and relkind in ('r', 'p', 'v', 'm', 'S', 'f')
and pg_get_userbyid(relowner) <> %(role)s
and not exists (
    select from pg_depend
    where classid = 'pg_class'::regclass and objid = pg_class.oid
    and refclassid = 'pg_class'::regclass and deptype in ('a', 'i')
)
union all
select format('alter routine %%s owner to %%I', pg_proc.oid::regprocedure, %(role)s::text)
from pg_proc
inner join pg_namespace on pronamespace = pg_namespace.oid
where nspname = any(%(schemas)s) and pg_get_userbyid(proowner) <> %(role)s
"""


class RolesError(WarehouseError):
    """The roles, or a login, cannot be made."""


@dataclass(frozen=True)
class Member:
    """A role of the warehouse, by its name in the server, and the logins that have it."""

    role: Role
    name: str
    logins: list[str]


def make_roles(url: str) -> list[Member]:
    """Make the roles of a database's warehouse, and give each what is its own; safe to repeat.

    One transaction: killed, it leaves nothing half done. What others have made in the layers since
    the last time goes to the role that the layer belongs to.

    Raises:
        RolesError: the user may not make roles or give the database's objects away.
    """
    with _administration(url) as cur:
        database = _database(cur)
        names = {role: _checked_name(database, role) for role in ROLES}
        composed.lock(cur, "counting-house.roles")
        for name in names.values():
            _make_role(cur, name)
        _make_owner_of_all(cur, names)
        _grant_on_database(cur, database, names)
        _own_layers(cur, [RAW], names["loader"])
        _own_layers(cur, BUILT_LAYERS, names["transformer"])
        _let_read_raw(cur, names)
        return _members(cur, names)


def make_login(url: str, login: str, role: Role) -> str:
    """Make a login that has one role of the warehouse, or give it another role and password.

    Returns:
        The database's URL for the login. It holds the password, which is kept nowhere else.

    Raises:
        RolesError: the roles are not made, or a user of that name is there for something else.
    """
    password = secrets.token_urlsafe(24)
    with _administration(url) as cur:
        database = _database(cur)
        names = {each: role_name(database, each) for each in ROLES}
        cur.execute(
            "select count(*) from pg_roles where rolname = any(%s)", (list(names.values()),)
        )
        if cur.fetchall() != [(len(names),)]:
            raise RolesError(f"{where(url)} has no roles yet: run python -m warehouse roles")
        _make_user(cur, login, names)
        name = composed.identifiers([login])
        cur.execute(
            sql.SQL("alter role {} login password {}").format(
                # Encrypted here, the password stands in no log of the server.
                name,
                sql.Literal(encrypt_password(password, login, cur.connection, "scram-sha-256")),
            )
        )
        cur.execute(
            sql.SQL("grant {} to {} with inherit true, set true").format(
                sql.Identifier(names[role]), name
            )
        )
        # Dates are cut out of timestamps in the session's time zone.
        cur.execute(
            sql.SQL("alter role {} in database {} set timezone to 'UTC'").format(
                name, sql.Identifier(database)
            )
        )
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{quote(login, safe='')}:{password}@{host}").geturl()


def transformer_to_work_in(url: str) -> str | None:
    """Name the role that dbt is to work in; None where it is not made or the user may not."""
    with closing(connect(url)) as conn, conn.cursor() as cur:
        return work_in_role(cur, "transformer")


@contextmanager
def _administration(url: str) -> Iterator[cursor]:
    """Open a transaction for a user who may make roles and give the database's objects away.

    Raises:
        RolesError: the user may not, or the server refused.
    """
    with closing(connect(url, application_name="counting-house roles")) as conn:
        try:
            with transaction(conn) as cur:
                _check_rights(cur)
                yield cur
        except psycopg2.errors.InsufficientPrivilege as error:
            reason = " ".join(str(error).split())
            raise RolesError(
                f"{reason}; nothing was changed: have a superuser run it, or whoever owns it give "
                "it to the database's owner"
            ) from None


def _check_rights(cur: cursor) -> None:
    cur.execute(
        "select rolname, rolsuper or rolcreaterole, rolsuper or pg_has_role(datdba, 'USAGE'), "
        "datname from pg_roles, pg_database "
        "where rolname = current_user and datname = current_database()"
    )
    ((user, may_make, owns, database),) = cur.fetchall()
    lacking = []
    if not may_make:
        lacking.append(sql.SQL("alter role {} createrole").format(sql.Identifier(user)))
    if not owns:
        lacking.append(
            sql.SQL("alter database {} owner to {}").format(
                sql.Identifier(database), sql.Identifier(user)
            )
        )
    if lacking:
        fix = sql.SQL("; ").join(lacking).as_string(cur)
        raise RolesError(
            f"{user} may not make roles for {database}: it takes a superuser, or a user with "
            f"CREATEROLE who owns the database ({fix})"
        )


def _database(cur: cursor) -> str:
    return str(cur.connection.info.dbname)


def _checked_name(database: str, role: Role) -> str:
    name = role_name(database, role)
    if len(name.encode()) > composed.MAX_NAME_BYTES:
        raise RolesError(
            f"the name of the database is too long: {name} would be the name of a role, and it "
            f"has more than {composed.MAX_NAME_BYTES} bytes"
        )
    return name


def _make_role(cur: cursor, name: str) -> None:
    cur.execute("select from pg_roles where rolname = %s", (name,))
    if cur.rowcount == 0:
        cur.execute(sql.SQL("create role {} nologin").format(sql.Identifier(name)))


def _make_owner_of_all(cur: cursor, names: dict[Role, str]) -> None:
    """Have the owner be all the others and hand them out; and who runs this be an owner."""
    for role, name in names.items():
        if role != "owner":
            cur.execute(
                sql.SQL("grant {} to {} with admin true, inherit true, set true").format(
                    sql.Identifier(name), sql.Identifier(names["owner"])
                )
            )
    cur.execute("select rolsuper from pg_roles where rolname = current_user")
    if cur.fetchall() == [(False,)]:
        cur.execute(
            sql.SQL("grant {} to current_user with inherit true, set true").format(
                sql.Identifier(names["owner"])
            )
        )


def _grant_on_database(cur: cursor, database: str, names: dict[Role, str]) -> None:
    cur.execute(
        sql.SQL("grant connect on database {} to {}").format(
            sql.Identifier(database), composed.identifiers(names.values())
        )
    )
    # The loader numbers rows by a temporary sequence; dbt makes temporary tables, and schemas.
    for rights, name in (
        ("temporary", names["loader"]),
        ("temporary, create", names["transformer"]),
    ):
        cur.execute(
            sql.SQL("grant {} on database {} to {}").format(
                sql.SQL(rights), sql.Identifier(database), sql.Identifier(name)
            )
        )


def _own_layers(cur: cursor, schemas: Sequence[str], role: str) -> None:
    """Make the schemas that are missing; they and what is in them become the role's."""
    for schema in schemas:
        cur.execute(
            "select pg_get_userbyid(nspowner) from pg_namespace where nspname = %s", (schema,)
        )
        found = cur.fetchall()
        names = sql.Identifier(schema), sql.Identifier(role)
        if not found:
            cur.execute(sql.SQL("create schema {} authorization {}").format(*names))
        elif found != [(role,)]:
            cur.execute(sql.SQL("alter schema {} owner to {}").format(*names))
    cur.execute(_OF_OTHERS, {"schemas": list(schemas), "role": role})
    for (statement,) in cur.fetchall():
        cur.execute(statement)


def _let_read_raw(cur: cursor, names: dict[Role, str]) -> None:
    loader, transformer = sql.Identifier(names["loader"]), sql.Identifier(names["transformer"])
    for statement in (
        "grant usage on schema raw to {transformer}",
        "grant select on all tables in schema raw to {transformer}",
        "alter default privileges for role {loader} in schema raw"
        " grant select on tables to {transformer}",
    ):
        cur.execute(sql.SQL(statement).format(loader=loader, transformer=transformer))


def _make_user(cur: cursor, login: str, names: dict[Role, str]) -> None:
    """Make the user, or take the warehouse's roles from one that has some of them.

    Raises:
        RolesError: the name cannot be one, or it is of a user who has none of the roles.
    """
    try:
        name = composed.identifiers([login])
    except ValueError as error:
        raise RolesError(f"{error}") from None
    cur.execute("select from pg_roles where rolname = %s", (login,))
    if cur.rowcount == 0:
        cur.execute(sql.SQL("create role {}").format(name))
        return
    cur.execute(
        "select roleid::regrole::text from pg_auth_members "
        "where member::regrole = to_regrole(quote_ident(%s)) and roleid::regrole::text = any("
        "select quote_ident(name) from unnest(%s) as name)",
        (login, list(names.values())),
    )
    held = cur.fetchall()
    if not held or login in names.values():
        raise RolesError(
            f"{login} is a user already, and has no role of this warehouse: take another name, or "
            f"grant it one of {', '.join(names.values())}"
        )
    for (role,) in held:
        cur.execute(sql.SQL("revoke {} from {}").format(sql.SQL(role), name))


def _members(cur: cursor, names: dict[Role, str]) -> list[Member]:
    found = []
    for role, name in names.items():
        cur.execute(
            "select distinct pg_get_userbyid(member) from pg_auth_members "
            "inner join pg_roles on pg_roles.oid = member "
            "where pg_get_userbyid(roleid) = %s and rolcanlogin order by 1",
            (name,),
        )
        found.append(Member(role, name, [login for (login,) in cur.fetchall()]))
    return found
