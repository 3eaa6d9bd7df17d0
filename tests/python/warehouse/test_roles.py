"""Least privilege: what each role may do, and that it may do no more, on a warehouse that is built.

The loader and dbt are run by users who have nothing but their role.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from urllib.parse import urlsplit

import psycopg2
import pytest
import yaml
from click.testing import CliRunner
from project import Project, new_database
from psycopg2 import sql
from psycopg2.errors import InsufficientPrivilege
from queries import query

from warehouse import cli
from warehouse.connections import connect
from warehouse.role_names import role_name
from warehouse.roles import ROLES, RolesError, make_login, make_roles

PERSONAL = {"birth_date", "customer_name", "email", "phone", "street", "postal_code"}
DIMENSIONS = "models/marts/dimensions/_dimensions__models.yml"

RIGHTS = """
select relname::text, null::text, relacl::text from pg_class where relacl is not null
union all
select attrelid::regclass::text, attname::text, attacl::text from pg_attribute
where attacl is not null
union all
select nspname::text, null, nspacl::text from pg_namespace where nspname !~ '^pg_'
union all
select roleid::regrole::text, member::regrole::text, admin_option::text from pg_auth_members
where roleid::regrole::text like '%' || current_database() || '%'
order by 1, 2, 3
"""


@contextmanager
def roles_dropped(admin_url: str) -> Iterator[list[str]]:
    """Drop the roles of databases that are gone, and their logins: they belong to the server.

    Gives a list to put the names of the databases in.
    """
    databases: list[str] = []
    yield databases
    names = [role_name(database, role) for database in databases for role in ROLES]
    with closing(connect(admin_url)) as conn, conn, conn.cursor() as cur:
        cur.execute(
            "select rolname from pg_roles where rolname = any(%s) or oid in ("
            "select member from pg_auth_members where pg_get_userbyid(roleid) = any(%s)"
            ") and rolname <> current_user",
            (names, names),
        )
        for (name,) in cur.fetchall():
            cur.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))


def named(url: str) -> str:
    return url.rpartition("/")[2]


@pytest.fixture(scope="module")
def warehouse(small_warehouse, postgres_server, tmp_path_factory) -> Iterator[Project]:
    """A copy of the small warehouse, whose roles are made."""
    folder = tmp_path_factory.mktemp("roles") / "project"
    shutil.copytree(small_warehouse.folder, folder)
    copy = new_database(postgres_server, named(small_warehouse.url))
    with roles_dropped(postgres_server) as databases, copy as url:
        databases.append(named(url))
        project = Project(folder, url)
        project.run_well("python", "-m", "warehouse", "roles")
        yield project


@pytest.fixture(scope="module")
def logins(warehouse) -> dict[str, str]:
    """The URL of a user for each role, made by the command."""
    return {
        role: warehouse.run_well(
            "python", "-m", "warehouse", "login", f"{named(warehouse.url)}_{role}_user", role
        ).stdout.strip()
        for role in ROLES
    }


def columns(url: str, table: str) -> list[str]:
    return [
        name
        for (name,) in query(
            url,
            "select attname::text from pg_attribute where attnum > 0 and not attisdropped"
            f" and attrelid = '{table}'::regclass",
        )
    ]


MAY = {
    "loader": [
        "insert into raw._watermarks values ('test', 'table', 'column', '1', null, now())",
        "delete from raw._watermarks where source = 'test'",
        "select count(*) from raw.shop_orders",
        "select count(*) from monitoring.consumed_loads",
    ],
    "transformer": [
        "select count(*) from raw.shop_orders",
        "select count(*) from raw._loads",
        "update marts.dim_customers set segment = segment where false",
        "create schema another; drop schema another",
    ],
    "reader": [
        "select count(*) from marts.fct_sales",
        "select segment, count(*) from marts.dim_customers group by segment",
        "select * from monitoring.reconciliation",
    ],
    "reader_pii": [
        "select * from marts.dim_customers",
        "select * from monitoring.reconciliation",
    ],
    "owner": [
        "select * from marts.dim_customers",
        "select * from raw._loads",
        "update marts.dim_customers set segment = segment where false",
        "delete from raw.shop_orders where false",
    ],
}

MAY_NOT = {
    "loader": [
        "select * from quality.checked_orders",
        "select * from staging.stg_shop__orders",
        "select * from production.orders",
        "select * from marts.fct_sales",
        "select * from monitoring.row_counts",
        "truncate marts.fct_sales",
        "create table marts.mine (n int)",
        "create schema mine",
    ],
    "transformer": [
        "insert into raw.shop_orders (_load_id, _row_id) values (1, 1)",
        "update raw.shop_orders set order_id = order_id",
        "delete from raw._loads",
        "truncate raw.shop_orders",
        "drop table raw.shop_orders",
        "alter table raw.shop_orders add column mine text",
        "create table raw.mine (n int)",
    ],
    "reader": [
        "select * from marts.dim_customers",
        *(f"select {column} from marts.dim_customers" for column in sorted(PERSONAL)),
        "select dim_customers from marts.dim_customers",
        "select count(*) from marts.dim_customers where email like 'a%'",
        "select * from raw.shop_customers",
        "select * from staging.stg_shop__customers",
        "select * from quality.quarantine",
        "select * from production.customers",
        "select * from snapshots.products_snapshot",
        "delete from marts.fct_sales",
        "update marts.dim_dates set year = 0",
        "create table marts.mine (n int)",
        "create table public.mine (n int)",
        "create schema mine",
    ],
    "reader_pii": [
        "select * from raw.shop_customers",
        "select * from quality.quarantine",
        "select * from production.customers",
        "update marts.dim_customers set email = null",
        "create table marts.mine (n int)",
    ],
    "owner": ["create role mine"],
}


@pytest.mark.parametrize(
    ("role", "statement"), [(role, one) for role, all_ in MAY.items() for one in all_]
)
def test_what_a_role_may_do(logins, role, statement):
    query(logins[role], statement)


@pytest.mark.parametrize(
    ("role", "statement"), [(role, one) for role, all_ in MAY_NOT.items() for one in all_]
)
def test_what_a_role_may_not_do(logins, role, statement):
    with pytest.raises(InsufficientPrivilege):
        query(logins[role], statement)


def test_the_owner_hands_the_roles_out(warehouse, logins):
    user = urlsplit(logins["reader"]).username
    database = named(warehouse.url)
    query(logins["owner"], f'grant "{role_name(database, "reader_pii")}" to "{user}"')
    assert query(logins["reader"], "select email is null from marts.dim_customers limit 1")
    query(logins["owner"], f'revoke "{role_name(database, "reader_pii")}" from "{user}"')
    with pytest.raises(InsufficientPrivilege):
        query(logins["reader"], "select email from marts.dim_customers")


def test_personal_columns_are_marked_in_every_mart(warehouse):
    """A name that is marked anywhere is marked wherever readers could see it."""
    nodes = json.loads((warehouse.folder / "target/manifest.json").read_text())["nodes"].values()
    models = [node for node in nodes if node["resource_type"] == "model"]
    marked = {
        (model["name"], column["name"])
        for model in models
        for column in model["columns"].values()
        if column["config"].get("meta", {}).get("pii")
    }
    names = {column for _, column in marked}
    assert names >= PERSONAL
    readable = [model for model in models if model["config"]["grants"]]
    assert {model["schema"] for model in readable} == {"marts", "monitoring"}
    for model in readable:
        found = columns(warehouse.url, f"{model['schema']}.{model['name']}")
        assert {(model["name"], one) for one in names.intersection(found)} <= marked


def test_the_loader_and_dbt_work_in_their_roles_alone(warehouse, logins):
    """A day more, by users who have one role each; then a rebuild that replaces every table."""
    loader = replace(warehouse, url=logins["loader"])
    transformer = replace(warehouse, url=logins["transformer"])
    before = query(warehouse.url, "select count(*) from raw.shop_orders")
    warehouse.run_well("python", "-m", "generator", "--days", "1")
    loader.run_well("python", "-m", "loader", "shop")
    assert query(warehouse.url, "select count(*) from raw.shop_orders") > before
    transformer.run_well("python", "-m", "warehouse", "build")
    loader.run_well("python", "-m", "loader", "prune", "shop", "--keep", "0d", "--dry-run")
    rights = query(warehouse.url, RIGHTS)
    transformer.run_well("python", "-m", "warehouse", "build", "--full-refresh")
    assert query(warehouse.url, RIGHTS) == rights
    denied = loader.run("python", "-m", "warehouse", "build", "-s", "fct_sales")
    assert denied.returncode == 1
    assert "permission denied" in denied.stdout
    refused = transformer.run("python", "-m", "loader", "shop")
    assert refused.returncode == 1
    assert "permission denied" in refused.stderr


def test_an_administrator_builds_in_the_role_of_the_transformer(warehouse):
    """What a superuser's build makes is not his, or the transformer could not replace it."""
    warehouse.run_well("python", "-m", "warehouse", "build", "-s", "fct_orders+", "--full-refresh")
    query(warehouse.url, "drop table raw._watermarks")
    warehouse.run_well("python", "-m", "loader", "shop")
    owners = query(
        warehouse.url,
        "select distinct nspname = 'raw', pg_get_userbyid(relowner)::text from pg_class"
        " join pg_namespace on relnamespace = pg_namespace.oid"
        " where nspname in ('raw', 'marts', 'monitoring', 'quality') order by 1",
    )
    database = named(warehouse.url)
    assert owners == [
        (False, role_name(database, "transformer")),
        (True, role_name(database, "loader")),
    ]


