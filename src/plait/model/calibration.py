"""Calibration of what ships, by the set of columns that a row has, on rows nothing learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from plait.data.prepared import Prepared
from plait.display import brief
from plait.modalities import PredictiveTarget
from plait.model.held_out import HeldOutRows
from plait.model.scales import Scale, scale_of

LEAST_ROWS = 20
"""Rows with a set of columns that it takes for a calibration of its own."""

MANY_ROWS = 400
"""So many rows set an interval within three hundredths."""


@brief
@dataclass(frozen=True)
class Calibration:
    """Factors for each set of input columns that a row may have.

    A row whose set is not among the patterns takes the humblest of what is known of such rows for
    each column that it lacks. Where nothing is known of any of these, it takes the humblest of the
    patterns that are part of its own too: what the model knew less about is not answered too
    surely.

    Attributes:
        input_columns: Input column of the table -> the columns that it is read as.
        patterns: bool ``[pattern, input]``; the first stands for all rows together.
        factors: float32 ``[pattern, factor]``.
        rows: int64 ``[pattern]``: held-out rows that each is from.
        lacking: float32 ``[input, factor]``: of rows that lack this column and another one, which
            no other row lacks; NaN where none were looked at.
        scale: Applies the factors.
    """

    input_columns: Mapping[str, Sequence[str]]
    patterns: np.ndarray
    factors: np.ndarray
    rows: np.ndarray
    lacking: np.ndarray
    scale: Scale

    def apply(self, outputs: np.ndarray, prepared: Prepared, rows: np.ndarray) -> np.ndarray:
        """Return calibrated outputs of prepared rows, float32 ``[row, output]``."""
        if not len(outputs):
            return outputs
        present = with_input_columns(prepared, self.input_columns, rows)
        distinct, which = np.unique(present, axis=0, return_inverse=True)
        factors = np.stack([self._factors_of(row) for row in distinct])
        return self.scale.apply(outputs, factors[which.reshape(-1)]).astype(np.float32)

    def notes(self) -> tuple[str, ...]:
        """Return what a person should know of intervals that rest on few rows.

        How many of all new rows an interval covers that was set by `n` of them varies as a beta
        distribution, whose standard deviation is about ``sqrt(p (1 - p) / n)`` (Vovk 2012,
        "Conditional validity of inductive conformal predictors").
        """
        num = int(self.rows[0])
        if self.scale.nominal is None or num >= MANY_ROWS:
            return ()
        off = 1.96 * float(np.sqrt(self.scale.nominal * (1 - self.scale.nominal) / num))
        least, most = self.scale.nominal - off, min(self.scale.nominal + off, 1.0)
        return (
            f"intervals that are to cover {self.scale.nominal:.0%} of new rows were set by {num:,} "
            f"held-out rows: by the luck of those they may cover {least:.0%} to {most:.0%}, and "
            "more where what ships has learned from more rows, or for longer, than what set them",
        )

    def facts(self) -> dict[str, Any]:
        """Return JSON-ready data, which `calibration_from` reads."""
        return {
            "patterns": self.patterns.tolist(),
            "factors": [[float(value) for value in row] for row in self.factors],
            "rows": self.rows.tolist(),
            "lacking": [
                None if np.isnan(row).any() else [float(value) for value in row]
                for row in self.lacking
            ],
        }

    def _factors_of(self, row: np.ndarray) -> np.ndarray:
        """Return the factors of a set of columns, bool ``[input]``."""
        own = np.flatnonzero((self.patterns[1:] == row).all(axis=1)) + 1
        if len(own):
            return np.asarray(self.factors[own[0]])
        lacking = self.lacking[~row]
        known = ~np.isnan(lacking).any(axis=1)
        told = [self.factors[:1], lacking[known]]
        if not len(lacking) or not known.all():
            inside = np.flatnonzero(~(self.patterns[1:] & ~row).any(axis=1)) + 1
            told.append(self.factors[inside])
        return self.scale.most_cautious(np.concatenate(told))


def fit_calibration(
    codec: PredictiveTarget,
    input_columns: Mapping[str, Sequence[str]],
    rows: HeldOutRows,
    unusual: HeldOutRows | None = None,
) -> Calibration | None:
    """Learn the factors of each set of columns; None where no row can be learned from.

    Args:
        codec: Of the target.
        input_columns: Input column -> the columns that it is read as.
        rows: Rows as they are, and the same with columns hidden.
        unusual: Rows with columns hidden, so that their sets of columns are hardly seen by nature:
            they tell what to do with such sets.
    """
    scale = scale_of(codec)
    rows = _usable(scale, rows)
    natural = np.flatnonzero(~rows.hidden)
    if len(natural) < LEAST_ROWS:
        return None
    patterns, which, counts = np.unique(
        rows.present, axis=0, return_inverse=True, return_counts=True
    )
    which = which.reshape(-1)
    order = np.argsort(-counts, kind="stable")
    kept = [int(number) for number in order if counts[number] >= LEAST_ROWS]
    seen = scale.scores(rows)
    factors = [scale.fit(seen, rows, natural, natural[:0])]
    for number in kept:
        factors.append(scale.fit(seen, rows, np.flatnonzero(which == number), natural))
    kept_patterns = [np.ones(len(input_columns), bool), *(patterns[number] for number in kept)]
    sizes = [len(natural), *(int(counts[number]) for number in kept)]
    lacking = np.full((len(input_columns), len(factors[0])), np.nan, np.float32)
    if unusual is not None:
        lacking = _lacking(scale, _usable(scale, unusual), lacking)
    return Calibration(
        input_columns, np.stack(kept_patterns), np.stack(factors), np.array(sizes), lacking, scale
    )


def _usable(scale: Scale, rows: HeldOutRows) -> HeldOutRows:
    """Return the rows with a truth and finite outputs."""
    return rows.take(np.flatnonzero(scale.known(rows.truth) & np.isfinite(rows.outputs).all(1)))


def _lacking(scale: Scale, rows: HeldOutRows, unknown: np.ndarray) -> np.ndarray:
    """Return the factors of rows that lack each of the columns; `unknown` where there are few."""
    seen, found = scale.scores(rows), unknown.copy()
    for place in range(len(found)):
        own = np.flatnonzero(~rows.present[:, place])
        if len(own) >= LEAST_ROWS:
            found[place] = scale.fit(seen, rows, own, own[:0])
    return found


def calibration_from(
    facts: Mapping[str, Any], codec: PredictiveTarget, input_columns: Mapping[str, Sequence[str]]
) -> Calibration:
    """Rebuild what `Calibration.facts` told."""
    factors = np.array(facts["factors"], np.float32)
    lacking = [row or [np.nan] * factors.shape[1] for row in facts["lacking"]]
    return Calibration(
        input_columns,
        np.array(facts["patterns"], bool),
        factors,
        np.array(facts["rows"], np.int64),
        np.array(lacking, np.float32),
        scale_of(codec),
    )


def with_input_columns(
    prepared: Prepared, input_columns: Mapping[str, Sequence[str]], rows: np.ndarray
) -> np.ndarray:
    """Return which input columns each row has, bool ``[row, input]``."""
    found = [
        np.logical_or.reduce([np.asarray(prepared.columns[n].present)[rows] for n in columns])
        for columns in input_columns.values()
    ]
    return np.stack(found, axis=1)
