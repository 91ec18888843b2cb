"""Simple features as columns of a batch, for graphs that answer in place of a whole mix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from safetensors.numpy import load, save

from plait.baselines.extract import Plan, extract
from plait.baselines.sparse import SparseRows
from plait.data.prepared import Prepared, PreparedColumn
from plait.display import brief
from plait.modalities import Codec
from plait.types import Arrays, ArraySpec, ColumnBatch, Layout

MARK = "~features"
"""Behind a column's name: the column of its features. No column of a table is called so."""

DENSE, CODE, PLACES, VALUES = "dense", "code", "places", "values"
"""Parts of such a column: features float32 ``[feature]``, zeros where missing; a category's number
float32 ``[1]``, NaN where missing; of features that are mostly zero the places int64 and values
float32 of those that are not, ``[filled]``, padded with the place behind the last and zeros."""

LEAST_FILLED = 2
"""Places along the ragged axis, at least, as of all graphs."""


@brief
@dataclass(frozen=True)
class FeatureColumn:
    """Which simple features of a column a graph is given.

    It stands in a codec's place beside the prepared columns: it has their layout.

    Attributes:
        name: Of the column of the batch.
        column: Whose features.
        plan: Which of them.
    """

    name: str
    column: str
    plan: Plan

    @property
    def layout(self) -> Layout:
        """Parts of the column."""
        parts: Layout = {}
        if len(self.plan.dense):
            parts[DENSE] = ArraySpec((len(self.plan.dense),), "float32")
        if self.plan.code_part is not None:
            parts[CODE] = ArraySpec((1,), "float32")
        if len(self.plan.sparse):
            parts[PLACES] = ArraySpec(("filled",), "int64")
            parts[VALUES] = ArraySpec(("filled",), "float32")
        return parts


class _Features:
    """Makes the features of rows when they are asked for."""

    def __init__(self, column: FeatureColumn, values: PreparedColumn) -> None:
        self._about, self._values = column, values
        self._parts = column.layout
        self.num_rows = len(values)
        self.present = np.asarray(values.present).astype(bool)
        self.meta: dict[str, Any] = {"bad": [], "num_bad": 0}

    def row(self, row: int) -> Arrays | None:
        """Return one row's arrays."""
        batch = self.gather(np.array([row]))
        return {name: part[0] for name, part in batch.parts.items()}

    def gather(self, rows: np.ndarray) -> ColumnBatch:
        """Return rows as a batch."""
        found = extract(self._values, self._about.plan, rows)
        parts: Arrays = {}
        if DENSE in self._parts:
            parts[DENSE] = found.dense
        if found.codes is not None:
            parts[CODE] = found.codes[:, None]
        if PLACES in self._parts:
            parts[PLACES], parts[VALUES] = filled(found.sparse)
        return ColumnBatch(parts, {}, found.present)

    def lengths(self) -> np.ndarray:
        """Return 1 for every row: rows are not put together by these."""
        return np.ones(self.num_rows, np.int64)


def tells_features(codec: Codec, plan: Plan) -> bool:
    """Tell whether a column's features by a plan can be made of its prepared cells in a graph."""
    if plan.code_part is not None:
        table = getattr(codec, "code_features", None)
        return table is not None and bool(((table[:, plan.sparse] != 0).sum(axis=1) < 2).all())
    parts = getattr(codec, "feature_parts", None)
    return parts is not None and not len(plan.sparse)


def filled(rows: SparseRows) -> tuple[np.ndarray, np.ndarray]:
    """Return places int64 and values float32 of what is not zero, ``[row, filled]``, padded.

    >>> rows = SparseRows.stack([(np.array([3]), np.array([0.5], np.float32))], 9)
    >>> [part.tolist() for part in filled(rows)]
    [[[3, 9]], [[0.5, 0.0]]]
    """
    counts = np.diff(rows.starts)
    width = max(int(counts.max(initial=0)), LEAST_FILLED)
    places = np.full((len(rows), width), rows.num_features, np.int64)
    values = np.zeros((len(rows), width), np.float32)
    there = np.arange(width) < counts[:, None]
    places[there], values[there] = rows.features, rows.values
    return places, values


def with_features(prepared: Prepared, features: Sequence[FeatureColumn]) -> Prepared:
    """Return prepared columns, and their features as columns beside them."""
    made = {
        one.name: PreparedColumn(cast("Codec", one), _Features(one, prepared.columns[one.column]))
        for one in features
    }
    return Prepared({**prepared.columns, **made}, prepared.num_rows)


def features_file(features: Sequence[FeatureColumn]) -> bytes:
    """Return the file of which features they are; `features_from` reads it."""
    arrays = {}
    for number, one in enumerate(features):
        arrays[f"{number}.{DENSE}"] = one.plan.dense.astype(np.int32)
        arrays[f"{number}.sparse"] = one.plan.sparse.astype(np.int32)
    return save(arrays)


def features_facts(
    features: Sequence[FeatureColumn], codecs: Mapping[str, Codec]
) -> list[dict[str, Any]]:
    """Return what ``model.json`` tells of them, and which codec makes them outside of the graph."""
    return [
        {
            "name": one.name,
            "column": one.column,
            "code_part": one.plan.code_part,
            "made_by": f"the codec of {codecs[one.column].modality}, outside of the graph",
        }
        for one in features
    ]


def features_from(facts: Sequence[Mapping[str, Any]], content: bytes) -> tuple[FeatureColumn, ...]:
    """Return the features that `features_facts` and `features_file` tell of."""
    arrays = load(content)
    plans = [
        Plan(
            None if one["code_part"] is None else str(one["code_part"]),
            arrays[f"{number}.{DENSE}"].astype(np.int64),
            arrays[f"{number}.sparse"].astype(np.int64),
        )
        for number, one in enumerate(facts)
    ]
    return tuple(
        FeatureColumn(str(one["name"]), str(one["column"]), plan)
        for one, plan in zip(facts, plans, strict=True)
    )