def test_columns_that_become_personal_are_closed_and_opened_again(warehouse, logins):
    """One of a table that has others, and the first of a table: that was granted as a whole."""
    path = warehouse.folder / DIMENSIONS
    before = path.read_text()
    content = yaml.safe_load(before)
    for model, name in (("dim_customers", "segment"), ("dim_dates", "month_name")):
        (about,) = (one for one in content["models"] if one["name"] == model)
        (column,) = (one for one in about["columns"] if one["name"] == name)
        column["config"] = {"meta": {"pii": True}}
    segment = "select segment from marts.dim_customers limit 1"
    days = "select * from marts.dim_dates limit 1"
    path.write_text(yaml.safe_dump(content))
    try:
        warehouse.run_well("dbt", "run-operation", "grant_all")
    finally:
        path.write_text(before)
    for closed in (segment, days):
        with pytest.raises(InsufficientPrivilege):
            query(logins["reader"], closed)
        assert query(logins["reader_pii"], closed)
    assert query(logins["reader"], "select date_day, year from marts.dim_dates limit 1")
    warehouse.run_well("dbt", "run", "-s", "dim_customers", "dim_dates")
    assert query(logins["reader"], segment)
    assert query(logins["reader"], days)


def test_once_more_changes_nothing(warehouse):
    rights = query(warehouse.url, RIGHTS)
    again = warehouse.run_well("python", "-m", "warehouse", "roles")
    assert query(warehouse.url, RIGHTS) == rights
    assert role_name(named(warehouse.url), "reader_pii") in again.stdout


