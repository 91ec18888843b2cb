"""What the mix answers for rows that none of its members learned from, also with columns hidden."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import numpy as np

from plait.baselines.base_models import BaseModel, WithReducedModels
from plait.baselines.contract import is_late
from plait.baselines.reduced_models import columns_of, present_input_columns
from plait.baselines.stack import mix_outputs
from plait.fitting.candidates.base_models import BaseModels
from plait.fitting.candidates.reduced_model_judges import Judges
from plait.fitting.choice.comparison import places_of
from plait.fitting.choice.subsets import hide
from plait.fitting.setup.deep_plan import DeepResult
from plait.fitting.setup.problem import Problem
from plait.model.calibration import Calibration, fit_calibration, with_input_columns
from plait.model.ensemble import DEEP
from plait.model.held_out import HeldOutRows
from plait.spacing import even_sample

MAX_HIDDEN_ROWS = 200
"""Rows that tell what the mix does without a column."""

MAX_CELLS, LEAST_ROWS = 500_000, 500
"""Rows times classes that are calibrated on: many classes tell as much in fewer rows; no fewer."""

MAX_HIDDEN_CELLS, LEAST_HIDDEN_ROWS = 20_000, 30
"""The same for rows that tell what the mix does without a column."""

SETS_PER_INPUT_COLUMN = 4
"""About so many sets of columns are tried for each input column."""

LEAST_UNUSUAL = 4
"""With fewer input columns, all sets of them are tried."""

PARTNERS = 3
"""Each column is hidden together with so many others."""

LEAST_NATURAL = 100
"""Sets of columns that so many rows have by nature are not tried by hiding columns."""

LEAST_OCCURRING = 5
"""A set of columns that fewer rows have by nature is not tried for that."""

MAX_INPUT_COLUMNS = 12
"""With more input columns, none are hidden: too many sets."""


def calibrate(
    problem: Problem,
    base_models: BaseModels,
    deep: DeepResult,
    weights: Mapping[str, float],
    *,
    deadline: float | None = None,
) -> Calibration | None:
    """Calibrate the mix on rows that nothing learned from, for each set of columns.

    Args:
        problem: Its target and groups.
        base_models: The simple models.
        deep: The network.
        weights: Name -> weight in the mix.
        deadline: Of `time.monotonic`; sets of columns that come later are not tried.
    """
    answers = _Answers(problem, base_models, deep, weights)
    width = deep.outputs.shape[1]
    every = even_sample(np.arange(len(deep.rows)), max(MAX_CELLS // width, LEAST_ROWS))
    most = min(MAX_HIDDEN_ROWS, max(MAX_HIDDEN_CELLS // width, LEAST_HIDDEN_ROWS))
    parts = [answers.held_out(every, ())]
    present = parts[0].present
    worth_hiding = _worth_hiding(present)
    most = _affordable(answers, every, len(worth_hiding) + present.shape[1], most, deadline)
    for kept in worth_hiding:
        if is_late(deadline):
            break
        able = np.flatnonzero(present[:, kept].all(axis=1))
        gone = [name for name, stays in zip(problem.input_columns, kept, strict=True) if not stays]
        if len(able):
            parts.append(answers.held_out(every[even_sample(able, most)], gone))
    unusual = []
    for hidden, able in _unusual(present, most):
        if is_late(deadline):
            break
        gone = [name for name, goes in zip(problem.input_columns, hidden, strict=True) if goes]
        unusual.append(answers.held_out(every[able], gone))
    return fit_calibration(
        problem.target_codec,
        problem.input_columns,
        HeldOutRows.join(parts),
        HeldOutRows.join(unusual) if unusual else None,
    )


def _affordable(
    answers: _Answers, every: np.ndarray, num_sets: int, most: int, deadline: float | None
) -> int:
    """Return on how many rows so many sets of columns are tried: rather fewer than some sets not.

    What is not tried is answered as if nothing were known of it.
    """
    if deadline is None or not num_sets or most <= LEAST_HIDDEN_ROWS:
        return most
    began, some = time.monotonic(), even_sample(every, LEAST_HIDDEN_ROWS)
    answers.held_out(some, list(answers.input_columns)[:1])
    per_row = (time.monotonic() - began) / max(len(some), 1)
    able = (deadline - time.monotonic()) / max(num_sets * per_row, 1e-9)
    return int(np.clip(able, LEAST_HIDDEN_ROWS, most))


def calibration_seconds(problem: Problem, per_row: float) -> float:
    """Return about how long calibrating takes, at so many seconds to answer a row."""
    num = len(problem.input_columns)
    sets = SETS_PER_INPUT_COLUMN * num if 1 < num <= MAX_INPUT_COLUMNS else 0
    return sets * MAX_HIDDEN_ROWS * per_row


class _Answers:
    """Asks every member of a mix about rows that it did not learn from."""

    def __init__(
        self,
        problem: Problem,
        base_models: BaseModels,
        deep: DeepResult,
        weights: Mapping[str, float],
    ) -> None:
        self._problem, self._base_models, self._deep = problem, base_models, deep
        self._weights = weights
        self._input_columns = list(problem.input_columns.values())
        self._at = places_of(deep.rows, base_models.judged)

    @property
    def input_columns(self) -> Sequence[str]:
        """Names of the input columns."""
        return tuple(self._problem.input_columns)

    def held_out(self, places: np.ndarray, gone: Sequence[str]) -> HeldOutRows:
        """Return what the mix says of some of the rows when input columns are hidden."""
        problem, rows = self._problem, self._deep.rows[places]
        hidden = [column for name in gone for column in problem.input_columns[name]]
        found = {name: self._outputs(name, places, hidden) for name in self._weights}
        present = with_input_columns(problem.prepared, problem.input_columns, rows)
        present &= [name not in gone for name in problem.input_columns]
        return HeldOutRows(
            outputs=mix_outputs(found, self._weights),
            truth=problem.truth[rows],
            present=present,
            groups=problem.groups[rows],
            hidden=np.full(len(rows), bool(gone)),
            weights=None if problem.weights is None else problem.weights[rows].astype(np.float64),
        )

    def _outputs(self, name: str, places: np.ndarray, hidden: Sequence[str]) -> np.ndarray:
        if name == DEEP:
            return self._deep.outputs[places] if not hidden else self._network(places, hidden)
        judges, base_model = self._base_models.judges, self._base_models.fitted[name]
        if judges is None:
            raise KeyError(f"nothing judged base model {name}")
        places = self._at[places]
        found = self._base_models.outputs[name][places] if not hidden else None
        if found is None:
            found = judges.hidden(name, places, hidden)
        return self._with_reduced_models(base_model, judges, places, hidden, found)

    def _network(self, places: np.ndarray, hidden: Sequence[str]) -> np.ndarray:
        """Return the outputs of the networks that did not learn from the rows; NaN without one."""
        if self._deep.stages:
            from plait.networks.torch_runners import system_outputs
        prepared = hide(self._problem.prepared, hidden)
        out = np.full((len(places), self._deep.outputs.shape[1]), np.nan, np.float32)
        for system, judged in self._deep.stages:
            mine = np.flatnonzero(np.isin(self._deep.rows[places], judged))
            if len(mine):
                rows = self._deep.rows[places[mine]]
                out[mine] = system_outputs(system, prepared, rows)
        return out

    def _with_reduced_models(
        self,
        base_model: BaseModel,
        judges: Judges,
        places: np.ndarray,
        hidden: Sequence[str],
        found: np.ndarray,
    ) -> np.ndarray:
        """Return the outputs with those of reduced models for the rows that they answer."""
        if not isinstance(base_model, WithReducedModels):
            return found
        kept = [
            i for i, columns in enumerate(self._input_columns) if not set(columns) & set(hidden)
        ]
        present = present_input_columns(judges.rows.matrices, self._input_columns)[places]
        present[:, [i for i in range(len(self._input_columns)) if i not in kept]] = False
        found = found.copy()
        sets, which = np.unique(present, axis=0, return_inverse=True)
        for number, one in enumerate(sets):
            route = base_model.routes.get(frozenset(np.flatnonzero(one).tolist()))
            if route is not None:
                mine = np.flatnonzero(which.reshape(-1) == number)
                found[mine] = self._reduced_model(base_model, route, judges, places[mine])
        return found

    def _reduced_model(
        self, base_model: WithReducedModels, route: int, judges: Judges, places: np.ndarray
    ) -> np.ndarray:
        one = base_model.reduced_models[route]
        columns = columns_of(self._input_columns, one.input_columns)
        if not judges.learned:
            return one.base_model.outputs(judges.rows.matrices.take(places).only(columns))
        width = self._deep.outputs.shape[1]
        out = np.full((len(judges.rows), width), np.nan, np.float32)
        if one.held_out is not None:
            out[one.held_out.places] = one.held_out.outputs
        return out[places]


def _worth_hiding(present: np.ndarray) -> list[np.ndarray]:
    """Return the sets of columns to try by hiding the others, each bool ``[input]``.

    All but one, each alone, none, and those that occur; but no set that many rows have by nature.

    Args:
        present: bool ``[row, input]``: what rows have.
    """
    num = present.shape[1]
    if not 1 < num <= MAX_INPUT_COLUMNS:
        return []
    sets, counts = np.unique(present, axis=0, return_counts=True)
    natural = {tuple(one.tolist()): int(count) for one, count in zip(sets, counts, strict=True)}
    single, none = np.eye(num, dtype=bool), np.zeros(num, bool)
    occurring = sets[counts >= LEAST_OCCURRING]
    tried = dict.fromkeys(tuple(one.tolist()) for one in [*~single, *single, none, *occurring])
    return [np.array(one) for one in tried if not all(one) and natural.get(one, 0) < LEAST_NATURAL]


def _unusual(present: np.ndarray, most: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return columns to hide, bool ``[input]``, and of which rows: they lack two or more then.

    Each column goes from rows that lack others by nature, and together with others from rows that
    have both. Every row keeps two columns: what single ones tell is tried anyhow.

    Args:
        present: bool ``[row, input]``: what rows have.
        most: Rows for each column.
    """
    num = present.shape[1]
    if not LEAST_UNUSUAL <= num <= MAX_INPUT_COLUMNS:
        return []
    having, found = present.sum(axis=1), []
    single = np.eye(num, dtype=bool)
    for place in range(num):
        lacking = np.flatnonzero(present[:, place] & (having < num) & (having > 2))
        found.append((single[place], even_sample(lacking, most // 2)))
        for step in range(1, PARTNERS + 1):
            both = single[place] | single[(place + step) % num]
            able = np.flatnonzero(present[:, both].all(axis=1) & (having > 3))
            found.append((both, even_sample(able, most // (2 * PARTNERS))))
    return [(gone, able) for gone, able in found if len(able)]
