"""The rows of an index: int8 codes, ids, columns, and the keys under which a graph has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from plait.arrow import array, to_numpy
from plait.errors import UsageError
from plait.index.codes import Codes

if TYPE_CHECKING:
    from jaxtyping import Int64, Shaped


@dataclass(frozen=True)
class Rows:
    """What is known of each row; changed by making another.

    Attributes:
        codes: The vectors.
        ids: Name of each row, all different.
        attributes: Columns to filter by; None without.
        keys: Ascending numbers that stay with their row when others go.
    """

    codes: Codes
    ids: pa.LargeStringArray
    attributes: pa.Table | None
    keys: Int64[np.ndarray, " row"]

    @classmethod
    def of(
        cls,
        vectors: Shaped[np.ndarray, "row dim"],
        ids: Sequence[str],
        attributes: pa.Table | None,
        *,
        first_key: int = 0,
    ) -> Rows:
        """Check and keep what a user gave. Raises `UsageError`."""
        found = numbers_in(vectors)
        for what, count in (("ids", len(ids)), ("rows of attributes", _num_rows(attributes))):
            if count is not None and count != len(found):
                raise UsageError(
                    f"vectors and {what} differ in number",
                    expected=f"{len(found):,} {what}, one per vector",
                    received=f"{count:,}",
                )
        keys = np.arange(first_key, first_key + len(found))
        return cls(Codes.of(found), _id_array(ids), _plain(attributes), keys)

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def next_key(self) -> int:
        """A key above all in use; that of a row which is gone may come again."""
        return int(self.keys[-1]) + 1 if len(self) else 0

    def positions(self, ids: Sequence[str]) -> Int64[np.ndarray, " id"]:
        """Return where ids are, -1 for those that are not here."""
        found = pc.index_in(_strings(ids), value_set=self.ids)
        return to_numpy(found, -1).astype(np.int64)

    def positions_of_keys(self, keys: np.ndarray) -> Int64[np.ndarray, " key"]:
        """Return where keys are; all of them must be in use."""
        return np.searchsorted(self.keys, keys)

    def without(self, positions: np.ndarray) -> Rows:
        """Return the rows but those at `positions`."""
        kept = np.ones(len(self), bool)
        kept[positions] = False
        mask = array(kept)
        attributes = None if self.attributes is None else self.attributes.filter(mask)
        return Rows(self.codes.take(kept), self.ids.filter(mask), attributes, self.keys[kept])

    def joined(self, other: Rows) -> Rows:
        """Return these rows and then `other`'s. Raises `UsageError` where they do not fit."""
        if self.codes.dim != other.codes.dim:
            raise UsageError(
                "the vectors have another dimension",
                expected=f"{self.codes.dim} as in the index",
                received=str(other.codes.dim),
            )
        taken = self.positions(other.ids) >= 0
        if taken.any():
            raise UsageError(
                "an id is in the index already",
                expected="new ids",
                received=str(other.ids[int(np.argmax(taken))].as_py()),
                row=int(np.argmax(taken)),
                hint="to replace a row, delete its id and add it again",
            )
        return Rows(
            self.codes.joined(other.codes),
            pa.concat_arrays([self.ids, other.ids]),
            _joined(self.attributes, other.attributes),
            np.concatenate([self.keys, other.keys]),
        )


def numbers_in(vectors: Shaped[np.ndarray, "row dim"]) -> Shaped[np.ndarray, "row dim"]:
    """Return vectors as an array of numbers. Raises `UsageError` for another shape or kind."""
    found = np.asarray(vectors)
    if found.ndim != 2 or found.dtype.kind not in "fiu" or found.shape[1] == 0:
        raise UsageError(
            "these are no vectors",
            expected="an array of numbers [row, dim]",
            received=f"{found.dtype} {list(found.shape)}",
        )
    return found


def _num_rows(attributes: pa.Table | None) -> int | None:
    return None if attributes is None else attributes.num_rows


def _id_array(ids: Sequence[str]) -> pa.LargeStringArray:
    found = _strings(ids)
    if found.null_count:
        row = int(np.argmax(to_numpy(found.is_null())))
        raise UsageError("an id is missing", expected="text that names the row", row=row)
    counts = found.value_counts()
    repeated = to_numpy(counts.field("counts")) > 1
    if repeated.any():
        name = counts.field("values")[int(np.argmax(repeated))].as_py()
        raise UsageError("an id is given twice", expected="ids that all differ", received=name)
    return found


def _strings(ids: Sequence[str]) -> pa.LargeStringArray:
    try:
        return array(ids, pa.large_string())
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise UsageError("an id is no text", expected="ids as str", received=str(error)) from None


def _plain(attributes: pa.Table | None) -> pa.Table | None:
    if attributes is None or attributes.num_columns == 0:
        return None
    if len(set(attributes.column_names)) < attributes.num_columns:
        raise UsageError(
            "two attributes have the same name", received=", ".join(attributes.column_names)
        )
    return attributes.replace_schema_metadata(None)


def _joined(old: pa.Table | None, new: pa.Table | None) -> pa.Table | None:
    if old is None and new is None:
        return None
    names, given = (_names(table) for table in (old, new))
    if old is None or new is None or set(names) != set(given):
        raise _unlike(", ".join(names) or "no attributes", ", ".join(given) or "no attributes")
    try:
        return pa.concat_tables([old, new], promote_options="permissive").combine_chunks()
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise _unlike("values of the same types", str(error)) from None


def _names(table: pa.Table | None) -> list[str]:
    return [] if table is None else table.column_names


def _unlike(expected: str, received: str) -> UsageError:
    return UsageError(
        "the attributes do not fit those of the index", expected=expected, received=received
    )
