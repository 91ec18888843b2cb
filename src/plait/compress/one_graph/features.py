"""Feature matrices in a graph: from simple features of rows to what base models read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np

from plait.baselines.feature_matrices import MAX_NEIGHBOUR_FEATURES
from plait.baselines.features import CLIP, CODE_STD, ColumnScale
from plait.baselines.sketch import SKETCH_FEATURES, places_of, signs_of
from plait.baselines.sparse import SPARSE_NORM
from plait.compress.one_graph.builder import Builder
from plait.compress.one_graph.inputs import Inputs

LEAST_LENGTH = 1e-12


def masks(builder: Builder, present: Sequence[str]) -> str:
    """Return which rows have each of some columns, float32 ``[batch, column]``: 1 and 0."""
    joined = builder.reshaped(builder.concat(present, axis=0), len(present), -1)
    return builder.cast(builder.add("Transpose", joined, perm=[1, 0]), np.float32)


class _Whole:
    """The tensors of all columns, made when first asked for."""

    def __init__(self, builder: Builder, inputs: Inputs, scales: Mapping[str, ColumnScale]) -> None:
        self.builder, self.scales = builder, dict(scales)
        self.given = {name: inputs.of(name, scale.plan) for name, scale in scales.items()}
        self.widths = {name: len(scale.plan.dense) for name, scale in scales.items()}
        starts = np.cumsum([0, *self.widths.values()])
        self.starts = dict(zip(self.widths, starts[:-1].tolist(), strict=True))
        self.num_dense = int(starts[-1])
        self.numbers = {name: number for number, name in enumerate(scales)}
        self.codes = [name for name, scale in scales.items() if scale.plan.code_part is not None]
        self._present = [inputs.present(name) for name in scales]

    @cached_property
    def mask(self) -> str:
        """Which rows have each column, float32 ``[batch, column]``."""
        return masks(self.builder, self._present)

    @cached_property
    def raw(self) -> str:
        """Dense features as codecs give them, float32 ``[batch, dense]``."""
        names = [name for name, width in self.widths.items() if width]
        return self.builder.concat([self.given[name].dense for name in names])

    @cached_property
    def _seen(self) -> str:
        """Which rows have the column of each dense feature, float32 ``[batch, dense]``."""
        of_feature = np.repeat(np.arange(len(self.widths)), list(self.widths.values()))
        return self.builder.gather(self.mask, of_feature)

    @cached_property
    def scaled(self) -> str:
        """Standardised features and, behind them, each column's missing indicator."""
        scales, add = list(self.scales.values()), self.builder.add
        varies = np.array([0.0 < scale.missing < 1.0 for scale in scales], np.float32)
        missing = np.array([scale.missing for scale in scales], np.float32)
        gaps = add(
            "Add",
            add("Mul", self.mask, (-varies / CODE_STD).astype(np.float32)),
            (varies * (1 - missing) / CODE_STD).astype(np.float32),
        )
        if not self.num_dense:
            return gaps
        factors = [scale.factors for scale in scales]
        shares = np.repeat([share for _, share in factors], list(self.widths.values()))
        found = add("Sub", self.raw, np.concatenate([scale.mean for scale in scales]))
        found = add("Mul", found, np.concatenate([own for own, _ in factors]).astype(np.float32))
        found = add("Clip", found, -CLIP, CLIP)
        found = add("Mul", add("Mul", found, shares.astype(np.float32)), self._seen)
        return self.builder.concat([found, gaps])

    @cached_property
    def table(self) -> str:
        """What trees read: dense features, NaN where missing, and behind them category numbers."""
        parts = []
        if self.num_dense:
            there = self.builder.add("Greater", self._seen, 0.5)
            nothing = np.array(np.nan, np.float32)
            parts.append(self.builder.add("Where", there, self.raw, nothing))
        parts += [self.given[name].code for name in self.codes]
        return self.builder.concat(parts)

    def sparse(self, name: str) -> tuple[str, str]:
        """Return the places and the weighted values of a column's sparse features."""
        add = self.builder.add
        places, values = self.given[name].places, self.given[name].values
        idf = np.append(self.scales[name].idf, np.float32(0))
        weighted = add("Mul", values, add("Gather", idf, places, axis=0))
        squares = self.builder.summed(add("Mul", weighted, weighted), 1, keep=True)
        length = add("Max", add("Sqrt", squares), LEAST_LENGTH)
        return places, add("Mul", add("Div", weighted, length), float(SPARSE_NORM))


