"""Estimators: a classifier, a regressor, and an embedder whose vectors others learn from."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    RegressorMixin,
    TransformerMixin,
)
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
)

from plait.data.table import read
from plait.errors import PlaitError
from plait.model.model import Model, load
from plait.recipes.fit import fit as fit_table
from plait.sklearn.columns import Columns, columns_of

SPLIT, GROUP, WEIGHT, TARGET = "split", "group", "weight", "target"
"""Columns that a fit adds to those of X, under names that X does not have."""


class _Estimator(BaseEstimator):
    """What the three have in common: how they are made, and how X becomes a table.

    No row is set aside as a test, for scikit-learn's own tools do that; candidates are compared by
    cross-fitting, or with more than 1,500 rows on a validation part.

    Args:
        budget: Of a fit, as for `plait.fit`: ``1m``, ``30s``, ``200 steps``.
        simple: Whether simple models are all: no network is trained.
        baselines: Whether simple models are measured and may ship, or the names of those.
        size: Of the network.
        columns: Modalities of columns of X where the guess is wrong: ``{"note": "text"}``.
        encoders: Column or modality -> folder of a pretrained checkpoint; or ``auto``, ``none``.
        device: ``auto``, ``cpu``, ``cuda``.
        on_error: ``raise``, or ``skip`` to count unreadable cells as missing.
        root: Folder of the media that cells name.
        scores: Whether ``model_`` knows metrics of every candidate, for its report; takes time.
        progress: Whether to say how far a fit is.
        random_state: Seed, or where it comes from.
    """

    def __init__(
        self,
        budget: str | float = "1m",
        *,
        simple: bool = False,
        baselines: bool | Sequence[str] = True,
        size: str = "auto",
        columns: str | Mapping[str, str] | None = None,
        encoders: Mapping[str, str] | str | None = None,
        device: str = "auto",
        on_error: str = "raise",
        root: str | None = None,
        scores: bool = False,
        progress: bool = False,
        random_state: Any = 0,
    ) -> None:
        self.budget = budget
        self.simple = simple
        self.baselines = baselines
        self.size = size
        self.columns = columns
        self.encoders = encoders
        self.device = device
        self.on_error = on_error
        self.root = root
        self.scores = scores
        self.progress = progress
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags

    def __getstate__(self) -> dict[str, Any]:
        """Return the parameters, and the model as the files of its bundle."""
        state = dict(super().__getstate__())
        if isinstance(state.get("model_"), Model):
            state["model_"] = _packed(state["model_"])
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if isinstance(state.get("model_"), dict):
            state = {**state, "model_": _unpacked(state["model_"])}
        super().__setstate__(state)

    def _learn(
        self,
        columns: Columns,
        modalities: Mapping[str, str],
        target: tuple[list[Any], str] | None,
        groups: Any,
        weights: np.ndarray | None,
    ) -> Model:
        """Fit a model on the columns of X and a target: its cells and its modality."""
        num_rows = len(next(iter(columns.values())))
        split, group, weight, goal = (_free(name, columns) for name in _ADDED)
        table: dict[str, list[Any]] = {**columns, split: ["train"] * num_rows}
        known = dict(modalities)
        arguments: dict[str, Any] = {"split": split}
        if groups is not None:
            check_consistent_length(groups, np.empty(num_rows))
            table[group] = [str(value) for value in np.asarray(groups).tolist()]
            arguments["group"], known[group] = group, "category"
        if weights is not None:
            table[weight] = weights.tolist()
            arguments["weights"], known[weight] = weight, "number"
        if target is not None:
            table[goal], known[goal] = target
            arguments["target"] = goal
        with _as_value_errors():
            return fit_table(
                read(table, columns={**known, **_mapping(self.columns)}, root=self.root),
                budget=self.budget,
                simple=self.simple,
                baselines=self.baselines,
                size=self.size,
                encoders=self.encoders,
                device=self.device,
                on_error=self.on_error,
                seed=int(check_random_state(self.random_state).randint(2**31 - 1)),
                samples=self.scores,
                scores=self.scores,
                progress=None if self.progress else False,
                **arguments,
            )

    def _rows(self, x: Any) -> Any:
        """Return X as a table that the model reads."""
        check_is_fitted(self)
        columns, _ = columns_of(self, x, reset=False)
        return read(columns, root=self.root)


_ADDED = (SPLIT, GROUP, WEIGHT, TARGET)


class PlaitClassifier(ClassifierMixin, _Estimator):
    """Learns classes from columns of any kind. The arguments are those of `_Estimator`.

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
        with _as_value_errors():
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
        with _as_value_errors():
            if self.model_.ensemble.decision is not None:
                codes = self.model_.predict(rows, on_error=self.on_error)["prediction"]
                return np.asarray(self.classes_[[int(code) for code in codes]])
        shares = self.predict_proba(X)
        return np.asarray(self.classes_[shares.argmax(axis=1)])


class PlaitRegressor(RegressorMixin, _Estimator):
    """Learns a number from columns of any kind. The arguments are those of `_Estimator`.

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
        with _as_value_errors():
            answer = self.model_.predict(rows, on_error=self.on_error)
        return np.asarray(answer["prediction"], np.float64)


class PlaitEmbedder(ClassNamePrefixFeaturesOutMixin, TransformerMixin, _Estimator):
    """Learns one vector per row from what its columns share, without labels.

    The arguments are those of `_Estimator`. With ``simple`` the space is made of canonical
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
        with _as_value_errors():
            return self.model_.embed(rows, on_error=self.on_error)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


@contextmanager
def _as_value_errors() -> Iterator[None]:
    """Raise what a caller can mend as the kind of error that scikit-learn's tools expect."""
    try:
        yield
    except PlaitError as error:
        raise ValueError(str(error)) from error


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


def _free(name: str, columns: Columns) -> str:
    """Return a name that no column has."""
    while name in columns:
        name += "_"
    return name


def _mapping(columns: str | Mapping[str, str] | None) -> dict[str, Any]:
    """Return the modalities that were given, ``note=text,scan=image`` or a mapping."""
    if isinstance(columns, str):
        pairs = (part.partition("=") for part in columns.split(","))
        return {name.strip(): value.strip() for name, _, value in pairs}
    return dict(columns or {})


def _packed(model: Model) -> dict[str, bytes]:
    """Return the files of a model's bundle: name -> content."""
    place = model.path
    with tempfile.TemporaryDirectory() as folder:
        try:
            path = model.save(Path(folder) / "model.plait")
        finally:
            model.path = place
        files = (file for file in sorted(path.rglob("*")) if file.is_file())
        return {str(file.relative_to(path)): file.read_bytes() for file in files}


def _unpacked(files: Mapping[str, bytes]) -> Model:
    """Undo `_packed`; every file's hash is verified."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.plait"
        for name, content in files.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_bytes(content)
        model = load(path)
    model.path = None
    return model
