"""Labelled rows: what a base model learns from, their features, their truth and their target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plait.baselines.feature_matrices import FeatureMatrices
from plait.baselines.weighted_statistics import mean_by
from plait.display import brief
from plait.modalities import PredictiveTarget
from plait.modalities.forms import OutputForm


@brief
@dataclass(frozen=True)
class LabelledRows:
    """Rows whose target is told.

    Attributes:
        matrices: Their features, with what belongs together and how much each counts.
        truth: As `PredictiveTarget.truth`, ``[row]`` or ``[row, label]``.
        codec: Of the target: its form, its labels and its cost.
        soft: float32 ``[row, output]``: what is learned in place of truth, from a teacher; truth
            still judges. None where truth itself is learned.
    """

    matrices: FeatureMatrices
    truth: np.ndarray
    codec: PredictiveTarget
    soft: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def form(self) -> OutputForm:
        """What outputs of the target are."""
        return self.codec.form

    @property
    def groups(self) -> np.ndarray | None:
        """int ``[row]``: rows of one number belong together; None where every row is alone."""
        return self.matrices.groups

    @property
    def weights(self) -> np.ndarray | None:
        """float32 ``[row]``: how much each row counts; None where all count the same."""
        return self.matrices.weights

    @property
    def num_outputs(self) -> int:
        """The classes or labels of the target, or 1 for a number."""
        return num_outputs(self.codec, self.truth)

    def targets(self) -> np.ndarray:
        """Return what is learned as float32 ``[row, output]``: one-hot classes, labels, or the
        number; or what a teacher says of them.

        Made anew at each call: with many classes it is too large to be kept.
        """
        if self.soft is not None:
            return self.soft
        return self.form.columns(self.truth, self.num_outputs)

    def mean_cost(self, outputs: np.ndarray) -> float:
        """Return the mean cost of canonical outputs ``[row, output]``, rows by their weights."""
        return mean_by(self.codec.cost(outputs, self.truth), self.weights)

    def known(self) -> LabelledRows:
        """Leave out rows whose truth training does not know (a class of -1)."""
        known = self.form.known(self.truth)
        return self if known.all() else self.take(np.flatnonzero(known))

    def take(self, places: np.ndarray) -> LabelledRows:
        """Return some of the rows, by their places here."""
        soft = None if self.soft is None else self.soft[places]
        return LabelledRows(self.matrices.take(places), self.truth[places], self.codec, soft)

    def only(self, columns: Sequence[str]) -> LabelledRows:
        """Return the same rows as seen by some of the columns."""
        return LabelledRows(self.matrices.only(columns), self.truth, self.codec, self.soft)

    def weights_at(self, places: np.ndarray) -> np.ndarray | None:
        """Return the weights of some of the rows, as `take` would, without their features."""
        return None if self.weights is None else self.weights[places]


def num_outputs(codec: PredictiveTarget, truth: np.ndarray) -> int:
    """Return the classes or labels of a target, or 1 for a number."""
    return codec.form.num_outputs(getattr(codec, "labels", ()), truth)
