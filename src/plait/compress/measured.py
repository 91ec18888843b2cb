"""Measures a model as it ships: written, read again, asked row by row, and scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from plait.bundle import size_mb
from plait.compress.compared import share_kept
from plait.compress.lessons import agreement
from plait.compress.teacher import Teacher
from plait.data.prepared import Prepared
from plait.data.table import Table
from plait.errors import UsageError
from plait.fitting.records.answering import Answered, as_shipped, rows_to_ask, time_answers
from plait.modalities import codec_hash
from plait.model.loading import load
from plait.model.model import Model
from plait.progress import SILENT, Progress
from plait.writing import spare_folder

MOST_ROWS = 1000
"""Of training, on which variants are compared."""


@dataclass(frozen=True)
class Figures:
    """What was measured of a model.

    Attributes:
        mb: Megabytes (10^6 bytes) of its bundle.
        answered: What the answer to one row takes, from its cells on.
        outputs: Canonical outputs of the compared rows, ``[row, output]``.
        score: Its headline metric there.
    """

    mb: float
    answered: Answered
    outputs: np.ndarray
    score: float


@dataclass(frozen=True)
class Bench:
    """Rows on which models of one target are measured alike.

    Attributes:
        teacher: What is compressed.
        table: The compared rows.
        truth: Their targets.
        rows: Some of them as a person would ask: input column -> cell.
    """

    teacher: Teacher
    table: Table
    truth: np.ndarray
    rows: Sequence[Mapping[str, Any]]
    _known: dict[str, Prepared] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls, teacher: Teacher, *, aside: np.ndarray, seed: int, progress: Progress = SILENT
    ) -> Bench:
        """Return a bench of a teacher's rows with a target, those set aside left out.

        Raises `UsageError` where none is left.
        """
        able = np.setdiff1d(np.flatnonzero(teacher.labelled), aside)
        if not len(able):
            raise UsageError(
                "no rows are there to compare variants on",
                expected="rows with a target, beside those that are set aside as a test",
                received=f"{teacher.table.num_rows:,} rows, {len(aside):,} of them set aside",
            )
        rng = np.random.default_rng(seed)
        chosen = np.sort(rng.permutation(able)[:MOST_ROWS])
        table, model = teacher.table.take(chosen), teacher.model
        prepared = model.prepare(table, target=True, progress=progress, keep=False)
        truth = model.truth(prepared, np.arange(len(chosen)))
        return cls(teacher, table, truth, rows_to_ask(table, model.inputs, np.arange(len(chosen))))

    def prepared(self, model: Model) -> Prepared:
        """Return the compared rows as a model reads them: once for all that read them alike."""
        derived = [str(one.facts()) for one in model.derived_columns]
        key = str(({name: codec_hash(one) for name, one in model.codecs.items()}, derived))
        if key not in self._known:
            self._known.clear()
            self._known[key] = model.prepare(self.table, keep=False)
        return self._known[key]

    def figures(self, model: Model) -> Figures:
        """Return what is measured of a model, written to disk and read again."""
        with spare_folder() as folder:
            path = model.save(Path(folder) / "measured.plait")
            model.path = None
            read = load(path)
            outputs = read.outputs(self.prepared(read))
            answer, engine = as_shipped(path, read, self.rows[0], self.table.root)
            answered, mb = time_answers(answer, self.rows, engine=engine), size_mb(path)
        return Figures(mb, answered, outputs, self._score(outputs))

    def prepared_test(self, model: Model, rows: np.ndarray) -> tuple[Prepared, np.ndarray]:
        """Return rows of the teacher's table as a model reads them, and their truth."""
        prepared = model.prepare(self.teacher.table.take(rows), target=True, keep=False)
        return prepared, model.truth(prepared, np.arange(len(rows)))

    def kept(self, one: Figures, base: Figures) -> float:
        """Return the share of a score that another keeps; above 1 where it is better.

        Raises `UsageError` where a score of 0 or less has no shares.
        """
        judge = self.teacher.ensemble.judge
        name = next(iter(judge.metrics(base.outputs, self.truth)))
        lower = judge.lower_is_better(name)
        return known_share(share_kept(one.score, base.score, lower_is_better=lower), name)

    def alike(self, one: Figures, base: Figures) -> float:
        """Return the share of answers of both that are the same."""
        return agreement(self.teacher.ensemble.target.form, one.outputs, base.outputs)

    def _score(self, outputs: np.ndarray) -> float:
        return float(next(iter(self.teacher.ensemble.judge.metrics(outputs, self.truth).values())))


def known_share(share: float | None, name: str) -> float:
    """Return a share of a score. Raises `UsageError` where it cannot be told."""
    if share is None:
        raise UsageError(
            "what compression loses cannot be told as a share",
            expected=f"a model whose {name} is above 0 on the compared rows",
            hint="fit a better model first: this one is no better than nothing",
        )
    return share
