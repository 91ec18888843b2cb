"""plait as scikit-learn estimators: in pipelines, cross-validation and grid searches.

>>> from plait.sklearn import PlaitClassifier                     # doctest: +SKIP
>>> PlaitClassifier(budget="1m").fit(frame, labels)               # doctest: +SKIP

scikit-learn is loaded when one of the names below is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from plait.errors import ExtraError

if TYPE_CHECKING:
    from plait.sklearn.estimators import PlaitClassifier as PlaitClassifier
    from plait.sklearn.estimators import PlaitEmbedder as PlaitEmbedder
    from plait.sklearn.estimators import PlaitRegressor as PlaitRegressor

__all__ = ["PlaitClassifier", "PlaitEmbedder", "PlaitRegressor"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'plait.sklearn' has no attribute '{name}'")
    try:
        return getattr(import_module("plait.sklearn.estimators"), name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "sklearn":
            raise
        raise ExtraError("table", f"plait.sklearn.{name}") from None


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
