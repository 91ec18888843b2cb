"""What the user says columns are: ``note=text,scan=image`` on the command line, or a YAML file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from plait.data.schema import ROLES, Column, read_yaml
from plait.errors import ColumnError, UsageError
from plait.modalities import find_codec

_PART = re.compile(r"(?P<part>[^,{]*)(?P<settings>\{(?:'[^']*'|\"[^\"]*\"|[^'\"}])*\})?\s*(?:,|$)")

Override = str | Mapping[str, Any]
"""A modality or role by name, or the entries of a `Column`."""


def read_overrides(
    columns: Mapping[str, Override] | str | None,
    schema: Path | str | None,
    *,
    column_names: Sequence[str],
) -> dict[str, Override]:
    """Return column name -> override; `columns` comes before the YAML file.

    Raises:
        UsageError: The text is not of the form ``name=modality,...``, or names no modality.
        SchemaError: A column does not exist.
    """
    found: dict[str, Override] = {}
    if schema is not None:
        found |= read_yaml(schema)
    if columns is not None:
        found |= parse_overrides(columns) if isinstance(columns, str) else dict(columns)
    for name, override in found.items():
        if name not in column_names:
            raise ColumnError.unknown(name, column_names)
        override_column(name, override)
    return found


def parse_overrides(text: str) -> dict[str, Override]:
    """Return column name -> modality or role, or with settings in braces the entries of a column.

    >>> parse_overrides("note=text, price=number{decimal: ',', unit: kg}")
    {'note': 'text', 'price': {'modality': 'number', 'settings': {'decimal': ',', 'unit': 'kg'}}}
    """
    found: dict[str, Override] = {}
    for part, settings in _parts(text):
        name, equals, kind = part.rpartition("=")
        if not equals or not name.strip() or not kind.strip():
            raise UsageError(
                "columns are not given as name=modality",
                expected="for example note=text,scan=image,code=ignore",
                received=part,
            )
        kind = kind.strip()
        found[name.strip()] = {"modality": kind, "settings": settings} if settings else kind
    return found


def _parts(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what stands between commas, with the settings in braces behind it."""
    first = 0
    while first < len(text):
        found = _PART.match(text, first)
        if found is None:
            raise UsageError(
                "the settings of a column are not closed",
                expected="for example price=number{decimal: ','}",
                received=text[first:],
            )
        if part := found["part"].strip():
            yield part, _settings(found["settings"] or "")
        first = found.end()


def _settings(text: str) -> dict[str, Any]:
    try:
        settings = yaml.safe_load(text) if text else {}
    except yaml.YAMLError as error:
        settings = str(error)
    if isinstance(settings, dict) and all(isinstance(name, str) for name in settings):
        return settings
    raise UsageError(
        "the settings of a column cannot be read",
        expected="for example {decimal: ',', unit: kg}",
        received=text,
    )


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
