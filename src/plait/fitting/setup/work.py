"""A fit at work: what it was asked for, and what its parts share while it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plait.backbones.language import LanguageCheckpoint
from plait.energy import Meter
from plait.errors import ExtraError, UsageError
from plait.fitting.setup.timetable import Timetable
from plait.model.model import Model
from plait.model.shared_space import SharedSpace
from plait.networks.config import SystemConfig
from plait.progress import Progress
from plait.train.budget import Budget
from plait.train.config import TrainConfig

if TYPE_CHECKING:
    from plait.fitting.setup.fit_config import FitConfig

ADAPTATIONS = ("scratch", "lora", "full")
"""Ways to learn a target where a base's weights are at hand: without them, or from them."""

FROZEN, MEASURED = "frozen", "measured"
TUNINGS = ("auto", FROZEN, MEASURED, "lora", "full")
"""Ways to use a pretrained encoder: as it is, having learned the target, or what measures best."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """One fit at work: what it was asked for, and what its parts share while it runs.

    Attributes:
        config: What was asked for.
        meter: Running since the fit began.
        device: ``cpu`` or ``cuda``, as it was found here.
        folder: Where checkpoints go; None writes none.
        progress: Told of the work.
        base: Opened: whose shared space is the start; None for a fit from scratch.
        language: The language model that texts are to be written by; None where none was named.
        timetable: The time that all parts go by.
        alone: Whether the target is the only one: several have inputs, space and network in common.
        space: The shared space of several targets; None where there is none.
        trained: The network of one of several targets: a `DeepResult` where it is predicted, a
            `Decoder` where it is generated; None where there is none.
    """

    config: FitConfig
    meter: Meter
    device: str
    folder: Path | None
    progress: Progress
    base: Model | None = None
    language: LanguageCheckpoint | None = None
    timetable: Timetable = field(default_factory=lambda: Timetable(None, 0.0))
    alone: bool = True
    space: SharedSpace | None = None
    trained: Any = None

    @property
    def seed(self) -> int:
        """Of whatever is drawn."""
        return self.config.seed

    @property
    def budget(self) -> Budget:
        """Of the whole fit."""
        return self.config.budget

    @property
    def simple(self) -> bool:
        """Whether no network is trained."""
        return self.config.choice.simple

    @property
    def baselines(self) -> bool | Sequence[str]:
        """Whether simple models are measured, or which."""
        return self.config.choice.baselines

    @property
    def metric(self) -> str | None:
        """What the choice is by; None for the cost."""
        return self.config.choice.metric

    @property
    def scores(self) -> bool:
        """Whether candidates and subsets of columns are scored for the report."""
        return self.config.choice.scores

    @property
    def label_curve(self) -> bool:
        """Whether it is measured how many labels the vectors known before save."""
        return self.config.choice.label_curve

    @property
    def size(self) -> str | Mapping[str, Any] | SystemConfig:
        """Of the network, as given."""
        return self.config.network.size

    @property
    def fusion(self) -> str | int:
        """Where the network joins columns, as given."""
        return self.config.network.fusion

    @property
    def train(self) -> TrainConfig:
        """How networks are trained."""
        return self.config.network.train or TrainConfig()

    @property
    def adapt(self) -> str:
        """How to learn from a base: ``auto`` or one of `ADAPTATIONS`."""
        return self.config.start.adapt

    @property
    def tune(self) -> str:
        """How pretrained encoders learn: ``auto``, ``frozen``, ``lora`` or ``full``."""
        return self.config.start.tune


def check_tune(tune: str, *, target: str | None, encoders: Any) -> None:
    """Raise `UsageError` where tuning is asked for and there is nothing to tune, or to learn.

    Args:
        tune: What was said.
        target: The column to learn.
        encoders: Whether there is anything that was trained elsewhere.
    """
    if tune not in TUNINGS:
        raise UsageError("unknown tune", expected=" or ".join(TUNINGS), received=str(tune))
    if tune in ("auto", FROZEN, MEASURED):
        return
    if target is None:
        raise UsageError(
            "an encoder is tuned on a target, and there is none",
            expected="a target, or tune=frozen",
            received=tune,
            hint="name the column to predict: --target COLUMN",
        )
    if not encoders:
        raise no_encoder_to_tune(tune)


def no_encoder_to_tune(tune: str) -> UsageError:
    """Return the error for tuning where there is no encoder."""
    return UsageError(
        "there is no pretrained encoder to tune",
        expected="an encoder, or tune=frozen",
        received=tune,
        hint="name one: --encoder text=./all-MiniLM-L6-v2",
    )


def require_torch() -> None:
    """Raise `ExtraError` where a network cannot be trained; nothing is imported."""
    if not all(map(_is_there, ("torch", "jaxtyping", "tokenizers"))):
        raise ExtraError("train", "a fit with a network", otherwise="leave it out: --simple")


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def choose_device(device: str, *, simple: bool = False) -> str:
    """Return ``cpu`` or the named GPU; ``auto`` takes a GPU where there is one.

    Raises `UsageError` when the device cannot be used. Simple models run on the CPU.
    """
    if simple and device in ("auto", "cpu"):
        return "cpu"
    import torch

    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(
            f"the device '{device}' cannot be used",
            expected="auto, cpu, or cuda on a machine with a GPU and a CUDA build of torch",
            received=str(error).splitlines()[0],
            hint="plait doctor shows what this machine has",
        ) from None
    return device
