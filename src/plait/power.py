"""Joules that codecarbon counts, where it is installed: one offline tracker a process."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import Any

JOULES_PER_KWH = 3.6e6

EVERY_SECONDS = 5.0
"""Between two looks at what is drawn."""

COUNTED = 1000.0
"""Grams per kWh that the tracker is told: the kilograms that it tells are kilowatt-hours then."""


def tracked_joules() -> float | None:
    """Return what codecarbon's tracker of this process counted since its first call, in joules.

    It asks nothing of any network, writes no file, and knows no place: what the grid emits is
    `plait.footprint.grams_per_kwh`. None where codecarbon is not installed, or tells nothing.
    """
    tracker = _tracker()
    if tracker is None:
        return None
    kilowatt_hours = tracker.flush()
    return None if kilowatt_hours is None else float(kilowatt_hours) * JOULES_PER_KWH


@cache
def _tracker() -> Any:
    """Return the running tracker; None where codecarbon is not installed."""
    if find_spec("codecarbon") is None:
        return None
    import logging

    logging.getLogger("codecarbon").disabled = True
    from codecarbon import OfflineEmissionsTracker

    tracker = OfflineEmissionsTracker(
        measure_power_secs=EVERY_SECONDS,
        output_methods=[],
        tracking_mode="process",
        allow_multiple_runs=True,
        force_carbon_intensity_g_co2e_kwh=COUNTED,
        pue=1.0,
        log_level="critical",
    )
    tracker.start()
    return tracker
