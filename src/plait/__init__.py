"""Any columns in, any column out: one small model from a table of mixed media.

>>> import plait
>>> table = plait.read("shop.csv")                                # doctest: +SKIP
>>> model = plait.fit(table, target="category", budget="5m")      # doctest: +SKIP
>>> model.predict(plait.read("new.csv")).to_pandas()              # doctest: +SKIP

Importing this package loads neither torch nor numpy: each name below is loaded when it is used.
"""

from __future__ import annotations

import os
import sys
import time
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from plait import edge as edge
    from plait import errors as errors
    from plait import sklearn as sklearn
    from plait.answer import Answer as Answer
    from plait.data.schema import Schema as Schema
    from plait.data.table import Table as Table
    from plait.data.table import read as read
    from plait.modalities import register_folder as register_folder
    from plait.model.loading import load as load
    from plait.model.model import Model as Model
    from plait.recipes.ask import ask as ask
    from plait.recipes.bench import bench as bench
    from plait.recipes.caption import caption as caption
    from plait.recipes.compress import compress as compress
    from plait.recipes.embed import embed as embed
    from plait.recipes.encoders import encoders as encoders
    from plait.recipes.evaluate import evaluate as evaluate
    from plait.recipes.export import export as export
    from plait.recipes.fit import fit as fit
    from plait.recipes.generate import generate as generate
    from plait.recipes.inspect import inspect as inspect
    from plait.recipes.learn import learn as learn
    from plait.recipes.play import play as play
    from plait.recipes.predict import predict as predict
    from plait.recipes.report import report as report
    from plait.recipes.scale import scale as scale
    from plait.recipes.search import search as search
    from plait.recipes.tune import tune as tune
    from plait.recipes.whence import whence as whence

__version__ = "0.1.0"

_IMPORTED = time.monotonic()
"""When the process began, nearly: what a budget on the command line counts from."""

# GNU OpenMP reads this when torch is loaded. Its default lets threads spin for long at every
# barrier: beside one other busy process on two cores a training step took 7 s instead of 0.15 s.
# A short spin costs nothing on a quiet machine (docs/log.md, 2026-11-21).
os.environ.setdefault("GOMP_SPINCOUNT", "2000")

_HOMES = {
    "Answer": "plait.answer",
    "Model": "plait.model.model",
    "Schema": "plait.data.schema",
    "Table": "plait.data.table",
    "ask": "plait.recipes.ask",
    "bench": "plait.recipes.bench",
    "caption": "plait.recipes.caption",
    "compress": "plait.recipes.compress",
    "embed": "plait.recipes.embed",
    "encoders": "plait.recipes.encoders",
    "evaluate": "plait.recipes.evaluate",
    "export": "plait.recipes.export",
    "fit": "plait.recipes.fit",
    "generate": "plait.recipes.generate",
    "inspect": "plait.recipes.inspect",
    "learn": "plait.recipes.learn",
    "load": "plait.model.loading",
    "play": "plait.recipes.play",
    "predict": "plait.recipes.predict",
    "read": "plait.data.table",
    "register_folder": "plait.modalities",
    "report": "plait.recipes.report",
    "scale": "plait.recipes.scale",
    "search": "plait.recipes.search",
    "tune": "plait.recipes.tune",
    "whence": "plait.recipes.whence",
}

__all__ = [
    "Answer",
    "Model",
    "Schema",
    "Table",
    "__version__",
    "ask",
    "bench",
    "caption",
    "compress",
    "edge",
    "embed",
    "encoders",
    "errors",
    "evaluate",
    "export",
    "fit",
    "generate",
    "inspect",
    "learn",
    "load",
    "play",
    "predict",
    "read",
    "register_folder",
    "report",
    "scale",
    "search",
    "sklearn",
    "tune",
    "whence",
]


def __getattr__(name: str) -> Any:
    if name in ("edge", "errors", "sklearn"):
        return import_module(f"plait.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'plait' has no attribute '{name}'")
    try:
        return getattr(import_module(_HOMES[name]), name)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        from plait.errors import ExtraError

        raise ExtraError("train", f"plait.{name}") from None


class _Package(ModuleType):
    """This package: a verb's name stays the verb, also once a folder of that name is loaded.

    Python sets a loaded submodule on its parent, and ``plait.report`` is both: the folder is still
    reached by ``from plait.report import ...``.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
