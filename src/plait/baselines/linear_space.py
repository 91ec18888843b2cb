"""The honest baseline of a shared space: canonical correlations of simple features."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from plait.baselines.features import FeatureMap
from plait.baselines.points import PointScale, unit_rows
from plait.data.prepared import Prepared
from plait.modalities import Codec
from plait.retrieval import mean_reciprocal_rank

STRENGTHS = (0.3, 1.0, 3.0)
MAX_COMPONENTS, MAX_FIT_ROWS, CHUNK_ROWS = 512, 3000, 4096
SMALLEST = 1e-6
"""Directions whose correlation is a smaller part of the largest are rounding errors."""
SMALLEST_SQUARE = 1e-9
"""The same for squared singular values, which the Gram matrix knows less exactly."""

FILE = "projections.safetensors"
PARTS = ("mean", "scale", "counts", "is_vector", "matrix")


@dataclass(frozen=True)
class Projection:
    """Takes one column's features into the space.

    Attributes:
        scale: Makes points of the features.
        matrix: float32 ``[feature, dim]``.
    """

    scale: PointScale
    matrix: np.ndarray


class LinearSpace:
    """Regularised canonical correlation analysis of any number of input columns, gaps allowed.

    Each column's features are reduced to principal components and whitened with a ridge; the
    directions are the leading eigenvectors of the matrix of all correlations between columns of
    different input columns, each taken over the rows that have both (Kettenring 1971, MAXVAR; two
    columns: CCA), weighted by their eigenvalue (Gong et al. 2014, "A multi-view embedding space",
    section 3). An input column's vector is the sum of its columns' projections.

    Args:
        features: Makes the features of the columns.
        input_columns: Input column -> the columns that it is read as.
        projections: Column -> its `Projection`.
    """

    def __init__(
        self,
        features: FeatureMap,
        input_columns: Mapping[str, tuple[str, ...]],
        projections: Mapping[str, Projection],
    ) -> None:
        self.features, self.input_columns = features, dict(input_columns)
        self.projections = dict(projections)

    @property
    def dim(self) -> int:
        """Numbers per vector."""
        return next(iter(self.projections.values())).matrix.shape[1]

    @classmethod
    def fit(
        cls,
        prepared: Prepared,
        input_columns: Mapping[str, tuple[str, ...]],
        rows: np.ndarray,
        rows_validation: np.ndarray,
        *,
        dim: int,
        seed: int = 0,
    ) -> tuple[LinearSpace, LinearSpace]:
        """Return the space of `rows` alone, to be judged on the others, and that of all of them.

        The ridge's strength is chosen by retrieval among `rows_validation`.

        Args:
            prepared: All columns.
            input_columns: Input column -> the columns that it is read as; at least two.
            rows: Row numbers to learn from; 3,000 at most are used.
            rows_validation: Row numbers to choose by; may be empty.
            dim: Most numbers per vector.
            seed: Of the sample.
        """
        rows, held = _some(rows, MAX_FIT_ROWS, seed), _some(rows_validation, MAX_FIT_ROWS, seed)
        columns = [column for one in input_columns.values() for column in one]
        features, matrices = FeatureMap.fit(prepared, columns, np.concatenate([rows, held]))
        fitted = {n: PointScale.fit(prepared.columns[n].codec, matrices.raw[n]) for n in columns}
        table = {n: _Part(points, matrices.raw[n].present) for n, (_, points) in fitted.items()}
        learn = {name: part.components(slice(0, len(rows))) for name, part in table.items()}
        judge = {name: part.take(slice(len(rows), None)) for name, part in table.items()}
        trials = {one: _directions(learn, input_columns, one, dim) for one in STRENGTHS}
        best = max(STRENGTHS, key=lambda one: _score(trials[one], input_columns, judge))
        every = {name: part.components(slice(None)) for name, part in table.items()}
        found = trials[best], _directions(every, input_columns, best, dim)
        first, second = (
            cls(
                features,
                input_columns,
                {n: Projection(fitted[n][0], m) for n, m in maps.items()},
            )
            for maps in found
        )
        return first, second

    def vectors(
        self,
        prepared: Prepared,
        rows: np.ndarray,
        input_columns: Sequence[str] | None = None,
        progress: Callable[[int], object] | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return unit vectors float32 ``[input, row, dim]`` and bool ``[input, row]``.

        Args:
            prepared: All columns of the input columns.
            rows: Row numbers.
            input_columns: Which ones; all by default.
            progress: Told how many rows are done.
        """
        names = list(self.input_columns) if input_columns is None else list(input_columns)
        columns = [column for name in names for column in self.input_columns[name]]
        features = self.features.only(columns)
        vectors = np.zeros((len(names), len(rows), self.dim), np.float32)
        present = np.zeros((len(names), len(rows)), bool)
        for first in range(0, len(rows), CHUNK_ROWS):
            part = slice(first, min(first + CHUNK_ROWS, len(rows)))
            raw = features.matrices(prepared, rows[part]).raw
            for place, name in enumerate(names):
                own = self.input_columns[name]
                points = {
                    column: self.projections[column].scale.points(raw[column]) for column in own
                }
                maps = {column: self.projections[column].matrix for column in own}
                vectors[place, part] = _projected(points, maps)
                present[place, part] = np.logical_or.reduce([raw[c].present for c in own])
            if progress is not None:
                progress(part.stop)
        return vectors, present

    def save(self, folder: Path) -> None:
        """Write plain files into `folder`."""
        from safetensors.numpy import save_file

        self.features.save(folder)
        arrays: dict[str, np.ndarray] = {}
        for number, one in enumerate(self.projections.values()):
            arrays |= {f"{number}.{part}": array for part, array in one.scale.arrays().items()}
            arrays[f"{number}.matrix"] = one.matrix
        save_file({k: np.ascontiguousarray(v) for k, v in arrays.items()}, folder / FILE)

    @classmethod
    def load(
        cls, folder: Path, codecs: Mapping[str, Codec], input_columns: Mapping[str, tuple[str, ...]]
    ) -> LinearSpace:
        """Read what `save` wrote. Raises `BundleError` when the columns differ."""
        from safetensors.numpy import load_file

        arrays = load_file(folder / FILE)
        columns = [column for one in input_columns.values() for column in one]
        projections = {}
        for number, name in enumerate(columns):
            parts = {p: arrays[f"{number}.{p}"] for p in PARTS}
            projections[name] = Projection(PointScale.from_arrays(parts), parts["matrix"])
        return cls(FeatureMap.load(folder, codecs), input_columns, projections)


