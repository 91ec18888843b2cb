"""The table: rows of mixed media, streamed from wherever they lie."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from plait.data.overrides import Override, read_overrides
from plait.data.policy import ReadPolicy
from plait.data.schema import Schema
from plait.data.sources.formats import Format
from plait.data.sources.opened import open_any
from plait.data.sources.rows import MemoryRows, Rows, joined
from plait.display import first_rows, html_table
from plait.errors import TableError, UsageError, no_column
from plait.modalities import Media
from plait.types import Cell, Html
from plait.words import names_of

MAX_SHOWN_COLUMNS = 12
"""Columns of a table that a notebook shows."""


class Table:
    """Rows of cells, in named columns; nothing is held in memory beyond a few batches.

    Attributes:
        name: For reports: the file's or folder's name.
        policy: How cells are read; every function that reads the table's cells follows it.
        notes: What people should know of how the source was read.
    """

    def __init__(
        self,
        rows: Rows,
        *,
        name: str = "table",
        policy: ReadPolicy | None = None,
        overrides: Mapping[str, Override] | None = None,
        strict: bool = False,
        schema: Schema | None = None,
        chosen: np.ndarray | None = None,
        hidden: frozenset[str] = frozenset(),
    ) -> None:
        self.name, self.policy = name, policy or ReadPolicy()
        self._rows, self._chosen = rows, chosen
        self._overrides, self._strict = dict(overrides or {}), strict
        self._schema, self._hidden = schema, hidden

    @cached_property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns, in the order of the source."""
        return tuple(name for name in self._rows.column_names if name not in self._hidden)

    @property
    def num_rows(self) -> int:
        """Number of rows."""
        return self._rows.num_rows if self._chosen is None else len(self._chosen)

    @property
    def root(self) -> Path:
        """Folder that paths in cells are relative to, and confined in."""
        return self.policy.root

    @property
    def overrides(self) -> Mapping[str, Override]:
        """What the person said that columns are."""
        return self._overrides

    @property
    def notes(self) -> tuple[str, ...]:
        return self._rows.notes

    def __len__(self) -> int:
        return self.num_rows

    @property
    def in_memory(self) -> bool:
        """Whether a person holds the cells in memory: no file has them."""
        return isinstance(self._rows, MemoryRows) and self._rows.given

    @property
    def overlaps(self) -> bool:
        """Whether rows share most of their content by what they are: windows of one series."""
        return bool(getattr(self._rows, "overlap", False))

    @property
    def moments(self) -> np.ndarray | None:
        """When each row is, float64 ``[row]``, of rows that are moments in time; else None."""
        found: Any = getattr(self._rows, "moments", None)
        return found if self._chosen is None or found is None else found[self._chosen]

    @property
    def real(self) -> Table:
        """The table behind whose rows a model made others; itself where none did."""
        return getattr(self._rows, "real", self)

    @property
    def strict(self) -> bool:
        """Whether what is ambiguous, or lacks a column that a model reads, is refused."""
        return self._strict

    @property
    def schema(self) -> Schema:
        """What each column is: inferred on first use, unless it was given.

        Raises:
            SchemaError: In strict mode, when a column is ambiguous or unknown.
        """
        if self._schema is None:
            from plait.data.inference import infer_schema

            self._schema = infer_schema(self, overrides=self._overrides, strict=self._strict)
        return self._schema

    @cached_property
    def key(self) -> str:
        """Changes whenever the cells may have changed; names cache entries."""
        mark = self.policy.decimal
        key = self._rows.key + (f"|decimal {mark}" if mark else "")
        if self._chosen is None:
            return key
        return hashlib.sha256(key.encode() + self._chosen.tobytes()).hexdigest()

    def column(self, name: str, rows: Sequence[int] | np.ndarray | None = None) -> list[Cell]:
        """Return a column's cells, of all rows or of those numbered.

        Raises:
            TableError: When there is no such column or row.
        """
        self._check_columns([name])
        if rows is None:
            return joined(cells[name] for _, cells in self.batches([name]))
        return self._rows.pick(name, self._behind(rows))

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
        return self._with(chosen=self._behind(rows))

    def given_row(self, column: str, row: int) -> int:
        """Return the row that a person knows a cell by: moments are made of their table's rows."""
        found: Any = getattr(self._rows, "given_row", None)
        return row if found is None else int(found(column, int(self._behind([row])[0])))

    def with_schema(self, schema: Schema) -> Table:
        """Return the same rows under another schema, in which every column must exist."""
        self._check_columns([column.name for column in schema.columns])
        return self._with(schema=schema)

    def media(self) -> Media:
        """Return what opens the files that cells point to."""
        return self.policy.media()

    def under(self, policy: ReadPolicy) -> Table:
        """Return the same rows, read under another policy."""
        return self if policy == self.policy else self._with(policy=policy)

    def without(self, columns: Sequence[str]) -> Table:
        """Return the same rows as if these columns were not there."""
        hidden = self._hidden | set(columns)
        kept = {name: said for name, said in self._overrides.items() if name not in hidden}
        return self._with(hidden=hidden, overrides=kept, schema=None)

    def told(self, **options: Any) -> Table:
        """Return the same rows, read as `read` is told; what is not said stays as it is.

        Raises `UsageError` for what only opening a source can decide, such as its encoding.
        """
        late = {name: value for name, value in options.items() if value is not None}
        for name in ("encoding", "delimiter", "decimal", "sheet"):
            if name in late:
                raise UsageError(
                    f"the table is open already, so its {name} is decided",
                    expected=f"plait.read(path, {name}=...)",
                )
        of_policy = {name: late.get(name) for name in ("root", "on_error", "allow_network")}
        of_columns = {n: late.get(n) for n in ("columns", "schema", "columns_file", "exclude")}
        table = self.under(self.policy.told(**of_policy))
        said = read_overrides(**of_columns, column_names=self.column_names)
        strict = bool(late.get("strict")) or self._strict
        if not said and strict == self._strict:
            return table
        return table._with(strict=strict, overrides={**self._overrides, **said}, schema=None)

    def __repr__(self) -> str:
        return f"Table({self.name!r}, {self.num_rows} rows, {len(self.column_names)} columns)"

    def _repr_html_(self) -> Html:
        shown, note = first_rows(self.num_rows)
        names = self.column_names[:MAX_SHOWN_COLUMNS]
        cells = [self.column(name, list(shown)) for name in names]
        left = len(self.column_names) - len(names)
        note = "; ".join(filter(None, (note, f"and {left} more columns" if left else "")))
        title = f"{self.name}: {self.num_rows:,} rows, {len(self.column_names)} columns"
        return html_table(title, names, list(zip(*cells, strict=True)), note=note)

    def _with(self, **changes: Any) -> Table:
        kept: dict[str, Any] = {
            "name": self.name, "policy": self.policy, "strict": self._strict,
            "schema": self._schema, "overrides": self._overrides, "chosen": self._chosen,
        }  # fmt: skip
        return Table(self._rows, **(kept | {"hidden": self._hidden} | changes))

    @cached_property
    def _known_names(self) -> frozenset[str]:
        return frozenset(self.column_names)

    def _read(self, name: str, first: int, stop: int) -> list[Cell]:
        if self._chosen is None:
            return self._rows.read(name, first, stop)
        return self._rows.pick(name, self._chosen[first:stop])

    def _check_columns(self, names: Sequence[str]) -> None:
        known = self._known_names
        for name in names:
            if name not in known:
                path = None if self.name == "table" else self.name
                raise no_column(name, self.column_names).at(path=path)

    def _behind(self, rows: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return the numbers that rows have where they are read. Raises `TableError`."""
        wanted = np.asarray(rows, np.int64)
        outside = wanted[(wanted < 0) | (wanted >= self.num_rows)]
        if len(outside):
            numbers = f"row numbers from 0 to {self.num_rows - 1}"
            raise TableError("there is no such row", expected=numbers, received=str(outside[0]))
        return wanted if self._chosen is None else self._chosen[wanted]


def read(
    source: Any,
    *,
    columns: Mapping[str, Override] | str | None = None,
    columns_file: Path | str | None = None,
    exclude: Sequence[str] = (),
    schema: Path | str | None = None,
    root: Path | str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    decimal: str | None = None,
    sheet: str | None = None,
    strict: bool = False,
    on_error: str | None = None,
    allow_network: bool = False,
) -> Table:
    """Open a table. Every verb that takes a table takes these arguments too.

    Args:
        source: A path (CSV, TSV, JSON lines, Parquet, Arrow, .xlsx, .ods, a WebDataset tar, any of
            these in .gz, .zst, .bz2, .xz or .zip, or a folder), ``-`` for standard input, a table
            in memory (DataFrame, Arrow table, list of dicts, dict of lists), or one row (a dict of
            cells, a pandas Series named by columns).
        columns: What columns are, where inference should not decide:
            ``"note=text,scan=image,code=ignore"`` or a mapping; a name with a comma, quotes or
            blanks around it is put in double quotes.
        columns_file: The same in a file: YAML, JSON, or CSV with a name and a kind per line.
        exclude: Columns that are left out.
        schema: YAML file as written by `Schema.to_yaml`; the three above come before it.
        root: Folder that paths in cells are relative to; default the table's folder.
        encoding: Of text; default UTF-8, UTF-16 by its mark, else as a note says.
        delimiter: Between the fields of CSV; default the one that splits the rows evenly.
        decimal: The decimal mark of numbers in text, ``.`` or ``,``.
        sheet: Of a spreadsheet, by name or number from 1; default the first.
        strict: Refuse ambiguous columns instead of stating a choice.
        on_error: What an unreadable cell does: ``raise`` (default), or ``skip``: it is missing.
        allow_network: Whether cells that are URLs are fetched.

    Raises:
        TableError: The source cannot be read; says where and how to mend it.
        UsageError: An argument names an unknown modality or column, or does not fit the source.
    """
    said = {
        "columns": columns, "columns_file": columns_file, "schema": schema, "root": root,
        "exclude": names_of(exclude, "exclude") or None, "strict": strict, "on_error": on_error,
        "allow_network": allow_network,
    }  # fmt: skip
    form = Format(encoding=encoding, delimiter=delimiter, decimal=decimal, sheet=sheet)
    if isinstance(source, Table):
        return source.told(**said, **vars(form))
    ReadPolicy(on_error=on_error)  # refused before a large file is opened
    opened = open_any(source, form)
    policy = ReadPolicy(root=Path(opened.folder), decimal=decimal)
    return Table(opened.rows, name=opened.name, policy=policy).told(**said)
