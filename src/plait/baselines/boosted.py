"""Gradient-boosted trees (LightGBM) over raw table columns and the best simple features."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from plait.baselines.boosting import Grower, import_lightgbm, predict
from plait.baselines.contract import (
    ANY_FORM,
    HeldOutAnswers,
    is_many,
    learnable,
    read_files,
    saved_form,
    write_files,
)
from plait.baselines.feature_matrices import FeatureMatrices, in_parts
from plait.baselines.labelled_rows import LabelledRows
from plait.baselines.residuals import Residuals
from plait.baselines.rounds import RoundSearch
from plait.baselines.selection import Selection
from plait.baselines.trees import Trees
from plait.errors import TargetError
from plait.modalities.forms import CLASSES, OutputForm

MAX_CLASSES = 300


class Boosted:
    """Boosted trees; the number of rounds is chosen on inner folds, then all rows are learned.

    Of wide columns the features are chosen that tell most about the target: in each inner fold
    from the rows that it learns from, so that the rows held out stay honest. Labels of a tagged
    target are boosted one by one. Quantiles of numbers come from the residuals on the inner folds.
    """

    name: ClassVar[str] = "boosted"
    forms: ClassVar[frozenset[str]] = ANY_FORM

    def __init__(self) -> None:
        self._form: OutputForm = CLASSES
        self._num_outputs = 1
        self._selection = Selection(np.zeros(0, np.int64), np.zeros(0, np.int64))
        self._boosters: list[Any] = []
        self._constants = np.zeros(0, np.float32)
        self._residuals: Residuals | None = None
        self.held_out: HeldOutAnswers | None = None
        """Of the last fit; not saved."""
        self.cut_short = False
        """Whether the last fit ended before its rounds were enough; not saved."""

    def fit(self, rows: LabelledRows, *, seed: int, deadline: float | None = None) -> None:
        """Learn. Raises `TargetError` beyond 300 classes: a tree each per round is too many."""
        import_lightgbm()
        rows = learnable(self, rows)
        num = rows.num_outputs
        if rows.form.exclusive and num > MAX_CLASSES:
            raise TargetError(
                "the target has too many classes for boosted trees",
                expected=f"at most {MAX_CLASSES}",
                received=f"{num}",
            )
        self._form, self._num_outputs = rows.form, num
        self._constants = np.full(num, np.nan, np.float32)
        targets, goals = rows.targets(), [rows.truth]
        if is_many(rows.form):
            varied = [bool(np.ptp(column) > 0) for column in targets.T]
            self._constants[~np.array(varied)] = targets.mean(axis=0)[~np.array(varied)]
            goals = [targets[:, i].copy() for i, kept in enumerate(varied) if kept]
        grower = Grower(rows.form, num, seed)
        search = RoundSearch(rows.matrices, targets, goals, grower, deadline)
        self._selection, self._boosters, held = search.run(seed)
        self.cut_short = search.cut_short
        means = list(held.means)
        if not rows.form.probable:
            heavy = rows.weights_at(held.places)
            self._residuals = Residuals.fit(means[0], rows.truth[held.places], heavy)
        self.held_out = HeldOutAnswers(held.places, self._canonical(means, len(held.places)))

    def outputs(self, matrices: FeatureMatrices) -> np.ndarray:
        return in_parts(matrices, self._outputs)

    def save(self, folder: Path) -> None:
        arrays = {
            "dense": self._selection.dense,
            "sparse": self._selection.sparse,
            "constants": self._constants,
        }
        if self._residuals is not None:
            arrays |= self._residuals.arrays()
        about = {
            "name": self.name,
            "form": self._form.name,
            "num_outputs": self._num_outputs,
            "num_boosters": len(self._boosters),
        }
        write_files(folder, about, arrays)
        for number, booster in enumerate(self._boosters):
            (folder / f"trees.{number}.txt").write_text(_text_of(booster), encoding="utf8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        about, arrays = read_files(folder)
        base_model = cls()
        base_model._form, base_model._num_outputs = saved_form(about), int(about["num_outputs"])
        base_model._selection = Selection(arrays["dense"], arrays["sparse"])
        base_model._constants = arrays["constants"]
        for number in range(int(about["num_boosters"])):
            text = (folder / f"trees.{number}.txt").read_text(encoding="utf8")
            base_model._boosters.append(Trees(text))
        if not base_model._form.probable:
            base_model._residuals = Residuals.from_arrays(arrays)
        return base_model

    def _outputs(self, matrices: FeatureMatrices) -> np.ndarray:
        table = self._selection.table(matrices)
        found = [
            one.predict(table) if isinstance(one, Trees) else predict(one, table)
            for one in self._boosters
        ]
        return self._canonical(found, len(table))

    def _canonical(self, found: list[np.ndarray], num_rows: int) -> np.ndarray:
        if is_many(self._form):
            out = np.tile(self._constants, (num_rows, 1))
            out[:, np.isnan(self._constants)] = np.stack(found, 1) if found else 0.0
            return out
        if self._residuals is not None:
            return self._residuals.outputs(found[0])
        return found[0] if found[0].ndim == 2 else np.stack([1 - found[0], found[0]], axis=1)


def _text_of(booster: Any) -> str:
    """Return what `Trees` reads: as it was read, or the best rounds of what LightGBM grew."""
    if isinstance(booster, Trees):
        return booster.text
    best = booster.best_iteration
    return str(booster.model_to_string(num_iteration=best if best > 0 else -1))
