"""The table: rows of mixed media, streamed from wherever they lie."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from plait.data.inference import infer_schema
from plait.data.overrides import Override, read_overrides
from plait.data.schema import Schema
from plait.data.sources.opening import open_source
from plait.data.sources.rows import MemoryRows, Rows
from plait.errors import ColumnError, TableError
from plait.modalities import Media
from plait.types import Cell


class Table:
    """Rows of cells, in named columns; nothing is held in memory beyond a few batches.

    Attributes:
        name: For reports: the file's or folder's name.
        root: Folder that paths in cells are relative to, and confined in.
    """

    def __init__(
        self,
        rows: Rows,
        *,
        name: str = "table",
        root: Path | str = ".",
        overrides: Mapping[str, Override] | None = None,
        strict: bool = False,
        schema: Schema | None = None,
        chosen: np.ndarray | None = None,
    ) -> None:
        self.name, self.root = name, Path(root)
        self._rows, self._chosen = rows, chosen
        self._overrides, self._strict = dict(overrides or {}), strict
        self._schema = schema

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns, in the order of the source."""
        return self._rows.column_names

    @property
    def num_rows(self) -> int:
        """Number of rows."""
        return self._rows.num_rows if self._chosen is None else len(self._chosen)

    def __len__(self) -> int:
        return self.num_rows

    @property
    def in_memory(self) -> bool:
        """Whether a person holds the cells in memory: no file has them."""
        return isinstance(self._rows, MemoryRows) and self._rows.given

    @property
    def schema(self) -> Schema:
        """What each column is: inferred on first use, unless it was given.

        Raises:
            SchemaError: In strict mode, when a column is ambiguous or unknown.
        """
        if self._schema is None:
            self._schema = infer_schema(self, overrides=self._overrides, strict=self._strict)
        return self._schema

    @cached_property
    def key(self) -> str:
        """Changes whenever the cells may have changed; names cache entries."""
        if self._chosen is None:
            return self._rows.key
        return hashlib.sha256(self._rows.key.encode() + self._chosen.tobytes()).hexdigest()

    def column(self, name: str, rows: Sequence[int] | np.ndarray | None = None) -> list[Cell]:
        """Return a column's cells, of all rows or of those numbered.

        Raises:
            TableError: When there is no such column or row.
        """
        self._check_columns([name])
        if rows is None:
            parts = (cells[name] for _, cells in self.batches([name]))
            return _without_copies(parts)
        wanted = np.asarray(rows, np.int64)
        self._check_rows(wanted)
        wanted = wanted if self._chosen is None else self._chosen[wanted]
        return self._rows.pick(name, wanted)

    def batches(
        self, columns: Sequence[str] | None = None, *, batch_rows: int = 8192
    ) -> Iterator[tuple[int, dict[str, list[Cell]]]]:
        """Yield (number of the first row, column name -> cells) over the whole table."""
        names = list(self.column_names if columns is None else columns)
        self._check_columns(names)
        for first in range(0, self.num_rows, batch_rows):
            stop = min(first + batch_rows, self.num_rows)
            yield first, {name: self._read(name, first, stop) for name in names}

    def take(self, rows: Sequence[int] | np.ndarray) -> Table:
        """Return a view of the numbered rows, in that order; nothing is copied."""
        wanted = np.asarray(rows, np.int64)
        self._check_rows(wanted)
        wanted = wanted if self._chosen is None else self._chosen[wanted]
        return self._with(chosen=wanted)

    def with_schema(self, schema: Schema) -> Table:
        """Return the same rows under another schema, in which every column must exist."""
        self._check_columns([column.name for column in schema.columns])
        return self._with(schema=schema)

    def media(self, allow_network: bool = False) -> Media:
        """Return what opens the files that cells point to."""
        return Media(self.root, allow_network)

    def __repr__(self) -> str:
        return f"Table({self.name!r}, {self.num_rows} rows, {len(self.column_names)} columns)"

    def _with(self, **changes: Any) -> Table:
        kept: dict[str, Any] = {
            "name": self.name,
            "root": self.root,
            "overrides": self._overrides,
            "strict": self._strict,
            "schema": self._schema,
            "chosen": self._chosen,
        }
        return Table(self._rows, **(kept | changes))

    def _read(self, name: str, first: int, stop: int) -> list[Cell]:
        if self._chosen is None:
            return self._rows.read(name, first, stop)
        return self._rows.pick(name, self._chosen[first:stop])

    def _check_columns(self, names: Sequence[str]) -> None:
        for name in names:
            if name not in self.column_names:
                path = None if self.name == "table" else self.name
                raise ColumnError.unknown(name, self.column_names, path=path)

    def _check_rows(self, rows: np.ndarray) -> None:
        outside = rows[(rows < 0) | (rows >= self.num_rows)]
        if len(outside):
            raise TableError(
                "there is no such row",
                expected=f"row numbers from 0 to {self.num_rows - 1}",
                received=str(outside[0]),
            )


def _without_copies(parts: Iterable[list[Cell]]) -> list[Cell]:
    """Join cells; equal texts become one object, for labels repeat a million times."""
    seen: dict[str, str] = {}
    joined: list[Cell] = []
    for cells in parts:
        if len(seen) > 10_000:
            joined += cells
        else:
            joined += [seen.setdefault(c, c) if isinstance(c, str) else c for c in cells]
    return joined


def read(
    source: Any,
    *,
    columns: Mapping[str, Override] | str | None = None,
    root: Path | str | None = None,
    encoding: str | None = None,
    strict: bool = False,
    schema: Path | str | None = None,
) -> Table:
    """Open a table.

    Args:
        source: A path (CSV, TSV, Parquet, JSON lines, Arrow, WebDataset tar, or a folder), or a
            table in memory (DataFrame, Arrow table, list of dicts, dict of lists).
        columns: What columns are, where inference should not decide:
            ``"note=text,scan=image,code=ignore"`` or a mapping.
        root: Folder that paths in cells are relative to; default the table's folder.
        encoding: Of text files; default UTF-8, or UTF-16 by its mark.
        strict: Refuse ambiguous columns instead of stating a choice.
        schema: YAML file as written by `Schema.to_yaml`; `columns` comes before it.

    Raises:
        TableError: The source cannot be read; says where and how to mend it.
        UsageError: `columns` names an unknown modality.
        SchemaError: `columns` names an unknown column.
    """
    if isinstance(source, Table):
        return source
    rows, name, folder = open_source(source, encoding=encoding)
    overrides = read_overrides(columns, schema, column_names=rows.column_names)
    place = folder if root is None else Path(root)
    if not place.is_dir():
        raise TableError("the root is not a folder", expected="an existing folder", path=place)
    return Table(rows, name=name, root=place, overrides=overrides, strict=strict)
