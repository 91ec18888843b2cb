"""Measures the simple models on the same rows as the network, within a share of the budget."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from plait.baselines.base_models import BaseModel, Linear, Majority
from plait.baselines.features import FeatureMap
from plait.data.prepared import Prepared
from plait.display import model_name
from plait.fitting.candidates.allowance import Allowance
from plait.fitting.candidates.base_model_bench import BaseModelBench, Measured, open_bench
from plait.fitting.candidates.base_model_rows import rows_to_learn
from plait.fitting.candidates.candidates import (
    Kind,
    available,
    has_too_many,
    load_learners,
    not_applicable,
)
from plait.fitting.candidates.quick_trees import with_trees
from plait.fitting.candidates.reduced_model_judges import Judges
from plait.fitting.candidates.reduced_models import ReducedModelFitter, kinds_of, likely
from plait.fitting.candidates.schedule import (
    CHEAP_SECONDS,
    WORTH,
    WORTH_OF_WIDE,
    Schedule,
    not_measured,
)
from plait.fitting.setup.problem import Problem
from plait.model.shared_space import SharedSpace
from plait.progress import Progress

REDUCED_MODELS_SHARE = 0.25
"""Part of the time that reduced models may take."""


@dataclass(frozen=True)
class BaseModels:
    """The simple models.

    Attributes:
        fitted: Name -> model fitted on the training rows (on all rows to learn from, with folds).
        outputs: Name -> outputs on the validation rows, or out-of-fold outputs of all rows.
        seconds: Name -> seconds spent.
        answering: Name -> seconds to answer one row.
        cut_short: Names of those that lack work for want of time.
        left_out: Name -> seconds that one would take which was not measured for want of time.
        kinds: Name -> makes a model that has learned nothing yet.
        features: Makes their features.
        seconds_per_row: Time to make the features of one row.
        notes: What a person should know, apart from what time cut short or left out; see `said`.
        judges: What answers rows for those that did not learn from them; None without base models.
        rows: Row numbers that they learned from.
        judged: Row numbers of the outputs.
        rows_of: Name -> row numbers, of those that learned from others.
        found: Name -> what was measured.
        bench: Where they are measured.
    """

    fitted: Mapping[str, BaseModel] = field(default_factory=dict)
    outputs: Mapping[str, np.ndarray] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    answering: Mapping[str, float] = field(default_factory=dict)
    cut_short: frozenset[str] = frozenset()
    left_out: Mapping[str, float] = field(default_factory=dict)
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    features: FeatureMap | None = None
    seconds_per_row: float = 0.0
    notes: tuple[str, ...] = ()
    judges: Judges | None = None
    rows: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    judged: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    rows_of: Mapping[str, np.ndarray] = field(default_factory=dict)
    found: Mapping[str, Measured] = field(default_factory=dict)
    bench: BaseModelBench | None = None

    def outputs_of(self, name: str, prepared: Prepared, rows: np.ndarray) -> np.ndarray:
        """Return the outputs of one of the base models on any rows, float32 ``[row, output]``."""
        if self.features is None:
            raise KeyError(f"no features for base model {name}")
        return self.fitted[name].outputs(self.features.matrices(prepared, rows))

    @property
    def said(self) -> tuple[str, ...]:
        """All that a person should know."""
        cut = ", ".join(model_name(name) for name in self.kinds if name in self.cut_short)
        return (
            *self.notes,
            *([f"cut off by the time: {cut}"] if cut else ()),
            *(not_measured(name, seconds) for name, seconds in self.left_out.items()),
        )

    def with_found(
        self, found: Mapping[str, Measured], left_out: Mapping[str, float]
    ) -> BaseModels:
        """Return these with what was measured now; new ones have no reduced models yet.

        Raises `ValueError` for those that were never measured anywhere.
        """
        if self.bench is None:
            raise ValueError("no rows to measure on")
        found = {name: found[name] for name in self.kinds if name in found}
        same = {name for name, one in found.items() if self.found.get(name) is one}
        return replace(
            self,
            fitted={
                name: self.fitted[name] if name in same else one.base_model
                for name, one in found.items()
            },
            outputs={name: one.outputs for name, one in found.items()},
            seconds={name: round(one.seconds, 2) for name, one in found.items()},
            answering={name: one.answering for name, one in found.items()},
            cut_short=frozenset(name for name, one in found.items() if one.cut_short),
            left_out=left_out,
            judges=self.bench.judges({name: one.parts for name, one in found.items()}),
            found=found,
        )


def measure_base_models(
    problem: Problem,
    folds: np.ndarray | None,
    *,
    seed: int,
    seconds: float | None,
    enabled: bool | Sequence[str],
    progress: Progress,
    space: SharedSpace | None = None,
    others: Mapping[str, Kind] | None = None,
) -> BaseModels:
    """Fit majority, nearest neighbour, linear and boosted models, and others where they apply.

    With a time, first comes what is worth most per second; each ends in its share, is shown as cut
    short where it does not, and is left out with a note where it could not be complete at all.

    Args:
        problem: What to learn.
        folds: Fold number of each row to learn from, for out-of-fold outputs; or None.
        seed: Of samples and of the models.
        seconds: Time that they may take; None for as long as it needs.
        enabled: False measures none; names measure only those of them that apply.
        progress: Told of the work.
        space: Whose vectors are among the problem's columns; adds base models on them alone.
        others: Further kinds, such as a tabular foundation model.
    """
    start, worked = time.monotonic(), time.process_time()
    kinds, notes = _wanted(problem, space, enabled, others or {})
    if not kinds:
        return BaseModels(notes=notes)
    form, labels = problem.target_codec.form, len(getattr(problem.target_codec, "labels", ()))
    load_learners({n: kind for n, kind in kinds.items() if not has_too_many(n, form, labels)})
    end = None if seconds is None else start + seconds
    kinds, first, rows_of, plans = with_trees(problem, folds, kinds, seed, seconds)
    rows, notes_rows = rows_to_learn(problem, folds, seed, seconds)
    update = progress.task("baselines", len(kinds) + 2)
    began = time.monotonic()
    bench, more = open_bench(problem, rows, folds, seed, plans)
    kinds = {**kinds, **more}
    per_row = (time.monotonic() - began) / max(len(rows), 1)
    bench.notice(time.monotonic() - start, time.process_time() - worked)
    update(1, "features")
    found, left_out, unfit = _measure_in_time(kinds, bench, first, end, update)
    base_models = BaseModels(
        kinds=kinds,
        features=bench.features,
        seconds_per_row=per_row,
        notes=(*notes, *notes_rows, *unfit),
        rows=rows,
        judged=bench.judging.matrices.rows,
        rows_of=rows_of,
        bench=bench,
    ).with_found(found, left_out)
    if seconds is None:
        allowance = Allowance.foreseen(found, bench.size(), bench.runs)
    else:
        allowance = Allowance(deadline=time.monotonic() + REDUCED_MODELS_SHARE * seconds)
    base_models = with_reduced_models(base_models, problem, list(found), seed, allowance)
    update(len(kinds) + 2, "reduced models")
    return base_models


def with_reduced_models(
    base_models: BaseModels, problem: Problem, names: Sequence[str], seed: int, allowance: Allowance
) -> BaseModels:
    """Return the models, those of `names` that are likely to ship with reduced models."""
    bench, judges = base_models.bench, base_models.judges
    if bench is None or judges is None:
        return base_models
    wanted = likely(base_models.outputs, judges.rows, seed)
    wanted = [name for name in wanted if name in names]
    if not wanted:
        return base_models
    fitter = ReducedModelFitter(
        list(problem.input_columns.values()),
        bench.rows,
        judges,
        seed=seed,
        kinds=kinds_of(
            {name: judges.rows.mean_cost(found) for name, found in base_models.outputs.items()}
        ),
        allowance=allowance,
    )
    found = fitter.with_reduced_models({name: base_models.fitted[name] for name in wanted})
    return replace(
        base_models,
        fitted={**base_models.fitted, **found},
        notes=tuple(dict.fromkeys((*base_models.notes, *fitter.notes))),
    )


def _wanted(
    problem: Problem,
    space: SharedSpace | None,
    enabled: bool | Sequence[str],
    others: Mapping[str, Kind],
) -> tuple[dict[str, Kind], tuple[str, ...]]:
    """Return the models that are asked for and apply, and what to say of the others."""
    if not enabled:
        return {}, ("the baselines were switched off",)
    kinds, notes = available(problem, space)
    kinds |= others
    if isinstance(enabled, bool):
        return kinds, notes
    kinds = {name: kind for name, kind in kinds.items() if name in enabled}
    if not kinds:
        notes = (*notes, "none of the simple models that were asked for applies")
    return kinds, notes


def _measure_in_time(
    kinds: Mapping[str, Kind],
    bench: BaseModelBench,
    first: Mapping[str, Measured],
    end: float | None,
    update: Callable[[float, str], None],
) -> tuple[dict[str, Measured], dict[str, float], tuple[str, ...]]:
    """Measure what applies and fits into time and memory.

    What was measured `first` is not measured again. Return what was found, name -> seconds that one
    would take which time left out, and notes of those that cannot apply.
    """
    size = bench.size()
    unfit = dict(not_applicable(kinds, size))
    names = [name for name in kinds if name not in unfit]
    worth = WORTH if size.narrow else WORTH_OF_WIDE
    schedule = Schedule(end, bench.foreseen(names, end), worth=worth)
    left, found = schedule.order([name for name in names if name not in first]), dict(first)
    while left:
        name = left.pop(0)
        enough = any(not one.cut_short for of, one in found.items() if of != Majority.name)
        admitted, deadline = schedule.admit(name, left, enough=enough)
        one = bench.measure(kinds[name], deadline) if admitted else None
        if isinstance(one, float):
            schedule.give_up(name, one)
        elif one is not None:
            found[name] = one
        update(len(kinds) - len(left) + 1, model_name(name))
    if end is not None and not _beats_guessing(found, bench):
        _try_late(kinds, bench, found, schedule.left_out, end)
    return found, schedule.left_out, tuple(unfit.values())


def _beats_guessing(found: Mapping[str, Measured], bench: BaseModelBench) -> bool:
    """Tell whether any of the models says more than always the same."""
    costs = {name: bench.cost(one) for name, one in found.items()}
    guess = costs.pop(Majority.name, np.inf)
    return min(costs.values(), default=np.inf) < guess


def _try_late(
    kinds: Mapping[str, Kind],
    bench: BaseModelBench,
    found: dict[str, Measured],
    left_out: dict[str, float],
    end: float,
) -> None:
    """Measure one that cannot be complete, in place: cut short, it knows more than none.

    The linear model does, whose steps may end at any time; else what is quickest.
    """
    name = min(left_out, key=left_out.__getitem__, default=None)
    name = Linear.name if Linear.name in left_out else name
    if name is not None:
        one = bench.measure(kinds[name], max(end, time.monotonic() + CHEAP_SECONDS))
        if isinstance(one, Measured):
            found[name] = one
            del left_out[name]
