"""Heeds what a person says of columns where a model has decided already how they are read."""

from __future__ import annotations

from plait.data.overrides import override_column
from plait.data.schema import Schema
from plait.data.table import Table
from plait.errors import UsageError


def heed(table: Table, schema: Schema) -> Table:
    """Return the table without the columns that are said not to be values.

    Raises:
        UsageError: A column is said to be read otherwise than the model reads it.
    """
    hidden = []
    for name, override in table.overrides.items():
        said = override_column(name, override)
        if said.modality is None:
            hidden.append(name)
        elif name in schema and schema[name].modality is not None:
            known = schema[name]
            given = {k: v for k, v in said.settings.items() if known.settings.get(k, v) != v}
            if said.modality != known.modality or given:
                raise UsageError(
                    "the model reads the column otherwise than you say",
                    expected=f"{known.modality} {known.settings or ''}".strip(),
                    received=f"{said.modality} {said.settings or ''}".strip(),
                    column=name,
                    hint="leave --columns out, or fit again with it",
                )
    return table.without(hidden) if hidden else table
