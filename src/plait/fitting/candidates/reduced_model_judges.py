"""Rows that judge reduced models, and what answers them without having learned from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from plait.baselines.base_models import BaseModel
from plait.baselines.feature_matrices import FeatureMatrices
from plait.baselines.labelled_rows import LabelledRows

MAX_SEEN = 8
"""Feature matrices of rows without some columns that are kept for the next base model."""


@dataclass(frozen=True)
class Judges:
    """Rows that judge, and what answers them without having learned from them.

    Attributes:
        rows: Which.
        stages: Base model name -> pairs of a base model and the places in `rows` it did not learn
            from.
        learned: Whether these are the rows that reduced models learn from: then others of their
            kind, which learned without a fold, are judged by it.
    """

    rows: LabelledRows
    stages: Mapping[str, Sequence[tuple[BaseModel, np.ndarray]]]
    learned: bool
    _seen: dict[bytes, FeatureMatrices] = field(default_factory=dict)

    @property
    def folds(self) -> list[np.ndarray]:
        """The places in `rows` that were held out together; all at once where nothing is
        learned from them."""
        return [places for _, places in next(iter(self.stages.values()), ())]

    def hidden(self, name: str, places: np.ndarray, gone: Sequence[str]) -> np.ndarray:
        """Return what a base model answers for some rows when columns are hidden."""
        outputs: dict[int, np.ndarray] = {}
        for base_model, apart in self.stages[name]:
            mine = places[np.isin(places, apart)]
            if len(mine):
                found = base_model.outputs(self._without(gone, mine))
                outputs |= dict(zip(mine.tolist(), found, strict=True))
        return np.stack([outputs[row] for row in places.tolist()])

    def _without(self, gone: Sequence[str], places: np.ndarray) -> FeatureMatrices:
        """Return rows without columns, made once for all base models that are judged by them."""
        key = repr(gone).encode() + places.tobytes()
        if key not in self._seen:
            if len(self._seen) >= MAX_SEEN:
                self._seen.clear()
            self._seen[key] = self.rows.matrices.take(places).hide(gone)
        return self._seen[key]
