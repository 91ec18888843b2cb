"""The simple features of a student's rows, of which it knows few: made once for all students."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

import numpy as np

from plait.baselines.evidence import RawFeatures
from plait.baselines.extract import Plan, extract, is_vector, make_plan
from plait.baselines.feature_matrices import FeatureMatrices
from plait.baselines.features import ColumnScale, FeatureMap
from plait.fitting.setup.problem import Problem

LEAST_SEEN, MOST_SPARSE = 2, 12_000
"""Sparse features (words, pieces of words) that a student knows are in so many rows at least, and
of a column no more than so many, the most frequent."""

MOST_TOLD = 6000
"""Of these a network is told, for each of which it has as many numbers as components and scores."""


class StudentFeatures:
    """Makes features of rows, those that are learned from once for all students.

    They look at no target.

    Args:
        problem: Its columns.
        rows: Row numbers to learn from and to choose by, ascending.
    """

    def __init__(self, problem: Problem, rows: np.ndarray) -> None:
        self._prepared = problem.prepared
        every = {n: make_plan(problem.prepared.columns[n], rows) for n in problem.columns}
        counts = {
            name: extract(problem.prepared.columns[name], plan, rows).sparse.counts()
            for name, plan in every.items()
            if len(plan.sparse)
        }
        plans = slim(every, counts, MOST_SPARSE)
        self.raw = RawFeatures(problem.prepared, problem.columns, rows, plans)
        self._few = slim(every, counts, MOST_TOLD)

    @property
    def plans(self) -> Mapping[str, Plan]:
        """Column -> its features that simple students know."""
        return self.raw.plans

    @cached_property
    def told(self) -> RawFeatures:
        """Fewer of them, by which a network is told."""
        return self.raw.by(self._few)

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


def slim(plans: Mapping[str, Plan], counts: Mapping[str, np.ndarray], most: int) -> dict[str, Plan]:
    """Return plans with few sparse features: those that recur, the most frequent.

    A word that is in a single row tells nothing of others, and each is a weight for every class.

    Args:
        plans: Column -> its features.
        counts: Of columns with sparse features: in how many rows each is.
        most: Features of a column.
    """
    found = dict(plans)
    for name, seen in counts.items():
        ranked = np.argsort(-seen, kind="stable")[:most]
        kept = np.sort(ranked[seen[ranked] >= LEAST_SEEN])
        found[name] = replace(plans[name], sparse=plans[name].sparse[kept])
    return found
