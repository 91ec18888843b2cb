"""Which simple models are measured for a task, and which cannot apply to it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from plait.baselines.boosted import MAX_CLASSES, Boosted
from plait.baselines.costs import MAX_BYTES, Size, foreseen_bytes
from plait.baselines.experts import (
    Expert,
    Majority,
    NearestNeighbour,
    Pool,
    Probe,
    Prompts,
    Prototypes,
)
from plait.baselines.linear import Linear
from plait.installation import install_command
from plait.model.shared_space import SharedSpace
from plait.recipes.prompts import prompt_tuner
from plait.recipes.specialise import can_pool
from plait.recipes.task import Task

Kind = Callable[[], Expert]
"""Makes an expert that has learned nothing yet."""


def available(task: Task, space: SharedSpace | None) -> tuple[dict[str, Kind], tuple[str, ...]]:
    """Return name -> simple model, from simple to strong, and what is not installed.

    Args:
        task: What to learn.
        space: Whose vectors are among the task's columns; adds experts on them alone.
    """
    sources = list(task.sources.values())
    kinds: dict[str, Kind] = {Majority.name: Majority, NearestNeighbour.name: NearestNeighbour}
    if space is not None and task.target_codec.task == "classify":
        kinds[Prototypes.name] = Prototypes
        tune = prompt_tuner(task, space)
        kinds |= {} if tune is None else {Prompts.name: partial(Prompts, tune)}
    if can_pool(task.target_codec.task, sources):
        kinds[Pool.name] = partial(Pool, sources)
    kinds |= {Linear.name: Linear, Boosted.name: Boosted}
    kinds |= {} if space is None else {Probe.name: Probe}
    needed = {Linear.name: "sklearn", Boosted.name: "lightgbm", Probe.name: "sklearn"}
    missing = [
        name for name, of in needed.items() if name in kinds and not importlib.util.find_spec(of)
    ]
    if Linear.name in missing:
        kinds.pop(Pool.name, None)
    kinds = {name: kind for name, kind in kinds.items() if name not in missing}
    if not missing:
        return kinds, ()
    return kinds, (f"not measured: {' and '.join(missing)}; they need: {install_command('table')}",)


def not_applicable(kinds: Mapping[str, Kind], size: Size) -> Iterator[str]:
    """Yield a note for each model that cannot learn this target, or not within memory."""
    for name in kinds:
        if name == Boosted.name and size.task == "classify" and size.outputs > MAX_CLASSES:
            yield (
                f"'{name}' was left out: it takes {MAX_CLASSES} classes at most, and there are "
                f"{size.outputs:,}"
            )
        elif foreseen_bytes(name, size) > MAX_BYTES:
            yield (
                f"'{name}' was left out: for {size.rows:,} rows of {size.outputs:,} classes it "
                f"needs about {foreseen_bytes(name, size) / 2**30:.0f} GB of memory"
            )
