"""Commands of `python -m warehouse`; what they do stands in the modules that they call."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path

import click

from warehouse import building, cleaning, client_tools, profiles
from warehouse.connections import connect, database_url, use_utc, where
from warehouse.console import say
from warehouse.demo import Demo
from warehouse.embedded import EmbeddedServer
from warehouse.errors import WarehouseError
from warehouse.figures import read_figures
from warehouse.programs import run_dbt
from warehouse.role_names import Role
from warehouse.roles import ROLES, make_login, make_roles, transformer_to_work_in
from warehouse.settings import PROJECT_DIR, Settings, load_settings
from warehouse.slim.commands import ci_base, ci_slim
from warehouse.summary import Step, read_steps, show
from warehouse.tuning import cores


def _server(settings: Settings) -> EmbeddedServer:
    return EmbeddedServer(settings.server_dir, major=settings.postgres_major)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Run the warehouse's database: the embedded PostgreSQL, or the server of DATABASE_URL."""


main.add_command(ci_slim)
main.add_command(ci_base)


@main.command()
def up() -> None:
    """Start the embedded PostgreSQL (or check DATABASE_URL) and write profiles.yml."""
    settings = load_settings()
    start(settings)


def start(settings: Settings) -> str:
    """Bring the database up; returns its URL. What `up` does, for the demo too."""
    if settings.database_url is None:
        url = _server(settings).start(settings.warehouse_env)
        kind = f"embedded in {settings.server_dir}"
    else:
        url, kind = database_url(settings), "from DATABASE_URL"
    with closing(connect(url)) as conn:
        use_utc(conn)
        version = conn.server_version
    write_profile(url, settings)
    release = f"PostgreSQL {version // 10_000}.{version % 10_000}"
    say(f"{release}, {where(url)}, environment {settings.warehouse_env}, {kind}")
    return url


@main.command()
def down() -> None:
    """Stop the embedded PostgreSQL."""
    settings = load_settings()
    stopped = _server(settings).stop()
    say("the embedded PostgreSQL is stopped" if stopped else "the embedded PostgreSQL did not run")
    if settings.database_url is not None:
        say("the server of DATABASE_URL is left as it is")


@main.command()
def status() -> None:
    """Say which server is in use and whether it answers; exit code 1 when it does not."""
    settings = load_settings()
    if settings.database_url is None:
        state = _server(settings).status()
        if state.major is None:
            raise WarehouseError(f"no embedded PostgreSQL in {state.directory}: run make up")
        if state.pid is None:
            raise WarehouseError(f"PostgreSQL {state.major} in {state.directory} is not running")
        click.echo(f"embedded PostgreSQL {state.major} in {state.directory}, process {state.pid}")
    url = database_url(settings)
    with closing(connect(url)) as conn, conn.cursor() as cur:
        cur.execute(
            "select current_setting('server_version'), datcollate,"
            " pg_size_pretty(pg_database_size(oid)) from pg_database"
            " where datname = current_database()"
        )
        version, collation, size = cur.fetchone() or ("", "", "")
    click.echo(f"PostgreSQL {version} answers: {where(url)}, {size}, collation {collation}")


@main.command()
def url() -> None:
    """Print the connection URL of the warehouse in use; it holds the password."""
    click.echo(database_url(load_settings()))


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def psql(arguments: tuple[str, ...]) -> None:
    """Run psql on the warehouse; ARGUMENTS are psql's own, such as -c 'select 1'."""
    client_tools.run_psql(database_url(load_settings()), arguments)


@main.command()
def dump() -> None:
    """Write schema and data as plain SQL under exports/."""
    done = client_tools.dump(database_url(load_settings()), PROJECT_DIR / "exports")
    click.echo(f"{done.path}: {done.tables} tables, {done.bytes:,} bytes")


@main.command(name="build", context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def run_build(context: click.Context, arguments: tuple[str, ...]) -> None:
    """Run dbt build unless another one is at work in the database; ARGUMENTS are dbt's own.

    Writes profiles.yml first, so that dbt builds where the lock is. The exit code is dbt's. Plain
    dbt build works too, and looks at no lock.
    """
    settings = load_settings()
    in_use = database_url(settings)
    write_profile(in_use, settings)
    context.exit(building.build(in_use, arguments))


@main.command(name="profiles")
def write_profiles() -> None:
    """Write profiles.yml for the warehouse in use."""
    settings = load_settings()
    say(f"wrote {write_profile(database_url(settings), settings)}")


def write_profile(url: str, settings: Settings) -> Path:
    """Write profiles.yml for a URL; where the roles are made, dbt works in the transformer's."""
    path = PROJECT_DIR / "profiles.yml"
    profiles.write_profiles(url, settings, path, transformer_to_work_in(url))
    return path


@main.command()
def roles() -> None:
    """Make the roles owner, loader, transformer, reader and reader_pii; safe to repeat.

    They are groups without a login, named counting_house_<database>_<role>; `login` makes a user
    who has one. From then on the loader and dbt work in theirs.
    """
    settings = load_settings()
    in_use = database_url(settings)
    made = make_roles(in_use)
    write_profile(in_use, settings)
    run_dbt("run-operation", "grant_all")
    for one in made:
        click.echo(f"{one.name}  {', '.join(one.logins) or 'no login has it'}")


@main.command()
@click.argument("name")
@click.argument("role", type=click.Choice(ROLES))
def login(name: str, role: Role) -> None:
    """Make the user NAME, who has the role ROLE, and print the URL to connect with.

    It holds a generated password, which is kept nowhere else: run it again for a new one.
    """
    click.echo(make_login(database_url(load_settings()), name, role))


@main.command()
@click.option("--yes", is_flag=True, envvar="YES", help="Delete without asking (also YES=1).")
def clean(yes: bool) -> None:
    """Delete landing data, embedded server, exports and build results; asks first."""
    settings = load_settings()
    paths, outside = cleaning.candidates(settings, PROJECT_DIR)
    for path in outside:
        link = f" -> {path.resolve()}" if path.is_symlink() else ""
        say(f"  {path}{link}  (left: it is outside the project, remove it yourself)")
    if not paths:
        say("nothing to delete")
        return
    for path in paths:
        say(f"  {path}  ({cleaning.size_of(path) / 1e6:,.1f} MB)")
    if not yes:
        click.confirm("Delete all this?", abort=True, err=True)
    cleaning.delete(settings, paths)
    say(f"deleted {len(paths)} items")
    if settings.database_url is not None:
        say("the database of DATABASE_URL is left as it is")


@main.command()
@click.option("--workers", type=click.IntRange(1, 256), default=cores, show_default="cores")
@click.argument("history", nargs=-1, type=click.UNPROCESSED)
def demo(workers: int, history: tuple[str, ...]) -> None:
    """Do the main job: history and one more day, generated, loaded and built; then the summary.

    HISTORY are flags of the generator, written after two dashes: -- --scale 0.02. They make a new
    history, and must fit one that is there; without them, what is there is gone on with.
    """
    began = time.monotonic()
    url = start(load_settings())
    before = Step("start", round(time.monotonic() - began, 1), where(url))
    if not Demo(url, history, workers, before).run():
        say("history and one more day are generated, loaded and built: nothing to do")
    show_summary(url)


@main.command()
def summary() -> None:
    """Show what the warehouse holds: rows by layer, quarantine, reconciliation, seconds."""
    show_summary(database_url(load_settings()))


def show_summary(url: str) -> None:
    """Print the summary of the database at `url`."""
    with closing(connect(url)) as conn, conn.cursor() as cur:
        figures = read_figures(cur)
    show(figures, [step for step in read_steps() if step.database == where(url)])