def test_what_others_have_made_goes_to_the_layers_role(warehouse, logins):
    query(warehouse.url, "create table marts.by_hand (n int generated always as identity)")
    with pytest.raises(InsufficientPrivilege):
        query(logins["transformer"], "alter table marts.by_hand rename to by_others")
    make_roles(warehouse.url)
    query(logins["transformer"], "drop table marts.by_hand")


def test_a_login_gets_another_role_and_a_new_password(warehouse, logins):
    user = f"{named(warehouse.url)}_changing"
    first = make_login(warehouse.url, user, "transformer")
    query(first, "select count(*) from production.orders")
    second = make_login(warehouse.url, user, "reader")
    with pytest.raises(InsufficientPrivilege):
        query(second, "select count(*) from production.orders")
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        query(first, "select 1")
    assert query(second, "show timezone") == [("UTC",)]


@pytest.mark.parametrize("name", ['a user\'s "name" @ 50%/2', "ünï"])
def test_a_login_may_have_any_name(warehouse, name):
    url = make_login(warehouse.url, f"{named(warehouse.url)} {name}", "reader")
    assert query(url, "select count(*) > 0 from marts.fct_sales") == [(True,)]


def test_a_user_who_is_there_for_something_else_is_left_alone(warehouse, postgres_server):
    ((admin,),) = query(postgres_server, "select current_user::text")
    with pytest.raises(RolesError, match="is a user already"):
        make_login(warehouse.url, admin, "reader")
    with pytest.raises(RolesError, match="is a user already"):
        make_login(warehouse.url, role_name(named(warehouse.url), "owner"), "reader")


def test_an_empty_name_is_refused(warehouse):
    with pytest.raises(RolesError, match="cannot be a name"):
        make_login(warehouse.url, "", "reader")


@pytest.fixture
def fresh(postgres_server) -> Iterator[str]:
    """URL of an empty database whose roles are dropped after the test."""
    with roles_dropped(postgres_server) as databases, new_database(postgres_server) as url:
        databases.append(named(url))
        yield url


