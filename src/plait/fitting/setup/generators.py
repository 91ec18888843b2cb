"""How values of a target are made, where its modality knows several ways: what was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from plait.data.overrides import override_column
from plait.data.table import Table
from plait.errors import UsageError
from plait.modalities import find_codec


def with_generator(table: Table, targets: Sequence[str], generator: str | None) -> Table:
    """Return the table with the targets said to be made so, those whose modality knows the way.

    Args:
        table: Its schema says each target's modality.
        targets: Names of columns.
        generator: ``flow`` or ``gan``; None says nothing.

    Raises:
        UsageError: No target is made so.
    """
    if generator is None:
        return table
    known = {name: _generators(table, name) for name in targets}
    able = [name for name, ways in known.items() if generator in ways]
    if not able:
        ways = sorted({way for some in known.values() for way in some})
        raise UsageError(
            f"no target is made by '{generator}'",
            expected=" or ".join(ways) if ways else "a target of pictures, for --generator",
            received=f"--generator {generator}" + _of_targets(table, targets),
            hint="plait fit stickers.csv --target image --generator gan",
        )
    return table.told(columns={name: _told(table, name, generator) for name in able})


def _generators(table: Table, name: str) -> Sequence[str]:
    """Return the ways of making values that the modality of a column has."""
    modality = table.schema[name].modality if name in table.schema else None
    return () if modality is None else getattr(find_codec(modality), "generators", ())


def _told(table: Table, name: str, generator: str) -> dict[str, Any]:
    """Return what is said of a column, and the generator."""
    column = table.schema[name]
    override = table.overrides.get(name)
    settings = {} if override is None else dict(override_column(name, override).settings)
    said = {"modality": column.modality, "why": column.why}
    return {**said, "settings": {**settings, "generator": generator}}


def _of_targets(table: Table, targets: Sequence[str]) -> str:
    kinds = [f"{name} is {table.schema[name].modality}" for name in targets if name in table.schema]
    return ", " + ", ".join(kinds) if kinds else ""
