"""Which simple models are measured for a problem, and which cannot apply to it."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module

import numpy as np

from plait.baselines.base_models import (
    BASE_MODELS,
    BaseModel,
    Majority,
    NearestNeighbour,
    Probe,
    ProductOfExperts,
    Prompts,
    Prototypes,
    TableTrees,
)
from plait.baselines.boosted import MAX_CLASSES, Boosted
from plait.baselines.costs import MAX_BYTES, Size, foreseen_bytes
from plait.baselines.features import FeatureMap
from plait.baselines.linear import Linear
from plait.baselines.reduced_models import MAX_INPUT_COLUMNS
from plait.baselines.selection import NARROW_FEATURES
from plait.display import model_name
from plait.errors import UsageError
from plait.fitting.candidates.prompts import prompt_tuner
from plait.fitting.setup.problem import Problem
from plait.installation import install_command
from plait.modalities.forms import OutputForm
from plait.model.shared_space import SharedSpace
from plait.spacing import even_sample

PILOT_ROWS = 8
QUICK_SECONDS = 1e-4
"""To make the features of one cell."""

LEARNERS = {
    Linear.name: ("scipy.optimize", "scipy.sparse"),
    Boosted.name: ("lightgbm", "scipy.sparse"),
}
"""Modules that models import when they learn, where these take long."""

Kind = Callable[[], BaseModel]
"""Makes a base model that has learned nothing yet."""


def available(
    problem: Problem, space: SharedSpace | None
) -> tuple[dict[str, Kind], tuple[str, ...]]:
    """Return name -> simple model, from simple to strong, and what is not installed.

    Args:
        problem: What to learn.
        space: Whose vectors are among the problem's columns; adds base models on them alone.
    """
    input_columns = list(problem.input_columns.values())
    kinds: dict[str, Kind] = {Majority.name: Majority, NearestNeighbour.name: NearestNeighbour}
    if space is not None and problem.target_codec.form.exclusive:
        kinds[Prototypes.name] = Prototypes
        tune = prompt_tuner(problem, space)
        kinds |= {} if tune is None else {Prompts.name: partial(Prompts, tune)}
    if allows_product(problem.target_codec.form, input_columns):
        kinds[ProductOfExperts.name] = partial(ProductOfExperts, input_columns)
    kinds |= {Linear.name: Linear, Boosted.name: Boosted}
    kinds |= {} if space is None else {Probe.name: Probe}
    needed = {Linear.name: "sklearn", Boosted.name: "lightgbm", Probe.name: "sklearn"}
    missing = [
        name for name, of in needed.items() if name in kinds and not importlib.util.find_spec(of)
    ]
    if Linear.name in missing:
        kinds.pop(ProductOfExperts.name, None)
    form = problem.target_codec.form.name
    kinds = {
        name: kind
        for name, kind in kinds.items()
        if name not in missing and form in BASE_MODELS[name].forms
    }
    if not missing:
        return kinds, ()
    return kinds, (f"not measured: {' and '.join(missing)}; they need: {install_command('table')}",)


def allows_product(form: OutputForm, input_columns: Sequence[Sequence[str]]) -> bool:
    """Tell whether a product of experts, one per input column, is worth its time."""
    return form.exclusive and 1 < len(input_columns) <= MAX_INPUT_COLUMNS


def load_learners(kinds: Mapping[str, Kind]) -> None:
    """Import what the models learn with, so that none of them is taken for slow because of it."""
    for name, modules in LEARNERS.items():
        if name in kinds:
            with suppress(ImportError, OSError):  # the model itself says what is missing
                for module in modules:
                    import_module(module)


def has_too_many(name: str, form: OutputForm, num_outputs: int) -> bool:
    """Tell whether a target has more classes than trees can take: a tree each per round."""
    trees = name in (Boosted.name, TableTrees.name)
    return trees and form.exclusive and num_outputs > MAX_CLASSES


def quick_columns(problem: Problem) -> tuple[str, ...]:
    """Return the columns that are read in a moment, where others take long; else none.

    Those are columns of few features (numbers, categories, dates), as a few rows tell.
    """
    rows = problem.splits.train
    quick = []
    for name in problem.columns:
        there = rows[np.asarray(problem.prepared.columns[name].present)[rows]]
        if not len(there):
            continue  # nothing tells how long it takes, nor does it tell anything
        some = even_sample(there, PILOT_ROWS)
        features, _ = FeatureMap.fit(problem.prepared, (name,), some)
        plan = features.scales[name].plan
        began = time.monotonic()
        features.raw(problem.prepared, some)[name]
        seconds = (time.monotonic() - began) / max(len(some), 1)
        narrow = len(plan.dense) + len(plan.sparse) <= NARROW_FEATURES
        if plan.code_part is not None or (narrow and seconds <= QUICK_SECONDS):
            quick.append(name)
    return tuple(quick) if len(quick) < len(problem.columns) else ()


def refuse_none(measured: Mapping[str, object], asked: bool | Sequence[str]) -> None:
    """Raise `UsageError` where no simple model that was asked for could be measured."""
    if measured:
        return
    raise UsageError(
        "none of the simple models that were asked for applies to this table",
        expected="others beside them, or a network",
        received="all" if isinstance(asked, bool) else ", ".join(asked),
        hint="leave out baselines, or --simple",
    )


def not_applicable(kinds: Mapping[str, Kind], size: Size) -> Iterator[tuple[str, str]]:
    """Yield name and note of each model that cannot learn this target, or not within memory."""
    for name in kinds:
        if has_too_many(name, size.form, size.outputs):
            yield (
                name,
                f"left out: {model_name(name)}, for at most {MAX_CLASSES} classes, and there are "
                f"{size.outputs:,}",
            )
        elif foreseen_bytes(name, size) > MAX_BYTES:
            yield (
                name,
                f"left out: {model_name(name)}, needing about "
                f"{foreseen_bytes(name, size) / 2**30:.0f} GB of memory for {size.rows:,} rows of "
                f"{size.outputs:,} classes",
            )
