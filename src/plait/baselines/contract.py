"""What a simple expert offers: fit on views, canonical outputs, plain files."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Protocol, Self

import numpy as np

from plait.baselines.views import Views
from plait.modalities import PredictiveTarget

VERSION = 1
"""Of all simple models and their features: raised whenever one that was saved would answer
otherwise than before, or features are taken or scaled otherwise. Bundles of another are refused."""


class HeldOut(NamedTuple):
    """What an expert answered for rows that it had not learned from.

    Where it says so itself of rows that it held out while it was fitted, it may have chosen its
    settings by them: good enough to weigh sources by, but no claim (see `RivalBench`).

    Attributes:
        places: int64 ``[judged]``: rows of the views that it was fitted on.
        outputs: float32 ``[judged, output]``: canonical.
    """

    places: np.ndarray
    outputs: np.ndarray

    def __repr__(self) -> str:
        return f"HeldOut({len(self.places)} rows)"


class Expert(Protocol):
    """A simple model. Its outputs are those of the target codec: probabilities, or quantiles."""

    name: ClassVar[str]

    def fit(
        self,
        views: Views,
        truth: np.ndarray,
        codec: PredictiveTarget,
        *,
        seed: int,
        deadline: float | None = None,
    ) -> None:
        """Learn from rows and their truth.

        Args:
            views: Features of the rows.
            truth: As `PredictiveTarget.truth`; rows of -1 (unseen classes) are left out.
            codec: Of the target: its form, its labels and its cost.
            seed: Of splits and samples.
            deadline: Of `time.monotonic`, after which the work ends; see `was_cut`.

        Raises:
            ExtraError: When an optional dependency is absent.
        """

    def outputs(self, views: Views) -> np.ndarray:
        """Return canonical outputs, float32 ``[row, output]``."""

    def save(self, folder: Path) -> None:
        """Write plain files into `folder`."""

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""


def known_rows(
    views: Views, truth: np.ndarray, codec: PredictiveTarget
) -> tuple[Views, np.ndarray]:
    """Leave out rows whose class training does not know (-1)."""
    if codec.task != "classify" or (truth >= 0).all():
        return views, truth
    kept = np.flatnonzero(truth >= 0)
    return views.take(kept), truth[kept]


def num_outputs(codec: PredictiveTarget, truth: np.ndarray) -> int:
    """Return the classes or labels of a target, or 1 for a number."""
    if codec.task == "regress":
        return 1
    if truth.ndim == 2:
        return truth.shape[1]
    seen = int(truth.max(initial=0)) + 1
    return max(len(getattr(codec, "labels", ())), seen, 2)


def mean_by(values: np.ndarray, weights: np.ndarray | None) -> float:
    """Return the mean of ``[row]`` values, each counted by its weight."""
    if weights is None:
        return float(values.mean())
    return float((values * weights).sum() / max(float(weights.sum()), 1e-12))


def as_columns(truth: np.ndarray, task: str, num: int) -> np.ndarray:
    """Return truth as float32 ``[row, output]``: one-hot classes, labels, or the number."""
    if task == "classify":
        found = np.zeros((len(truth), num), np.float32)
        found[np.arange(len(truth)), truth] = 1.0
        return found
    return truth.reshape(len(truth), -1).astype(np.float32)


class Deadline(float):
    """A moment of `time.monotonic` that remembers whether work was ended by it.

    Attributes:
        stopped: Whether `is_late` said so of it, or of a part of it.
    """

    stopped: bool

    def __new__(cls, moment: float, whole: Deadline | None = None) -> Self:
        found = super().__new__(cls, moment)
        found.stopped = False
        found._whole = whole
        return found

    _whole: Deadline | None

    def stop(self) -> None:
        """Remember that work was ended."""
        self.stopped = True
        if self._whole is not None:
            self._whole.stop()


def is_late(deadline: float | None, margin_seconds: float = 0.0) -> bool:
    """Tell whether `deadline` has passed, or will within a margin; a `Deadline` remembers it."""
    late = deadline is not None and time.monotonic() + margin_seconds > deadline
    if late and isinstance(deadline, Deadline):
        deadline.stop()
    return late


def end_by(deadline: float | None) -> None:
    """Let a `Deadline` remember that work was ended before it, which would have passed it."""
    if isinstance(deadline, Deadline):
        deadline.stop()


def part_of(deadline: float | None, share: float) -> float | None:
    """Return the end of a part that may take `share` of the time that is left."""
    if deadline is None:
        return None
    now = time.monotonic()
    moment = now + max(0.0, deadline - now) * share
    return Deadline(moment, deadline) if isinstance(deadline, Deadline) else moment


def was_cut(expert: Expert, deadline: float | None) -> bool:
    """Tell whether an expert lacks work for want of time: as it says itself, or its deadline."""
    told: bool | None = getattr(expert, "cut_short", None)
    if told is not None:
        return told
    return isinstance(deadline, Deadline) and deadline.stopped


def write_files(folder: Path, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Write ``expert.json`` and ``expert.safetensors``."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "expert.json").write_text(json.dumps(about), encoding="utf8")
    tensors = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    save_file(tensors, folder / "expert.safetensors")


def read_files(folder: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read what `write_files` wrote."""
    from safetensors.numpy import load_file

    about: dict[str, Any] = json.loads((folder / "expert.json").read_text(encoding="utf8"))
    return about, load_file(folder / "expert.safetensors")
