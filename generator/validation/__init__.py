"""Checks what was made against the model, from the files alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from generator.spec.model import Model


def validate(
    model: Model,
    folder: Path,
    source: Path,
    manifest: Mapping[str, Any] | None = None,
    pools: Mapping[str, Sequence[str]] | None = None,
) -> int:
    """Check a batch's files: types, missing values, ranges, allowed values, keys, references.

    Records that the ledger gives to quarantine or rejects are left out; those to be cleaned are
    checked as they were before. Tables are taken in the order of their references.

    Args:
        model: what the files were made from.
        folder: the batch's folder.
        source: the source's folder, where the earlier batches are.
        manifest: the batch's manifest where it is not written yet; None reads it.
        pools: texts of the pools that Faker fills, by pool or `table.column`.

    Returns:
        The number of records checked.

    Raises:
        ContractBroken: the first table that is not as the model says; the message names table,
            column, file, record and value.
        LandingZoneError: a file or manifest cannot be read.
    """
    # pandera takes longer to import than a small history takes to make.
    from generator.validation.batch import BatchCheck  # noqa: PLC0415

    return BatchCheck(model, source, pools or {}).run(folder, manifest)
