"""Every error this package raises on purpose.

WarehouseError                  one line for the user, exit code 1
├── SettingsError               a setting or `.env` is missing or malformed
├── ServerError                 the embedded server cannot be set up, started or stopped
├── ConnectionFailed            a server did not let us in (down, wrong password, no such database)
├── ServerTooOld                the server is older than PostgreSQL 16
├── StepFailed                  a program that we ran (psql, pg_dump, dbt, ...) failed
│   └── StepRefused             it did not take its arguments
└── AnotherHistory              (warehouse.demo) the demo's flags do not fit what is there

They derive from click.ClickException, so that a command line that lets one pass ends with its
message, exit code 1 and no traceback. No message ever holds a password or a whole URL.
"""

from __future__ import annotations

import click


class WarehouseError(click.ClickException):
    """Base of this package's errors: one line that names the fault, its place and the fix."""


class SettingsError(WarehouseError):
    """A setting is missing or malformed."""


class ServerError(WarehouseError):
    """The embedded server cannot be set up, started or stopped."""


class ConnectionFailed(WarehouseError):  # noqa: N818 - the contract's name
    """A server did not let us in."""


class ServerTooOld(WarehouseError):  # noqa: N818 - the contract's name
    """The server is older than the oldest PostgreSQL that the warehouse supports."""


class StepFailed(WarehouseError):  # noqa: N818 - reads as what happened
    """A program that the warehouse runs ended with an exit code other than 0."""


class StepRefused(StepFailed):
    """A program that the warehouse runs did not take its arguments: exit code 2, as its own."""

    exit_code = 2
