"""A derived column: what a frozen pretrained encoder makes of an input column."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from plait.backbones import (
    Checkpoint,
    encode_column,
    encode_rows,
    fitted_to,
    open_checkpoint,
)
from plait.backbones.bundling import checkpoint_facts, checkpoint_files, checkpoint_from
from plait.backbones.frozen import NUM_LOCAL, vectors_of, wanted_local
from plait.data.prepared import Prepared, PreparedColumn
from plait.data.table import Table
from plait.encoders import FoundEncoder, open_found
from plait.modalities import Codec, find_codec
from plait.modalities.vector.codec import VectorCodec
from plait.model.derived_columns import BACKBONE

if TYPE_CHECKING:
    from plait.backbones.network import Backbone

FOLDER = "backbones"
"""Where a bundle keeps the weights of pretrained encoders."""

MAX_FIT_ROWS = 5000


class BackboneColumn:
    """A column's vectors by a frozen checkpoint: made once per table, then kept in the cache.

    Args:
        input_column: A column of the checkpoint's modality.
        checkpoint: Opened.
        codec: How the vectors are laid out and standardised; None until `fitted`.
        tuned: How the checkpoint learned from a table's targets: ``lora``, ``full``, or "" where
            it never did.
    """

    kind = BACKBONE

    def __init__(
        self,
        input_column: str,
        checkpoint: Checkpoint,
        codec: VectorCodec | None = None,
        tuned: str = "",
    ) -> None:
        self.input_column, self.checkpoint, self.tuned = input_column, checkpoint, tuned
        self.rename(re.sub(r"[^\w.-]+", "-", Path(checkpoint.source).name) or "encoder")
        self.codec: Codec = codec or VectorCodec(dim=checkpoint.dim)

    def rename(self, name: str) -> None:
        """Set the name that its column and its folder in a bundle are known by."""
        self.name, self.column = name, f"{self.input_column}~{name}"

    @classmethod
    def fitted(
        cls,
        input_column: str,
        checkpoint: Checkpoint,
        table: Table,
        rows: np.ndarray,
        *,
        progress: Callable[[int], object] | None = None,
        tuned: str = "",
    ) -> BackboneColumn:
        """Return a derived column whose vectors are standardised by those of training rows."""
        num_local = wanted_local(table, input_column)
        first = cls(input_column, checkpoint, vectors_of(checkpoint.dim, num_local))
        column = first._encode(table, progress)
        seen = (column[int(row)] for row in rows[:MAX_FIT_ROWS])
        vectors = (value["vectors"].astype(np.float32) for value in seen if value is not None)
        plain = column.codec
        codec = plain.fit(vectors)
        known = codec if isinstance(codec, VectorCodec) else None
        return cls(input_column, checkpoint, known, tuned)

    def facts(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "column": self.column,
            "of": self.input_column,
            "folder": f"{FOLDER}/{self.name}",
            "tuned": self.tuned,
            **checkpoint_facts(self.checkpoint),
        }

    def files(self) -> dict[str, bytes]:
        """Return its files in a bundle: name -> content."""
        found = checkpoint_files(self.checkpoint)
        return {f"{FOLDER}/{self.name}/{name}": content for name, content in found.items()}

    @classmethod
    def load(cls, facts: dict[str, Any], bundle: Path, codec: Codec) -> BackboneColumn:
        """Rebuild a derived column from a bundle whose hashes were checked."""
        folder = bundle / FOLDER / Path(str(facts["folder"])).name
        checkpoint = checkpoint_from(folder, facts)
        known = codec if isinstance(codec, VectorCodec) else None
        found = cls(str(facts["of"]), checkpoint, known, str(facts.get("tuned", "")))
        found.rename(str(facts["folder"]).rpartition("/")[2])
        return found

    def read(
        self,
        table: Table,
        prepared: Prepared,
        *,
        progress: Callable[[int], object] | None,
        keep: bool = True,
    ) -> PreparedColumn:
        """Return the vectors: from the cache, or made now. See `DerivedColumn.read`."""
        return self._encode(table, progress, keep=keep).with_codec(self.codec)

    def _encode(
        self,
        table: Table,
        progress: Callable[[int], object] | None,
        *,
        keep: bool = True,
    ) -> PreparedColumn:
        reader = find_codec(self.checkpoint.modality)()
        if not keep:
            return encode_rows(table, self.input_column, reader, self._network, progress=progress)
        return encode_column(
            table,
            self.input_column,
            reader,
            self.checkpoint,
            num_local=self._num_local,
            progress=progress,
        )

    @property
    def _num_local(self) -> int | None:
        return None if getattr(self.codec, "lined", False) else NUM_LOCAL

    @cached_property
    def _network(self) -> Backbone:
        """The frozen network, loaded once for rows that are not kept (imports torch)."""
        return self.checkpoint.network("frozen", num_local=self._num_local)


def open_derived_columns(
    table: Table,
    encoders: Mapping[str, str | FoundEncoder],
    inputs: tuple[str, ...],
    rows: np.ndarray,
    *,
    known: Sequence[BackboneColumn],
    progress: Callable[[str, float], Callable[..., object]],
) -> tuple[BackboneColumn, ...]:
    """Open the checkpoints that a user named, for every input column that they are for.

    Args:
        table: The rows.
        encoders: Column or modality -> checkpoint folder, hub id, or what was found.
        inputs: Input columns.
        rows: Training rows.
        known: Derived columns that are there already; the same checkpoint is not read twice.
        progress: Opens a task.
    """
    found: list[BackboneColumn] = []
    for name, where in encoders.items():
        input_columns = [name] if name in inputs else []
        input_columns = input_columns or [c for c in inputs if table.schema[c].modality == name]
        if not input_columns:
            raise _unknown(name, table, inputs)
        for input_column in input_columns:
            opened = _opened(where, str(table.schema[input_column].modality), table)
            checkpoint = fitted_to(opened, table, input_column, rows)
            there = [one for one in [*known, *found] if one.input_column == input_column]
            if checkpoint.key in [one.checkpoint.key for one in there]:
                continue
            update = progress(f"encoding {input_column}", table.num_rows)
            derived = BackboneColumn.fitted(input_column, checkpoint, table, rows, progress=update)
            others = [one for one in [*known, *found] if one.checkpoint.key != checkpoint.key]
            if derived.name in [one.name for one in others]:
                derived.rename(f"{derived.name}-{checkpoint.key[:6]}")
            found.append(derived)
    return tuple(found)


def _opened(where: str | FoundEncoder, modality: str, table: Table) -> Checkpoint:
    if isinstance(where, FoundEncoder):
        return open_found(where, modality)
    allowed = table.policy.allow_network
    return open_checkpoint(where, modality=modality, allow_network=allowed)


def _unknown(name: str, table: Table, inputs: tuple[str, ...]) -> Exception:
    from plait.errors import UsageError

    kinds = sorted({*inputs, *(str(table.schema[column].modality) for column in inputs)})
    return UsageError(
        "an encoder is named for a column or modality that is no input",
        expected="one of " + ", ".join(kinds),
        received=name,
    )
