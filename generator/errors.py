"""Every error the generator raises on purpose.

WarehouseError                (warehouse.errors: one line for the user, exit code 1)
└── GeneratorError            base of all below
    ├── BadParameter          a flag out of range or in contradiction to a batch
    ├── ModelError            a data model that cannot be read or made
    ├── LandingZoneError      a folder or manifest that cannot be read, written or continued
    ├── ContractBroken        a file that is not as the model says
    └── WorkerLost            a worker process ended before its part was done
"""

from __future__ import annotations

from warehouse.errors import WarehouseError


class GeneratorError(WarehouseError):
    """Base of the generator's errors: one line that names the fault, its place and the fix."""


class BadParameter(GeneratorError):  # noqa: N818 - reads as what happened
    """A parameter is outside its range or contradicts the batches already there."""

    exit_code = 2


class ModelError(GeneratorError):
    """A data model cannot be read or made; one line a problem, each with its place and the fix."""

    exit_code = 2


class LandingZoneError(GeneratorError):
    """The landing zone cannot be read, written or continued."""


class ContractBroken(GeneratorError):  # noqa: N818 - reads as what happened
    """What was made is not as the model says; the message names table, column, file and record."""


class WorkerLost(GeneratorError):  # noqa: N818 - reads as what happened
    """A worker process ended before its part was done."""
