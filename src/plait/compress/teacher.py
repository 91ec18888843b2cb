"""A fitted model as a teacher: which rows it learned from, and what it says of the others."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from plait.data.prepared import Prepared
from plait.data.splits import Splits
from plait.data.table import Table, read
from plait.errors import TargetError, UsageError
from plait.model.ensemble import Ensemble
from plait.model.known_rows import NO_ROW, places_in_fit
from plait.model.model import Model
from plait.model.several import Several
from plait.model.whole_rows import WholeRows
from plait.progress import SILENT, Progress

MOST_ASKED = 10_000
"""Rows that it never saw and that it is asked about, at most."""


class Teacher:
    """A predictive model, and a table whose rows it knows or never saw.

    Rows that it learned from have its out-of-fold answers, where its bundle keeps them; rows that
    it never saw have its answers. Rows of its test are never learned from, and nothing is chosen
    by them.

    Args:
        model: Of a predicted target.
        table: The table of its fit, or one with rows of it, known by their id column, and others.
            Anything that `plait.read` takes.
        unseen: The person says that it saw none of the rows, where nothing else tells.
        progress: Told of the work.

    Attributes:
        model: As given.
        table: As the model's schema reads it.
        places: int64 ``[row]``: row numbers in the table of its fit; -1 for rows of none.

    Raises:
        TargetError: The model has no target, or generates it, or answers rows in time.
        UsageError: It cannot be told which rows it learned from.
        ColumnError: The table lacks the columns that it reads.
    """

    def __init__(
        self,
        model: Model,
        table: Any,
        *,
        unseen: bool = False,
        progress: Progress = SILENT,
    ) -> None:
        check_teaches(model)
        self.model, self._progress = model, progress
        given = read(table)
        self.table = model.as_table(given)
        self.places = _places(model, given, unseen=unseen)

    @property
    def ensemble(self) -> Ensemble:
        """What answers."""
        return self.model.ensemble

    @cached_property
    def prepared(self) -> Prepared:
        """The rows as the teacher reads them, its target too."""
        return self.model.prepare(self.table, target=True, progress=self._progress)

    @cached_property
    def labelled(self) -> np.ndarray:
        """bool ``[row]``: which rows have a target."""
        if self.model.target not in self.table.column_names:
            return np.zeros(self.table.num_rows, bool)
        return np.asarray(self.prepared.columns[str(self.model.target)].present, bool)

    @property
    def test(self) -> np.ndarray:
        """Rows of the test of its fit."""
        return self._of_part("test")

    @property
    def learned(self) -> np.ndarray:
        """bool ``[row]``: which rows it learned from, or was chosen by."""
        found = np.zeros(self.table.num_rows, bool)
        found[np.concatenate([self._of_part("train"), self._of_part("validation")])] = True
        return found & self.labelled

    @property
    def splits(self) -> Splits | None:
        """How the rows are split, the teacher's test set aside; None where it saw none of them.

        Rows with a target that it never saw are training rows.
        """
        if (self.places == NO_ROW).all():
            return None
        fresh = np.flatnonzero((self.places == NO_ROW) & self.labelled)
        return Splits(
            train=np.union1d(self._of_part("train"), fresh),
            validation=self._of_part("validation"),
            test=self.test,
            how=str(self._splits.get("how", "")) + ": as the teacher's",
        )

    def answers(self, *, seed: int) -> np.ndarray:
        """Return what it says of rows that it does not know by heart, float32 ``[row, output]``.

        NaN of all others: rows that it learned from and whose out-of-fold answer was not kept, rows
        of its test, and where very many rows were never seen, all but a sample of these.

        Args:
            seed: Of the sample.
        """
        found = self._kept()
        known = ~np.isnan(found).any(axis=1)
        never = ~known & ~self.learned
        never[self.test] = False
        asked = np.flatnonzero(never)
        if len(asked) > MOST_ASKED:
            asked = np.sort(np.random.default_rng(seed).choice(asked, MOST_ASKED, replace=False))
        if len(asked):
            found[asked] = self.outputs(asked)
        found[self.test] = np.nan
        return found

    def outputs(self, rows: np.ndarray) -> np.ndarray:
        """Return what it answers for rows that it did not learn from, float32 ``[row, output]``."""
        if self.learned[rows].any():
            raise ValueError("a teacher knows rows that it learned from by heart")
        return self.ensemble.outputs(self.prepared, rows)

    def _kept(self) -> np.ndarray:
        kept = self.ensemble.answers
        if kept is None:
            width = _num_outputs(self.model)
            return np.full((self.table.num_rows, width), np.nan, np.float32)
        return kept.of_rows(self.places)

    @property
    def _splits(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.model.records.get("splits") or {}
        return found

    def _of_part(self, name: str) -> np.ndarray:
        """Return the rows here of a part of the teacher's splits, ascending."""
        return np.flatnonzero(np.isin(self.places, np.array(self._splits.get(name, ()), np.int64)))


def check_teaches(model: Model) -> None:
    """Raise `TargetError` for a model that no student can learn from, with what works instead."""
    if isinstance(model, Several):
        raise TargetError(
            "a bundle of several targets has no student",
            expected="a model of one target",
            received=str(model.target),
            hint="distil one of them: model['" + next(iter(model.models)) + "']",
        )
    if model.parts is None or isinstance(model, WholeRows):
        raise TargetError(
            "a student learns a target, and this bundle has none",
            expected="a bundle fitted with a target that is predicted",
            received="a shared space" if model.parts is None else "a model of whole rows",
            hint="fit a smaller one: plait fit TABLE --size tiny",
        )
    if not isinstance(model.parts, Ensemble):
        raise TargetError(
            "what is generated has no student yet",
            expected="a target that is predicted: a category, tags, a number",
            received=f"'{model.target}', a {model.parts.target.modality}",
            hint="fit a smaller network: plait fit TABLE --target "
            f"{model.target} --size tiny; or make this one's weights smaller without a student",
        )
    if model.in_time is not None:
        raise TargetError(
            "a model of rows in time has no student yet",
            expected="a model whose rows are answered one by one",
            hint="fit a smaller one: --size tiny, or --simple",
        )


def _places(model: Model, table: Table, *, unseen: bool) -> np.ndarray:
    """Return the row number of each row in the table of the fit; -1 for rows of none."""
    if unseen:
        return np.full(table.num_rows, NO_ROW, np.int64)
    places = places_in_fit(model, table)
    if places is not None:
        return places
    learned = model.records.get("lineage", {}).get("table", {})
    raise UsageError(
        "it cannot be told which of these rows the model learned from",
        expected=f"the table of its fit, unchanged ({learned.get('name', 'unknown')}, "
        f"{learned.get('rows', 'unknown')} rows), or rows with the id column that it had",
        received=f"{table.name}, {table.num_rows} rows",
        hint="give that table; or say that it never saw any of these rows: unseen=True",
    )


def _num_outputs(model: Model) -> int:
    """Return the width of a model's outputs, from an answer to an empty row."""
    nothing = model.as_table([dict.fromkeys(model.inputs)])
    return int(model.outputs(model.prepare(nothing)).shape[1])
