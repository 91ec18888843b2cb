"""Bundles as fitted estimators of scikit-learn: a classifier or a regressor that learns nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from plait.data.table import Table, read
from plait.errors import TargetError
from plait.model.ensemble import Ensemble
from plait.model.loading import load as load_model
from plait.model.model import Model
from plait.model.several import Several
from plait.sklearn.columns import columns_of
from plait.sklearn.estimator import as_value_errors
from plait.sklearn.pickling import HoldsModel


class FittedBundle(HoldsModel):
    """What both have in common: how a bundle is opened, and how X becomes rows that it reads.

    `fit` opens the bundle and learns nothing, so that pipelines and cross-validation measure the
    bundle as it is; one from `load` is fitted already. In a pickle the bundle's files travel, and
    are verified when they come back.

    Args:
        bundle: Path of the bundle.
        on_error: What an unreadable cell does: ``raise``, ``skip``; None as at the bundle's fit.
        root: Folder of the media that cells name.

    Attributes:
        model_: The `plait.Model`.
        n_features_in_, feature_names_in_: The bundle's input columns. X may have others beside
            where its columns have names; an array has these, in their order.
    """

    def __init__(
        self, bundle: Path | str, *, on_error: str | None = None, root: str | None = None
    ) -> None:
        self.bundle = bundle
        self.on_error = on_error
        self.root = root

    def fit(self, X: Any, y: Any = None) -> Self:
        """Open the bundle; nothing is learned of X and y, whose lengths must be the same.

        Raises `ValueError` for what the caller can mend, also where the bundle's target is none of
        the estimator's kind.
        """
        if y is not None:
            check_consistent_length(X, y)
        with as_value_errors():
            return self._opened(opened(load_model(self.bundle)))

    def _opened(self, model: Model) -> Self:
        if _is_classifier(model) is not isinstance(self, ClassifierMixin):
            raise ValueError(
                f"the bundle's target '{model.target}' is a {model.target_codec.modality}, which "
                f"{type(self).__name__} does not predict; plait.sklearn.load takes the right one"
            )
        self.model_ = model
        self.feature_names_in_ = np.array(model.inputs, dtype=object)
        self.n_features_in_ = len(model.inputs)
        return self

    def _rows(self, x: Any) -> Table:
        """Return X as a table of the bundle's columns."""
        check_is_fitted(self)
        return read(_columns(x, self.model_.inputs), root=self.root)


class BundleClassifier(ClassifierMixin, FittedBundle):
    """A bundle whose target is a category. The arguments are those of `FittedBundle`.

    Attributes:
        classes_: The classes that the bundle knows, sorted.
    """

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each of `classes_`, float64 ``[row, class]``."""
        rows = self._rows(X)
        with as_value_errors():
            found = self.model_.predict_proba(rows, on_error=self.on_error).astype(np.float64)
        return np.asarray(found / found.sum(axis=1, keepdims=True))[:, self._order]

    def predict(self, X: Any) -> np.ndarray:
        """Return the class of each row, by the bundle's decision where it has one."""
        rows = self._rows(X)
        with as_value_errors():
            found = self.model_.predict(rows, on_error=self.on_error)["prediction"]
        return np.asarray(list(found), dtype=self.classes_.dtype)

    def _opened(self, model: Model) -> Self:
        super()._opened(model)
        self.classes_, self._order = np.unique(np.asarray(model.classes_), return_index=True)
        return self


class BundleRegressor(RegressorMixin, FittedBundle):
    """A bundle whose target is a number. The arguments are those of `FittedBundle`."""

    def predict(self, X: Any) -> np.ndarray:
        """Return the mean of each row, float64 ``[row]``."""
        rows = self._rows(X)
        with as_value_errors():
            answer = self.model_.predict(rows, on_error=self.on_error)
        return np.asarray(answer["prediction"], np.float64)


def load(
    bundle: Path | str, *, on_error: str | None = None, root: str | None = None
) -> BundleClassifier | BundleRegressor:
    """Return a bundle as a fitted estimator: no pickle is read, every file's hash is verified.

    >>> clf = plait.sklearn.load("shop.plait")                       # doctest: +SKIP
    >>> clf.predict_proba(frame), clf.classes_                       # doctest: +SKIP

    Args:
        bundle: Path of a bundle whose target is a category, or a number.
        on_error, root: As for `FittedBundle`.

    Raises:
        BundleError: It is no bundle, or damaged.
        TargetError: scikit-learn has no estimator of what it answers.
    """
    model = opened(load_model(bundle))
    kind = BundleClassifier if _is_classifier(model) else BundleRegressor
    return kind(bundle, on_error=on_error, root=root)._opened(model)


def opened(model: Model) -> Model:
    """Return a model. Raises `TargetError` where scikit-learn has no estimator of its answers."""
    parts = model.parts
    form = parts.target.form if isinstance(parts, Ensemble) else None
    tags = form is None or (form.probable and not form.exclusive)
    if isinstance(model, Several) or tags or model.in_time is not None:
        named = model.target if model.target is not None else "no target"
        raise TargetError(
            "this bundle is no classifier or regressor of scikit-learn",
            expected="one target that is a category, or a number, of rows one by one",
            received=named,
        )
    return model


def _is_classifier(model: Model) -> bool:
    return bool(model.ensemble.target.form.exclusive)


def _columns(x: Any, names: Sequence[str]) -> dict[str, list[Any]]:
    """Return the columns of X that a bundle reads."""
    found, _ = columns_of(_Anyone(), x, reset=True, least=1)
    if all(name == f"x{place}" for place, name in enumerate(found)):
        if len(found) != len(names):
            raise ValueError(
                f"X has {len(found)} features, but the bundle reads {len(names)}: "
                + ", ".join(names)
            )
        return dict(zip(names, found.values(), strict=True))
    missing = [name for name in names if name not in found]
    if len(missing) == len(names):
        raise ValueError(f"X has none of the columns that the bundle reads: {', '.join(names)}")
    return {name: found[name] for name in names if name in found}


class _Anyone(BaseEstimator):
    """Whose fit it is does not matter: the bundle's own columns are asked for."""
