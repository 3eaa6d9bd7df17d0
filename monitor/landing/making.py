"""What all checks of a delivery have in common."""

from __future__ import annotations

from collections.abc import Sequence

from loader.loading.budget import Budget
from monitor.check import Check, Group, Status
from monitor.landing.delivery import Delivery
from monitor.landing.wording import SHOWN, more


class Maker:
    """Makes checks of a delivery.

    Args:
        delivery: what lies there.
        budget: records of a file, or of a table, that may have a fault before a check fails.
    """

    def __init__(self, delivery: Delivery, budget: Budget) -> None:
        self._delivery, self._budget = delivery, budget

    def _check(  # noqa: PLR0913, PLR0917 - a check's own
        self,
        table: str,
        what: str,
        group: Group,
        name: str,
        status: Status,
        message: str,
        *,
        checked: int | None = None,
        failed: int | None = None,
        samples: Sequence[dict[str, str | None]] = (),
    ) -> Check:
        source = self._delivery.source
        parts = ["landing", source, *([table] if table else []), what]
        return Check(
            key=":".join(parts),
            group=group,
            name=f"{table}: {name}" if table else name,
            status=status,
            message=message,
            subject=f"{source}/{table}" if table else source,
            source=source,
            checked=checked,
            failed=failed,
            samples=tuple(samples),
        )

    def _unless(  # noqa: PLR0913 - a check's own
        self,
        table: str,
        what: str,
        name: str,
        faults: Sequence[dict[str, str | None]],
        passed: str,
        *,
        checked: int,
        group: Group = Group.RECONCILIATION,
    ) -> Check:
        """Make a check that fails where there are faults; its message is the first of them."""
        return self._check(
            table,
            what,
            group,
            name,
            Status.FAIL if faults else Status.PASS,
            f"{' '.join(filter(None, faults[0].values()))}{more(faults)}" if faults else passed,
            checked=checked,
            failed=len(faults),
            samples=faults[:SHOWN],
        )

    def _within(self, bad: int, rows: int) -> Status:
        if not bad:
            return Status.PASS
        allowed = self._budget.allowed(rows)
        return Status.WARN if allowed is not None and bad <= allowed else Status.FAIL
