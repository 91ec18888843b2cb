"""Any columns in, any column out: one small model from a table of mixed media.

>>> import plait
>>> table = plait.read("shop.csv")                                # doctest: +SKIP
>>> model = plait.fit(table, target="category", budget="5m")      # doctest: +SKIP
>>> model.predict(plait.read("new.csv"))                          # doctest: +SKIP

Importing this package loads neither torch nor numpy: each name below is loaded when it is used.
"""

from __future__ import annotations

import os
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plait import errors as errors
    from plait.data.table import Table as Table
    from plait.data.table import read as read
    from plait.modalities import register_folder as register_folder
    from plait.model.model import Model as Model
    from plait.model.model import load as load
    from plait.recipes.fit import fit as fit
    from plait.recipes.search import search as search

__version__ = "0.1.0"

_IMPORTED = time.monotonic()
"""When the process began, nearly: what a budget on the command line counts from."""

# GNU OpenMP reads this when torch is loaded. Its default lets threads spin for long at every
# barrier: beside one other busy process on two cores a training step took 7 s instead of 0.15 s.
# A short spin costs nothing on a quiet machine (docs/log.md, 2026-11-21).
os.environ.setdefault("GOMP_SPINCOUNT", "2000")

_HOMES = {
    "Model": "plait.model.model",
    "Table": "plait.data.table",
    "fit": "plait.recipes.fit",
    "load": "plait.model.model",
    "read": "plait.data.table",
    "register_folder": "plait.modalities",
    "search": "plait.recipes.search",
}

__all__ = [
    "Model",
    "Table",
    "__version__",
    "errors",
    "fit",
    "load",
    "read",
    "register_folder",
    "search",
]


def __getattr__(name: str) -> Any:
    if name == "errors":
        return import_module("plait.errors")
    if name not in _HOMES:
        raise AttributeError(f"module 'plait' has no attribute '{name}'")
    try:
        return getattr(import_module(_HOMES[name]), name)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        from plait.errors import ExtraError

        raise ExtraError("train", f"plait.{name}") from None


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