def test_a_login_needs_the_roles(fresh):
    done = CliRunner().invoke(cli.main, ["login", "ann", "reader"], env={"DATABASE_URL": fresh})
    assert done.exit_code == 1
    assert "run python -m warehouse roles" in done.stderr


def test_the_readers_of_two_databases_are_two(fresh, logins):
    make_roles(fresh)
    query(fresh, "create table marts.numbers as select 1 as n")
    other = urlsplit(logins["reader_pii"])._replace(path=f"/{named(fresh)}").geturl()
    with pytest.raises(InsufficientPrivilege):
        query(other, "select * from marts.numbers")


def test_killed_in_the_middle_it_has_done_nothing(fresh):
    query(fresh, "create schema raw")
    query(fresh, "create table raw.held (n int)")
    with closing(psycopg2.connect(fresh)) as holder, holder.cursor() as cur:
        cur.execute("lock table raw.held")
        program = f"from warehouse.roles import make_roles; make_roles({fresh!r})"
        killed = subprocess.Popen([sys.executable, "-c", program], start_new_session=True)
        waiting = "select count(*) from pg_locks where not granted and relation is not null"
        while query(fresh, waiting) == [(0,)]:
            assert killed.poll() is None, "it ended before it could be killed"
            time.sleep(0.02)
        os.killpg(killed.pid, signal.SIGKILL)
        killed.wait()
        holder.rollback()
    made = f"select count(*) from pg_roles where rolname like '%{named(fresh)}%'"
    deadline = time.monotonic() + 20
    # Its server process goes on until it notices: what it commits then is whole.
    while (found := query(fresh, made)) == [(0,)] and time.monotonic() < deadline:
        if query(
            fresh,
            "select count(*) from pg_stat_activity where datname = current_database()"
            " and application_name = 'counting-house roles'",
        ) == [(0,)]:
            break
        time.sleep(0.05)
    assert found in ([(0,)], [(len(ROLES),)])
    assert len(make_roles(fresh)) == len(ROLES)


@contextmanager
def user(admin_url: str, database_url: str, *, rights: str, owns: bool) -> Iterator[str]:
    """A user without superuser rights; gives the database's URL for it."""
    name = f"{named(database_url)}_plain"
    query(admin_url, f"create role {name} login password 'plain' {rights}")
    if owns:
        query(admin_url, f"alter database {named(database_url)} owner to {name}")
    parts = urlsplit(database_url)
    host = parts.netloc.rpartition("@")[2]
    try:
        yield parts._replace(netloc=f"{name}:plain@{host}").geturl()
    finally:
        query(database_url, f"reassign owned by {name} to current_user; drop owned by {name}")
        query(admin_url, f"reassign owned by {name} to current_user")


@pytest.mark.parametrize(
    ("rights", "owns", "fix"),
    [
        ("nocreaterole", True, "alter role .* createrole"),
        ("createrole", False, "alter database .* owner to"),
    ],
)
def test_a_user_who_may_not_is_told_what_is_missing(postgres_server, fresh, rights, owns, fix):
    plain = user(postgres_server, fresh, rights=rights, owns=owns)
    with plain as url, pytest.raises(RolesError, match=fix):
        make_roles(url)
    query(postgres_server, f"drop role {named(fresh)}_plain")


def test_a_superuser_is_not_needed(postgres_server, fresh):
    """Who may make roles and owns the database: twice, with a table that was there before."""
    with user(postgres_server, fresh, rights="createrole", owns=True) as url:
        query(url, "create schema raw")
        query(url, "create table raw.before (n int)")
        make_roles(url)
        query(url, "create table marts.after as select 1 as n")
        made = make_roles(url)
        assert [one.role for one in made] == list(ROLES)
        loader = make_login(url, f"{named(fresh)}_loader", "loader")
        query(loader, "insert into raw.before values (1)")
        with pytest.raises(InsufficientPrivilege):
            query(loader, "select * from marts.after")
        assert query(url, "select n from marts.after") == [(1,)]  # an owner, too


def test_a_database_with_too_long_a_name(postgres_server):
    name = "d" * 40
    query_outside = closing(psycopg2.connect(postgres_server))
    with query_outside as conn:
        conn.autocommit = True
        with conn.cursor() as cur:
            cur.execute(f"create database {name}")
            try:
                url = urlsplit(postgres_server)._replace(path=f"/{name}").geturl()
                with pytest.raises(RolesError, match="too long"):
                    make_roles(url)
            finally:
                cur.execute(f"drop database {name}")
