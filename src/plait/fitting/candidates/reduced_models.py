"""Gives base models reduced models for rows that lack columns, where held-out rows say it pays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from plait.baselines.base_models import BaseModel, Boosted, Linear, ReducedModel, WithReducedModels
from plait.baselines.contract import HeldOutAnswers, part_of
from plait.baselines.labelled_rows import LabelledRows
from plait.baselines.reduced_models import (
    InputColumnSet,
    columns_of,
    considered,
    present_input_columns,
)
from plait.baselines.stack import best_mix
from plait.baselines.weighted_statistics import mean_by
from plait.fitting.candidates.allowance import Allowance
from plait.fitting.candidates.reduced_model_judges import Judges
from plait.sampling_error import standard_error
from plait.spacing import even_sample

LEAST_JUDGED, LEAST_NATURAL = 20, 100
"""Rows needed to judge a set; from so many rows that have just this set on, they alone judge."""

MIN_GAIN_ERRORS = 2.0
"""Standard errors by which another must be better than a set's own reduced model."""

MAX_JUDGED = 1000
WITH_REDUCED_MODELS = ("linear", "boosted", "neighbour")


class ReducedModelFitter:
    """Fits reduced models and chooses, for each set of input columns, who answers it.

    Args:
        input_columns: What each input column is read as.
        rows: To learn from; the cost of their target decides.
        judges: Rows to judge by.
        seed: Of the reduced models.
        kinds: What reduced models may be.
        allowance: What they may take; sets that come later are answered by the whole.
    """

    def __init__(
        self,
        input_columns: Sequence[Sequence[str]],
        rows: LabelledRows,
        judges: Judges,
        *,
        seed: int,
        kinds: Sequence[type[BaseModel]],
        allowance: Allowance,
    ) -> None:
        self._input_columns, self._judges = input_columns, judges
        self._learn = np.flatnonzero(rows.form.known(rows.truth))
        self._rows, self._seed = rows.take(self._learn), seed
        self._kinds, self._allowance = kinds, allowance
        self._present = present_input_columns(judges.rows.matrices, input_columns)
        self._known = rows.form.known(judges.rows.truth)
        self._num_late = 0
        self._found: list[ReducedModel] = []
        self._costs: list[np.ndarray] = []

    def with_reduced_models(self, base_models: Mapping[str, BaseModel]) -> dict[str, BaseModel]:
        """Return the base models, those with reduced models that pay as `WithReducedModels`."""
        chosen: dict[str, dict[InputColumnSet, int]] = {name: {} for name in base_models}
        wanted = set(WITH_REDUCED_MODELS) & set(base_models) & set(self._judges.stages)
        sets = (
            considered(present_input_columns(self._rows.matrices, self._input_columns))
            if wanted
            else []
        )
        for number, input_columns in enumerate(sets):
            rows = self._judges_of(input_columns)
            if len(rows) < LEAST_JUDGED:
                continue
            share = len(input_columns) / len(self._input_columns)
            if not self._allowance.admits([kind.name for kind in self._kinds], share):
                self._num_late += 1
                continue
            until = part_of(self._allowance.deadline, 2 / (len(sets) - number + 1))
            self._add(input_columns, until)
            for name in sorted(wanted):
                place = self._best(name, input_columns, rows)
                if place is not None:
                    chosen[name][input_columns] = place
        return {
            name: self._with(base_model, chosen[name]) for name, base_model in base_models.items()
        }

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know."""
        if not self._num_late:
            return ()
        num = self._num_late
        sets = "one set" if num == 1 else f"{num} sets"
        short = "the time was too short" if self._allowance.work is None else "it is too much work"
        return (f"{short} for reduced models of {sets} of columns",)

    def _judges_of(self, input_columns: InputColumnSet) -> np.ndarray:
        """Return the rows that judge a set: those that have just it, or at least it."""
        wanted = np.isin(np.arange(self._present.shape[1]), sorted(input_columns))
        exact = np.flatnonzero((self._present == wanted).all(axis=1) & self._known)
        if len(exact) < LEAST_NATURAL:
            exact = np.flatnonzero(self._present[:, wanted].all(axis=1) & self._known)
        return even_sample(exact, MAX_JUDGED)

    def _add(self, input_columns: InputColumnSet, deadline: float | None) -> None:
        columns = columns_of(self._input_columns, input_columns)
        for place, kind in enumerate(self._kinds):
            until = part_of(deadline, 1 / (len(self._kinds) - place))
            folds = self._judges.folds if self._judges.learned else []
            held = self._held_out(kind, columns, folds, part_of(until, _fold_share(len(folds))))
            base_model = self._fit(kind, np.arange(len(self._rows)), columns, until)
            self._found.append(ReducedModel(input_columns, base_model, held))
            self._costs.append(self._costs_of(base_model, held, columns))

    def _fit(
        self,
        kind: type[BaseModel],
        places: np.ndarray,
        columns: Sequence[str],
        deadline: float | None,
    ) -> BaseModel:
        base_model, rows = kind(), self._rows.take(places).only(columns)
        base_model.fit(rows, seed=self._seed, deadline=deadline)
        return base_model

    def _held_out(
        self,
        kind: type[BaseModel],
        columns: Sequence[str],
        folds: Sequence[np.ndarray],
        deadline: float | None,
    ) -> HeldOutAnswers | None:
        """Return what reduced models that learned without a fold answer for its rows.

        What a base model says of rows that it held out itself is not enough: it chose its settings
        by them, which on few rows makes it look better than it is.
        """
        parts: list[HeldOutAnswers] = []
        for number, fold in enumerate(folds):
            inside = np.isin(self._learn, fold)
            places = np.flatnonzero(~inside)
            if not inside.any() or not len(places):
                continue
            until = part_of(deadline, 1 / (len(folds) - number))
            base_model = self._fit(kind, places, columns, until)
            rows = self._learn[inside]
            asked = self._judges.rows.matrices.take(rows).only(columns)
            parts.append(HeldOutAnswers(rows, base_model.outputs(asked)))
        return HeldOutAnswers(*map(np.concatenate, zip(*parts, strict=True))) if parts else None

    def _costs_of(
        self, base_model: BaseModel, held: HeldOutAnswers | None, columns: Sequence[str]
    ) -> np.ndarray:
        """Return the cost of every judging row; NaN where it is not known honestly."""
        judging = self._judges.rows
        costs = np.full(len(judging), np.nan)
        if held is None and not self._judges.learned:
            places = np.flatnonzero(self._known)
            asked = judging.matrices.take(places).only(columns)
            held = HeldOutAnswers(places, base_model.outputs(asked))
        if held is not None:
            truth = judging.truth[held.places]
            costs[held.places] = judging.codec.cost(held.outputs, truth)
        return costs

    def _best(self, name: str, input_columns: InputColumnSet, rows: np.ndarray) -> int | None:
        """Return the reduced model that answers a set, or None for the whole.

        That is the set's own unless the whole, or a reduced model of fewer input columns, costs
        less by `MIN_GAIN_ERRORS`; without an own one, whatever costs least.
        """
        able = [i for i, one in enumerate(self._found) if one.input_columns <= input_columns]
        able = [i for i in able if np.isfinite(self._costs[i][rows]).sum() >= LEAST_JUDGED]
        if not able:
            return None
        rows = rows[np.isfinite([self._costs[i][rows] for i in able]).all(axis=0)]
        if len(rows) < LEAST_JUDGED:
            return None
        gone = columns_of(
            self._input_columns, frozenset(range(len(self._input_columns))) - input_columns
        )
        outputs = self._judges.hidden(name, rows, gone)
        costs: dict[int | None, np.ndarray] = {i: self._costs[i][rows] for i in able}
        judging = self._judges.rows
        costs[None] = judging.codec.cost(outputs, judging.truth[rows])
        heavy = judging.weights_at(rows)
        best = min(costs, key=lambda i: mean_by(costs[i], heavy))
        own = [i for i in able if self._found[i].input_columns == input_columns]
        first = min(own, key=lambda i: mean_by(costs[i], heavy), default=None)
        if first is None:
            return best
        gain = costs[first] - costs[best]
        gain = gain if heavy is None else gain * heavy / heavy.mean()
        groups = None if judging.groups is None else judging.groups[rows]
        error = standard_error(gain, groups)
        return best if float(gain.mean()) > MIN_GAIN_ERRORS * error else first

    def _with(self, base_model: BaseModel, routes: Mapping[InputColumnSet, int]) -> BaseModel:
        if not routes:
            return base_model
        used = sorted(set(routes.values()))
        places = {found: used.index(place) for found, place in routes.items()}
        return WithReducedModels(
            base_model, self._input_columns, [self._found[i] for i in used], places
        )


def likely(outputs: Mapping[str, np.ndarray], rows: LabelledRows, seed: int) -> list[str]:
    """Return the base models that would ship if there were no others: only they need reduced ones.

    Args:
        outputs: Name -> honest outputs of rows.
        rows: These; the cost of their target decides.
        seed: Of the choice.
    """
    known = rows.form.known(rows.truth)
    seen = {name: found[known] for name, found in outputs.items()}
    heavy = rows.weights_at(known)
    return list(best_mix(seen, rows.truth[known], rows.codec.cost, seed=seed, weights=heavy))


def kinds_of(costs: Mapping[str, float]) -> list[type[BaseModel]]:
    """Return what reduced models may be: linear, and trees where they are the best simple model.

    Args:
        costs: Name of a measured base model -> its mean cost.
    """
    kinds: list[type[BaseModel]] = [Linear] if "linear" in costs else []
    if "boosted" in costs and min(costs, key=lambda name: costs[name]) == "boosted":
        kinds.append(Boosted)
    return kinds


def _fold_share(num_folds: int) -> float:
    """Return the part of the time that the folds take beside what learns from all rows."""
    return num_folds / (num_folds + 1)
