"""Features for simple models: every codec's own, scaled per column, with gaps marked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

from plait.data.prepared import Prepared, PreparedColumn
from plait.errors import ExtraError
from plait.modalities import Codec

CHUNK_ROWS = 2048
SPARSE_SHARE = 0.1
"""Columns whose features are non-zero less often than this are kept sparse."""

MAX_TREE_FEATURES = 400
"""Most features of one column that trees see; the most varied ones are taken."""


@dataclass(frozen=True)
class Block:
    """How one column's features are scaled.

    Attributes:
        column: Name of the column.
        num_features: Length of the codec's features; 0 when no row had a value.
        sparse: Whether they are kept sparse (counts of words): idf-weighted, rows of length 1.
        num_labels: Labels that it can take, when it is a single label, which trees split as a
            category and linear models see one-hot; else 0.
    """

    column: str
    num_features: int
    sparse: bool
    num_labels: int


class Views:
    """Rows as simple models see them.

    Attributes:
        linear: float32 ``[row, feature]``, dense or CSR: scaled so that every column's features have
            a norm of about 1; zeros and a mark where the column is missing.
        tree: float32 ``[row, feature]``, unscaled, NaN where missing.
        labels: Numbers of the features of `tree` that are labels.
    """

    def __init__(self, features: FeatureMap, raw: list[Any], present: list[np.ndarray]) -> None:
        self._features, self._raw, self._present = features, raw, present
        self.num_rows = len(present[0]) if present else 0

    @cached_property
    def linear(self) -> Any:
        """See the class."""
        blocks = [
            self._features.scale(i, raw, present)
            for i, (raw, present) in enumerate(zip(self._raw, self._present, strict=True))
        ]
        gaps = np.stack(self._present, axis=1)
        blocks.append(np.where(gaps, 0.0, 1.0).astype(np.float32)[:, self._features.has_gaps])
        if not any(block.sparse for block in self._features.blocks):
            return np.concatenate(blocks, axis=1)
        sparse = _scipy()
        return sparse.hstack([sparse.csr_matrix(block) for block in blocks], format="csr")

    @cached_property
    def tree(self) -> np.ndarray:
        """See the class."""
        blocks = []
        for i, (raw, present) in enumerate(zip(self._raw, self._present, strict=True)):
            block = raw[:, self._features.varied[i]]
            block = np.asarray(block.todense() if hasattr(block, "todense") else block, np.float32)
            blocks.append(np.where(present[:, None], block, np.float32("nan")))
        return np.concatenate(blocks, axis=1)

    @property
    def labels(self) -> list[int]:
        """See the class."""
        widths = [len(varied) for varied in self._features.varied]
        starts = np.cumsum([0, *widths[:-1]])
        pairs = zip(self._features.blocks, starts, strict=True)
        return [int(start) for block, start in pairs if block.num_labels]

    def take(self, rows: np.ndarray) -> Views:
        """Return the views of some of the rows, by their places."""
        raw = [block[rows] for block in self._raw]
        return Views(self._features, raw, [present[rows] for present in self._present])


@dataclass
class FeatureMap:
    """Turns prepared rows into `Views`; fitted on training rows, without their targets.

    Attributes:
        blocks: One per input column.
        means, scales: Of each block's features (scales of sparse blocks are their idf).
        varied: Which features of each block trees see.
        has_gaps: Whether each column has gaps in the training rows.
    """

    blocks: tuple[Block, ...]
    means: list[np.ndarray]
    scales: list[np.ndarray]
    varied: list[np.ndarray]
    has_gaps: np.ndarray

    @classmethod
    def fit(
        cls, prepared: Prepared, columns: Sequence[str], rows: np.ndarray
    ) -> tuple[FeatureMap, Views]:
        """Learn the scales from `rows`; return the map and the views of those rows."""
        blocks, means, scales, varied, raws, gaps = [], [], [], [], [], []
        for name in columns:
            column = prepared.columns[name]
            present = np.asarray(column.present)[rows]
            raw, is_sparse = _raw_features(column, rows, None)
            codec: Any = column.codec
            num_labels = int(raw.max(initial=0)) if _is_label(codec) else 0
            blocks.append(Block(name, raw.shape[1], is_sparse, num_labels))
            mean, scale, spread = _moments(raw, present, is_sparse)
            means.append(mean)
            scales.append(scale)
            varied.append(_most_varied(spread))
            raws.append(raw)
            gaps.append(present)
        marks = np.array([not present.all() for present in gaps])
        found = cls(tuple(blocks), means, scales, varied, marks)
        return found, Views(found, raws, gaps)

    def views(self, prepared: Prepared, rows: np.ndarray) -> Views:
        """Return the views of `rows`."""
        raw, gaps = [], []
        for block in self.blocks:
            column = prepared.columns[block.column]
            gaps.append(np.asarray(column.present)[rows])
            raw.append(_raw_features(column, rows, block)[0])
        return Views(self, raw, gaps)

    def scale(self, number: int, raw: Any, present: np.ndarray) -> Any:
        """Return a block's features for linear models and neighbours."""
        block = self.blocks[number]
        if block.sparse:
            weighted = raw.multiply(self.scales[number][None]).tocsr()
            norms = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
            return _scipy().diags(1.0 / np.maximum(norms, 1e-9)).dot(weighted).astype(np.float32)
        if block.num_labels:
            return (raw == np.arange(1, block.num_labels + 1)).astype(np.float32)
        width = max(block.num_features, 1) ** 0.5
        scaled = (raw - self.means[number]) / (self.scales[number] * width)
        return np.where(present[:, None], np.clip(scaled, -10, 10), 0.0).astype(np.float32)

    def save(self, folder: Path) -> None:
        """Write the map into `folder` as JSON and safetensors."""
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps([asdict(block) for block in self.blocks])
        (folder / "blocks.json").write_text(text, encoding="utf8")
        arrays = {"has_gaps": self.has_gaps.astype(np.uint8)}
        for i in range(len(self.blocks)):
            arrays |= {
                f"mean.{i}": self.means[i],
                f"scale.{i}": self.scales[i],
                f"varied.{i}": self.varied[i],
            }
        save_file({k: np.ascontiguousarray(v) for k, v in arrays.items()},
                  folder / "scales.safetensors")

    @classmethod
    def load(cls, folder: Path, codecs: Mapping[str, Codec]) -> FeatureMap:
        """Read what `save` wrote."""
        stored = json.loads((folder / "blocks.json").read_text(encoding="utf8"))
        arrays = load_file(folder / "scales.safetensors")
        numbers = range(len(stored))
        return cls(
            tuple(Block(**entry) for entry in stored),
            [arrays[f"mean.{i}"] for i in numbers],
            [arrays[f"scale.{i}"] for i in numbers],
            [arrays[f"varied.{i}"] for i in numbers],
            arrays["has_gaps"].astype(bool),
        )