class Features:
    """What `plait.baselines.feature_matrices.FeatureMatrices` are of rows, in a graph.

    Args:
        builder: Of the graph.
        inputs: Of the graph, to which features are added.
        scales: Column name -> its scale, in the order of the features.
    """

    def __init__(self, builder: Builder, inputs: Inputs, scales: Mapping[str, ColumnScale]) -> None:
        self.builder, self.columns = builder, tuple(scales)
        self._whole = _Whole(builder, inputs, scales)

    def only(self, columns: Sequence[str]) -> Features:
        """Return the same rows as seen by some of the columns."""
        found = Features.__new__(Features)
        found.builder, found.columns, found._whole = self.builder, tuple(columns), self._whole
        return found

    @property
    def scales(self) -> dict[str, ColumnScale]:
        """Column name -> its scale."""
        return {name: self._whole.scales[name] for name in self.columns}

    def present(self, columns: Sequence[str]) -> str:
        """Return which rows have any of some columns, float32 ``[batch, 1]``."""
        places = np.array([self._whole.numbers[name] for name in columns])
        found = self.builder.gather(self._whole.mask, places)
        return self.builder.add("ReduceMax", found, np.array([1], np.int64), keepdims=1)

    def row(self, values: np.ndarray) -> str:
        """Return the same numbers for every row, float32 ``[batch, number]``."""
        zeros = self.builder.add("Mul", self.builder.gather(self._whole.mask, np.array([0])), 0.0)
        return self.builder.add("Add", zeros, np.asarray(values, np.float32)[None])

    @property
    def dense(self) -> str:
        """Standardised features and missing indicators, as `FeatureMatrices.dense`."""
        whole = self._whole
        order = [
            np.append(
                np.arange(whole.starts[name], whole.starts[name] + whole.widths[name]),
                whole.num_dense + whole.numbers[name],
            )
            for name in self.columns
        ]
        return self.builder.gather(whole.scaled, np.concatenate(order))

    def raw(self, name: str) -> str:
        """Return dense features of a column as its codec gives them, zeros where missing."""
        return self._whole.given[name].dense

    def sparse(self) -> list[tuple[str, str, int, int]]:
        """Return for each column with sparse features their places, weighted values, where they
        begin among those of all columns, and how many there are."""
        found, begin = [], 0
        for name, scale in self.scales.items():
            width = len(scale.plan.sparse)
            if width:
                found.append((*self._whole.sparse(name), begin, width))
            begin += width
        return found

    def tree(self, dense: np.ndarray, sparse: np.ndarray) -> tuple[str, np.ndarray]:
        """Return what trees read, and the place in it of each feature that they were told.

        Args:
            dense: Places in `FeatureMatrices.tree`.
            sparse: Places in `FeatureMatrices.tree_sparse`.
        """
        whole, places = self._whole, list[int]()
        for name in self.columns:
            if name in whole.codes:
                places.append(whole.num_dense + whole.codes.index(name))
            else:
                places += range(whole.starts[name], whole.starts[name] + whole.widths[name])
        known = np.array(places, np.int64)[dense]
        if not len(sparse):
            return whole.table, known
        parts = [self.builder.gather(whole.table, known)] if len(known) else []
        parts += self._tree_sparse(sparse)
        return self.builder.concat(parts), np.arange(len(dense) + len(sparse))

    def _tree_sparse(self, chosen: np.ndarray) -> list[str]:
        """Return some sparse features as codecs give them, float32 ``[batch, some]`` a column."""
        builder, parts, begin = self.builder, list[str](), 0
        for name in [name for name in self.columns if name not in self._whole.codes]:
            width = len(self._whole.scales[name].plan.sparse)
            own = chosen[(chosen >= begin) & (chosen < begin + width)] - begin
            begin += width
            if len(own):
                column = self._whole.given[name]
                places = builder.add("Unsqueeze", column.places, np.array([2]))
                hits = builder.cast(builder.add("Equal", places, own[None, None]), np.float32)
                values = builder.add("Unsqueeze", column.values, np.array([1]))
                parts.append(builder.reshaped(builder.add("MatMul", values, hits), -1, len(own)))
        return parts

    @property
    def points(self) -> str:
        """Points whose distances mean something, as `FeatureMatrices.neighbours`."""
        builder = self.builder
        weights = np.concatenate([scale.neighbour_weights() for scale in self.scales.values()])
        dense = builder.add("Mul", self.dense, weights)
        if len(weights) > MAX_NEIGHBOUR_FEATURES:
            dense = builder.add("MatMul", dense, signs_of(len(weights), MAX_NEIGHBOUR_FEATURES))
        parts = self.sparse()
        if not parts:
            return dense
        sketched = self._sketched(parts)
        return builder.concat([dense, builder.add("Div", sketched, float(SPARSE_NORM))])

    def _sketched(self, parts: Sequence[tuple[str, str, int, int]]) -> str:
        """Return sparse features projected at random, as `sketch_sparse` does."""
        builder, add = self.builder, self.builder.add
        first = add("Slice", add("Shape", parts[0][0]), np.array([0]), np.array([1]))
        found = add(
            "Expand", 0.0, builder.concat([first, builder.constant(np.array([SKETCH_FEATURES]))], 0)
        )
        for places, values, begin, width in parts:
            where, signs = places_of(np.arange(begin, begin + width), SKETCH_FEATURES)
            where = np.concatenate([where, np.zeros((1, where.shape[1]), np.int64)])
            signs = np.concatenate([signs, np.zeros((1, signs.shape[1]))]).astype(np.float32)
            heavy = add(
                "Mul", add("Gather", signs, places, axis=0), add("Unsqueeze", values, np.array([2]))
            )
            found = add(
                "ScatterElements",
                found,
                builder.reshaped(add("Gather", where, places, axis=0), 0, -1),
                builder.reshaped(heavy, 0, -1),
                axis=1,
                reduction="add",
            )
        return found
