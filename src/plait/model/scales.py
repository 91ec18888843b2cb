"""How outputs of a target are corrected: what is asked of a correction, and which it is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

import numpy as np

from plait.errors import TargetError
from plait.modalities import PredictiveTarget
from plait.modalities.forms import CLASSES, LABELS, NUMBER
from plait.model.held_out import HeldOutRows
from plait.model.interval_scale import IntervalScale
from plait.model.temperature_scale import TemperatureScale


class Scale(Protocol):
    """How outputs of one kind of target are corrected.

    Attributes:
        nominal: The share of rows that intervals are to hold; None where there are none.
    """

    nominal: float | None

    def known(self, truth: np.ndarray) -> np.ndarray:
        """Return which rows have a truth that training knew, bool ``[row]``."""

    def scores(self, rows: HeldOutRows) -> np.ndarray:
        """Return what factors are chosen by, of each row and once for all sets, ``[row, ...]``."""

    def fit(
        self, seen: np.ndarray, rows: HeldOutRows, own: np.ndarray, prior: np.ndarray
    ) -> np.ndarray:
        """Return the factors of a set of columns, float32 ``[factor]``.

        Args:
            seen: What `scores` gave.
            rows: All rows.
            own: Places of the rows with this set.
            prior: Places of the rows that support it.
        """

    def apply(self, outputs: np.ndarray, factors: np.ndarray) -> np.ndarray:
        """Correct outputs ``[row, output]`` by factors ``[row, factor]``."""

    def most_cautious(self, factors: np.ndarray) -> np.ndarray:
        """Return of several factors ``[several, factor]`` those that claim least, ``[factor]``."""


def scale_of(codec: PredictiveTarget) -> Scale:
    """Return how a target's outputs are corrected, by their form.

    Raises `TargetError` for a form that is unknown here.
    """
    scales: dict[str, Callable[[], Scale]] = {
        CLASSES.name: partial(TemperatureScale, codec, exclusive=True),
        LABELS.name: partial(TemperatureScale, codec, exclusive=False),
        NUMBER.name: partial(IntervalScale, codec),
    }
    if codec.form.name not in scales:
        raise TargetError(
            "outputs of this target cannot be calibrated",
            expected=", ".join(scales),
            received=codec.form.name,
        )
    return scales[codec.form.name]()
