"""A problem read by a found encoder too: how its vectors join a column, and a fit that goes on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from plait.backbones import Checkpoint, fitted_to
from plait.data.prepared import Prepared, PreparedColumn
from plait.encoders import FoundEncoder, find_encoders, open_found
from plait.errors import UsageError
from plait.fitting.encoders.encoder_vectors import ColumnEncoder
from plait.fitting.encoders.word_vectors import with_words, word_facts
from plait.fitting.setup.asked_of_inputs import offering
from plait.fitting.setup.problem import Problem
from plait.fitting.setup.reading import input_columns_with
from plait.fitting.setup.work import Work
from plait.modalities.vector.codec import VectorCodec
from plait.model.backbone_column import MAX_FIT_ROWS, BackboneColumn
from plait.writing import write_text

MEMORY = "encoders.json"


@dataclass
class Kept:
    """What became of the encoders that were found, for records and for a fit that goes on.

    Attributes:
        used: ``{"column", "encoder", "key"}`` of those that read the table.
        records: What the bundle tells of each column whose encoder was looked for.
        notes: What a person should know.
    """

    used: list[dict[str, str]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def encoders_of(problem: Problem) -> list[BackboneColumn]:
    """Return a problem's pretrained encoders, those of its base among them."""
    return [one for one in problem.derived_columns if isinstance(one, BackboneColumn)]


def with_encoder(
    problem: Problem, input_column: str, checkpoint: Checkpoint, column: PreparedColumn
) -> Problem:
    """Return the problem with a column of vectors of one of its input columns.

    The vectors are standardised by those of training rows, where `column` has them.
    """
    rows = problem.splits.train[np.asarray(column.present, bool)[problem.splits.train]]
    derived = BackboneColumn(input_column, checkpoint, _fitted(column, rows))
    others = [one for one in encoders_of(problem) if one.checkpoint.key != checkpoint.key]
    if derived.name in [one.name for one in others]:
        derived.rename(f"{derived.name}-{checkpoint.key[:6]}")
    columns = {**problem.prepared.columns, derived.column: column.with_codec(derived.codec)}
    return replace(
        problem,
        input_columns=input_columns_with(
            (derived,), problem.input_columns, offering(problem.codecs, problem.target)
        ),
        codecs={**problem.codecs, derived.column: derived.codec},
        prepared=Prepared(columns, problem.prepared.num_rows),
        derived_columns=(*problem.derived_columns, derived),
    )


def _fitted(column: PreparedColumn, rows: np.ndarray) -> VectorCodec:
    """Return the codec of an encoder's vectors, fitted as `BackboneColumn.fitted` does."""
    plain: Any = column.codec
    seen = (column[int(row)] for row in rows[:MAX_FIT_ROWS])
    found: VectorCodec = plain.fit(
        value["vectors"].astype(np.float32) for value in seen if value is not None
    )
    return found


def remember(work: Work, kept: Kept) -> None:
    """Keep what was found for a fit that is interrupted."""
    file = _memory(work)
    if file is not None:
        write_text(file, json.dumps(vars(kept)))


def recall(work: Work) -> Kept | None:
    """Return what an interrupted fit found, for which encoders depends on how fast they were."""
    file = _memory(work)
    if file is None or not file.is_file():
        return None
    return Kept(**json.loads(file.read_text(encoding="utf8")))


def read_again(problem: Problem, work: Work, kept: Kept) -> Problem:
    """Return the problem read as the interrupted fit did. Raises `UsageError` where one is gone."""
    found = find_encoders() if kept.used else ()
    for told in kept.used:
        input_column = told["column"]
        if told["key"] == word_facts()["key"]:
            problem = with_words(problem, input_column)
            continue
        checkpoint = _same(found, told, problem)
        encoder = ColumnEncoder(problem.table, input_column, checkpoint, deadline=None)
        update = work.progress.task(f"encoding {input_column}", problem.table.num_rows)
        problem = with_encoder(
            problem, input_column, checkpoint, encoder.kept() or encoder.whole(update)
        )
    return problem


def _same(found: Iterable[FoundEncoder], told: Mapping[str, str], problem: Problem) -> Checkpoint:
    table, column = problem.table, told["column"]
    for one in found:
        if one.name == told["encoder"] and one.is_usable:
            opened = open_found(one, str(table.schema[column].modality))
            checkpoint = fitted_to(opened, table, column, problem.splits.train)
            if checkpoint.key == told["key"]:
                return checkpoint
    raise UsageError(
        "an encoder of the interrupted fit is not there any more",
        expected=told["encoder"],
        column=told["column"],
        hint="put it back (plait encoders says where it is looked for), or start again without "
        "--resume",
    )


def _memory(work: Work) -> Path | None:
    return None if work.folder is None else work.folder / MEMORY
