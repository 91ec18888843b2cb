"""Compress: a bundle and a table in, a small bundle out, with what that costs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from plait.compress.limits import Limits
from plait.compress.settings import METHODS, NETWORK, STUDENTS, WORDS
from plait.data.table import read
from plait.fitting.setup.work import require_torch
from plait.listening import heard, listened
from plait.model.loading import load
from plait.model.model import Model
from plait.progress import Progress
from plait.reading import ReadOptions
from plait.recipes.outputs import place_beside
from plait.recipes.remembered import with_statistics
from plait.train.budget import Budget

ALL = "all"


@listened
def compress(
    bundle: Model | Path | str,
    table: Any,
    *,
    max_loss: str | float | None = None,
    max_mb: float | None = None,
    max_ms: float | None = None,
    method: str | Sequence[str] = ALL,
    students: Sequence[str] = STUDENTS,
    network_alone: bool = False,
    size: str = "tiny",
    budget: str | float | Budget = "5m",
    unseen: bool = False,
    out: Path | str | None = None,
    seed: int = 0,
    force: bool = False,
    progress: Progress | bool | None = None,
    **reading: Unpack[ReadOptions],
) -> Model:
    """Return a small model of a bundle's target, within limits; saved when `out` is given.

    A student of the raw columns alone learns truth and what the bundle says of rows that it does
    not know by heart; whole units of its network are pruned, and it recovers; networks become
    graphs, and numbers are held in eight or four bits, or computed in eight. Each variant is
    written, read again, timed row by row on this machine, and scored. What is neither smaller nor
    quicker than what it was made of is dropped. `model.records["compression"]` tells of all.

    Args:
        bundle: Of a predicted target, or its model.
        table: The table of its fit; or other rows with an id column as it had, or with `unseen`.
        max_loss: Of the score: ``0.5%`` or 0.005. Half a percent where nothing at all is limited.
        max_mb: Megabytes (10^6 bytes) of the bundle.
        max_ms: Milliseconds of one row on this machine, from cells to answer: the median.
        method: ``distil``, ``prune``, ``quantize``, several of them, or ``all``.
        students: Kinds of students that are tried: ``simple``, ``network``, ``told``.
        network_alone: Whether what ships must answer by a network alone, as browsers run it; the
            only student is one then.
        size: Of a student's network, as for `plait.fit`.
        budget: Of all that learns.
        unseen: Whether the bundle saw none of the rows, where nothing else tells.
        out: Bundle to write.
        seed: Of whatever is drawn.
        force: Whether a bundle at `out` is replaced that is of another target.
        progress: As for `plait.fit`.
        reading: How the table is read: the arguments of `plait.read`.

    Raises:
        UsageError: No variant is within the limits: which binds, and what comes nearest.
        TargetError: The bundle has no target, or generates it.
        ExtraError: Without ``plait[export]``, for graphs.
    """
    require_torch()
    from plait.compress.small import compress as compressed
    from plait.compress.teacher import Teacher

    limits = Limits.of(max_loss, max_mb, max_ms)
    model = bundle if isinstance(bundle, Model) else load(bundle)
    place = None if out is None else place_beside(out, model, force=force)
    told = heard(progress)
    teacher = Teacher(model, read(table, **reading), unseen=unseen, progress=told)
    methods = METHODS if method == ALL else [method] if isinstance(method, str) else list(method)
    found = compressed(
        teacher,
        limits=limits,
        methods=methods,
        budget=Budget.parse(budget),
        seed=seed,
        progress=told,
        students=(NETWORK,) if network_alone else tuple(students),
        network_alone=network_alone,
        words=0 if network_alone else WORDS,
        size=size,
    )
    labelled = np.setdiff1d(np.flatnonzero(teacher.labelled), teacher.test)
    found = with_statistics(found, teacher.table, labelled, max_mb=max_mb)
    if place is not None:
        found.save(place)
    return found
