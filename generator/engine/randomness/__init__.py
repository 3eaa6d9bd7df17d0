"""Bits from counters, and the laws that turn bits into values, the same on every machine."""
