"""Delays in whole seconds."""

from __future__ import annotations

from generator.engine.randomness.distributions import (
    exponential,
    log_normal,
    normal,
    uniform,
    whole,
)
from generator.engine.randomness.mix import Bits, Ints
from generator.spec.delays import SECONDS, Delay


def delays(spec: Delay, bits: Bits) -> Ints:
    """Return a delay in seconds for each draw.

    Args:
        spec: distribution, limits and unit.
        bits: one draw a delay.
    """
    unit = SECONDS[spec.unit]
    low, high = round(spec.min * unit), round(spec.max * unit)
    if spec.kind == "uniform":
        return uniform(bits, low, high)
    if spec.kind == "exponential":
        drawn = exponential(bits, (spec.mean or 0) * unit)
    elif spec.kind == "normal":
        drawn = normal(bits, (spec.mean or 0) * unit, (spec.spread or 0) * unit)
    else:
        drawn = log_normal(bits, (spec.median or 0) * unit, spec.spread or 0)
    return whole(drawn, low, high)
