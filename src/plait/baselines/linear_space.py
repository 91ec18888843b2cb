"""The honest baseline of a shared space: canonical correlations of all sources' simple features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from plait.baselines.features import FeatureMap
from plait.baselines.views import Views
from plait.data.prepared import Prepared
from plait.modalities import Codec
from plait.retrieval import mean_reciprocal_rank

STRENGTHS = (0.03, 0.1, 0.3, 1.0, 3.0)
MAX_COMPONENTS, MAX_DENSE, MAX_FIT_ROWS, CHUNK_ROWS = 512, 4096, 3000, 4096
FILE = "projections.safetensors"


@dataclass(frozen=True)
class Projection:
    """Takes one source's features into the space.

    Attributes:
        mean: float32 ``[feature]``.
        matrix: float32 ``[feature, dim]``.
    """

    mean: np.ndarray
    matrix: np.ndarray


class LinearSpace:
    """Regularised canonical correlation analysis of any number of sources, gaps allowed.

    Each source's features are reduced to principal components and whitened with a ridge; the
    directions are the leading eigenvectors of the matrix of all correlations between sources, each
    taken over the rows that have both (Kettenring 1971, MAXVAR; two sources: CCA), weighted by
    their eigenvalue (Gong et al. 2014, "A multi-view embedding space", section 3).

    Args:
        features: Makes the features of the columns.
        sources: Source -> its columns.
        projections: Source -> its `Projection`.
    """

    def __init__(
        self,
        features: FeatureMap,
        sources: Mapping[str, tuple[str, ...]],
        projections: Mapping[str, Projection],
    ) -> None:
        self.features, self.sources = features, dict(sources)
        self.projections = dict(projections)

    @property
    def dim(self) -> int:
        """Numbers per vector."""
        return next(iter(self.projections.values())).matrix.shape[1]

    @classmethod
    def fit(
        cls,
        prepared: Prepared,
        sources: Mapping[str, tuple[str, ...]],
        rows: np.ndarray,
        rows_validation: np.ndarray,
        *,
        dim: int,
        seed: int = 0,
    ) -> LinearSpace:
        """Learn from rows; the ridge's strength is chosen by retrieval on other rows.

        Args:
            prepared: All columns.
            sources: Source -> its columns; at least two.
            rows: Row numbers to learn from; 3,000 at most are used.
            rows_validation: Row numbers to choose by; may be empty.
            dim: Most numbers per vector.
            seed: Of the sample.
        """
        if len(rows) > MAX_FIT_ROWS:
            rows = np.random.default_rng(seed).choice(rows, MAX_FIT_ROWS, replace=False)
        columns = [column for one in sources.values() for column in one]
        features, views = FeatureMap.fit(prepared, columns, np.sort(rows))
        held = features.views(prepared, rows_validation)
        inside = {name: source_features(views, one) for name, one in sources.items()}
        outside = {name: source_features(held, one) for name, one in sources.items()}
        whole = {name: _components(*found) for name, found in inside.items()}
        there = {name: found[1] for name, found in inside.items()}
        best: tuple[float, dict[str, Projection]] | None = None
        for strength in STRENGTHS:
            found = _projections(whole, there, strength, dim)
            score = _score(found, outside)
            if best is None or score > best[0]:
                best = score, found
        if best is None:
            raise ValueError("no strength was tried")
        return cls(features, sources, best[1])

    def vectors(
        self, prepared: Prepared, rows: np.ndarray, sources: Sequence[str] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return unit vectors float32 ``[source, row, dim]`` and bool ``[source, row]``.

        Args:
            prepared: All columns of the sources.
            rows: Row numbers.
            sources: Which ones; all by default.
        """
        names = list(self.sources) if sources is None else list(sources)
        columns = [column for name in names for column in self.sources[name]]
        features = self.features.only(columns)
        vectors = np.zeros((len(names), len(rows), self.dim), np.float32)
        present = np.zeros((len(names), len(rows)), bool)
        for first in range(0, len(rows), CHUNK_ROWS):
            part = slice(first, min(first + CHUNK_ROWS, len(rows)))
            views = features.views(prepared, rows[part])
            for place, name in enumerate(names):
                x, there = source_features(views, self.sources[name])
                vectors[place, part] = _projected(x, there, self.projections[name])
                present[place, part] = there
        return vectors, present

    def save(self, folder: Path) -> None:
        """Write plain files into `folder`."""
        from safetensors.numpy import save_file

        self.features.save(folder)
        arrays: dict[str, np.ndarray] = {}
        for number, one in enumerate(self.projections.values()):
            arrays |= {f"{number}.mean": one.mean, f"{number}.matrix": one.matrix}
        save_file({k: np.ascontiguousarray(v) for k, v in arrays.items()}, folder / FILE)

    @classmethod
    def load(
        cls, folder: Path, codecs: Mapping[str, Codec], sources: Mapping[str, tuple[str, ...]]
    ) -> LinearSpace:
        """Read what `save` wrote. Raises `BundleError` when the columns differ."""
        from safetensors.numpy import load_file

        arrays = load_file(folder / FILE)
        projections = {
            name: Projection(arrays[f"{i}.mean"], arrays[f"{i}.matrix"])
            for i, name in enumerate(sources)
        }
        return cls(FeatureMap.load(folder, codecs), sources, projections)


