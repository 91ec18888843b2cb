"""Reduced models: rows that lack columns are answered by models of the columns that they have."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from plait.baselines.contract import ANY_FORM, BaseModel, HeldOutAnswers
from plait.baselines.feature_matrices import FeatureMatrices, in_parts
from plait.baselines.kinds import SETS, load_base_model, load_whole
from plait.baselines.labelled_rows import LabelledRows

MAX_INPUT_COLUMNS = 8
EVERY_SET_INPUT_COLUMNS = 4
"""Up to so many input columns, every set of them is considered."""

MAX_SETS = 32
LEAST_SHARE = 0.01
"""Sets that fewer training rows have are not considered for that alone."""

InputColumnSet = frozenset[int]
"""Places of input columns among all input columns."""


@dataclass(frozen=True)
class ReducedModel:
    """A base model of some input columns.

    Attributes:
        input_columns: Which it learned from; every row that it answers has them.
        base_model: Fitted on `FeatureMatrices.only` of their columns.
        held_out: What others of its kind, fitted without these rows, answered for rows that it
            learned from; None where others judged it. Not saved.
    """

    input_columns: InputColumnSet
    base_model: BaseModel
    held_out: HeldOutAnswers | None = None


class WithReducedModels:
    """A whole model for most rows, a reduced model for each set of input columns that it answers
    worse.

    A model that learned from whole rows answers badly when columns are hidden: their zeros are
    means, not unknowns. A model of the rest alone does not know the difference ("reduced models",
    Saar-Tsechansky and Provost 2007, "Handling missing values when applying classification
    models", section 3.2).

    Args:
        whole: Fitted on all columns.
        input_columns: What each input column is read as; a row has it when it has any of these.
        reduced_models: Of some sets of input columns.
        routes: Set of input columns that a row has -> place of the reduced model that answers it;
            rows with any other set are answered by `whole`.
    """

    name: ClassVar[str] = "with_reduced_models"
    forms: ClassVar[frozenset[str]] = ANY_FORM

    def __init__(
        self,
        whole: BaseModel,
        input_columns: Sequence[Sequence[str]] = (),
        reduced_models: Sequence[ReducedModel] = (),
        routes: Mapping[InputColumnSet, int] | None = None,
    ) -> None:
        self.whole = whole
        self.input_columns = tuple(tuple(columns) for columns in input_columns)
        self.reduced_models, self.routes = tuple(reduced_models), dict(routes or {})

    def fit(self, rows: LabelledRows, *, seed: int, deadline: float | None = None) -> None:
        """Learn the whole again and forget the reduced models, which are of other rows."""
        self.whole.fit(rows, seed=seed, deadline=deadline)
        self.reduced_models, self.routes = (), {}

    def outputs(self, matrices: FeatureMatrices) -> np.ndarray:
        return in_parts(matrices, self._outputs)

    def save(self, folder: Path) -> None:
        """Write the whole into `folder` and each reduced model into a folder of its own in it."""
        self.whole.save(folder)
        for number, reduced_model in enumerate(self.reduced_models):
            reduced_model.base_model.save(folder / f"reduced.{number}")
        about = {
            "whole": self.whole.name,
            "input_columns": self.input_columns,
            "reduced_models": [
                {"input_columns": sorted(one.input_columns), "base_model": one.base_model.name}
                for one in self.reduced_models
            ],
            "routes": [[sorted(found), place] for found, place in self.routes.items()],
        }
        (folder / SETS).write_text(json.dumps(about), encoding="utf8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        about = json.loads((folder / SETS).read_text(encoding="utf8"))
        reduced_models = [
            ReducedModel(
                frozenset(one["input_columns"]),
                load_base_model(one["base_model"], folder / f"reduced.{i}"),
            )
            for i, one in enumerate(about["reduced_models"])
        ]
        routes = {frozenset(found): int(place) for found, place in about["routes"]}
        return cls(
            load_whole(about["whole"], folder), about["input_columns"], reduced_models, routes
        )

    def _outputs(self, matrices: FeatureMatrices) -> np.ndarray:
        if not self.routes:
            return self.whole.outputs(matrices)
        sets, which = input_column_sets(matrices, self.input_columns)
        route = np.array([self.routes.get(found, -1) for found in sets])[which]
        if (route < 0).all():
            return self.whole.outputs(matrices)
        answered = []
        for place in np.unique(route):
            rows = np.flatnonzero(route == place)
            answered.append((rows, self._answer(int(place), matrices.take(rows))))
        out = np.zeros((len(matrices), answered[0][1].shape[1]), np.float32)
        for rows, found in answered:
            out[rows] = found
        return out

    def _answer(self, place: int, matrices: FeatureMatrices) -> np.ndarray:
        if place < 0:
            return self.whole.outputs(matrices)
        reduced_model = self.reduced_models[place]
        return reduced_model.base_model.outputs(
            matrices.only(columns_of(self.input_columns, reduced_model.input_columns))
        )


def columns_of(input_columns: Sequence[Sequence[str]], some: InputColumnSet) -> list[str]:
    """Return the columns of some input columns, in the order of all."""
    return [name for place in sorted(some) for name in input_columns[place]]


def present_input_columns(
    matrices: FeatureMatrices, input_columns: Sequence[Sequence[str]]
) -> np.ndarray:
    """Return which input columns each row has, bool ``[row, input]``."""
    found = [
        np.any([matrices.raw[name].present for name in names], axis=0) for names in input_columns
    ]
    return np.stack(found, axis=1)


def input_column_sets(
    matrices: FeatureMatrices, input_columns: Sequence[Sequence[str]]
) -> tuple[list[InputColumnSet], np.ndarray]:
    """Return the sets of input columns that rows have, and for each row which: int64 ``[row]``."""
    distinct, which = np.unique(
        present_input_columns(matrices, input_columns), axis=0, return_inverse=True
    )
    sets = [frozenset(int(place) for place in np.flatnonzero(row)) for row in distinct]
    return sets, which.reshape(-1)


def considered(present: np.ndarray) -> list[InputColumnSet]:
    """Return the sets of input columns worth a reduced model, the most useful first.

    Each input column alone, all but one, those that occur, and with few input columns all others.

    Args:
        present: bool ``[row, input]`` of the rows to learn from.
    """
    num = present.shape[1]
    if not 1 < num <= MAX_INPUT_COLUMNS:
        return []
    every = frozenset(range(num))
    sets = [frozenset([i]) for i in range(num)] + [every - {i} for i in range(num)]
    counts = Counter(frozenset(np.flatnonzero(row).tolist()) for row in present)
    sets += [found for found, n in counts.most_common() if n >= LEAST_SHARE * len(present)]
    if num <= EVERY_SET_INPUT_COLUMNS:
        sizes = range(2, num - 1)
        sets += [frozenset(found) for size in sizes for found in combinations(range(num), size)]
    return [found for found in dict.fromkeys(sets) if found and found != every][:MAX_SETS]
