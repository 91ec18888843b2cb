"""What a student learns: truth, and what its teacher says of rows that it knows not by heart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from plait.display import brief
from plait.modalities import PredictiveTarget
from plait.modalities.forms import OutputForm

LEAST_SHARE = 1e-4
"""Probabilities nearer to 0 or 1 are taken for this far: teachers are not surer than that."""

HALF = 0.5


@brief
@dataclass(frozen=True)
class Lessons:
    """What is told of the rows of a student's table.

    Attributes:
        rows: int64: row numbers to learn from, ascending: those with a target, and those that the
            teacher answers though it never saw them.
        truth: Targets of all rows of the table, as `PredictiveTarget.truth`. Rows without one have
            the teacher's answer for it.
        said: float32 ``[row of the table, output]``: what the teacher says of each, by models that
            did not learn from it; NaN where that is not known.
        codec: Of the target.
    """

    rows: np.ndarray
    truth: np.ndarray
    said: np.ndarray
    codec: PredictiveTarget

    @property
    def known(self) -> np.ndarray:
        """bool ``[row of the table]``: whether the teacher says anything of it."""
        return np.asarray(~np.isnan(self.said).any(axis=1))

    def soft(self, rows: np.ndarray, share: float) -> np.ndarray:
        """Return what simple models learn of rows, float32 ``[row, output]``.

        That is truth, moved by a share towards what the teacher says, where it says anything.

        Args:
            rows: Row numbers.
            share: In [0, 1]: 0 is truth alone.
        """
        form, truth = self.codec.form, self.truth[rows]
        width = self.said.shape[1] if form.probable else 1
        columns = form.columns(truth, width)
        said = self.said[rows, :width]
        moved = np.where(self.known[rows, None], said, columns)
        return np.asarray((1 - share) * columns + share * moved, np.float32)

    def raw(self) -> np.ndarray:
        """Return what the teacher says on the scale of a network's raw outputs, as `said`."""
        return raw_answers(self.codec, self.said)


def raw_answers(codec: PredictiveTarget, outputs: np.ndarray) -> np.ndarray:
    """Return canonical outputs as a network's head gives them, float32 ``[row, output]``.

    Those are logarithms of classes' probabilities, log-odds of labels, or standardised numbers.
    """
    form = codec.form
    if not form.probable:
        scaled = [codec.scaled(np.nan_to_num(column)) for column in outputs.T]
        return np.where(np.isnan(outputs), np.nan, np.stack(scaled, axis=1)).astype(np.float32)
    shares = np.clip(outputs, LEAST_SHARE, None if form.exclusive else 1 - LEAST_SHARE)
    if form.exclusive:
        return np.asarray(np.log(shares), np.float32)
    return np.asarray(np.log(shares / (1 - shares)), np.float32)


def answers_as_truth(form: OutputForm, outputs: np.ndarray) -> np.ndarray:
    """Return outputs as if they were truth: the likeliest class, labels more likely than not, the
    mean."""
    if form.exclusive:
        return np.asarray(outputs.argmax(axis=1), np.int64)
    if form.probable:
        return np.asarray(outputs >= HALF, np.float32)
    return np.asarray(outputs[:, 0], np.float32)


def agreement(form: OutputForm, student: np.ndarray, teacher: np.ndarray) -> float:
    """Return how far two models answer alike, at most 1.

    Of classes the share of rows with the same one, of labels the share of same yes and no; of a
    number the share of the teacher's variance that the student's means explain.
    """
    mine, theirs = answers_as_truth(form, student), answers_as_truth(form, teacher)
    if form.probable:
        return float((mine == theirs).mean())
    spread = float(((theirs - theirs.mean()) ** 2).sum())
    return 1.0 - float(((mine - theirs) ** 2).sum()) / max(spread, 1e-12)
