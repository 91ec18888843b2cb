"""Evaluate: a bundle and a table with its target in, metrics with intervals out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Unpack

from plait.data.table import Table, read
from plait.listening import heard, listened
from plait.model.columns import missing_columns, notes_on, weighed
from plait.model.judging import few_groups_said
from plait.model.known_rows import learned_said, num_learned
from plait.model.loading import load
from plait.model.model import Model
from plait.model.several import Several, predicted
from plait.model.unread import counting_unread
from plait.model.unseen import count_unseen, unseen_note
from plait.progress import Progress
from plait.reading import ReadOptions
from plait.results import Scores


@listened
def evaluate(
    bundle: Model | Path | str,
    table: Any,
    *,
    seed: int = 0,
    importance: bool = False,
    threshold: float | None = None,
    positive: str | None = None,
    progress: Progress | bool | None = None,
    **reading: Unpack[ReadOptions],
) -> Scores:
    """Return ``task``, ``rows``, ``metrics``, ``intervals``, ``by_present`` and details.

    Among them are ``missing_columns`` (``{"column", "did_you_mean"}`` per input column that the
    table lacks), ``unseen_labels`` (``rows`` whose label training never saw, and which ``labels``),
    ``learned_rows`` (how many of the rows the model learned from or was chosen by, so that scores
    are too good for them; None where nothing tells: the table is not that of the fit, and no id
    column says which rows are of it),
    ``warnings`` (of missing columns that matter, few groups and unreadable cells) and ``notes``.
    Of a forecast, ``forecast`` has ``crps``, ``pinball`` and ``mase``, and ``coverage`` the share
    of values in the 90 % intervals. Of several targets, ``targets`` has all that for each which the
    table has, by its name.

    Args:
        bundle: A bundle's folder, or its model.
        table: Rows with the target column, or some of several; of a forecast rows in time, from
            which it is judged at every moment that is a multiple of its steps away from the first
            (rolling origin).
        seed: Of the intervals.
        importance: Whether to tell what each input column is worth: ``importance``, a list, see
            `plait.model.importance.importance`, which names its metric.
        threshold, positive: Another decision between two classes than the bundle's; see
            `plait.model.decision.with_threshold`.
        progress: As for `plait.fit`.
        reading: How the table is read: the arguments of `plait.read`.

    Raises `BundleError`, `TableError`, `ColumnError`, `TargetError` or `CellError`.
    """
    progress = heard(progress)
    rows = read(table, **reading)
    model = bundle if isinstance(bundle, Model) else load(bundle)
    if threshold is not None:
        model = model.with_threshold(threshold, positive=positive)
    if importance:
        predicted(model)
    told: dict[str, Any] = {"seed": seed, "importance": importance, "progress": progress}
    if isinstance(model, Several):
        there = model.targets_in(rows.column_names)
        lacking = [name for name in model.targets if name not in there]
        return _joined({name: _scored(model[name], rows, **told) for name in there}, lacking)
    if model.in_time is not None and model.in_time.reads(rows):
        rows = model.in_time.judging(model, rows)
    return _scored(model, rows, **told)


def _scored(
    model: Model, rows: Table, *, seed: int, importance: bool, progress: Progress
) -> Scores:
    """Return the scores of a model, and what is to be said of them."""
    with counting_unread() as unread:
        scores = model.evaluate(rows, seed=seed, progress=progress)
    if importance:
        scores["importance"] = model.importance(rows, seed=seed, progress=progress)
    missing = missing_columns(model.inputs, rows.column_names)
    scores["missing_columns"] = missing
    lacking = notes_on(missing)
    if model.target is not None:
        scores["warnings"], lacking = weighed(model, missing)
    few = few_groups_said(scores.get("groups", 0), model.group)
    scores["warnings"] = [*scores.get("warnings", []), *few, *unread.warnings]
    learned = num_learned(model, rows)
    scores["learned_rows"] = learned
    said = learned_said(learned, scores["rows"])
    scores["notes"] = [*scores.get("notes", []), *rows.notes, *lacking, *said]
    if model.target is not None:
        unseen = count_unseen(rows, model.target, model.target_codec)
        note = unseen_note(unseen, scores["rows"], model.target_codec)
        scores["unseen_labels"] = unseen
        scores["notes"] += [note] if note else []
    return scores


def _joined(targets: Mapping[str, Scores], lacking: Sequence[str]) -> Scores:
    """Return the scores of several targets; what is said of each is said of all together too."""
    notes = [note for one in targets.values() for note in one["notes"]]
    notes += [f"the table lacks the target '{name}', which was not scored" for name in lacking]
    warnings = [f"{name}: {text}" for name, one in targets.items() for text in one["warnings"]]
    return Scores(targets=dict(targets), warnings=warnings, notes=list(dict.fromkeys(notes)))
