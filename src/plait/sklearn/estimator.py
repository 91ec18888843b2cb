"""What the estimators have in common: their parameters, and how X becomes a table to learn from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from plait.data.free_names import free_name
from plait.data.table import read
from plait.errors import PlaitError
from plait.model.model import Model
from plait.recipes.fit import fit as fit_table
from plait.sklearn.columns import Columns, columns_of
from plait.sklearn.pickling import HoldsModel

ADDED = ("split", "group", "weight", "target")
"""Columns that a fit adds to those of X, under names that X does not have."""


class Estimator(HoldsModel):
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
        split, group, weight, goal = (free_name(name, columns) for name in ADDED)
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
        with as_value_errors():
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


@contextmanager
def as_value_errors() -> Iterator[None]:
    """Raise what a caller can mend as the kind of error that scikit-learn's tools expect."""
    try:
        yield
    except PlaitError as error:
        raise ValueError(str(error)) from error


def _mapping(columns: str | Mapping[str, str] | None) -> dict[str, Any]:
    """Return the modalities that were given, ``note=text,scan=image`` or a mapping."""
    if isinstance(columns, str):
        pairs = (part.partition("=") for part in columns.split(","))
        return {name.strip(): value.strip() for name, _, value in pairs}
    return dict(columns or {})
