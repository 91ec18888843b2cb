"""Estimators: a classifier, a regressor, and an embedder whose vectors others learn from."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    RegressorMixin,
    TransformerMixin,
)
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    column_or_1d,
)

from plait.sklearn.columns import Columns, columns_of
from plait.sklearn.estimator import Estimator, as_value_errors


class PlaitClassifier(ClassifierMixin, Estimator):
    """Learns classes from columns of any kind. The arguments are those of `Estimator`.

    Attributes:
        model_: The `plait.Model`: its leaderboard, importance, report; ``model_.save(...)``.
        classes_: The classes, sorted.
        n_features_in_, feature_names_in_: As everywhere in scikit-learn.
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> Self:
        """Learn.

        Args:
            X: DataFrame, array or list; columns may hold texts, paths of pictures, gaps.
            y: Classes, ``[row]``.
            sample_weight: How much each row counts; those of 0 are left out.
            groups: Rows of one group are never told apart by a fold.

        Raises `ValueError` for everything that the caller can mend.
        """
        columns, modalities = columns_of(self, X, reset=True)
        labels = _target(self, y, columns)
        check_classification_targets(labels)
        columns, labels, weights, groups = _weighted(columns, labels, sample_weight, groups)
        self.classes_, codes = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"PlaitClassifier needs samples of at least two classes, but the data has only one "
                f"class: {self.classes_[0]!r}"
            )
        target = [str(code) for code in codes], "category"
        self.model_ = self._learn(columns, modalities, target, groups, weights)
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each of `classes_`, float64 ``[row, class]``."""
        rows = self._rows(X)
        with as_value_errors():
            found = self.model_.predict_proba(rows, on_error=self.on_error).astype(np.float64)
            known = [int(label) for label in self.model_.classes_]
        shares = np.zeros((len(found), len(self.classes_)))
        shares[:, known] = found
        return np.asarray(shares / shares.sum(axis=1, keepdims=True))

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable class of each row, or what the decision of `model_` says.

        ``clf.model_ = clf.model_.with_threshold(0.2)`` decides between two classes otherwise than
        at a half.
        """
        rows = self._rows(X)
        with as_value_errors():
            if self.model_.ensemble.decision is not None:
                codes = self.model_.predict(rows, on_error=self.on_error)["prediction"]
                return np.asarray(self.classes_[[int(code) for code in codes]])
        shares = self.predict_proba(X)
        return np.asarray(self.classes_[shares.argmax(axis=1)])


class PlaitRegressor(RegressorMixin, Estimator):
    """Learns a number from columns of any kind. The arguments are those of `Estimator`.

    Attributes:
        model_: The `plait.Model`; its `predict` gives quantiles, too.
        n_features_in_, feature_names_in_: As everywhere in scikit-learn.
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> Self:
        """Learn; the arguments are those of `PlaitClassifier.fit`, with numbers as `y`."""
        columns, modalities = columns_of(self, X, reset=True)
        numbers = _target(self, y, columns)
        if numbers.dtype.kind not in "biuf":
            numbers = numbers.astype(np.float64)
        columns, numbers, weights, groups = _weighted(columns, numbers, sample_weight, groups)
        target = numbers.astype(np.float64).tolist(), "number"
        self.model_ = self._learn(columns, modalities, target, groups, weights)
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Return the mean of each row, float64 ``[row]``."""
        rows = self._rows(X)
        with as_value_errors():
            answer = self.model_.predict(rows, on_error=self.on_error)
        return np.asarray(answer["prediction"], np.float64)


class PlaitEmbedder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Estimator):
    """Learns one vector per row from what its columns share, without labels.

    The arguments are those of `Estimator`. With ``simple`` the space is made of canonical
    correlations, which needs two columns.

    Attributes:
        model_: The `plait.Model`: search by it, use it as a base.
        n_features_in_, feature_names_in_: As everywhere in scikit-learn.
    """

    def fit(self, X: Any, y: Any = None, groups: Any = None) -> Self:
        """Learn the space of the columns of X; `y` is not looked at."""
        columns, modalities = columns_of(self, X, reset=True)
        if self.simple and len(columns) < 2:
            raise ValueError(
                f"Found array with {len(columns)} feature(s), while a simple PlaitEmbedder needs "
                "two or more: it learns what columns share. simple=False learns from one."
            )
        self.model_ = self._learn(columns, modalities, None, groups, None)
        self._n_features_out = self.model_.space.dim
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return one unit vector per row, float32 ``[row, dim]``."""
        rows = self._rows(X)
        with as_value_errors():
            return self.model_.embed(rows, on_error=self.on_error)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def _target(estimator: BaseEstimator, y: Any, columns: Columns) -> np.ndarray:
    """Return y as an array ``[row]``. Raises `ValueError` where there is none, or it has gaps."""
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is None."
        )
    array = column_or_1d(y, warn=True)
    check_consistent_length(next(iter(columns.values())), array)
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError("Input y contains NaN or infinity.")
    if array.dtype.kind == "c":
        raise ValueError("Complex data not supported by plait")
    return np.asarray(array)


def _weighted(
    columns: Columns, target: np.ndarray, sample_weight: Any, groups: Any
) -> tuple[Columns, np.ndarray, np.ndarray | None, Any]:
    """Return the rows of positive weight, and their weights; None where all weigh the same."""
    if sample_weight is None:
        return columns, target, None, groups
    shape = np.empty((len(target), 1))
    weights = _check_sample_weight(sample_weight, shape, ensure_non_negative=True)
    kept = np.flatnonzero(weights > 0)
    some = {name: [cells[i] for i in kept] for name, cells in columns.items()}
    groups = None if groups is None else np.asarray(groups)[kept]
    weights = weights[kept]
    return some, target[kept], None if np.ptp(weights) == 0 else weights, groups
