"""What the user says columns are: ``note=text,scan=image`` on the command line, or a YAML file."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from plait.data.schema import ROLES, Column, read_yaml
from plait.errors import SchemaError, UsageError, no_column
from plait.modalities import find_codec
from plait.words import split_pairs

HEADERS = (["column", "is"], ["name", "modality"], ["column", "modality"], ["name", "is"])

Override = str | Mapping[str, Any]
"""A modality or role by name, or the entries of a `Column`."""


def read_overrides(
    columns: Mapping[str, Override] | str | None,
    schema: Path | str | None,
    columns_file: Path | str | None = None,
    exclude: Sequence[str] | None = None,
    *,
    column_names: Sequence[str],
) -> dict[str, Override]:
    """Return column name -> override; `columns` comes before its file, and that before the schema.

    What is to `exclude` is ignored, whatever else was said of it.

    Raises:
        UsageError: The text is not of the form ``name=modality,...``, or names no modality.
        ColumnError: A column does not exist.
        SchemaError: A file cannot be read.
    """
    found: dict[str, Override] = {}
    if schema is not None:
        found |= read_yaml(schema)
    if columns_file is not None:
        found |= read_columns_file(Path(columns_file))
    if columns is not None:
        found |= parse_overrides(columns) if isinstance(columns, str) else _said(columns)
    known = set(column_names)
    for name, override in found.items():
        if name not in known:
            raise no_column(name, column_names)
        override_column(name, override)
    for name in exclude or ():
        if name not in known:
            raise no_column(name, column_names)
        found[name] = "ignore"
    return found


def _said(columns: Any) -> dict[str, Override]:
    """Return what was said of columns in Python. Raises `UsageError` unless by their names."""
    pairs = columns.items() if isinstance(columns, Mapping) else [("", None)]
    if not all(isinstance(kind, str | Mapping) for _, kind in pairs):
        raise UsageError(
            "columns are not given by their names",
            expected="a text such as 'note=text', or a dict of name -> modality",
            received=repr(columns),
            hint="columns={'note': 'text', 'price': {'modality': 'number'}}",
        )
    return dict(columns)


def read_columns_file(path: Path) -> dict[str, Override]:
    """Return column name -> override of a YAML or JSON mapping, or a CSV of names and kinds.

    A first line ``column,is`` (or ``name,modality``) of a CSV is a header.

    Raises:
        SchemaError: It cannot be read, or is not of that form.
    """
    if path.suffix.lower() != ".csv":
        return dict(read_yaml(path))
    try:
        lines = [row for row in csv.reader(io.StringIO(path.read_text("utf-8-sig"))) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SchemaError(
            "the columns file cannot be read", received=str(error), path=path
        ) from None
    if lines and [word.strip().lower() for word in lines[0]] in HEADERS:
        del lines[0]
    for row, line in enumerate(lines):
        if len(line) != 2 or not line[0].strip() or not line[1].strip():
            raise SchemaError(
                "a line of the columns file is not a name and a kind",
                expected='for example  "price, net",number',
                received=",".join(line),
                row=row,
                path=path,
            )
    return {name: kind.strip() for name, kind in lines}


def parse_overrides(text: str) -> dict[str, Override]:
    """Return column name -> modality or role, or with settings in braces the entries of a column.

    A name in double quotes may hold anything.

    >>> parse_overrides('"a, b"=text, price=number{unit: kg}')
    {'a, b': 'text', 'price': {'modality': 'number', 'settings': {'unit': 'kg'}}}

    Raises:
        UsageError: Not of that form.
    """
    try:
        pairs = split_pairs(text)
    except UsageError as error:
        raise UsageError(
            "columns are not given as name=modality",
            expected="for example note=text,scan=image,price=number{unit: kg},code=ignore",
            received=error.received,
            hint="quote names with commas: --columns '\"a, b\"=text'; or use --columns-file",
        ) from None
    return {name: _with_settings(kind) for name, kind in pairs}


def _with_settings(kind: str) -> Override:
    modality, brace, rest = kind.partition("{")
    if not brace:
        return kind
    import yaml

    try:
        settings = yaml.safe_load(brace + rest)
    except (yaml.YAMLError, RecursionError):
        settings = None
    if not isinstance(settings, dict) or not all(isinstance(name, str) for name in settings):
        raise UsageError(
            "the settings of a column cannot be read",
            expected="for example {decimal: ',', unit: kg}",
            received=brace + rest,
        )
    return {"modality": modality.strip(), "settings": settings}


def override_column(name: str, override: Override) -> Column:
    """Return the column that an override describes. Raises `UsageError` or `SchemaError`."""
    if isinstance(override, str):
        if override in ROLES[1:]:
            return Column(name=name, modality=None, role=override, why="as you said")
        find_codec(override)
        return Column(name=name, modality=override, why="as you said")
    entries = {"why": "as you said", **override, "name": name}
    column = Column.from_dict(entries)
    if column.modality is not None:
        find_codec(column.modality)
    return column
