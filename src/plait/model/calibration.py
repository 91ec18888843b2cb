"""Calibration of what ships, by the set of columns that a row has, on rows nothing learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from plait.data.prepared import Prepared
from plait.modalities import PredictiveTarget
from plait.model.scales import LEAST_ROWS, HeldOut, Scale, scale_of


@dataclass(frozen=True)
class Calibration:
    """Factors for each set of input columns that a row may have.

    A row whose set is not among the patterns takes the factors of the largest pattern that is part
    of its own (what the model knew less about is not answered too surely), else the first's.

    Attributes:
        sources: Input column of the table -> the columns that it is read as.
        patterns: bool ``[pattern, source]``; the first stands for all rows together.
        factors: float32 ``[pattern, factor]``.
        rows: int64 ``[pattern]``: held-out rows that each is from.
        scale: Applies the factors.
    """

    sources: Mapping[str, Sequence[str]]
    patterns: np.ndarray
    factors: np.ndarray
    rows: np.ndarray
    scale: Scale

    def apply(self, outputs: np.ndarray, prepared: Prepared, rows: np.ndarray) -> np.ndarray:
        """Return calibrated outputs of prepared rows, float32 ``[row, output]``."""
        if not len(outputs):
            return outputs
        present = with_sources(prepared, self.sources, rows)
        return self.scale.apply(outputs, self.factors[self._places(present)]).astype(np.float32)

    def facts(self) -> dict[str, Any]:
        """Return JSON-ready data, which `calibration_from` reads."""
        return {
            "patterns": self.patterns.tolist(),
            "factors": [[float(value) for value in row] for row in self.factors],
            "rows": self.rows.tolist(),
        }

    def _places(self, present: np.ndarray) -> np.ndarray:
        """Return which pattern answers each row, int64 ``[row]``."""
        distinct, which = np.unique(present, axis=0, return_inverse=True)
        return np.array([self._place(row) for row in distinct])[which.reshape(-1)]

    def _place(self, row: np.ndarray) -> int:
        own = np.flatnonzero((self.patterns[1:] == row).all(axis=1)) + 1
        if len(own):
            return int(own[0])
        inside = np.flatnonzero(~(self.patterns[1:] & ~row).any(axis=1)) + 1
        if not len(inside):
            return 0
        sizes = self.patterns[inside].sum(axis=1)
        return int(inside[np.argmax(sizes)])


def fit_calibration(
    codec: PredictiveTarget,
    sources: Mapping[str, Sequence[str]],
    rows: HeldOut,
) -> Calibration | None:
    """Learn the factors of each set of columns; None where no row can be learned from.

    Args:
        codec: Of the target.
        sources: Input column -> the columns that it is read as.
        rows: Rows as they are, and the same with columns hidden.
    """
    scale = scale_of(codec)
    rows = rows.take(np.flatnonzero(scale.known(rows.truth) & np.isfinite(rows.outputs).all(1)))
    natural = np.flatnonzero(~rows.hidden)
    if len(natural) < LEAST_ROWS:
        return None
    patterns, which, counts = np.unique(
        rows.present, axis=0, return_inverse=True, return_counts=True
    )
    which = which.reshape(-1)
    order = np.argsort(-counts, kind="stable")
    kept = [int(number) for number in order if counts[number] >= LEAST_ROWS]
    seen = scale.look(rows)
    factors = [scale.fit(seen, rows, natural, natural[:0])]
    for number in kept:
        factors.append(scale.fit(seen, rows, np.flatnonzero(which == number), natural))
    kept_patterns = [np.ones(len(sources), bool), *(patterns[number] for number in kept)]
    sizes = [len(natural), *(int(counts[number]) for number in kept)]
    return Calibration(sources, np.stack(kept_patterns), np.stack(factors), np.array(sizes), scale)


def calibration_from(
    facts: Mapping[str, Any], codec: PredictiveTarget, sources: Mapping[str, Sequence[str]]
) -> Calibration:
    """Rebuild what `Calibration.facts` told."""
    return Calibration(
        sources,
        np.array(facts["patterns"], bool),
        np.array(facts["factors"], np.float32),
        np.array(facts["rows"], np.int64),
        scale_of(codec),
    )


def with_sources(
    prepared: Prepared, sources: Mapping[str, Sequence[str]], rows: np.ndarray
) -> np.ndarray:
    """Return which input columns each row has, bool ``[row, source]``."""
    found = [
        np.logical_or.reduce([np.asarray(prepared.columns[n].present)[rows] for n in columns])
        for columns in sources.values()
    ]
    return np.stack(found, axis=1)
