"""Fits what ships once more, on the training and the validation rows, where time allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from plait.baselines.base_models import BaseModel, Boosted, Linear, ReducedModel, WithReducedModels
from plait.baselines.contract import Deadline, was_cut
from plait.baselines.labelled_rows import LabelledRows
from plait.display import model_name
from plait.fitting.candidates.base_models import BaseModels
from plait.fitting.setup.labelled import with_labels
from plait.fitting.setup.problem import Problem
from plait.fitting.setup.timetable import Timetable
from plait.model.ensemble import DEEP

SLOWER = 1.5
"""A second fit may take so many times what the first took, for each row."""

KINDS: Mapping[str, type[BaseModel]] = {Linear.name: Linear, Boosted.name: Boosted}


@dataclass(frozen=True)
class Refitted:
    """What was fitted once more.

    Attributes:
        base_models: Name -> base model, of training and validation rows.
        notes: What a person should know.
    """

    base_models: Mapping[str, BaseModel] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def refit_seconds(base_models: BaseModels, names: list[str], num_more: int) -> float:
    """Return about how long it takes to fit base models again, with so many more rows, of which
    those have their features that judged."""
    growth = 1 + num_more / max(len(base_models.rows), 1)
    new = max(num_more - len(base_models.judged), 0)
    features = base_models.seconds_per_row * new
    return SLOWER * growth * sum(base_models.seconds.get(name, 0.0) for name in names) + features


def refit(
    problem: Problem,
    base_models: BaseModels,
    weights: Mapping[str, float],
    timetable: Timetable,
    *,
    seed: int,
    kept: float,
) -> Refitted:
    """Fit the simple models of a mix on the validation rows too.

    The choice is made, and the calibration known, from models of the training rows alone. A base
    model whose second fit is cut off by the time stays as it was; so does the network always.

    Args:
        problem: Without folds: those have learned from all rows already.
        base_models: What they learned from, and how long that took.
        weights: Of what ships.
        timetable: Of the fit.
        seed: Of the base models.
        kept: Seconds that must be left for what follows.
    """
    names = [name for name in weights if name != DEEP]
    if not names or base_models.features is None:
        return Refitted()
    more = problem.splits.validation
    mixed, names = names, _in_time(base_models, weights, names, len(more), timetable.left(kept))
    known = [] if base_models.bench is None else base_models.bench.known_matrices
    found: dict[str, BaseModel] = {}
    for place, name in enumerate(names):
        rows = np.sort(np.concatenate([base_models.rows_of.get(name, base_models.rows), more]))
        matrices = base_models.features.matrices_from(known, problem.prepared, rows)
        again = _Again(with_labels(problem, matrices), seed)
        until = timetable.until(1 / (len(names) - place), kept)
        base_model = again.fitted(name, base_models, None if until is None else Deadline(until))
        if base_model is not None:
            found[name] = base_model
    learned, late = (
        " and ".join(model_name(name) for name in mixed if (name in found) is known)
        for known in (True, False)
    )
    notes = [f"{learned} learned from the validation rows too, once chosen"] if learned else []
    if late:
        notes.append(f"no time was left to fit {late} on the validation rows as well")
    return Refitted(found, tuple(notes))


def _in_time(
    base_models: BaseModels,
    weights: Mapping[str, float],
    names: list[str],
    num_more: int,
    left: float | None,
) -> list[str]:
    """Return those that can be fitted again in the time, in order: what weighs most comes first."""
    chosen: list[str] = []
    for name in sorted(names, key=lambda name: -weights[name]):
        if left is None or refit_seconds(base_models, [*chosen, name], num_more) <= left:
            chosen.append(name)
    return [name for name in names if name in chosen]


class _Again:
    """Fits base models, with their reduced models, on the same rows."""

    def __init__(self, rows: LabelledRows, seed: int) -> None:
        self._rows, self._seed = rows, seed

    def fitted(
        self, name: str, base_models: BaseModels, deadline: Deadline | None
    ) -> BaseModel | None:
        """Return a new base model; None where it was cut off by the time."""
        before = base_models.fitted[name]
        whole = self._fit(base_models.kinds[name](), self._rows, deadline)
        if whole is None or not isinstance(before, WithReducedModels):
            return whole
        reduced_models: list[ReducedModel] = []
        for one in before.reduced_models:
            columns = [n for i in sorted(one.input_columns) for n in before.input_columns[i]]
            base_model = self._fit(KINDS[one.base_model.name](), self._rows.only(columns), deadline)
            if base_model is None:
                return None
            reduced_models.append(ReducedModel(one.input_columns, base_model))
        return WithReducedModels(whole, before.input_columns, reduced_models, before.routes)

    def _fit(
        self, base_model: BaseModel, rows: LabelledRows, deadline: Deadline | None
    ) -> BaseModel | None:
        base_model.fit(rows, seed=self._seed, deadline=deadline)
        return None if was_cut(base_model, deadline) else base_model
