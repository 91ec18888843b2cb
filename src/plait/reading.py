"""What every verb that takes a table can be told of how to read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict


class ReadOptions(TypedDict, total=False):
    """The keyword arguments of `plait.read`, which describes them; verbs hand them on to it."""

    columns: Mapping[str, Any] | str | None
    columns_file: Path | str | None
    exclude: Sequence[str]
    schema: Path | str | None
    root: Path | str | None
    encoding: str | None
    delimiter: str | None
    decimal: str | None
    sheet: str | None
    strict: bool
    on_error: str | None
    allow_network: bool
