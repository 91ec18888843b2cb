"""Feature maps: one scale for the simple features of all columns, fitted on training rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from plait.baselines.extract import HasColumns, Plan, RawColumn, extract, is_vector, make_plan
from plait.baselines.feature_matrices import FeatureMatrices as FeatureMatrices
from plait.baselines.lazy_columns import LazyColumns
from plait.baselines.sparse import SPARSE_NORM, SparseRows
from plait.display import brief
from plait.errors import BundleError
from plait.modalities import Codec
from plait.packing import read_arrays

CLIP = 10.0
CODE_STD = 0.5
MAX_MEMO_VALUES = 20_000_000


@brief
@dataclass(frozen=True)
class ColumnScale:
    """One column's plan and scale.

    Attributes:
        plan: Which features are dense and which sparse.
        mean, std: float32 ``[dense]``; a standard deviation of 0 silences the feature.
        idf: float32 ``[sparse]``: weights of rare features; 0 where training never saw it.
        missing: Share of training rows without a value.
    """

    plan: Plan
    mean: np.ndarray
    std: np.ndarray
    idf: np.ndarray
    missing: float

    @classmethod
    def fit(cls, plan: Plan, raw: RawColumn, *, as_one: bool = False) -> ColumnScale:
        """Learn the scale from training rows, `as_one` for columns that are vectors.

        A network's vectors, or those of a shared space, share one scale: their small directions are
        noise, and standardised one by one they count as much as the large ones.
        """
        seen = raw.dense[raw.present].astype(np.float64)
        num = max(len(seen), 1)
        mean = seen.mean(axis=0) if len(seen) else np.zeros(seen.shape[1])
        std = seen.std(axis=0) if len(seen) else np.zeros(seen.shape[1])
        std = np.where(std > 1e-9 * (1 + np.abs(mean)), std, 0.0)
        if plan.code_part is not None:
            std = np.where(std > 0, np.maximum(std, CODE_STD), 0.0)
        if as_one and (std > 0).any():
            std = np.where(std > 0, float((std[std > 0] ** 2).mean()) ** 0.5, 0.0)
        counts = raw.sparse.counts()
        idf = np.where(counts > 0, np.log((1 + num) / (1 + counts)) + 1.0, 0.0)
        missing = 1.0 - float(raw.present.mean()) if len(raw.present) else 0.0
        return cls(
            plan, mean.astype(np.float32), std.astype(np.float32), idf.astype(np.float32), missing
        )

    def dense(self, raw: RawColumn) -> np.ndarray:
        """Return standardised features and the missing indicator, float32 ``[row, dense + 1]``.

        A block of *d* features is scaled to an expected squared length of the root of *d*, so that
        a picture's hundreds do not drown a single number.
        """
        factors, share = self.factors
        block = np.clip((raw.dense - self.mean) * factors, -CLIP, CLIP)
        block *= share
        block[~raw.present] = 0.0
        varies = 0.0 < self.missing < 1.0
        gap = (~raw.present - self.missing) / CODE_STD if varies else np.zeros(len(raw.present))
        return np.concatenate([block, gap[:, None]], axis=1).astype(np.float32)

    @cached_property
    def factors(self) -> tuple[np.ndarray, float]:
        """What standardises each feature, ``[dense]``, and what scales the block of them."""
        factors = np.where(self.std > 0, 1.0 / np.where(self.std > 0, self.std, 1.0), 0.0)
        code = self.plan.code_part is not None
        return factors, 1.0 if code else max(int((self.std > 0).sum()), 1) ** -0.25

    def neighbour_weights(self) -> np.ndarray:
        """Return what turns `dense` into distances: columns of one length, labels as 0 and 1."""
        num_alive = max(int((self.std > 0).sum()), 1)
        weight = CODE_STD if self.plan.code_part is not None else num_alive**-0.25
        return np.append(np.full(len(self.std), weight), CODE_STD).astype(np.float32)

    def sparse(self, raw: RawColumn) -> SparseRows:
        """Return tf-idf weights scaled to one length per row."""
        if not raw.sparse.num_features:
            return raw.sparse
        weighted = raw.sparse.with_values(raw.sparse.values * self.idf[raw.sparse.features])
        lengths = np.repeat(np.maximum(weighted.norms(), 1e-12), np.diff(weighted.starts))
        return weighted.with_values((weighted.values / lengths * SPARSE_NORM).astype(np.float32))


class FeatureMap:
    """Turns prepared rows into the `FeatureMatrices` that base models learn from.

    Args:
        scales: Column name -> its scale, in the order of the features.
    """

    def __init__(self, scales: Mapping[str, ColumnScale]) -> None:
        self.scales = dict(scales)
        self._last: tuple[HasColumns, np.ndarray, FeatureMatrices] | None = None

    @classmethod
    def fit(
        cls,
        prepared: HasColumns,
        columns: Sequence[str],
        rows: np.ndarray,
        plans: Mapping[str, Plan] | None = None,
    ) -> tuple[FeatureMap, FeatureMatrices]:
        """Learn scales from training `rows`; return the map and the feature matrices of those rows.

        What the features of a column are is as in `plans`, where it is told: other rows may tell
        other ones, and a model knows its features by their places.
        """
        rows = np.asarray(rows, np.int64)
        raw: dict[str, RawColumn] = {}
        scales = {}
        for name in columns:
            known: dict[int, np.ndarray] = {}
            told = (plans or {}).get(name)
            plan = told or make_plan(prepared.columns[name], rows, known)
            raw[name] = extract(prepared.columns[name], plan, rows, known)
            as_one = is_vector(prepared.columns[name].codec)
            scales[name] = ColumnScale.fit(plan, raw[name], as_one=as_one)
        features = cls(scales)
        return features, FeatureMatrices(features, prepared, rows, raw=raw)

    def matrices(self, prepared: HasColumns, rows: np.ndarray) -> FeatureMatrices:
        """Return the rows' features, computed when first asked for.

        The last feature matrices are kept, so that several base models share one extraction.
        """
        rows = np.asarray(rows, np.int64)
        last = self._last
        if last is not None and last[0] is prepared and np.array_equal(last[1], rows):
            return last[2]
        matrices = FeatureMatrices(self, prepared, rows)
        if last is not None and np.array_equal(last[1], rows) and self._shares(last[0], prepared):
            return FeatureMatrices(self, prepared, rows, raw=self._raw_beside(last, prepared, rows))
        width = sum(len(scale.plan.dense) for scale in self.scales.values())
        if len(rows) * max(width, 100) <= MAX_MEMO_VALUES:
            self._last = (prepared, rows.copy(), matrices)
        return matrices

    def matrices_from(
        self, known: Sequence[FeatureMatrices], prepared: HasColumns, rows: np.ndarray
    ) -> FeatureMatrices:
        """Return the features of rows, taken from feature matrices that have them, made where none
        does.

        Args:
            known: Feature matrices by this map, of these prepared values.
            prepared: Where the values are.
            rows: Row numbers.
        """
        seen = np.concatenate([np.zeros(0, np.int64), *(matrices.rows for matrices in known)])
        new = np.setdiff1d(rows, seen)
        parts = [*known, FeatureMatrices(self, prepared, new)] if len(new) else list(known)
        among = np.concatenate([matrices.rows for matrices in parts])
        order = np.argsort(among, kind="stable")
        places = order[np.searchsorted(among[order], rows)]

        def joined(name: str) -> RawColumn:
            found = RawColumn.one_under_another([matrices.raw[name] for matrices in parts])
            return found.take(places)

        return FeatureMatrices(self, prepared, rows, raw=LazyColumns(list(self.scales), joined))

    def _shares(self, before: HasColumns, prepared: HasColumns) -> bool:
        """Tell whether two sets of prepared values have any column of the map in common."""
        return any(prepared.columns[name] is before.columns.get(name) for name in self.scales)

    def _raw_beside(
        self,
        last: tuple[HasColumns, np.ndarray, FeatureMatrices],
        prepared: HasColumns,
        rows: np.ndarray,
    ) -> Mapping[str, RawColumn]:
        """Return the features of rows of which the same columns were seen before, others not."""
        before, _, matrices = last
        make = self.maker(prepared, rows)

        def known(name: str) -> RawColumn:
            same = prepared.columns[name] is before.columns[name]
            return matrices.raw[name] if same else make(name)

        return LazyColumns(list(self.scales), known)

    def only(self, columns: Sequence[str]) -> FeatureMap:
        """Return the map of some of the columns."""
        return FeatureMap({name: self.scales[name] for name in columns})

    def raw(self, prepared: HasColumns, rows: np.ndarray) -> Mapping[str, RawColumn]:
        """Return the features of rows as the codec gives them, each column's when asked for."""
        return LazyColumns(list(self.scales), self.maker(prepared, rows))

    def maker(self, prepared: HasColumns, rows: np.ndarray) -> Callable[[str], RawColumn]:
        """Return what makes the features of a column of rows."""
        return lambda name: extract(prepared.columns[name], self.scales[name].plan, rows)

    def save(self, folder: Path) -> None:
        """Write ``features.json`` and ``features.safetensors`` into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in self.files().items():
            (folder / name).write_bytes(data)

    def files(self) -> dict[str, bytes]:
        """Return what `save` writes: name -> content."""
        from safetensors.numpy import save

        about: list[dict[str, Any]] = []
        arrays: dict[str, np.ndarray] = {}
        for number, (name, scale) in enumerate(self.scales.items()):
            about.append(
                {"column": name, "code_part": scale.plan.code_part, "missing": scale.missing}
            )
            parts = {
                "dense": scale.plan.dense,
                "sparse": scale.plan.sparse,
                "mean": scale.mean,
                "std": scale.std,
                "idf": scale.idf,
            }
            arrays |= {f"{number}.{part}": np.ascontiguousarray(a) for part, a in parts.items()}
        return {"features.json": json.dumps(about).encode(), "features.safetensors": save(arrays)}

    @classmethod
    def load(cls, folder: Path, codecs: Mapping[str, Codec]) -> FeatureMap:
        """Read what `save` wrote.

        Args:
            folder: Where `save` wrote.
            codecs: The input columns' codecs, to check that the columns are the same.

        Raises:
            BundleError: When the columns differ from those of `codecs`.
        """
        about = json.loads((folder / "features.json").read_text(encoding="utf8"))
        arrays = read_arrays(folder / "features.safetensors")
        names = [str(entry["column"]) for entry in about]
        if set(names) - set(codecs):
            raise BundleError(
                "the simple models' features are of other columns",
                expected=", ".join(codecs),
                received=", ".join(names),
                path=folder,
            )
        return cls(
            {
                name: ColumnScale(
                    Plan(entry["code_part"], arrays[f"{i}.dense"], arrays[f"{i}.sparse"]),
                    arrays[f"{i}.mean"],
                    arrays[f"{i}.std"],
                    arrays[f"{i}.idf"],
                    float(entry["missing"]),
                )
                for i, (name, entry) in enumerate(zip(names, about, strict=True))
            }
        )