@dataclass(frozen=True)
class _Part:
    """A column's points, ``[row, feature]``, and which rows have it."""

    points: np.ndarray
    present: np.ndarray

    def take(self, places: slice) -> _Part:
        return _Part(self.points[places], self.present[places])

    def components(self, places: slice) -> _Components:
        return _Components.of(self.points[places], self.present[places])


@dataclass(frozen=True)
class _Components:
    """Principal components of a column: ``points = scores basis^T``.

    Attributes:
        basis: ``[feature, component]``, orthonormal.
        scores: ``[row, component]``; 0 where the column is missing.
        variances: ``[component]``.
        present: bool ``[row]``.
    """

    basis: np.ndarray
    scores: np.ndarray
    variances: np.ndarray
    present: np.ndarray

    @classmethod
    def of(cls, points: np.ndarray, present: np.ndarray) -> _Components:
        seen = points[present].astype(np.float64)
        squares, basis = _leading(seen)
        scores = np.zeros((len(points), basis.shape[1]))
        scores[present] = seen @ basis
        return cls(basis, scores, squares / max(len(seen), 1), present)


def _leading(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the largest squared singular values and their right vectors, ``[feature, one]``.

    By the eigenvectors of the smaller Gram matrix: four times as fast as the whole decomposition,
    and directions that rounding hides there are too small to matter here.
    """
    wide = points.shape[1] > points.shape[0]
    squares, vectors = np.linalg.eigh(points @ points.T if wide else points.T @ points)
    squares, vectors = squares[::-1], vectors[:, ::-1]
    kept = np.flatnonzero(squares > SMALLEST_SQUARE * max(squares.max(initial=0.0), 1e-24))
    kept = kept[:MAX_COMPONENTS]
    squares, vectors = squares[kept], vectors[:, kept]
    return squares, points.T @ vectors / squares**0.5 if wide else vectors


def _some(rows: np.ndarray, most: int, seed: int) -> np.ndarray:
    rows = np.asarray(rows, np.int64)
    if len(rows) > most:
        rows = np.random.default_rng(seed).choice(rows, most, replace=False)
    return np.sort(rows)


def _directions(
    parts: Mapping[str, _Components],
    input_columns: Mapping[str, tuple[str, ...]],
    strength: float,
    dim: int,
) -> dict[str, np.ndarray]:
    """Return for every column what takes its points into the space, ``[feature, dim]``."""
    input_column_of = {
        column: name for name, columns in input_columns.items() for column in columns
    }
    names, white = list(parts), {}
    for name, part in parts.items():
        ridge = strength * (part.variances.mean() if len(part.variances) else 1.0)
        white[name] = (part.variances + ridge) ** -0.5
    ends = np.cumsum([0, *(len(white[name]) for name in names)])
    whole = np.zeros((ends[-1], ends[-1]))
    for i, a in enumerate(names):
        for j, b in enumerate(names[:i]):
            both = parts[a].present & parts[b].present
            if input_column_of[a] == input_column_of[b] or both.sum() < 2:
                continue
            left, right = parts[a].scores[both] * white[a], parts[b].scores[both] * white[b]
            block = left.T @ right / both.sum()
            whole[ends[i] : ends[i + 1], ends[j] : ends[j + 1]] = block
            whole[ends[j] : ends[j + 1], ends[i] : ends[i + 1]] = block.T
    values, vectors = np.linalg.eigh(whole)
    order = np.argsort(-values)[: min(dim, len(values))]
    real = values[order] > SMALLEST * max(values[order[0]], 0.0)
    order = order[real] if real.any() else order[:1]
    turned = vectors[:, order] * values[order]
    found = {}
    for i, name in enumerate(names):
        own = white[name][:, None] * turned[ends[i] : ends[i + 1]]
        found[name] = (parts[name].basis @ own).astype(np.float32)
    return found


def _projected(points: Mapping[str, np.ndarray], maps: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the unit sum of the columns' projections; zeros for rows without any of them."""
    return unit_rows(np.asarray(sum(points[name] @ maps[name] for name in points)))


def _score(
    maps: Mapping[str, np.ndarray],
    input_columns: Mapping[str, tuple[str, ...]],
    held: Mapping[str, _Part],
) -> float:
    """Return the mean reciprocal rank over all directions; 0 where nothing can be compared."""
    vectors, there = {}, {}
    for name, own in input_columns.items():
        vectors[name] = _projected({column: held[column].points for column in own}, maps)
        there[name] = np.logical_or.reduce([held[column].present for column in own])
    found = []
    for a in input_columns:
        for b in input_columns:
            both = there[a] & there[b]
            if a != b and both.sum() > 1:
                found.append(mean_reciprocal_rank(vectors[a][both], vectors[b][both]))
    return float(np.mean(found)) if found else 0.0
