"""Gives a bundle the statistics by which it can learn on a device, from rows with their target."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from plait.data.table import Table
from plait.edge.needs import check_answers
from plait.errors import BundleError
from plait.model.bundling import files_of
from plait.model.ensemble import Ensemble
from plait.model.model import Model
from plait.model.rehearsal import Rehearsal
from plait.model.rehearsing import MAX_ROWS, can_be_learned, make_rehearsal, with_told


def with_statistics(
    model: Model,
    table: Table,
    rows: np.ndarray | None = None,
    *,
    max_mb: float | None = None,
) -> Model:
    """Return a model with statistics of a table's rows that have a target, told in its card.

    It is returned as it is where a device cannot run it, or not learn its target, and where the
    rows have no target, or are few.

    Args:
        model: As it will be saved.
        table: Rows, its target among their columns.
        rows: Row numbers; None takes all.
        max_mb: Megabytes (10^6 bytes) that its bundle may have; statistics that do not fit are left
            out.
    """
    table = model.as_table(table)
    if model.target not in table.column_names or not _can_learn(model):
        return model
    ensemble = model.ensemble
    every = np.arange(table.num_rows) if rows is None else np.asarray(rows)
    some = every[np.linspace(0, len(every) - 1, min(len(every), MAX_ROWS)).astype(np.int64)]
    prepared = model.prepare(table.take(some), target=True, keep=False)
    there = np.flatnonzero(np.asarray(prepared.columns[str(model.target)].present))
    if not len(there):
        return model
    outputs, points = ensemble.outputs_and_points(prepared, there)
    truth = model.truth(prepared, there)
    found = make_rehearsal(ensemble.target, outputs, points, truth)
    if found is None or (max_mb is not None and _mb(model, found) > max_mb):
        return model
    card = with_told(model.card, found)
    return replace(model, parts=replace(ensemble, rehearsal=found), card=card, path=None)


def _mb(model: Model, found: Rehearsal) -> float:
    """Return the megabytes of a model's bundle with statistics; its manifest is left out."""
    files = {**files_of(model), **found.files()}
    return sum(map(len, files.values())) / 1e6


def _can_learn(model: Model) -> bool:
    """Tell whether a device can run a model, and learn its target."""
    if not isinstance(model.parts, Ensemble) or model.in_time is not None:
        return False
    try:
        check_answers(model)
    except BundleError:
        return False
    return can_be_learned(model.ensemble.target)