def _is_label(codec: Codec) -> bool:
    specs = list(codec.layout.values())
    return len(specs) == 1 and specs[0].dtype == "int32" and specs[0].shape == (1,)


def _raw_features(
    column: PreparedColumn, rows: np.ndarray, block: Block | None
) -> tuple[Any, bool]:
    """Return a column's unscaled features, dense or CSR, zeros where missing."""
    chunks, is_sparse = [], None if block is None else block.sparse
    width = None if block is None else block.num_features
    for chunk in _chunks(column, rows, width):
        if is_sparse is None:
            wide = chunk.shape[1] >= 1024
            is_sparse = wide and float((chunk != 0).mean()) < SPARSE_SHARE
        chunks.append(_scipy().csr_matrix(chunk) if is_sparse else chunk)
    if not chunks:
        return np.zeros((len(rows), width or 0), np.float32), bool(is_sparse)
    if is_sparse:
        return _scipy().vstack(chunks, format="csr"), True
    return np.concatenate(chunks), False


def _chunks(
    column: PreparedColumn, rows: np.ndarray, width: int | None
) -> Iterator[np.ndarray]:
    codec: Any = column.codec
    label = _is_label(codec)
    if width is None:
        first = next((int(row) for row in rows if column.present[int(row)]), None)
        value = None if first is None else column[first]
        width = 1 if label else 0 if value is None else len(codec.features(value))
    for start in range(0, len(rows), CHUNK_ROWS):
        part = rows[start : start + CHUNK_ROWS]
        found = np.zeros((len(part), width), np.float32)
        for place, row in enumerate(part):
            value = column[int(row)]
            if value is not None and width:
                found[place] = next(iter(value.values())) if label else codec.features(value)
        yield found


def _moments(
    raw: Any, present: np.ndarray, is_sparse: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean, scale (idf when sparse) and variance of the present rows' features."""
    num = max(int(present.sum()), 1)
    if is_sparse:
        frequency = np.asarray((raw > 0).sum(axis=0)).ravel()
        idf = np.log((1 + num) / (1 + frequency)) + 1
        return np.zeros(raw.shape[1], np.float32), idf.astype(np.float32), frequency
    rows = raw[present]
    if not len(rows):
        return (*(np.ones(raw.shape[1], np.float32) for _ in range(2)), np.zeros(raw.shape[1]))
    spread = rows.std(axis=0)
    return rows.mean(axis=0), np.where(spread > 1e-6, spread, 1.0).astype(np.float32), spread


def _most_varied(spread: np.ndarray) -> np.ndarray:
    if len(spread) <= MAX_TREE_FEATURES:
        return np.arange(len(spread))
    return np.sort(np.argsort(-spread, kind="stable")[:MAX_TREE_FEATURES])


def _scipy() -> Any:
    try:
        import scipy.sparse
    except ModuleNotFoundError:
        raise ExtraError("table", "a simple model over words") from None
    return scipy.sparse
