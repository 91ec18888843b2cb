"""plait as scikit-learn estimators: in pipelines, cross-validation and grid searches.

>>> from plait.sklearn import PlaitClassifier                     # doctest: +SKIP
>>> PlaitClassifier(budget="1m").fit(frame, labels)               # doctest: +SKIP
>>> plait.sklearn.load("shop.plait").predict_proba(frame)         # doctest: +SKIP

scikit-learn is loaded when one of the names below is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from plait.errors import ExtraError

if TYPE_CHECKING:
    from plait.sklearn.bundles import BundleClassifier as BundleClassifier
    from plait.sklearn.bundles import BundleRegressor as BundleRegressor
    from plait.sklearn.bundles import load as load
    from plait.sklearn.estimators import PlaitClassifier as PlaitClassifier
    from plait.sklearn.estimators import PlaitEmbedder as PlaitEmbedder
    from plait.sklearn.estimators import PlaitRegressor as PlaitRegressor

__all__ = [
    "BundleClassifier",
    "BundleRegressor",
    "PlaitClassifier",
    "PlaitEmbedder",
    "PlaitRegressor",
    "load",
]
_OF_BUNDLES = ("BundleClassifier", "BundleRegressor", "load")


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'plait.sklearn' has no attribute '{name}'")
    try:
        place = "bundles" if name in _OF_BUNDLES else "estimators"
        return getattr(import_module(f"plait.sklearn.{place}"), name)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "sklearn":
            raise
        raise ExtraError("table", f"plait.sklearn.{name}") from None


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
