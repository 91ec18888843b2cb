"""Ask: one row in, by columns or modalities, and its answer out."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from plait.answer import Answer
from plait.baselines.extract import extract
from plait.data.decoding import read_cell
from plait.errors import CellError, UsageError
from plait.modalities import traits_of_modality
from plait.model.asked import asked_row, columns_named, modality_of, of_call
from plait.model.generator import Generator
from plait.model.loading import load
from plait.model.model import Model
from plait.model.several import predicted
from plait.model.streaming import Stream
from plait.types import Cell, is_missing

OTHER = "the question is none of those that training had: it counts as missing"

LEAST_KNOWN = 0.1
"""Share of a question's n-grams that training had: of fewer, others had them by chance."""


def ask(
    bundle: Model | Path | str,
    question: str | None = None,
    *,
    given: Mapping[str, Cell] | None = None,
    temperature: float | None = None,
    seed: int = 0,
    beam: int | None = None,
    told: Callable[[str], None] | None = None,
    **named: Cell,
) -> Answer:
    """Return the answer to one row.

    >>> plait.ask("vqa.plait", "how many dogs are there?", image="a.jpg")   # doctest: +SKIP

    Args:
        bundle: A bundle's folder, or its model: one with a target.
        question: Goes to the text column that is not given otherwise.
        given: What is known, by column or by modality: ``{"image": "a.jpg"}`` is read as every
            picture. Files are named from the working directory.
        temperature, seed, beam: As for `plait.model.model.Model.predict`.
        told: Called with each piece of a text while a network writes it, where one does.
        named: More of what is known, by name.

    Returns:
        An `Answer` of one row, whose `notes` tell of a question that is unlike all of training.

    Raises:
        UsageError: Nothing is given, or no one text column is left for the question.
        ColumnError: The model has no such column or modality.
        CellError: What is given cannot be read.
    """
    model = open_for_rows(bundle)
    cells = cells_of(model, {**(given or {}), **named})
    column = None
    if question is not None:
        column = _question_column(model, cells)
        cells[column] = question
        if is_missing(question):
            raise UsageError(
                "the question is empty",
                expected="words, or no question where all is given",
                received=question,
            )
    if not cells:
        raise UsageError(
            "nothing was asked",
            expected="a question, or what is known of a row",
            hint='plait ask BUNDLE "a question" --given COLUMN=VALUE',
        )
    try:
        row = asked_row(model, cells)
        if told is not None and beam in (None, 1) and _writes(model):
            return _telling(model.stream(row, temperature=temperature, seed=seed), told)
        answer = model.predict(row, temperature=temperature, seed=seed, beam=beam)
        return answer if column is None else replace(answer, notes=_strange(model, column, row))
    except CellError as error:
        raise of_call(error) from None


def _strange(model: Model, column: str, row: Any) -> tuple[str, ...]:
    """Return what to say of a question hardly any of whose letters and words were learned from, or
    of one that is none of the few that training had.

    Simple models know which features of a text training had; a network alone does not tell.
    """
    codec: Any = model.shown.get(column)
    if hasattr(codec, "unseen"):
        raw = read_cell(codec, row.column(column)[0], row.media())
        return (OTHER,) if raw is not None and codec.unseen(raw) else ()
    features = getattr(model.parts, "features", None)
    if features is None or column not in features.scales:
        return ()
    scale = features.scales[column]
    raw = extract(model.prepare(row).columns[column], scale.plan, np.zeros(1, np.int64))
    known = np.append(scale.idf[raw.sparse.features] > 0, raw.dense[raw.dense != 0])
    if len(known) and np.count_nonzero(known) >= LEAST_KNOWN * len(known):
        return ()
    return ("hardly a word or letter of the question was met in training: expect little of this",)


def _writes(model: Model) -> bool:
    """Tell whether a network writes the answer of the model's one target piece by piece."""
    return isinstance(model.parts, Generator) and model.parts.by_pieces


def _telling(pieces: Stream, told: Callable[[str], None]) -> Answer:
    """Tell each piece, and return the answer at their end."""
    while True:
        try:
            told(next(pieces))
        except StopIteration as end:
            answer: Answer = end.value
            return answer


def ask_each(
    bundle: Model | Path | str,
    questions: Iterable[str],
    *,
    given: Mapping[str, Cell] | None = None,
    temperature: float | None = None,
    seed: int = 0,
    beam: int | None = None,
    told: Callable[[str], None] | None = None,
) -> Iterator[tuple[str | None, Answer]]:
    """Give each question with its answer, the bundle being opened once; arguments as for `ask`.

    Where no one text column is free, no question is read: what is given is asked, once.
    """
    model = open_for_rows(bundle)
    drawn: dict[str, Any] = {"temperature": temperature, "seed": seed, "beam": beam}
    asked: Callable[..., Answer] = partial(ask, model, given=given, told=told, **drawn)
    try:
        _question_column(model, cells_of(model, given or {}))
    except UsageError:
        yield None, asked()
        return
    for question in questions:
        yield question, asked(question)


def _question_column(model: Model, taken: Container[str]) -> str:
    """Return the text column that a question goes to: the only one that is not taken.

    Where the model reads no text at all, it is the only column of labels: of few questions, which
    recur, each is one. Raises `UsageError` where there is none, or more than one.
    """
    traits = {name: traits_of_modality(modality_of(model, name)) for name in model.inputs}
    words = [name for name, one in traits.items() if one.words]
    words = words or [name for name, one in traits.items() if one.labels]
    free = [name for name in words if name not in taken]
    if len(free) != 1:
        raise UsageError(
            "there is no text column for the question" if not free
            else "the question may go to more than one text column",
            expected="one text column that is not given otherwise",
            received=", ".join(free or model.inputs),
            hint="give what is known by --given COLUMN=VALUE",
        )  # fmt: skip
    return free[0]


def open_for_rows(bundle: Model | Path | str) -> Model:
    """Return a model that answers row by row. Raises `TargetError`, `UsageError` of a forecast."""
    model = bundle if isinstance(bundle, Model) else load(bundle)
    predicted(model)
    if model.forecast is not None:
        raise UsageError(
            "a forecast goes by rows in time, and not by one row",
            expected="a model that answers row by row",
            hint="plait predict BUNDLE HISTORY --out next.csv",
        )
    return model


def cells_of(model: Model, given: Mapping[str, Cell]) -> dict[str, Cell]:
    """Return column -> cell; what is named by a modality goes to its columns that are not named."""
    found: dict[str, Cell] = {}
    for name, cell in sorted(given.items(), key=lambda item: item[0] in model.inputs):
        for column in columns_named(model, name, model.inputs, "the model", "--given"):
            found[column] = cell
    return found
