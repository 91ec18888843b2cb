"""What a graph of a whole mix is given of columns: prepared cells where these tell the features."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from plait.baselines.extract import Plan, is_same
from plait.compress.one_graph.builder import Builder
from plait.modalities import Codec
from plait.networks.feature_columns import (
    CODE,
    DENSE,
    MARK,
    PLACES,
    VALUES,
    FeatureColumn,
    tells_features,
)
from plait.networks.runner import PART, PRESENT


@dataclass(frozen=True)
class Given:
    """Tensors of a column's simple features; "" for those that its plan has not.

    Attributes:
        dense: float32 ``[batch, feature]``, zeros where missing.
        code: float32 ``[batch, 1]``, NaN where missing.
        places, values: int64 and float32 ``[batch, filled]``.
    """

    dense: str = ""
    code: str = ""
    places: str = ""
    values: str = ""


class Inputs:
    """The inputs of a graph of a whole mix, each there once.

    Features are made in the graph where a codec says how its prepared cells tell them: in its
    ``feature_parts`` or by its ``code_features`` (docs/modality.md). Others are inputs themselves,
    which codecs make.

    Args:
        builder: Of the graph.
        codecs: Of every column.
        columns: Those that networks read.
    """

    def __init__(
        self, builder: Builder, codecs: Mapping[str, Codec], columns: Sequence[str]
    ) -> None:
        self.builder, self._codecs = builder, codecs
        self.prepared = list(columns)
        """Columns whose prepared cells are given."""
        self.features: list[FeatureColumn] = []
        """Columns whose features are given."""

    def of(self, column: str, plan: Plan) -> Given:
        """Return the features of a column by a plan."""
        if tells_features(self._codecs[column], plan):
            self._prepare(column)
            return self._made(column, plan)
        one = self._given(column, plan)
        names = {part: f"{one.name}:{PART}:{part}" for part in one.layout}
        parts = (names.get(part, "") for part in (DENSE, CODE, PLACES, VALUES))
        return Given(*parts)

    def present(self, column: str) -> str:
        """Return the input that tells which rows have a column, bool ``[batch]``."""
        names = [one.name for one in self.features if one.column == column]
        if not names:
            self._prepare(column)
        return self.builder.input(f"{(names or [column])[0]}:{PRESENT}:", "bool", ())

    def _prepare(self, column: str) -> None:
        if column not in self.prepared:
            self.prepared.append(column)

    def _given(self, column: str, plan: Plan) -> FeatureColumn:
        own = [one for one in self.features if one.column == column]
        for one in own:
            if is_same(one.plan, plan):
                return one
        name = f"{column}{MARK}{len(own) or ''}"
        found = FeatureColumn(name, column, plan)
        self.features.append(found)
        for part, spec in found.layout.items():
            self.builder.input(f"{name}:{PART}:{part}", spec.dtype, spec.shape)
        return found

    def _part(self, column: str, part: str) -> str:
        spec = self._codecs[column].layout[part]
        return self.builder.input(f"{column}:{PART}:{part}", spec.dtype, spec.shape)

    def _made(self, column: str, plan: Plan) -> Given:
        """Return features that are made of a column's prepared cells."""
        builder, codec = self.builder, cast("Any", self._codecs[column])
        if plan.code_part is None:
            parts = [self._part(column, part) for part in codec.feature_parts]
            whole = builder.concat(parts)
            every = np.array_equal(plan.dense, np.arange(_width(codec)))
            return Given(dense=whole if every else builder.gather(whole, plan.dense))
        number = self._part(column, plan.code_part)
        there = builder.add("Unsqueeze", self.present(column), np.array([1]))
        table = codec.code_features.astype(np.float32)
        code = builder.add(
            "Where", there, builder.cast(number, np.float32), np.array(np.nan, np.float32)
        )
        line = builder.reshaped(number, -1)
        seen = builder.cast(there, np.float32)
        dense = places = values = ""
        if len(plan.dense):
            rows = builder.add("Gather", table[:, plan.dense], line, axis=0)
            dense = builder.add("Mul", rows, seen)
        if len(plan.sparse):
            thin = table[:, plan.sparse]
            filled = thin.any(axis=1)
            where = np.where(filled, thin.argmax(axis=1), len(plan.sparse))[:, None]
            places = builder.add("Gather", where.astype(np.int64), line, axis=0)
            rows = builder.add("Gather", thin.max(axis=1)[:, None], line, axis=0)
            values = builder.add("Mul", rows, seen)
        return Given(dense, code, places, values)


def _width(codec: Any) -> int:
    return sum(math.prod(codec.layout[part].shape) for part in codec.feature_parts)
