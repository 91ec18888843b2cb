"""Takes the simple features of a prepared column: which are dense, which sparse, which a code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Protocol

import numpy as np

from plait.baselines.sparse import SparseRows
from plait.display import brief
from plait.modalities import Codec, traits_of
from plait.spacing import even_sample
from plait.threads import few_threads
from plait.types import Arrays, Layout

PROBE_ROWS = 256
MIN_SPARSE_FEATURES = 128
MAX_DENSITY = 0.1
CHUNK_ROWS = 1024


class Column(Protocol):
    """What is needed of `plait.data.prepared.PreparedColumn`."""

    codec: Codec
    present: np.ndarray

    def __getitem__(self, row: int) -> Arrays | None: ...

    def gather(self, rows: np.ndarray) -> Any: ...


class HasColumns(Protocol):
    """What is needed of `plait.data.prepared.Prepared`."""

    @property
    def columns(self) -> Mapping[str, Column]: ...


@brief
@dataclass(frozen=True)
class Plan:
    """How one column's features are kept.

    Attributes:
        code_part: Name of the part that is a category's number, when the layout is just that.
        dense: int64: features that are kept dense.
        sparse: int64: features that are mostly zero, kept sparse.
    """

    code_part: str | None
    dense: np.ndarray
    sparse: np.ndarray


def is_same(first: Plan, second: Plan) -> bool:
    """Tell whether two plans keep the same features."""
    return (
        first.code_part == second.code_part
        and np.array_equal(first.dense, second.dense)
        and np.array_equal(first.sparse, second.sparse)
    )


@brief
@dataclass(frozen=True)
class RawColumn:
    """One column's features as the codec gives them.

    Attributes:
        present: bool ``[row]``.
        dense: float32 ``[row, dense]``; zeros where missing.
        sparse: ``[row, sparse]``; nothing where missing.
        codes: float32 ``[row]``, NaN where missing; None unless the plan has a `code_part`.
    """

    present: np.ndarray
    dense: np.ndarray
    sparse: SparseRows
    codes: np.ndarray | None

    def take(self, rows: np.ndarray) -> RawColumn:
        """Return some rows."""
        codes = None if self.codes is None else self.codes[rows]
        return RawColumn(self.present[rows], self.dense[rows], self.sparse.take(rows), codes)

    @classmethod
    def one_under_another(cls, parts: Sequence[RawColumn]) -> RawColumn:
        """Return the rows of all parts, which are by the same plan."""
        codes = [part.codes for part in parts if part.codes is not None]
        return cls(
            np.concatenate([part.present for part in parts]),
            np.concatenate([part.dense for part in parts]),
            SparseRows.one_under_another([part.sparse for part in parts]),
            np.concatenate(codes) if codes else None,
        )

    def emptied(self) -> RawColumn:
        """Return the same rows without a value."""
        num = len(self.present)
        nothing = (np.zeros(0, np.int32), np.zeros(0, np.float32))
        return RawColumn(
            np.zeros(num, bool),
            np.zeros_like(self.dense),
            SparseRows.stack([nothing] * num, self.sparse.num_features),
            None if self.codes is None else np.full(num, np.nan, np.float32),
        )


def make_plan(column: Column, rows: np.ndarray, known: dict[int, np.ndarray] | None = None) -> Plan:
    """Decide from some of `rows` which features are dense: at least a tenth of values not zero.

    All of a network's are: those that are mostly zero still belong to one vector.

    Args:
        column: Whose features.
        rows: Row numbers.
        known: Is given the features of the rows that were looked at, for `extract`.
    """
    code_part = _code_part(column.codec.layout)
    present = rows[np.asarray(column.present)[rows]]
    if not len(present):
        return Plan(code_part, np.zeros(0, np.int64), np.zeros(0, np.int64))
    some = even_sample(present, PROBE_ROWS)
    with few_threads(1):
        table = np.stack([_features(column.codec, column[int(row)]) for row in some])
    if known is not None:
        known.update(zip(some.tolist(), table, strict=True))
    every = np.arange(table.shape[1])
    thin = (table != 0).mean(axis=0) < MAX_DENSITY
    if thin.sum() < MIN_SPARSE_FEATURES or is_vector(column.codec):
        return Plan(code_part, every, every[:0])
    return Plan(code_part, every[~thin], every[thin])


def is_vector(codec: Codec) -> bool:
    """Tell whether a column's features are one vector: a network's, or of a shared space."""
    return traits_of(codec).whole


def extract(
    column: Column, plan: Plan, rows: np.ndarray, known: Mapping[int, np.ndarray] | None = None
) -> RawColumn:
    """Return the features of `rows` by `plan`; those that are `known` are not made again."""
    known = known or {}
    present = np.asarray(column.present)[rows].astype(bool)
    if plan.code_part is not None:
        return _extract_codes(column, plan, plan.code_part, rows, present)
    dense = np.zeros((len(rows), len(plan.dense)), np.float32)
    nothing = (np.zeros(0, np.int32), np.zeros(0, np.float32))
    thin: list[tuple[np.ndarray, np.ndarray]] = [nothing] * len(rows)
    at_once = getattr(column.codec, "features_of", None)
    for first in range(0, len(rows), CHUNK_ROWS):
        places = np.arange(first, min(first + CHUNK_ROWS, len(rows)))
        places = places[present[places]]
        if at_once is not None and not len(plan.sparse):
            if len(places):
                found = _finite(at_once(column.gather(rows[places]).parts))
                dense[places] = found[:, plan.dense]
            continue
        new = np.array([place for place in places if int(rows[place]) not in known], np.int64)
        made = zip(new.tolist(), _values(column, rows[new]) if len(new) else (), strict=True)
        fresh = ((place, _features(column.codec, arrays)) for place, arrays in made)
        old = ((place, known[int(rows[place])]) for place in np.setdiff1d(places, new).tolist())
        with few_threads(1):
            for place, found in chain(fresh, old):
                dense[place] = found[plan.dense]
                if len(plan.sparse):
                    thin[place] = _nonzero(found[plan.sparse])
    return RawColumn(present, dense, SparseRows.stack(thin, len(plan.sparse)), None)


def _extract_codes(
    column: Column, plan: Plan, part: str, rows: np.ndarray, present: np.ndarray
) -> RawColumn:
    """Compute the features once per code, not once per row."""
    codes = np.full(len(rows), np.nan, np.float32)
    dense = np.zeros((len(rows), len(plan.dense)), np.float32)
    if not present.any():
        return RawColumn(
            present,
            dense,
            SparseRows.stack([_nonzero(np.zeros(0, np.float32))] * len(rows), len(plan.sparse)),
            codes,
        )
    found = np.asarray(column.gather(rows[present]).parts[part]).reshape(-1)
    codes[present] = found
    distinct, which = np.unique(found, return_inverse=True)
    table = np.stack([_features(column.codec, {part: np.array([c], np.int32)}) for c in distinct])
    dense[present] = table[:, plan.dense][which]
    pairs = [_nonzero(row) for row in table[:, plan.sparse]] + [_nonzero(table[0, :0])]
    number = np.full(len(rows), len(distinct))
    number[present] = which
    return RawColumn(present, dense, SparseRows.stack(pairs, len(plan.sparse)).take(number), codes)


def _values(column: Column, rows: np.ndarray) -> Sequence[Arrays]:
    layout = column.codec.layout
    if any(isinstance(size, str) for spec in layout.values() for size in spec.shape):
        return [column[int(row)] or {} for row in rows]
    parts = column.gather(rows).parts
    return [{name: parts[name][i] for name in layout} for i in range(len(rows))]


def _features(codec: Codec, arrays: Arrays | None) -> np.ndarray:
    return _finite(codec.features(arrays or {}))


def _finite(found: np.ndarray) -> np.ndarray:
    if np.isfinite(found).all():
        return found
    return np.nan_to_num(found, nan=0.0, posinf=1e30, neginf=-1e30)


def _nonzero(row: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    places = np.flatnonzero(row)
    return places.astype(np.int32), row[places].astype(np.float32)


def _code_part(layout: Layout) -> str | None:
    """Return the one part of a layout that is a single int32 per row, else None."""
    if len(layout) != 1:
        return None
    ((name, spec),) = layout.items()
    return name if spec.dtype == "int32" and spec.shape == (1,) else None