def source_features(views: Views, columns: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return one source's features, float32 ``[row, feature]``, and which rows have it."""
    own = views.only(columns)
    present = np.logical_or.reduce([raw.present for raw in own.raw.values()])
    return own.points(MAX_DENSE), present


@dataclass(frozen=True)
class _Components:
    """Principal components of a source: ``x = mean + scores basis^T``."""

    mean: np.ndarray
    basis: np.ndarray
    scores: np.ndarray
    variances: np.ndarray


def _components(x: np.ndarray, present: np.ndarray) -> _Components:
    seen = x[present].astype(np.float64)
    mean = seen.mean(0) if len(seen) else np.zeros(x.shape[1])
    u, s, v = np.linalg.svd(seen - mean, full_matrices=False)
    kept = np.flatnonzero(s > 1e-6 * max(s.max(initial=0.0), 1e-12))[:MAX_COMPONENTS]
    scores = np.zeros((len(x), len(kept)))
    scores[present] = u[:, kept] * s[kept]
    return _Components(mean, v[kept].T, scores, s[kept] ** 2 / max(len(seen), 1))


def _projections(
    parts: Mapping[str, _Components],
    present: Mapping[str, np.ndarray],
    strength: float,
    dim: int,
) -> dict[str, Projection]:
    names, white = list(parts), {}
    for name, part in parts.items():
        ridge = strength * (part.variances.mean() if len(part.variances) else 1.0)
        white[name] = (part.variances + ridge) ** -0.5
    ends = np.cumsum([0, *(len(white[name]) for name in names)])
    whole = np.zeros((ends[-1], ends[-1]))
    for i, a in enumerate(names):
        for j, b in enumerate(names[:i]):
            both = present[a] & present[b]
            if both.sum() < 2:
                continue
            left, right = parts[a].scores[both] * white[a], parts[b].scores[both] * white[b]
            block = left.T @ right / both.sum()
            whole[ends[i] : ends[i + 1], ends[j] : ends[j + 1]] = block
            whole[ends[j] : ends[j + 1], ends[i] : ends[i + 1]] = block.T
    values, vectors = np.linalg.eigh(whole)
    order = np.argsort(-values)[: min(dim, len(values))]
    order = order[values[order] > 0] if (values[order] > 0).any() else order[:1]
    found = {}
    for i, name in enumerate(names):
        turned = white[name][:, None] * vectors[ends[i] : ends[i + 1], order] * values[order]
        matrix = (parts[name].basis @ turned).astype(np.float32)
        found[name] = Projection(parts[name].mean.astype(np.float32), matrix)
    return found


def _projected(x: np.ndarray, present: np.ndarray, projection: Projection) -> np.ndarray:
    found = (x - projection.mean) @ projection.matrix
    length = np.linalg.norm(found, axis=1, keepdims=True)
    return np.where(present[:, None], found / np.where(length > 0, length, 1.0), 0.0)


def _score(
    projections: Mapping[str, Projection], held: Mapping[str, tuple[np.ndarray, np.ndarray]]
) -> float:
    """Return the mean reciprocal rank over all directions; 0 where nothing can be compared."""
    vectors = {name: _projected(*held[name], projections[name]) for name in projections}
    found = []
    for a in vectors:
        for b in vectors:
            both = held[a][1] & held[b][1]
            if a != b and both.sum() > 1:
                found.append(mean_reciprocal_rank(vectors[a][both], vectors[b][both]))
    return float(np.mean(found)) if found else 0.0
