"""The schema: what each column is, why and how sure; printed, saved as YAML, made into codecs."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from plait.display import brief, first_rows, html_table
from plait.errors import SchemaError, no_column
from plait.modalities import Codec, as_tuples, find_codec
from plait.types import Html

MAX_SHOWN = 40
"""Columns of a schema that a notebook shows."""

ROLES = ("value", "id", "group", "time", "split", "ignore")


@brief
@dataclass(frozen=True, kw_only=True)
class Column:
    """What one column is.

    Attributes:
        name: As in the table.
        modality: How its values are read; None where they are not read.
        role: ``value`` (input or target), ``id``, ``group`` (who or what the row is from),
            ``time``, ``split``, or ``ignore``.
        settings: Fields of the modality's codec that differ from their defaults.
        why: One sentence for people.
        sure: In [0, 1].
        share_missing: Share of rows without a value, as far as seen.
        alternatives: Other modalities that are nearly as likely, with how sure.
        doubt: What about its cells could be read otherwise, and how to say so; "" for nothing.
    """

    name: str
    modality: str | None
    role: str = "value"
    settings: dict[str, Any] = field(default_factory=dict)
    why: str = ""
    sure: float = 1.0
    share_missing: float = 0.0
    alternatives: tuple[tuple[str, float], ...] = ()
    doubt: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready data; what has its default value is left out."""
        data: dict[str, Any] = {}
        for item in dataclasses.fields(self):
            value = getattr(self, item.name)
            if value not in (item.default, {}, ()) or item.name == "name":
                data[item.name] = [list(a) for a in value] if item.name == "alternatives" else value
        return data | {"modality": self.modality}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Column:
        """Rebuild from `to_dict`. Raises `SchemaError` on unknown keys or roles."""
        known = {item.name for item in dataclasses.fields(cls)}
        fields = dict(data)
        if set(fields) - known or not isinstance(fields.get("settings", {}), dict):
            raise SchemaError(
                "a column of the schema has an unknown entry",
                expected="entries among " + ", ".join(sorted(known)),
                received=", ".join(sorted(set(fields) - known)) or str(fields["settings"]),
                column=str(fields.get("name")),
            )
        if fields.get("role", "value") not in ROLES:
            raise SchemaError(
                f"there is no role '{fields['role']}'",
                expected="one of " + ", ".join(ROLES),
                column=str(fields.get("name")),
            )
        alternatives = tuple((str(m), float(s)) for m, s in fields.get("alternatives", ()))
        return cls(**(fields | {"alternatives": alternatives, "modality": fields.get("modality")}))


