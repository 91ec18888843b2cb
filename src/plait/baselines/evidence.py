"""Evidence: what simple features and closed-form models tell of each column, for a network."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from plait.baselines.evidence_fit import Maps, fit_columns
from plait.baselines.extract import (
    HasColumns,
    Plan,
    RawColumn,
    extract,
    is_same,
    is_vector,
    make_plan,
)
from plait.baselines.features import ColumnScale, FeatureMap
from plait.baselines.labelled_rows import num_outputs
from plait.modalities import Codec, PredictiveTarget
from plait.packing import read_arrays

MAX_OUTPUTS = 256
"""Targets of more classes or labels get no evidence: their scores would be most of the network."""


class LastFeatures:
    """Keeps the simple features that were asked for last: networks of a mix ask for the same."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[Any, np.ndarray, RawColumn]] = {}

    def of(self, prepared: HasColumns, name: str, plan: Plan, rows: np.ndarray) -> RawColumn:
        """Return a column's features of some rows."""
        column = prepared.columns[name]
        known = self._last.get(name)
        if known is None or known[0] is not column or not np.array_equal(known[1], rows):
            known = column, rows, extract(column, plan, rows)
            self._last[name] = known
        return known[2]


class RawFeatures:
    """The simple features of a table's rows as codecs give them, each column's made once.

    They look at no target: all folds of a fit share them.

    Args:
        prepared: Where the values are.
        columns: Which columns.
        rows: Ascending row numbers.
    """

    def __init__(self, prepared: HasColumns, columns: Sequence[str], rows: np.ndarray) -> None:
        self._prepared, self._rows = prepared, rows
        self.plans = {name: make_plan(prepared.columns[name], rows) for name in columns}
        self._made: dict[str, RawColumn] = {}

    def of(self, prepared: HasColumns, name: str, plan: Plan, rows: np.ndarray) -> RawColumn:
        """Return a column's features of some rows, from what is made where it is the same."""
        column = prepared.columns[name]
        places = np.searchsorted(self._rows, rows).clip(max=max(len(self._rows) - 1, 0))
        known = column is self._prepared.columns.get(name) and plan is self.plans.get(name)
        if not known or not len(self._rows) or not np.array_equal(self._rows[places], rows):
            return extract(column, plan, rows)
        if name not in self._made:
            self._made[name] = extract(column, plan, self._rows)
        return self._made[name].take(places)


