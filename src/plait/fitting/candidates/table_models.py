"""A tabular foundation model in a fit: the folder that was named, or one found, for its target."""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from pathlib import Path

from plait.backbones.architectures import TABLE
from plait.backbones.table_model import TableModel, open_table_model
from plait.baselines.in_context import InContext
from plait.encoders import FoundEncoder, find_encoders, open_table, suited
from plait.errors import ExtraError, PlaitError
from plait.fitting.candidates.candidates import Kind
from plait.fitting.setup.problem import Problem
from plait.fitting.setup.work import Work


def table_models(problem: Problem, work: Work) -> tuple[dict[str, Kind], tuple[str, ...]]:
    """Return the base model that a folder's tabular foundation model makes, and what to say of it.

    It is measured on the same rows as the others, and mixed in only where it helps. There is none
    where none is named or found, and where it is of another kind of target.

    Args:
        problem: What to learn.
        work: The fit; of encoders that are named, ``table`` is the word for it.

    Raises:
        UsageError, CheckpointError, ExtraError: What is named is not there, or cannot be used.
    """
    form, wanted = problem.target_codec.form, work.config.encoders
    if not _is_measured(work) or form.name not in InContext.forms:
        return {}, ()
    where = wanted.table_place()
    if where is None:
        model = _found(classes=form.exclusive) if wanted.finds(TABLE, TABLE) else None
    elif find_spec("tabicl") is None:
        raise ExtraError("tabular", "a tabular foundation model")
    elif isinstance(where, FoundEncoder):
        model = open_table(where, classes=form.exclusive)
    else:
        model = open_table_model(where, classes=form.exclusive)
    if model is None:
        return {}, ()
    name = f"the tabular foundation model {Path(model.source).name}"
    num = len(getattr(problem.target_codec, "labels", ()))
    if form.exclusive and num > model.max_classes:
        few = f"it tells at most {model.max_classes} classes apart, and there are {num:,}"
        return {}, (f"{name} was left out: {few}",)
    licence = model.licence or "licence not told"
    said = f"{name} ({licence}) was measured beside the simple models, as in_context"
    return {InContext.name: partial(InContext, model)}, (said,)


def _is_measured(work: Work) -> bool:
    """Tell whether simple models are measured, and it may be one of them."""
    named = work.baselines
    return named if isinstance(named, bool) else InContext.name in named


def _found(*, classes: bool) -> TableModel | None:
    """Return the first that was found and is of the kind; what cannot be opened is passed over."""
    for one in suited(find_encoders(), TABLE, ()):
        try:
            return open_table(one, classes=classes)
        except PlaitError:
            continue  # of the other kind of target, or not what its names say
    return None
