"""Predict: a bundle and a table in, the rows with predictions out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Unpack

from plait.data.table import Table, read
from plait.edge.edge import Edge
from plait.edge.learner import Learner
from plait.errors import UsageError
from plait.listening import heard, listened
from plait.modalities import Asked
from plait.model.anomalies import forecast_of
from plait.model.asked_draws import usual_temperature
from plait.model.columns import Missing, missing_columns, notes_on
from plait.model.loading import load
from plait.model.model import Model
from plait.model.several import Several, predicted, weighed_each
from plait.model.unread import counting_unread
from plait.model.wants import Wants
from plait.progress import Progress
from plait.provenance.notice import Notice
from plait.reading import ReadOptions
from plait.recipes.exported import export, export_form
from plait.recipes.in_time import check_beside, check_in_time, write_in_time
from plait.recipes.made_files import MadeFiles
from plait.recipes.notices import notice_of
from plait.recipes.outputs import check_output
from plait.recipes.parts import answered_parts
from plait.recipes.row_files import (
    BEFORE,
    PACKINGS,
    STDOUT,
    RowWriter,
    chunk_of,
    format_of,
    formulas_said,
    is_row_file,
    kinds_of,
    num_formulas,
    writing_to,
)
from plait.recipes.zero_shot import TEMPLATES, check_answered, word_columns, zero_shot

CHUNK_ROWS = 8192


@listened
def predict(
    bundle: Model | Path | str,
    table: Any,
    *,
    out: Path | str | None = None,
    delta: Path | str | None = None,
    key: Path | str | None = None,
    classes: Sequence[str] | Mapping[str, Sequence[str]] = (),
    templates: Sequence[str] = (),
    threshold: float | None = None,
    positive: str | None = None,
    temperature: float | None = None,
    seed: int = 0,
    beam: int | None = None,
    top: int | None = None,
    return_to_go: float | None = None,
    quantiles: Sequence[float] | None = None,
    anomalies: Path | str | None = None,
    format: str | None = None,
    force: bool = False,
    progress: Progress | bool | None = None,
    **reading: Unpack[ReadOptions],
) -> Any:
    """Return ``prediction``, ``confidence`` and details of a table's rows; with `out`, write them.

    Of several targets, predictions have the targets' names, and what is told beside them has these
    in front: ``answer``, ``answer_confidence``. Of a forecast, rows are those in time, and what is
    returned, or written, are the steps that follow them; of what comes next, the items that each
    group takes; of a policy, what to do at each step. Of all others a file holds the table's
    columns too. It appears whole or not at all; bytes cells are left out of CSV and JSON lines. Its
    rows are predicted in chunks, so that the table need not fit in memory. Generated values that
    are files lie in a folder beside it, named in the cells.

    Args:
        bundle: A bundle's folder, or its model.
        table: Rows with any subset of the model's input columns.
        out: ``.csv``, ``.jsonl`` or ``.parquet`` file, the first two perhaps with ``.gz`` or
            ``.zst`` behind, or ``-`` for standard output; None writes none. Where a column of the
            table is named as one of the answer's, its name gets ``input_`` in front. Boxes go to a
            ``.json`` file of COCO's form, too, or to a folder of VOC's or YOLO's.
        delta: What `plait.learn` learned beside the bundle; None for its own answers.
        key: File of the key with which the delta must be signed; None takes any that is whole.
        classes: Names of classes that nobody labelled, or name -> words that describe it: answered
            by the shared space (zero-shot).
        templates: Prompts with ``{}`` for the name; default `plait.recipes.zero_shot.TEMPLATES`.
        format: ``csv``, ``jsonl`` or ``parquet``, where the ending of `out` does not tell; or a
            form of the target's own: ``coco``, ``voc`` or ``yolo`` of boxes, ``abc`` or ``wav``
            of music.
        force: Whether a file at `out` is replaced; never the table or the bundle.
        temperature, seed, beam: How a generated target is drawn; see
            `plait.model.model.Model.predict`.
        top: Of what comes next: so many items for each; default ten.
        return_to_go: Of a policy: the return that is to be reached; default a high one of training.
        quantiles: Of a forecast: those to tell of each step, from 0.001 to 0.999; default the ends
            of its 90 % interval, 0.05 and 0.95.
        anomalies: Of a forecast: file to write beside, of how far each row of the table lies from
            what came before it foresaw; see `plait.model.anomalies.anomalies`.
        threshold, positive: Another decision between two classes than the bundle's; see
            `plait.model.decision.with_threshold`.
        progress: As for `plait.fit`.
        reading: How the table is read: the arguments of `plait.read`.

    Returns:
        Without `out`, an `Answer`. With it, a dict: ``rows``, ``out``, ``columns``, ``unit`` (of
        a predicted number and its interval, where it has one: the columns hold plain numbers; of
        several targets by their names), ``anomalies`` (the same of that file, where it is written),
        ``missing_columns`` (``{"column", "did_you_mean"}`` per input column that the table lacks),
        ``warnings`` (of such columns that matter, see `plait.model.columns.weighed`; with
        `classes`, of the space; of unreadable cells) and ``notes`` for people.

    Raises:
        UsageError: When `out` has another ending or exists.
        ColumnError: When the table has no column of the model, or with `strict` not all.
    """
    out = None if out is None else Path(out)
    form, own = _forms(bundle, out, "rows" if classes else "", format)
    if out is not None and str(out) != STDOUT and not (own and out.is_dir()):
        check_output(out, table, bundle, force=force)
    anomalies = check_beside(anomalies, out, table, bundle, force=force)
    rows = read(table, **reading)
    model = _model(bundle, delta, key)
    if threshold is not None:
        model = model.with_threshold(threshold, positive=positive)
    check_answered(classes, temperature, beam)
    told = heard(progress)
    if model.in_time is not None and model.in_time.reads(rows):
        check_in_time(classes)
        beside = None if anomalies is None else model.anomalies(rows, progress=told)
        answer = model.predict(
            rows, temperature=temperature, seed=seed, beam=beam, top=top,
            return_to_go=return_to_go, quantiles=quantiles, progress=told,
        )  # fmt: skip
        return write_in_time(answer, rows, out, form, beside, anomalies)
    if anomalies is not None:
        forecast_of(model, rows)
    Wants(top=top, return_to_go=return_to_go, quantiles=quantiles).only()
    drawn = partial(model.predict, temperature=temperature, seed=seed, beam=beam)
    answer_rows = _answerer(model, classes, templates, drawn)
    model.as_table(rows)
    if out is None:
        return answer_rows(rows) if classes else answer_rows(rows, progress=told)
    with counting_unread() as unread:
        if own:
            written = export(model, rows, answer_rows, out, own, force=force, progress=told)
        else:
            asked = _asked(model, temperature, seed, beam)
            written = _write(model, rows, answer_rows, out, form, force, told, asked)
    return _told(model, rows, classes, written, unread.warnings)


def _told(
    model: Model, rows: Table, classes: Any, written: dict[str, Any], unread: Sequence[Any]
) -> dict[str, Any]:
    """Return what is told of rows that were written."""
    unit = "" if classes else _units(model)
    missing = missing_columns(model.inputs, rows.column_names)
    warnings, lacking = _weighed(model, classes, missing)
    written |= {"unit": unit} if unit else {}
    return {
        **written,
        "missing_columns": missing,
        "notes": [*rows.notes, *lacking, *written.get("notes", [])],
        "warnings": [*warnings, *unread],
    }


def _model(bundle: Model | Path | str, delta: Path | str | None, key: Path | str | None) -> Model:
    """Return the model of a bundle, with what was learned beside it."""
    model = bundle if isinstance(bundle, Model) else load(bundle)
    return model if delta is None else Learner(Edge(model), delta=delta, key=key).model


def _asked(model: Model, temperature: float | None, seed: int, beam: int | None) -> Asked:
    """Return how values are drawn, as notices tell it."""
    usual = usual_temperature(model.parts) if beam in (None, 1) else 0.0
    return Asked(
        temperature=usual if temperature is None else temperature, seed=seed, beam=beam or 1
    )


def _weighed(
    model: Model, classes: Sequence[str] | Mapping[str, Sequence[str]], missing: Missing
) -> tuple[list[str], list[str]]:
    """Return warnings and notes of what is missing, and of the space where it answers."""
    if classes:
        return model.space.warnings_of(word_columns(model)), notes_on(missing)
    return weighed_each(model, missing)


def _forms(
    bundle: Model | Path | str, out: Path | None, always: str, said: str | None
) -> tuple[str, str]:
    """Return the form of a file of rows, or that of the target's own in which answers are written;
    what is not written so has "".

    Args:
        bundle: Whose target may have forms of its own.
        out: The file, where there is one.
        always: Not empty where a file of rows is all that is possible.
        said: The form that was named.
    """
    if out is None:
        return "", ""
    if not always and not is_row_file(out, said):
        model = bundle if isinstance(bundle, Model) else load(bundle)
        if own := export_form(model, out, said):
            return "", own
    return format_of(out, said), ""


def _write(
    model: Model,
    rows: Table,
    answer_rows: Any,
    out: Path,
    form: str,
    force: bool,
    progress: Progress,
    asked: Asked,
) -> dict[str, Any]:
    """Write rows with their answers chunk by chunk; return what `predict` returns of the file."""
    models = {} if model.target is None else predicted(model)

    def notice(name: str) -> Notice:
        one = models[name]
        return notice_of(one, str(one.target), asked)

    kinds = kinds_of(rows, form, chunk_rows=CHUNK_ROWS)
    columns: list[str] = []
    renamed: list[str] = []
    formulas = 0
    with (
        writing_to(out) as temporary,
        MadeFiles(out, lambda name, _: notice(name), force=force) as made,
        RowWriter(temporary, form, PACKINGS.get(out.suffix.lower())) as writer,
    ):
        for first, part, said in answered_parts(rows, answer_rows, progress, CHUNK_ROWS):
            answer = made.named(said, first)
            flat = form == "csv"
            formulas += num_formulas(answer, form)
            chunk, renamed = chunk_of(part, _spelled(model, answer) if flat else answer, kinds)
            columns = chunk.column_names
            writer.write(chunk)
    notes = [f"the table's column '{name}' is written as '{BEFORE}{name}'" for name in renamed]
    notes += formulas_said(formulas)
    return {"rows": rows.num_rows, "out": str(out), "columns": columns, "notes": notes}


def _answerer(
    model: Model,
    classes: Sequence[str] | Mapping[str, Sequence[str]],
    templates: Sequence[str],
    predict_rows: Any,
) -> Any:
    """Return what answers a chunk of rows: the model, or with classes the shared space."""
    if classes:
        return partial(zero_shot, model, classes=classes, templates=templates or TEMPLATES)
    if templates:
        raise UsageError("templates are for classes", expected="--classes with --template")
    predicted(model)
    return predict_rows


def _units(model: Model) -> str | dict[str, str]:
    """Return the unit of what is predicted; of several targets that of each which has one."""
    units = {name: one.predictor.judge.unit for name, one in predicted(model).items()}
    several = {name: unit for name, unit in units.items() if unit}
    return several if isinstance(model, Several) else units["prediction"]


def _spelled(model: Model, answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the answer for a flat file: truth values as training spelled them, lists as JSON."""
    models = {} if model.target is None else predicted(model)
    codecs = {name: one.target_codec for name, one in models.items()}
    names = [name for name in answer if name in ("prediction", *codecs)]
    return {**answer, **{name: _flat(answer[name], codecs.get(name)) for name in names}}


def _flat(values: Any, codec: Any) -> Any:
    if any(isinstance(value, list) for value in values):
        return [json.dumps(value) for value in values]
    return getattr(codec, "as_written", list)(values)
