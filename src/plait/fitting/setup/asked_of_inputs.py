"""What targets ask of their inputs: columns that can offer it are read so that they do."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from plait.data.schema import Schema
from plait.data.table import Table
from plait.modalities import find_codec


def as_asked(
    table: Table, inputs: Sequence[str], targets: Sequence[str], known: Collection[str] = ()
) -> tuple[Table, list[str]]:
    """Return the table whose inputs are read as its targets ask, and notes on those that are not.

    A target's codec names in ``asks`` what it would have of its inputs (``places``: where in a
    picture things are); a codec that can offer it names in ``offers`` the settings with which it
    does. What the person set stays.

    Args:
        table: The rows.
        inputs, targets: Columns.
        known: Inputs whose codecs are settled, as those of a base are: nothing is asked of them.
    """
    asked = sorted({one for name in targets for one in _of(table, name, "asks", ())})
    wanted: dict[str, dict[str, Any]] = {}
    notes = []
    for name in inputs if asked else ():
        offers: Mapping[str, Mapping[str, Any]] = _of(table, name, "offers", {})
        settings = {key: value for one in asked for key, value in offers.get(one, {}).items()}
        if settings and name in known:
            notes.append(f"'{name}' is read as in the base, and tells nothing of {', '.join(asked)}")
        elif settings:
            wanted[name] = settings
    if asked and not wanted:
        notes.append(
            f"no input tells of {', '.join(asked)}, which the target asks for: what is said is what "
            "is usual for a row's columns"
        )
    if not wanted:
        return table, notes
    columns = tuple(
        replace(one, settings={**wanted.get(one.name, {}), **one.settings})
        for one in table.schema.columns
    )
    return table.with_schema(Schema(columns)), notes


def _of(table: Table, name: str, member: str, default: Any) -> Any:
    return getattr(find_codec(table.schema[name].modality or ""), member, default)
