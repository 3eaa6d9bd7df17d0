"""Collects the checks of the warehouse, from what dbt, the ledger and the layers say."""

from monitor.checks.collect import collect

__all__ = ["collect"]
