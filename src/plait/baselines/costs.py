"""What base models cost: seconds and memory foreseen from rows, features and outputs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from plait.baselines.contract import is_many
from plait.baselines.labelled_rows import LabelledRows
from plait.baselines.selection import narrow_width
from plait.modalities.forms import OutputForm

MAX_BYTES = 2**30
"""A base model that needs more memory than this, for its targets and scores, is not tried."""

MAX_GRAM, MAX_STORED, MAX_POINTS, MAX_ALONE = 3000, 20_000, 1280, 5000
"""As in the models: rows of a closed form, neighbours stored, their features, rows of a product."""

POWER_SECONDS = 8e-9
"""Of an exponential, or of a step of sorting, per number."""

CELL_SECONDS = 4e-9
"""Of a round of boosting, per tree, row and feature."""

WIDE_FEATURES = 1024
"""That trees see of wide columns, where the time is long enough."""

NUM_ROUNDS, NUM_STEPS = 2.3 * 50, 300
"""Rounds of boosting that are complete, inner fold included, and steps of a linear descent."""

NUM_TEMPERATURES, LINK_STEPS = 18, 16 * 18
"""Temperatures that are tried, and of a closed form times its penalties: each by the cost of every
row."""


@dataclass(frozen=True)
class Size:
    """What the time of a fit depends on.

    Attributes:
        rows, judged: To learn from, and to answer.
        dense, sparse: Features of a row: those always there, and those not zero.
        width: All features.
        narrow: Features of narrow columns.
        outputs: Classes or labels; 1 for a number.
        form: Of the target's outputs.
        seconds: Of one multiplication and addition on this machine, now.
        per_round: Seconds of a round of boosting, where that was measured; else 0.
        per_step: Seconds of a step of a linear descent, where that was measured; else 0.
    """

    rows: int
    judged: int
    dense: int
    sparse: float
    width: int
    narrow: int
    outputs: int
    form: OutputForm
    seconds: float
    per_round: float = 0.0
    per_step: float = 0.0

    @classmethod
    def of(cls, rows: LabelledRows, judged: int, seconds: float) -> Size:
        """Look at the rows to learn from."""
        dense, sparse = rows.matrices.dense.shape[1], rows.matrices.sparse
        return cls(
            rows=len(rows),
            judged=judged,
            dense=dense,
            sparse=len(sparse.values) / max(len(rows), 1),
            width=dense + sparse.num_features,
            narrow=narrow_width(rows.matrices),
            outputs=rows.num_outputs,
            form=rows.form,
            seconds=seconds,
        )

    def with_rows(self, rows: int, judged: int) -> Size:
        """Return it for other numbers of rows."""
        return replace(self, rows=rows, judged=judged)


def multiply_seconds() -> float:
    """Return the seconds of one multiplication and addition, from a small product of matrices."""
    table = np.ones((256, 256), np.float32)
    table @ table
    found = []
    for _ in range(5):
        began = time.perf_counter()
        table @ table
        found.append(time.perf_counter() - began)
    return min(found) / 256**3


def foreseen_seconds(name: str, size: Size) -> float:
    """Return about how long a base model takes to fit, and to answer the rows that judge it.

    Right within a factor of three or so: enough to put first what is cheap, and to see what
    cannot end in time. An unknown name is taken for free.

    Args:
        name: Of the base model.
        size: Of its rows.
    """
    return _SECONDS.get(name, lambda _: 0.0)(size)


def foreseen_bytes(name: str, size: Size) -> float:
    """Return about how much memory a base model's targets and scores take."""
    copies = _COPIES.get(name, 0.0)
    stored = 1000 if name == "neighbour" else size.rows
    return copies * 4.0 * size.outputs * (stored + size.judged)


def _neighbour(size: Size) -> float:
    stored, points = min(size.rows, MAX_STORED), min(size.width, MAX_POINTS)
    asked = size.judged + 1000
    return asked * stored * (points * size.seconds + POWER_SECONDS)


def _linear(size: Size) -> float:
    rows, width = size.rows, size.width
    link = POWER_SECONDS * size.outputs
    products = rows * (size.dense + 4 * size.sparse) * size.outputs
    if is_closed(size):
        side = min(rows, width)
        gram = rows * width * side + 12 * side**3
        path = 16 * 2 * rows * side * size.outputs
        tried = LINK_STEPS * rows * link if size.form.probable else 0.0
        return (gram + path) * size.seconds + tried
    if is_svm(size):
        return 4 * 30 * products * 4 * size.seconds + 3 * NUM_TEMPERATURES * 0.15 * rows * link
    return NUM_STEPS * (size.per_step or 2 * products * size.seconds + 3 * rows * link)


def is_closed(size: Size) -> bool:
    """Tell whether a linear model of such rows has a closed form."""
    small = min(size.rows, size.width) <= MAX_GRAM
    return small and (not size.form.probable or size.width >= size.rows)


def is_svm(size: Size) -> bool:
    """Tell whether a linear model of such rows is a support vector machine."""
    return size.form.exclusive and size.sparse > 0 and size.width > 2 * size.dense


def _boosted(size: Size) -> float:
    """Of the least that is complete: narrow columns alone, one inner fold, the highest rate.

    Where all columns are wide, trees see the features of these that tell most.
    """
    trees = size.outputs if is_many(size.form) or size.outputs > 2 else 1
    seen = size.narrow or min(size.width, WIDE_FEATURES)
    features = 0.8 * seen if seen < 64 else 0.3 * seen
    per_round = trees * (size.rows * max(features, 4) * CELL_SECONDS + 1e-4)
    return 0.05 + NUM_ROUNDS * (size.per_round or per_round)


def _product_of_experts(size: Size) -> float:
    alone = size.with_rows(min(size.rows, MAX_ALONE), size.judged)
    weighing = 20 * 3 * size.rows * size.outputs * POWER_SECONDS
    return 1.2 * _linear(size) + _neighbour(alone) + weighing


def _label_propagation(size: Size) -> float:
    return 5 * 4000**3 * size.seconds + size.judged * 4000 * MAX_POINTS * size.seconds


def _in_context(size: Size) -> float:
    """Of a network of TabICL's published sizes: what it reads of a cell, and of a row."""
    told, features = min(size.rows, 2000), min(size.narrow, size.width) or 64
    passes = max(1, -(-size.judged // 1024))
    per_row = 1.2e6 * features + 38e6 + 12e3 * told
    return 4 * (passes * told + size.judged) * per_row * size.seconds


_SECONDS: Mapping[str, Callable[[Size], float]] = {
    "neighbour": _neighbour,
    "linear": _linear,
    "probe": _linear,
    "boosted": _boosted,
    "trees": _boosted,
    "product_of_experts": _product_of_experts,
    "label_propagation": _label_propagation,
    "in_context": _in_context,
}

_COPIES = {
    "neighbour": 2.0,
    "linear": 6.0,
    "probe": 6.0,
    "product_of_experts": 8.0,
    "prototypes": 4.0,
    "label_propagation": 4.0,
}
