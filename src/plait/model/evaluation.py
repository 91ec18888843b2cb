"""Scores a fitted model on rows that have its target, or its shared space by retrieval."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from plait.data.prepared import Prepared
from plait.listening import heard, listened_if_asked
from plait.model.asked_draws import judged_draws
from plait.model.judging import labelled_rows, said_units
from plait.model.scores import score
from plait.progress import Progress
from plait.results import Scores

if TYPE_CHECKING:
    from plait.model.model import Model


@listened_if_asked
def evaluate(
    model: Model,
    rows: Any,
    *,
    on_error: str | None = None,
    root: Any = None,
    seed: int = 0,
    strict: bool = False,
    progress: Progress | bool | None = None,
) -> Scores:
    """Return metrics with 95 % intervals, per class, and per set of columns present.

    Rows without a target are left out; `plait.model.unseen.count_unseen` gives the labels that
    training never saw. A model without a target is scored by retrieval, in every direction
    between its columns. Of forecasts, ``forecast`` has their CRPS, pinball loss and MASE, and
    ``coverage`` the share of values in their 90 % intervals, as the record of the fit has. Raises
    `ColumnError` without the target's column, `TargetError` when it is empty.
    """
    table = model.as_table(rows, on_error=on_error, root=root, strict=strict)
    if model.parts is None:
        from plait.model.directions import evaluate_space

        prepared = model.prepare(table, progress=heard(progress))
        return Scores(evaluate_space(model.space, prepared))
    prepared, labelled, truth = labelled_rows(model, table, heard(progress))
    groups = said_units(table, model.group, labelled)
    if model.forecast is None:
        return Scores(model.score_rows(prepared, labelled, truth, groups=groups, seed=seed))
    from plait.model.forecast_judging import forecast_judged

    made = model.predictor.outputs(prepared, labelled, judged_draws(model.predictor))
    told = model.score_rows(prepared, labelled, truth, groups=groups, seed=seed, outputs=made)
    return Scores(told | forecast_judged(model.forecast, table, labelled, made, truth))


def score_rows(
    model: Model,
    prepared: Prepared,
    rows: np.ndarray,
    truth: np.ndarray,
    *,
    groups: np.ndarray | None = None,
    seed: int = 0,
    outputs: np.ndarray | None = None,
    intervals: bool = True,
) -> dict[str, Any]:
    """Score prepared rows, whole `groups` (int ``[row]``) of them; see `evaluate`.

    Their `outputs` are computed where they are not given; for `intervals` see `score`.
    """
    present = {name: model.present(prepared, name)[rows] for name in model.inputs}
    predictor = model.predictor
    if outputs is None:
        outputs = predictor.outputs(prepared, rows, judged_draws(predictor))
    judge = predictor.judge
    found = score(judge, outputs, truth, present, groups=groups, seed=seed, intervals=intervals)
    return found | predictor.beside(
        prepared, rows, outputs, truth, groups=groups, intervals=intervals
    )
