"""Tables: read, understood, checked, split, decoded once, and given in batches."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plait.data.checks import Inspection as Inspection
    from plait.data.checks import inspect_table as inspect_table
    from plait.data.collation import collate as collate
    from plait.data.duplicates import Copies as Copies
    from plait.data.duplicates import find_copies as find_copies
    from plait.data.fingerprints import Fingerprints as Fingerprints
    from plait.data.fitting import fit_codecs as fit_codecs
    from plait.data.inference import infer_schema as infer_schema
    from plait.data.loader import Loader as Loader
    from plait.data.prepared import Prepared as Prepared
    from plait.data.prepared import PreparedColumn as PreparedColumn
    from plait.data.prepared import prepare_rows as prepare_rows
    from plait.data.prepared import prepare_table as prepare_table
    from plait.data.schema import Column as Column
    from plait.data.schema import Schema as Schema
    from plait.data.schema import make_codec as make_codec
    from plait.data.splits import Splits as Splits
    from plait.data.splits import make_splits as make_splits
    from plait.data.table import Table as Table
    from plait.data.table import read as read

_HOMES = {
    "Inspection": "checks",
    "inspect_table": "checks",
    "collate": "collation",
    "Copies": "duplicates",
    "find_copies": "duplicates",
    "Fingerprints": "fingerprints",
    "fit_codecs": "fitting",
    "infer_schema": "inference",
    "Loader": "loader",
    "Prepared": "prepared",
    "PreparedColumn": "prepared",
    "prepare_rows": "prepared",
    "prepare_table": "prepared",
    "Column": "schema",
    "Schema": "schema",
    "make_codec": "schema",
    "Splits": "splits",
    "make_splits": "splits",
    "Table": "table",
    "read": "table",
}
"""Public name -> its module, loaded when the name is used: opening a table needs few of them."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'plait.data' has no attribute '{name}'")
    return getattr(import_module(f"plait.data.{_HOMES[name]}"), name)
