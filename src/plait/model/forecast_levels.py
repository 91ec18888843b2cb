"""Quantiles of a forecast that a person asks for, and the names of their columns."""

from __future__ import annotations

from collections.abc import Sequence

from plait.errors import UsageError
from plait.model.forecast_scores import ENDS

LEVELS = 0.001, 0.999
"""Quantiles that may be asked: beyond them nothing but the normal distribution would tell."""


def levels_asked(quantiles: Sequence[float] | None, *, drawn: bool) -> dict[str, float]:
    """Return what stands behind a target's name -> the quantile, the lowest first.

    Args:
        quantiles: In [0.001, 0.999], in any order; None for the ends of the 90 % interval.
        drawn: Whether paths are drawn, which have none.

    Raises `UsageError` for what is no quantile, and for quantiles of paths.
    """
    if drawn and quantiles:
        raise UsageError(
            "a path that is drawn has no quantiles", expected="quantiles, or a temperature"
        )
    if drawn:
        return {}
    asked = (ENDS[0], ENDS[-1]) if quantiles is None else sorted(quantiles)
    if not asked or not all(LEVELS[0] <= one <= LEVELS[1] for one in asked):
        raise UsageError(
            "these are no quantiles",
            expected=f"numbers from {LEVELS[0]} to {LEVELS[1]}",
            received=", ".join(f"{one:g}" for one in asked) or "none",
            hint="for example 0.1,0.5,0.9",
        )
    return {_named(one): one for one in asked}


def _named(level: float) -> str:
    """Return what stands behind the name of a target for a quantile: ``_q05``, ``_q97.5``."""
    whole, point, part = f"{100 * level:.8g}".partition(".")
    return f"_q{whole:0>2}{point}{part}"
