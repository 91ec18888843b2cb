"""Rows of a problem as base models learn from them: with their truth, groups and weights."""

from __future__ import annotations

from plait.baselines.feature_matrices import FeatureMatrices
from plait.baselines.labelled_rows import LabelledRows
from plait.fitting.setup.problem import Problem


def with_labels(problem: Problem, matrices: FeatureMatrices) -> LabelledRows:
    """Return rows with what a problem tells of them beside their features."""
    rows = matrices.rows
    weights = None if problem.weights is None else problem.weights[rows]
    told = matrices.grouped(problem.groups[rows]).weighted(weights)
    return LabelledRows(told, problem.truth[rows], problem.target_codec)
