"""Forms of outputs: what can be done with classes, labels or a number, whatever the modality."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

import numpy as np

from plait.errors import BundleError
from plait.metrics import (
    NOMINAL_COVERAGE,
    confusion,
    expected_calibration_error,
    per_class,
    per_label,
    reliability,
)
from plait.resampled_metrics import are_many, resampled_classification_metrics
from plait.spacing import evenly_spaced
from plait.weighted_metrics import (
    weighted_classification_metrics,
    weighted_regression_metrics,
    weighted_tagging_metrics,
)

MAX_SCATTER = 400
"""Numbers that are drawn, true against predicted."""

MAX_CONFUSION = 500
"""With more classes there is no confusion matrix: nobody reads it, and it grows by the square."""

NUM_STRATA = 8
"""Numbers are drawn evenly from so many parts, from low to high."""


class OutputForm(Protocol):
    """What canonical outputs of a predictive target are, and what follows from that.

    `truth` below is as `PredictiveTarget.truth` gives it, `outputs` are canonical, ``[row,
    output]``, and `labels` are the target's classes or labels in the order of the outputs.
    """

    @property
    def name(self) -> str:
        """What simple models say that they support."""

    @property
    def probable(self) -> bool:
        """Whether outputs are probabilities."""

    @property
    def exclusive(self) -> bool:
        """Whether they are of classes of which a row has one, and so sum to 1."""

    @property
    def choosable(self) -> tuple[str, ...]:
        """Metrics by which a person may have the choice made, the headline first."""

    def known(self, truth: np.ndarray) -> np.ndarray:
        """Return which rows have a truth that training knows, bool ``[row]``."""

    def strata(self, truth: np.ndarray) -> np.ndarray:
        """Return what draws of rows are stratified by, int64 ``[row]``."""

    def num_outputs(self, labels: Sequence[str], truth: np.ndarray) -> int:
        """Return how many columns simple models learn."""

    def columns(self, truth: np.ndarray, num: int) -> np.ndarray:
        """Return truth as those columns, float32 ``[row, output]``."""

    def weighted_metrics(
        self, outputs: np.ndarray, truth: np.ndarray, weights: np.ndarray
    ) -> dict[str, float]:
        """Return the metrics with each row counted by its weight, under the same names."""

    def resampled_metrics(
        self, outputs: np.ndarray, truth: np.ndarray, counts: np.ndarray
    ) -> dict[str, np.ndarray] | None:
        """Return the metrics of many resamples at once, ``[resample]``, under the same names.

        None where calls one by one are as quick. `counts` tells how often each resample drew each
        row, float32 ``[resample, row]``.
        """

    def details(
        self, labels: Sequence[str], outputs: np.ndarray, truth: np.ndarray
    ) -> dict[str, Any]:
        """Return what scores tell beside metrics, for the report: per class, scatter..."""

    def tell(self, labels: Sequence[str], outputs: np.ndarray, truth: Any) -> dict[str, Any]:
        """Return what a card says of one row: whether it is right, and how it errs.

        Args:
            labels: As above.
            outputs: Of the row, ``[output]``.
            truth: Of the row.
        """


class Classes:
    """Probabilities of classes, of which a row has one: truth int64 ``[row]``, -1 for unseen."""

    name: ClassVar[str] = "classes"
    probable: ClassVar[bool] = True
    exclusive: ClassVar[bool] = True
    choosable: ClassVar[tuple[str, ...]] = ("accuracy", "macro_f1", "auc", "log_loss")

    def known(self, truth: np.ndarray) -> np.ndarray:
        return np.asarray(truth >= 0)

    def strata(self, truth: np.ndarray) -> np.ndarray:
        return truth.astype(np.int64)

    def num_outputs(self, labels: Sequence[str], truth: np.ndarray) -> int:
        return max(len(labels), int(truth.max(initial=0)) + 1, 2)

    def columns(self, truth: np.ndarray, num: int) -> np.ndarray:
        found = np.zeros((len(truth), num), np.float32)
        found[np.arange(len(truth)), truth] = 1.0
        return found

    def weighted_metrics(
        self, outputs: np.ndarray, truth: np.ndarray, weights: np.ndarray
    ) -> dict[str, float]:
        return weighted_classification_metrics(outputs, truth, weights)

    def resampled_metrics(
        self, outputs: np.ndarray, truth: np.ndarray, counts: np.ndarray
    ) -> dict[str, np.ndarray] | None:
        if not are_many(*outputs.shape):
            return None
        return resampled_classification_metrics(outputs, truth, counts)

    def details(
        self, labels: Sequence[str], outputs: np.ndarray, truth: np.ndarray
    ) -> dict[str, Any]:
        found: dict[str, Any] = {
            "labels": list(labels),
            "per_class": per_class(outputs, truth, labels),
        }
        if outputs.shape[1] <= MAX_CONFUSION:
            found["confusion"] = confusion(outputs, truth)
        else:
            found["left_out"] = [
                f"the table of classes mistaken for each other: more than {MAX_CONFUSION} classes"
            ]
        found["reliability"] = reliability(outputs, truth)
        found["ece"] = expected_calibration_error(found["reliability"])
        return found

    def tell(self, labels: Sequence[str], outputs: np.ndarray, truth: Any) -> dict[str, Any]:
        order = np.argsort(-outputs, kind="stable")
        found: dict[str, Any] = {"right": bool(order[0] == truth)}
        if len(order) > 1 and len(labels) == len(order):
            second = int(order[1])
            label, probability = str(labels[second]), float(outputs[second])
            found["second"] = {"label": label, "probability": probability}
        return found


class Labels:
    """Probabilities of labels, each a yes or no of its own: truth float32 ``[row, label]``."""

    name: ClassVar[str] = "labels"
    probable: ClassVar[bool] = True
    exclusive: ClassVar[bool] = False
    choosable: ClassVar[tuple[str, ...]] = ("macro_f1", "micro_f1", "auc", "log_loss")

    def known(self, truth: np.ndarray) -> np.ndarray:
        return np.ones(len(truth), bool)

    def strata(self, truth: np.ndarray) -> np.ndarray:
        return np.zeros(len(truth), np.int64)

    def num_outputs(self, labels: Sequence[str], truth: np.ndarray) -> int:
        return int(truth.shape[1])

    def columns(self, truth: np.ndarray, num: int) -> np.ndarray:
        return truth.astype(np.float32)

    def weighted_metrics(
        self, outputs: np.ndarray, truth: np.ndarray, weights: np.ndarray
    ) -> dict[str, float]:
        return weighted_tagging_metrics(outputs, truth, weights)

    def resampled_metrics(
        self, outputs: np.ndarray, truth: np.ndarray, counts: np.ndarray
    ) -> dict[str, np.ndarray] | None:
        return None

    def details(
        self, labels: Sequence[str], outputs: np.ndarray, truth: np.ndarray
    ) -> dict[str, Any]:
        return {"per_label": per_label(outputs, truth, labels)}

    def tell(self, labels: Sequence[str], outputs: np.ndarray, truth: Any) -> dict[str, Any]:
        said, real = outputs >= 0.5, np.asarray(truth) >= 0.5
        names = [str(label) for label in labels]
        return {
            "right": bool((said == real).all()),
            "missed": [name for name, a, b in zip(names, said, real, strict=True) if b and not a],
            "extra": [name for name, a, b in zip(names, said, real, strict=True) if a and not b],
        }


class Number:
    """A number as mean and 5, 50 and 95 % quantile, ``[row, 4]``: truth float32 ``[row]``."""

    name: ClassVar[str] = "number"
    probable: ClassVar[bool] = False
    exclusive: ClassVar[bool] = False
    choosable: ClassVar[tuple[str, ...]] = ("rmse", "mae", "r2")
    """Coverage is a promise, not a thing to have much of."""

    def known(self, truth: np.ndarray) -> np.ndarray:
        return np.ones(len(truth), bool)

    def strata(self, truth: np.ndarray) -> np.ndarray:
        ranks = np.argsort(np.argsort(truth, kind="stable"), kind="stable")
        return np.asarray(ranks * NUM_STRATA // max(len(truth), 1))

    def num_outputs(self, labels: Sequence[str], truth: np.ndarray) -> int:
        return 1

    def columns(self, truth: np.ndarray, num: int) -> np.ndarray:
        return truth.reshape(len(truth), -1).astype(np.float32)

    def weighted_metrics(
        self, outputs: np.ndarray, truth: np.ndarray, weights: np.ndarray
    ) -> dict[str, float]:
        return weighted_regression_metrics(outputs, truth, weights)

    def resampled_metrics(
        self, outputs: np.ndarray, truth: np.ndarray, counts: np.ndarray
    ) -> dict[str, np.ndarray] | None:
        return None

    def details(
        self, labels: Sequence[str], outputs: np.ndarray, truth: np.ndarray
    ) -> dict[str, Any]:
        """Truth, prediction, and the ends of its 90 % interval, of some rows."""
        some = evenly_spaced(len(outputs), MAX_SCATTER)
        scatter = [[float(truth[i]), *map(float, outputs[i, [0, 1, 3]])] for i in some]
        return {"nominal_coverage": NOMINAL_COVERAGE, "scatter": scatter}

    def tell(self, labels: Sequence[str], outputs: np.ndarray, truth: Any) -> dict[str, Any]:
        q05, q95 = float(outputs[1]), float(outputs[3])
        return {"right": q05 <= float(truth) <= q95, "q05": q05, "q95": q95, "true": float(truth)}


CLASSES, LABELS, NUMBER = Classes(), Labels(), Number()

FORMS: dict[str, OutputForm] = {form.name: form for form in (CLASSES, LABELS, NUMBER)}
"""Name -> form."""

EARLIER_NAMES = {"classify": "classes", "tag": "labels", "regress": "number"}
"""What bundles called them before they had names of their own."""


def form_named(name: str) -> OutputForm:
    """Return the form of that name. Raises `BundleError` for one that does not exist."""
    found = FORMS.get(EARLIER_NAMES.get(name, name))
    if found is None:
        raise BundleError(
            "the bundle holds a model of an unknown form of outputs",
            expected=", ".join(FORMS),
            received=name,
            hint="use the version of plait that wrote it, or fit again",
        )
    return found
