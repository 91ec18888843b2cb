"""A tabular foundation model as a base model: it is told the training rows and answers others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from plait.backbones.table_model import TableModel
from plait.baselines.contract import (
    BaseModel,
    learnable,
    read_files,
    saved_form,
    write_files,
)
from plait.baselines.feature_matrices import FeatureMatrices, in_parts
from plait.baselines.labelled_rows import LabelledRows
from plait.baselines.reduced_models import WithReducedModels
from plait.baselines.selection import Selection, select_features
from plait.errors import TargetError
from plait.modalities.forms import CLASSES, NUMBER, OutputForm

MAX_ROWS = 2000
"""Rows that are told, drawn at random of more: what it costs grows with their number, always."""

MAX_FEATURES = 64
"""Of wide columns in all; those of narrow ones are all taken."""

MAX_SCALED = 10.0
NETWORK = "network"
"""Folder of its settings and weights, in its own."""


class InContext:
    """Answers by the rows that it is told, as a network does that was trained on many tables.

    Features are standardised, gaps are the mean, categories are their numbers. Nothing is learned:
    the network reads the rows that it is told anew with each question. Row weights have no say.

    Source: Qu et al. 2025, "TabICL: A Tabular Foundation Model for In-Context Learning on Large
    Data"; here without its many views of the features' distributions.

    Args:
        model: The network; None to be loaded.
    """

    name: ClassVar[str] = "in_context"
    forms: ClassVar[frozenset[str]] = frozenset({CLASSES.name, NUMBER.name})

    def __init__(self, model: TableModel | None = None) -> None:
        self.model = model
        self._form: OutputForm = CLASSES
        self._num_outputs = 1
        self._selection = Selection(np.zeros(0, np.int64), np.zeros(0, np.int64))
        self._centre = self._scale = np.zeros(0, np.float32)
        self._table = np.zeros((0, 0), np.float32)
        self._truth = np.zeros(0, np.float32)

    def fit(self, rows: LabelledRows, *, seed: int, deadline: float | None = None) -> None:
        """Keep the rows. Raises `TargetError` where they have more classes than it can tell."""
        rows = learnable(self, rows)
        if self.model is None:
            raise ValueError("a base model that was not loaded needs the network of a folder")
        num, most = rows.num_outputs, self.model.max_classes
        if rows.form.exclusive and num > most:
            raise TargetError(
                "the target has too many classes for this tabular foundation model",
                expected=f"at most {most}",
                received=f"{num}",
            )
        if len(rows) > MAX_ROWS:
            rng = np.random.default_rng(seed)
            rows = rows.take(np.sort(rng.choice(len(rows), MAX_ROWS, replace=False)))
        self._form, self._num_outputs = rows.form, num
        self._selection = select_features(rows.matrices, rows.targets(), MAX_FEATURES, seed=seed)
        table = self._selection.table(rows.matrices).astype(np.float64)
        known = ~np.isnan(table)
        count = np.maximum(known.sum(axis=0), 1)
        centre = np.where(known, table, 0.0).sum(axis=0) / count
        spread = np.sqrt((np.where(known, table - centre, 0.0) ** 2).sum(axis=0) / count)
        self._centre = centre.astype(np.float32)
        self._scale = np.where(spread > 0, spread, 1.0).astype(np.float32)
        self._table, self._truth = self._scaled(rows.matrices), rows.truth.astype(np.float32)

    def outputs(self, matrices: FeatureMatrices) -> np.ndarray:
        return in_parts(matrices, self._outputs)

    def save(self, folder: Path) -> None:
        """Write what it is told, and the network's settings and weights into a folder in it."""
        if self.model is None:
            raise ValueError("there is no network to save")
        arrays = {
            "dense": self._selection.dense,
            "sparse": self._selection.sparse,
            "centre": self._centre,
            "scale": self._scale,
            "table": self._table,
            "truth": self._truth,
        }
        about = {
            "name": self.name,
            "form": self._form.name,
            "num_outputs": self._num_outputs,
            "source": Path(self.model.source).name,
            "key": self.model.key,
            "licence": self.model.licence,
        }
        write_files(folder, about, arrays)
        (folder / NETWORK).mkdir(exist_ok=True)
        for name, content in self.model.files().items():
            (folder / NETWORK / name).write_bytes(content)

    @classmethod
    def load(cls, folder: Path) -> Self:
        about, arrays = read_files(folder)
        base_model = cls(_saved_model(folder / NETWORK, about))
        base_model._form, base_model._num_outputs = saved_form(about), int(about["num_outputs"])
        base_model._selection = Selection(arrays["dense"], arrays["sparse"])
        base_model._centre, base_model._scale = arrays["centre"], arrays["scale"]
        base_model._table, base_model._truth = arrays["table"], arrays["truth"]
        return base_model

    @cached_property
    def _network(self) -> Any:
        """Loaded once, when it is first asked (imports torch)."""
        from plait.backbones.tabicl import load_tabicl

        if self.model is None:
            raise ValueError("there is no network to ask")
        return load_tabicl(self.model)

    def _scaled(self, matrices: FeatureMatrices) -> np.ndarray:
        found = (self._selection.table(matrices) - self._centre) / self._scale
        return np.nan_to_num(found).clip(-MAX_SCALED, MAX_SCALED).astype(np.float32)

    def _outputs(self, matrices: FeatureMatrices) -> np.ndarray:
        asked = self._scaled(matrices)
        return self._numbers(asked) if self._form == NUMBER else self._classes(asked)

    def _classes(self, asked: np.ndarray) -> np.ndarray:
        """Return probabilities, shrunk towards none as if one more row had told every class."""
        from plait.backbones.tabicl import class_probabilities

        seen, truth = np.unique(self._truth.astype(np.int64), return_inverse=True)
        found = np.zeros((len(asked), self._num_outputs), np.float32)
        if len(seen) == 1:
            found[:, seen] = 1.0
        else:
            found[:, seen] = class_probabilities(self._network, self._table, truth, asked)
        num = len(truth)
        return (found * num + 1 / self._num_outputs) / (num + 1)

    def _numbers(self, asked: np.ndarray) -> np.ndarray:
        from plait.backbones.tabicl import number_quantiles

        mean, spread = float(self._truth.mean()), float(self._truth.std()) or 1.0
        truth = ((self._truth - mean) / spread).astype(np.float32)
        found = number_quantiles(self._network, self._table, truth, asked) * spread + mean
        return np.concatenate([found[:, :1], np.sort(found[:, 1:], axis=1)], axis=1)


def table_models_in(base_models: Iterable[BaseModel]) -> Iterator[TableModel]:
    """Give the foundation models among some base models, whose weights a bundle keeps."""
    for one in base_models:
        whole = one.whole if isinstance(one, WithReducedModels) else one
        if isinstance(whole, InContext) and whole.model is not None:
            yield whole.model


def _saved_model(folder: Path, about: dict[str, Any]) -> TableModel:
    from plait.backbones.folder import read_json

    said = dict(read_json(folder / "config.json", missing="a tabular foundation model"))
    said.pop("model_type")
    return TableModel(
        source=str(about["source"]),
        folder=folder,
        settings=said,
        key=str(about["key"]),
        licence=str(about["licence"]),
    )
