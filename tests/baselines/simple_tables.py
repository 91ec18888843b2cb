"""A fake prepared table of a few dozen rows: numbers, a category, texts, a wide block, gaps."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from plait.metrics import binary_log_loss, tagging_metrics
from plait.modalities.category.codec import CategoryCodec
from plait.modalities.forms import LABELS
from plait.modalities.number.codec import NumberCodec
from plait.types import Arrays, ArraySpec, Layout


@dataclass(frozen=True)
class VectorCodec:
    """A modality whose features are its values."""

    size: int

    @property
    def layout(self) -> Layout:
        return {"values": ArraySpec((self.size,), "float32")}

    def features(self, arrays: Arrays) -> np.ndarray:
        return arrays["values"]


@dataclass(frozen=True)
class TagCodec:
    """A target of several labels."""

    form = LABELS

    def cost(self, outputs: np.ndarray, truth: np.ndarray) -> np.ndarray:
        return binary_log_loss(outputs, truth)

    def metrics(self, outputs: np.ndarray, truth: np.ndarray) -> dict[str, float]:
        return tagging_metrics(outputs, truth)


class FakeColumn:
    """A column in memory; None where a cell is missing."""

    def __init__(self, codec: Any, values: list[Arrays | None]) -> None:
        self.codec, self._values = codec, values
        self.present = np.array([value is not None for value in values])
        self.num_reads = 0

    def __getitem__(self, row: int) -> Arrays | None:
        self.num_reads += 1
        return self._values[row]

    def gather(self, rows: np.ndarray) -> Any:
        found = [self[int(row)] or {} for row in rows]
        return SimpleNamespace(
            parts={name: np.stack([value[name] for value in found]) for name in self.codec.layout}
        )


def make_prepared(num_rows: int = 120, *, wide: int = 0, seed: int = 0) -> Any:
    """A number, a category with gaps, and when `wide`, a block of so many mostly zero features.

    ``score`` is the number's value plus 2 where the category is "b".
    """
    rng = np.random.default_rng(seed)
    sizes = rng.normal(10, 3, num_rows)
    kinds = rng.choice(["a", "b", "c"], num_rows)
    number = NumberCodec().fit(sizes)
    category = CategoryCodec().fit(kinds)
    gaps = rng.random(num_rows) < 0.1
    columns = {
        "size": FakeColumn(number, [number.prepare(float(size)) for size in sizes]),
        "kind": FakeColumn(
            category,
            [
                None if gap else category.prepare(str(kind))
                for gap, kind in zip(gaps, kinds, strict=True)
            ],
        ),
    }
    score = (sizes - 10) / 3 + 2.0 * (kinds == "b")
    if wide:
        table = (rng.random((num_rows, wide)) < 0.02) * rng.random((num_rows, wide))
        table[:, 3] = score > 1
        table[:, :2] = rng.normal(size=(num_rows, 2))
        rows: list[Arrays | None] = [{"values": row.astype(np.float32)} for row in table]
        rows[5] = None
        columns["words"] = FakeColumn(VectorCodec(wide), rows)
    return SimpleNamespace(columns=columns, num_rows=num_rows, score=score.astype(np.float32))
