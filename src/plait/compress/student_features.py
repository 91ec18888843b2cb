"""The simple features of a student's rows, of which it knows few: made once for all students."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from plait.baselines.evidence import RawFeatures
from plait.baselines.extract import Plan, extract, is_vector, make_plan
from plait.baselines.feature_matrices import FeatureMatrices
from plait.baselines.features import ColumnScale, FeatureMap
from plait.fitting.setup.problem import Problem

LEAST_SEEN, MOST_SPARSE = 2, 12_000
"""Sparse features (words, pieces of words) that a student knows are in so many rows at least, and
of a column no more than so many, the most frequent."""


class StudentFeatures:
    """Makes features of rows, those that are learned from once for all students.

    They look at no target.

    Args:
        problem: Its columns.
        rows: Row numbers to learn from and to choose by, ascending.
        most: Sparse features of a column that are known.
    """

    def __init__(self, problem: Problem, rows: np.ndarray, most: int = MOST_SPARSE) -> None:
        self._prepared, self._columns = problem.prepared, problem.columns
        plans = slim_plans(problem, rows, most)
        self.raw = RawFeatures(problem.prepared, problem.columns, rows, plans)

    @property
    def plans(self) -> Mapping[str, Plan]:
        """Column -> its features that students know."""
        return self.raw.plans

    def fit(self, rows: np.ndarray) -> FeatureMap:
        """Return what scales features, by some of the rows."""
        scales = {}
        for name, plan in self.plans.items():
            found = self.raw.of(self._prepared, name, plan, rows)
            as_one = is_vector(self._prepared.columns[name].codec)
            scales[name] = ColumnScale.fit(plan, found, as_one=as_one)
        return FeatureMap(scales)

    def matrices(self, features: FeatureMap, rows: np.ndarray) -> FeatureMatrices:
        """Return the features of rows by such a map."""
        raw = {name: self.raw.of(self._prepared, name, p, rows) for name, p in self.plans.items()}
        return FeatureMatrices(features, self._prepared, rows, raw=raw)


def slim_plans(problem: Problem, rows: np.ndarray, most: int) -> dict[str, Plan]:
    """Return column -> the features that a student knows of it, as rows tell.

    Of sparse ones those that recur, the most frequent: a word that is in a single row tells nothing
    of others, and each is a weight for every class.
    """
    found = {}
    for name in problem.columns:
        column = problem.prepared.columns[name]
        plan = make_plan(column, rows)
        if len(plan.sparse):
            counts = extract(column, plan, rows).sparse.counts()
            ranked = np.argsort(-counts, kind="stable")[:most]
            kept = np.sort(ranked[counts[ranked] >= LEAST_SEEN])
            plan = Plan(plan.code_part, plan.dense, plan.sparse[kept])
        found[name] = plan
    return found