class Evidence:
    """Turns rows into a few numbers per column; fitted inside each fold.

    Per column: the leading kernel principal components of its simple features, each scaled by
    eigenvalue^-1/4, and scores by ridge regression: its own, and its part of those of all columns
    together. Rows of the fit are answered by a fit without them and their group.

    Args:
        scales: Column name -> scale of its features.
        maps: Column name -> linear maps of them.
        num_outputs: Scores of a kind.
        raw: Where features are made, or were; None makes them when asked.
    """

    def __init__(
        self,
        scales: Mapping[str, ColumnScale],
        maps: Mapping[str, Maps],
        num_outputs: int,
        raw: RawFeatures | LastFeatures | None = None,
    ) -> None:
        self.scales, self.maps, self.num_outputs, self._raw = scales, maps, num_outputs, raw
        self._map = FeatureMap(scales)
        self._left_out: tuple[np.ndarray, np.ndarray] | None = None

    def __getstate__(self) -> tuple[Any, ...]:
        return self.scales, self.maps, self.num_outputs

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.__init__(*state)  # type: ignore[misc]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns, in the order of the numbers."""
        return tuple(self.scales)

    @property
    def num_components(self) -> int:
        """Most components of a column; those of others are filled up with zeros."""
        return max((one.num_components for one in self.maps.values()), default=0)

    @classmethod
    def fit(
        cls,
        raw: RawFeatures,
        prepared: HasColumns,
        rows: np.ndarray,
        truth: np.ndarray,
        codec: PredictiveTarget,
        groups: np.ndarray,
        *,
        seed: int = 0,
    ) -> Evidence:
        """Fit on some rows.

        Args:
            raw: Features of these rows, and of others.
            prepared: Where the values are.
            rows: Row numbers to learn from.
            truth: Targets of these, as `PredictiveTarget.truth`.
            codec: Of the target.
            groups: int ``[row]`` of these: rows of one number are left out together.
            seed: Of the choice of landmarks, where there are many rows.
        """
        known = np.flatnonzero(codec.form.known(truth))
        rows, groups, truth = rows[known], groups[known], truth[known]
        columns = {name: raw.of(prepared, name, plan, rows) for name, plan in raw.plans.items()}
        scales = {
            name: ColumnScale.fit(
                raw.plans[name], column, as_one=is_vector(prepared.columns[name].codec)
            )
            for name, column in columns.items()
        }
        targets = _centred(truth, codec)
        tables = {
            n: (scale.dense(columns[n]), scale.sparse(columns[n])) for n, scale in scales.items()
        }
        fits = fit_columns(tables, targets, groups, seed=seed)
        maps = {name: one.maps for name, one in fits.items()}
        scores = np.stack([one.left_out for one in fits.values()], axis=1)
        found = cls(scales, maps, targets.shape[1], raw)
        order = np.argsort(rows)
        found._left_out = rows[order], scores.astype(np.float32)[order]
        return found

    def arrays(
        self, prepared: HasColumns, rows: np.ndarray, *, left_out: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return components float32 ``[row, column, number]`` and scores ``[row, column, score]``.

        Args:
            prepared: Where the values are; a column that it lacks a value of has zeros.
            rows: Row numbers.
            left_out: Whether rows that were learned from are answered by a fit without them.
        """
        components = np.zeros((len(rows), len(self.maps), self.num_components), np.float32)
        scores = np.zeros((len(rows), len(self.maps), 2 * self.num_outputs), np.float32)
        for place, (name, scale) in enumerate(self.scales.items()):
            raw = self._features(prepared, name, scale.plan, rows)
            maps = self.maps[name]
            found = maps.apply(scale.dense(raw), scale.sparse(raw))
            found[~raw.present] = 0.0
            components[:, place, : maps.num_components] = found[:, : maps.num_components]
            scores[:, place] = found[:, maps.num_components :]
        if left_out and self._left_out is not None and len(self._left_out[0]):
            known, answers = self._left_out
            places = np.searchsorted(known, rows).clip(max=len(known) - 1)
            fitted = known[places] == rows
            scores[fitted] = answers[places[fitted]]
        return components, scores

    def _features(self, prepared: HasColumns, name: str, plan: Plan, rows: np.ndarray) -> RawColumn:
        if self._raw is None:
            return self._map.matrices(prepared, rows).raw[name]
        return self._raw.of(prepared, name, plan, rows)

    def save(self, folder: Path) -> None:
        """Write plain files into a folder."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in self.files().items():
            (folder / name).write_bytes(data)

    def files(self) -> dict[str, bytes]:
        """Return what `save` writes: name -> content."""
        from safetensors.numpy import save

        arrays = {}
        for number, one in enumerate(self.maps.values()):
            for part in ("features", "dense", "sparse", "shift"):
                arrays[f"{number}.{part}"] = np.ascontiguousarray(getattr(one, part))
        about = {
            "num_outputs": self.num_outputs,
            "num_components": [one.num_components for one in self.maps.values()],
        }
        return self._map.files() | {
            "evidence.json": json.dumps(about).encode(),
            "evidence.safetensors": save(arrays),
        }

    @classmethod
    def load(cls, folder: Path, codecs: Mapping[str, Codec]) -> Evidence:
        """Read what `save` wrote. Raises `BundleError` when it is of other columns."""
        scales = FeatureMap.load(folder, codecs).scales
        about: dict[str, Any] = json.loads((folder / "evidence.json").read_text(encoding="utf8"))
        arrays = read_arrays(folder / "evidence.safetensors")
        maps = {
            name: Maps(
                features=arrays[f"{number}.features"],
                dense=arrays[f"{number}.dense"],
                sparse=arrays[f"{number}.sparse"],
                shift=arrays[f"{number}.shift"],
                num_components=int(about["num_components"][number]),
            )
            for number, name in enumerate(scales)
        }
        return cls(scales, maps, int(about["num_outputs"]))


def sharing(several: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Return evidence of one fit's networks, which makes the features of rows once for all.

    Networks whose features are made otherwise make their own.
    """
    several, last = tuple(several), LastFeatures()
    for one in several:
        pairs = [(one.scales[name].plan, first.plan) for name, first in several[0].scales.items()]
        if all(is_same(*pair) for pair in pairs):
            one._raw = last
    return several


def can_tell(codec: PredictiveTarget, truth: np.ndarray) -> bool:
    """Tell whether a target is one that evidence can be fitted for."""
    return num_outputs(codec, truth) <= MAX_OUTPUTS


def _centred(truth: np.ndarray, codec: PredictiveTarget) -> np.ndarray:
    """Return targets float64 ``[row, output]`` of mean 0: -1 and 1, or standardised numbers."""
    columns = codec.form.columns(codec.scaled(truth), num_outputs(codec, truth))
    targets = columns.astype(np.float64)
    if codec.form.probable:
        targets = 2 * targets - 1
    return np.asarray(targets - targets.mean(axis=0))
