"""Simple students: linear models of few features, which learn what a teacher says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from plait.baselines.base_models import Linear, ProductOfExperts
from plait.baselines.contract import Deadline
from plait.baselines.features import FeatureMap
from plait.baselines.labelled_rows import LabelledRows
from plait.compress.lessons import Lessons
from plait.compress.student_features import StudentFeatures
from plait.fitting.candidates.candidates import allows_product
from plait.fitting.setup.problem import Problem

Simple = Linear | ProductOfExperts
Kind = Callable[[], Simple]
"""Makes a simple student that has learned nothing yet."""


@dataclass(frozen=True)
class SimpleStudents:
    """Fits simple students of a problem, whose weights are of half precision.

    Attributes:
        problem: Its columns, groups and weights.
        lessons: What they learn.
        features: Makes the features that they know.
        share: Of what they learn, the teacher's.
        seed: Of splits.
    """

    problem: Problem
    lessons: Lessons
    features: StudentFeatures
    share: float
    seed: int

    def kinds(self) -> dict[str, Kind]:
        """Return name -> what makes a student, of those that the target allows."""
        columns = list(self.problem.input_columns.values())
        found: dict[str, Kind] = {Linear.name: Linear}
        if allows_product(self.problem.target_codec.form, columns):
            found[ProductOfExperts.name] = partial(ProductOfExperts, columns, neighbours=False)
        return found

    def fit(
        self, kind: Kind, rows: np.ndarray, scaled: FeatureMap, deadline: float | None
    ) -> Simple:
        """Return a student that learned from rows.

        Args:
            kind: Makes it.
            rows: Row numbers.
            scaled: Scales its features.
            deadline: Of `time.monotonic`.
        """
        problem, student = self.problem, kind()
        weights = None if problem.weights is None else problem.weights[rows]
        matrices = self.features.matrices(scaled, rows)
        told = matrices.grouped(problem.groups[rows]).weighted(weights)
        soft = self.lessons.soft(rows, self.share)
        labelled = LabelledRows(told, self.lessons.truth[rows], problem.target_codec, soft)
        until = None if deadline is None else Deadline(deadline)
        student.fit(labelled, seed=self.seed, deadline=until)
        student.halve()
        return student

    def outputs(self, student: Simple, rows: np.ndarray, scaled: FeatureMap) -> np.ndarray:
        """Return what a student says of rows, float32 ``[row, output]``."""
        return student.outputs(self.features.matrices(scaled, rows))
