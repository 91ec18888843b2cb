"""What a base model offers: fit on feature matrices, canonical outputs, plain files."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Protocol, Self

import numpy as np

from plait.baselines.feature_matrices import FeatureMatrices
from plait.baselines.labelled_rows import LabelledRows
from plait.display import model_name
from plait.errors import TargetError
from plait.modalities.forms import CLASSES, LABELS, NUMBER, OutputForm, form_named
from plait.packing import read_arrays

VERSION = 2
"""Of all simple models and their features: raised whenever one that was saved would answer
otherwise than before, features are taken or scaled otherwise, or what is saved has other names.
Bundles of another are refused."""


ANY_FORM = frozenset({CLASSES.name, LABELS.name, NUMBER.name})
OF_CLASSES = frozenset({CLASSES.name})
"""Forms that base models support."""


class HeldOutAnswers(NamedTuple):
    """What a base model answered for rows that it had not learned from.

    Where it says so itself of rows that it held out while it was fitted, it may have chosen its
    settings by them: good enough to weigh input columns by, but no claim (see `BaseModelBench`).

    Attributes:
        places: int64 ``[judged]``: rows of the feature matrices that it was fitted on.
        outputs: float32 ``[judged, output]``: canonical.
    """

    places: np.ndarray
    outputs: np.ndarray

    def __repr__(self) -> str:
        return f"HeldOutAnswers({len(self.places)} rows)"


class BaseModel(Protocol):
    """A simple model. Its outputs are those of the target codec: probabilities, or quantiles."""

    name: ClassVar[str]

    forms: ClassVar[frozenset[str]]
    """Names of the forms of outputs that it can learn; of a target of any other, it is not measured
    and does not fit (`learnable`)."""

    def fit(self, rows: LabelledRows, *, seed: int, deadline: float | None = None) -> None:
        """Learn.

        Args:
            rows: What to learn from; those of an unseen class (-1) are left out.
            seed: Of splits and samples.
            deadline: Of `time.monotonic`, after which the work ends; see `was_cut`.

        Raises:
            ExtraError: When an optional dependency is absent.
            TargetError: When the target's outputs are of another form than one of `forms`.
        """

    def outputs(self, matrices: FeatureMatrices) -> np.ndarray:
        """Return canonical outputs, float32 ``[row, output]``."""

    def save(self, folder: Path) -> None:
        """Write plain files into `folder`."""

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""


def is_many(form: OutputForm) -> bool:
    """Tell whether outputs are answers to several questions, each learned by itself: labels."""
    return form.probable and not form.exclusive


def saved_form(about: Mapping[str, Any]) -> OutputForm:
    """Return the form of outputs of a saved base model. Raises `BundleError` for an unknown one."""
    return form_named(str(about.get("form") or about.get("task")))


def learnable(base_model: BaseModel, rows: LabelledRows) -> LabelledRows:
    """Return the rows whose truth training knows, for a base model to learn from.

    Raises `TargetError` where it cannot learn outputs of the target's form.
    """
    if rows.form.name not in base_model.forms:
        raise TargetError(
            f"{model_name(base_model.name)} cannot learn this target",
            expected="a target of " + " or ".join(sorted(base_model.forms)),
            received=rows.form.name,
            hint="leave it out of the baselines",
        )
    return rows.known()


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


def was_cut(base_model: BaseModel, deadline: float | None) -> bool:
    """Tell whether a base model lacks work for want of time: as it says itself, or its deadline."""
    told: bool | None = getattr(base_model, "cut_short", None)
    if told is not None:
        return told
    return isinstance(deadline, Deadline) and deadline.stopped


def write_files(folder: Path, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Write ``base_model.json`` and ``base_model.safetensors``."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "base_model.json").write_text(json.dumps(about), encoding="utf8")
    tensors = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    save_file(tensors, folder / "base_model.safetensors")


def read_files(folder: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read what `write_files` wrote."""
    about: dict[str, Any] = json.loads((folder / "base_model.json").read_text(encoding="utf8"))
    return about, read_arrays(folder / "base_model.safetensors")
