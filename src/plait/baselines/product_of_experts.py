"""A product of experts: base models of each input column; those that a row has answer together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from plait.baselines.contract import (
    OF_CLASSES,
    is_late,
    learnable,
    part_of,
    read_files,
    write_files,
)
from plait.baselines.descent import link
from plait.baselines.feature_matrices import FeatureMatrices, in_parts
from plait.baselines.labelled_rows import LabelledRows
from plait.baselines.linear import Linear
from plait.baselines.neighbour import NearestNeighbour
from plait.baselines.reduced_models import (
    InputColumnSet,
    considered,
    input_column_sets,
    present_input_columns,
)
from plait.errors import ExtraError
from plait.modalities.forms import CLASSES

FLOOR = 1e-6
"""Least probability: one input column alone cannot rule a class out."""

MAX_WEIGHT, LEAST_WEIGHT = 3.0, 0.02
LEAST_ROWS = 20
"""Rows that a set of input columns needs for weights of its own."""

PULL = 1e-3
"""Strength that pulls linear weights to 1, right for input columns independent given the class, and
those of neighbours, which repeat what the linear ones say, to 0."""

MEMBERS: dict[str, type[Linear] | type[NearestNeighbour]] = {
    one.name: one for one in (Linear, NearestNeighbour)
}

MAX_NEIGHBOUR_ROWS = 5000
"""With more rows of an input column, its neighbours add little, and take long to look up."""


class ProductOfExperts:
    """A product of experts: base models of single input columns, linear and nearest neighbours.

    ``log p(c | row) = log prior(c) + sum_m w_m (log p_m(c | row) - log prior(c)) + const`` over the
    base models *m* of the input columns that the row has (Genest and Zidek 1986, "Combining
    probability distributions", section 3, logarithmic opinion pools; Hinton 2002). A missing input
    column leaves the sum, so any subset of columns gives an answer as good as its parts. Weights
    are chosen on what the members answered for rows that they had held out: once for rows as they
    are, and once for each of the sets of input columns in `considered`. For classes only.

    Args:
        input_columns: What each input column is read as; a row has it when it has any of these.
        neighbours: Whether nearest neighbours are among the members: these keep every row.
    """

    name: ClassVar[str] = "product_of_experts"
    forms: ClassVar[frozenset[str]] = OF_CLASSES

    def __init__(
        self, input_columns: Sequence[Sequence[str]] = (), *, neighbours: bool = True
    ) -> None:
        self._neighbours = neighbours
        self._input_columns = [list(columns) for columns in input_columns]
        self._members: list[_Member] = []
        self._prior = np.zeros(0, np.float32)
        self._weights = np.zeros((1, 0), np.float32)
        self._sets: list[InputColumnSet] = [frozenset()]

    def fit(self, rows: LabelledRows, *, seed: int, deadline: float | None = None) -> None:
        """Learn each input column from rows that have it. Raises `TargetError` but for classes."""
        rows = learnable(self, rows)
        matrices, num = rows.matrices, rows.num_outputs
        counts = np.bincount(rows.truth, rows.weights, minlength=num) + 1.0
        self._prior = np.log(counts / counts.sum()).astype(np.float32)
        self._input_columns = [names for names in self._input_columns if _can_tell(rows, names)]
        self._members, evidence = [], []
        for input_column, names in enumerate(self._input_columns):
            has = np.flatnonzero(_has(matrices, names))
            until = part_of(deadline, 1 / (len(self._input_columns) - input_column))
            seen = rows.take(has).only(names)
            linear = Linear()
            linear.fit(seen, seed=seed, deadline=until)
            self._members.append(_Member(input_column, linear))
            told = np.zeros((len(rows), num), np.float32)
            if linear.held_out is not None:
                places, outputs = linear.held_out
                told[has[places]] = self._evidence(outputs)
            evidence.append(told)
            if not self._neighbours or len(has) > MAX_NEIGHBOUR_ROWS:
                continue
            neighbour = NearestNeighbour()
            neighbour.fit(seen, seed=seed, deadline=until)
            self._members.append(_Member(input_column, neighbour))
            told = np.zeros((len(rows), num), np.float32)
            told[has] = self._evidence(neighbour.left_out())
            evidence.append(told)
        self._weigh(rows, np.reshape(evidence, (-1, len(rows), num)), deadline)
        used = self._weights.max(axis=0, initial=0.0) >= LEAST_WEIGHT
        self._members = [one for one, kept in zip(self._members, used, strict=True) if kept]
        self._weights = self._weights[:, used]

    def outputs(self, matrices: FeatureMatrices) -> np.ndarray:
        return in_parts(matrices, self._outputs)

    def halve(self) -> None:
        """Round the weights of its linear models to half precision, in which they are saved."""
        for member in self._members:
            if isinstance(member.base_model, Linear):
                member.base_model.halve()

    def save(self, folder: Path) -> None:
        """Write the weights into `folder` and each member into a folder of its own in it."""
        sets = [sorted(found) for found in self._sets]
        members = [
            {"input_column": one.input_column, "base_model": one.base_model.name}
            for one in self._members
        ]
        about = {
            "name": self.name,
            "input_columns": self._input_columns,
            "sets": sets,
            "members": members,
        }
        write_files(folder, about, {"prior": self._prior, "weights": self._weights})
        for number, member in enumerate(self._members):
            member.base_model.save(folder / f"member.{number}")

    @classmethod
    def load(cls, folder: Path) -> Self:
        about, arrays = read_files(folder)
        base_model = cls(about["input_columns"])
        base_model._prior, base_model._weights = arrays["prior"], arrays["weights"]
        base_model._sets = [frozenset(found) for found in about["sets"]]
        for number, one in enumerate(about["members"]):
            found = MEMBERS[one["base_model"]].load(folder / f"member.{number}")
            base_model._members.append(_Member(int(one["input_column"]), found))
        return base_model

    def _outputs(self, matrices: FeatureMatrices) -> np.ndarray:
        total = np.tile(self._prior, (len(matrices), 1))
        if not self._members:
            return link(total, CLASSES)
        found, which = input_column_sets(matrices, self._input_columns)
        places = {one: place for place, one in enumerate(self._sets)}
        weights = self._weights[[places.get(one, 0) for one in found]][which]
        for number, member in enumerate(self._members):
            names = self._input_columns[member.input_column]
            rows = np.flatnonzero(_has(matrices, names))
            if len(rows):
                told = self._evidence(member.base_model.outputs(matrices.take(rows).only(names)))
                total[rows] += weights[rows, number, None] * told
        return link(total, CLASSES)

    def _weigh(self, rows: LabelledRows, evidence: np.ndarray, deadline: float | None) -> None:
        """Choose weights for rows as they are, then for each set of input columns.

        Args:
            evidence: float32 ``[member, row, class]``.
        """
        usual = np.array([float(isinstance(one.base_model, Linear)) for one in self._members])
        truth, heavy = rows.truth, rows.matrices.weights_or_ones
        whole = _weigh(evidence, self._prior, truth, usual, heavy, deadline)
        self._sets, chosen = [frozenset()], [whole]
        if self._input_columns:
            present = present_input_columns(rows.matrices, self._input_columns)
            for found in considered(present):
                enough = np.flatnonzero(present[:, sorted(found)].all(axis=1))
                if len(enough) < LEAST_ROWS:
                    continue
                if is_late(deadline):
                    break
                places = [i for i, one in enumerate(self._members) if one.input_column in found]
                weights = np.zeros(len(self._members), np.float32)
                told = evidence[places][:, enough]
                seen = truth[enough], usual[places], heavy[enough]
                weights[places] = _weigh(told, self._prior, *seen, deadline)
                self._sets.append(found)
                chosen.append(weights)
        self._weights = np.stack(chosen)

    def _evidence(self, outputs: np.ndarray) -> np.ndarray:
        return np.log(np.maximum(outputs, FLOOR)) - self._prior


@dataclass(frozen=True)
class _Member:
    """A base model of one input column, by its place among the input columns."""

    input_column: int
    base_model: Linear | NearestNeighbour


def _has(matrices: FeatureMatrices, names: Sequence[str]) -> np.ndarray:
    found: np.ndarray = np.any([matrices.raw[name].present for name in names], axis=0)
    return found


def _can_tell(rows: LabelledRows, names: Sequence[str]) -> bool:
    return len(np.unique(rows.truth[_has(rows.matrices, names)])) > 1


def _weigh(
    evidence: np.ndarray,
    prior: np.ndarray,
    truth: np.ndarray,
    usual: np.ndarray,
    heavy: np.ndarray,
    deadline: float | None,
) -> np.ndarray:
    """Return the weights with the lowest cost, float32 ``[member]``.

    Args:
        evidence: float32 ``[member, row, class]``; 0 where a member says nothing.
        prior: Logarithms of the classes' shares.
        truth: int64 ``[row]``.
        usual: The weights that they are pulled to, ``[member]``.
        heavy: float32 ``[row]``: how much each row counts.
        deadline: Of `time.monotonic`, after which no better ones are looked for.
    """
    try:
        from scipy.optimize import minimize
    except ImportError:
        raise ExtraError("table", "the product of experts") from None
    rows = np.flatnonzero(np.abs(evidence).sum(axis=(0, 2)) > 0)
    if not len(rows):
        return np.asarray(usual, np.float32)
    told, right = evidence[:, rows], truth[rows]
    part = heavy[rows] / heavy[rows].sum()
    places = np.arange(len(rows))

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        shares = link(prior + np.tensordot(weights, told, 1), CLASSES)
        cost = -(part * np.log(np.maximum(shares[places, right], 1e-12))).sum()
        shares[places, right] -= 1
        slope = np.einsum("mrc,rc->m", told, shares * part[:, None])
        gap = weights - usual
        return float(cost + PULL * (gap @ gap)), slope.astype(np.float64) + 2 * PULL * gap

    def stop_when_late(_: np.ndarray) -> None:
        if is_late(deadline):
            raise StopIteration

    bounds = [(0.0, MAX_WEIGHT)] * len(told)
    found = minimize(
        loss, usual, jac=True, method="L-BFGS-B", bounds=bounds, callback=stop_when_late
    )
    return np.asarray(found.x, np.float32)