@dataclass(frozen=True, repr=False)
class Schema:
    """The columns of a table."""

    columns: tuple[Column, ...]

    def __getitem__(self, name: str) -> Column:
        """Return a column. Raises `ColumnError` when there is none of that name."""
        for column in self.columns:
            if column.name == name:
                return column
        raise no_column(name, [column.name for column in self.columns], of="the schema")

    def __contains__(self, name: str) -> bool:
        return any(column.name == name for column in self.columns)

    def values(self) -> tuple[Column, ...]:
        """Return the columns that can be inputs or the target."""
        return tuple(c for c in self.columns if c.role == "value" and c.modality is not None)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return {"columns": [column.to_dict() for column in self.columns]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Schema:
        """Rebuild from `to_dict`. Raises `SchemaError` when it is not of that shape."""
        columns = data.get("columns")
        if not isinstance(columns, list) or not all(isinstance(c, Mapping) for c in columns):
            raise SchemaError("this is not a schema", expected="a list named columns")
        return cls(tuple(Column.from_dict(column) for column in columns))

    def to_yaml(self) -> str:
        """Return the schema as YAML for people to edit: column name -> what it is."""
        import yaml

        columns = {
            c.name: {k: v for k, v in c.to_dict().items() if k != "name"} for c in self.columns
        }
        return str(yaml.safe_dump({"columns": columns}, sort_keys=False, allow_unicode=True))

    @classmethod
    def from_yaml(cls, source: Path | str) -> Schema:
        """Rebuild from a YAML file, or from the text of one (which has more than one line).

        A column may also be given by its modality alone: ``note: text``.

        Raises:
            SchemaError: Not YAML, or not a schema.
        """
        return cls(
            tuple(
                Column.from_dict({"name": name, **entry})
                for name, entry in read_yaml(source).items()
            )
        )

    def describe(self) -> str:
        """Return the schema as a table for the terminal."""
        rows = [("column", "is", "missing", "why")]
        for c in self.columns:
            kind = c.modality or c.role
            rows.append((c.name, kind, f"{c.share_missing:.0%}", c.why))
        widths = [max(len(row[place]) for row in rows) for place in range(3)]
        return "\n".join(
            "  ".join([*(row[i].ljust(widths[i]) for i in range(3)), row[3]]).rstrip()
            for row in rows
        )

    def __repr__(self) -> str:
        told = [f"{c.name!r:.32}: {c.modality or c.role}" for c in self.columns[:6]]
        left = len(self.columns) - len(told)
        return f"Schema({', '.join(told)}{f', ... {left} more' if left > 0 else ''})"

    def _repr_html_(self) -> Html:
        shown, note = first_rows(len(self.columns), MAX_SHOWN)
        rows = [
            [c.name, c.modality or c.role, f"{c.share_missing:.0%}", c.why]
            for c in (self.columns[i] for i in shown)
        ]
        names = ["column", "is", "missing", "why"]
        return html_table(f"Schema: {len(self.columns)} columns", names, rows, note=note)


def read_yaml(source: Path | str) -> dict[str, dict[str, Any]]:
    """Return column name -> entries of a schema in YAML. Raises `SchemaError`."""
    import yaml

    is_text = isinstance(source, str) and "\n" in source
    path = None if is_text else Path(source)
    try:
        text = str(source) if path is None else path.read_text("utf-8")
        data = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SchemaError(
            "the schema cannot be read", expected="a YAML file", received=str(error), path=path
        ).of_call(isinstance(error, FileNotFoundError)) from None
    columns = data.get("columns", data) if isinstance(data, dict) else None
    if not isinstance(columns, dict):
        raise SchemaError(
            "this is not a schema",
            expected="columns by name, such as  scan: {modality: image, settings: {size_px: 96}}",
            received=type(columns).__name__,
            path=path,
        )
    return {str(name): _entry(str(name), entry, path) for name, entry in columns.items()}


def _entry(name: str, entry: Any, path: Path | None) -> dict[str, Any]:
    if isinstance(entry, str):
        return {"modality": None, "role": entry} if entry in ROLES[1:] else {"modality": entry}
    if not isinstance(entry, dict):
        raise SchemaError(
            "a column of the schema is neither a modality nor a list of entries",
            expected=f"{name}: text, or {name}: {{modality: text}}",
            received=entry,
            column=name,
            path=path,
        )
    return {str(key): value for key, value in entry.items()}


def make_codec(column: Column) -> Codec:
    """Return the column's codec, not yet fitted.

    Raises:
        SchemaError: The column has no modality, or its settings do not fit.
        UsageError: There is no such modality.
    """
    if column.modality is None:
        raise SchemaError(
            "the column has no modality",
            expected="a column with values that can be read",
            received=f"role {column.role}: {column.why}",
            column=column.name,
            hint=f"name one with --columns {column.name}=MODALITY",
        )
    cls = find_codec(column.modality)
    known = [item.name for item in dataclasses.fields(cls)]  # type: ignore[arg-type]
    unknown = sorted(set(column.settings) - set(known))
    if unknown:
        close = difflib.get_close_matches(unknown[0], known, 1)
        raise SchemaError(
            f"modality '{column.modality}' has no setting '{unknown[0]}'",
            expected="settings among " + ", ".join(known) if known else "no settings",
            column=column.name,
            hint=f"did you mean '{close[0]}'?" if close else None,
        ).of_call()
    try:
        return cls(**{name: as_tuples(value) for name, value in column.settings.items()})
    except (TypeError, ValueError) as error:
        raise SchemaError(
            f"the settings of modality '{column.modality}' do not fit",
            received=str(error),
            column=column.name,
        ) from None
