"""The settings of a fit in groups: rows, network, choice, decision, start; each checks itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from plait.baselines.base_models import BASE_MODELS
from plait.errors import UsageError
from plait.model.decision import check_threshold, read_costs
from plait.model.model import Model, load
from plait.networks.config import SystemConfig, choose_size, join_layer
from plait.recipes.work import ADAPTATIONS, check_tune
from plait.train.config import TrainConfig


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Which rows stay together and which are set aside, and how much they count."""

    group: str | None = None
    time: str | None = None
    split: str | None = None
    weights: str | None = None


@dataclass(frozen=True, kw_only=True)
class Network:
    """How the network is built and trained, and where."""

    size: str | Mapping[str, Any] | SystemConfig = "auto"
    fusion: str | int = "auto"
    device: str = "auto"
    train: TrainConfig | None = None

    def check(self) -> None:
        """Refuse what cannot be built."""
        config = choose_size(self.size, 1)
        if self.fusion != "auto":
            replace(config, join=join_layer(self.fusion, config.depth)).check()


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What is compared, by what, and whether all of it is scored."""

    baselines: bool | Sequence[str] = True
    simple: bool = False
    metric: str | None = None
    scores: bool = True

    @property
    def told_baselines(self) -> str:
        """The simple models in words."""
        given = self.baselines
        return str(given) if isinstance(given, bool) else ", ".join(given)

    def check(self, target: str | None) -> None:
        """Refuse simple models that do not exist, and a metric of nothing."""
        names = [] if isinstance(self.baselines, bool) else list(self.baselines)
        unknown = [name for name in names if name not in BASE_MODELS]
        if isinstance(self.baselines, str) or unknown:
            given = [self.baselines] if isinstance(self.baselines, str) else unknown
            raise UsageError(
                "there is no such simple model",
                expected="True, False, or names among " + ", ".join(BASE_MODELS),
                received=", ".join(map(str, given)),
            )
        if self.metric is not None and target is None:
            raise UsageError("a metric is of a target, and there is no target to predict")


@dataclass(frozen=True, kw_only=True)
class Decision:
    """How two classes are told apart."""

    threshold: float | None = None
    costs: Mapping[str, float] | None = None
    positive: str | None = None

    @property
    def is_asked(self) -> bool:
        """Whether anything was said of it."""
        return (self.threshold, self.costs, self.positive) != (None, None, None)

    def check(self, target: str | None) -> None:
        """Refuse wrong numbers."""
        if self.is_asked and target is None:
            raise UsageError("a decision is between classes, and there is no target to predict")
        if self.threshold is not None and self.costs is not None:
            raise UsageError(
                "a threshold is given or chosen by costs, not both", expected="one of the two"
            )
        if self.threshold is not None:
            check_threshold(self.threshold)
        if self.costs is not None:
            read_costs(self.costs)

    def told(self) -> str | None:
        """Return it in words; None where nothing was said."""
        positive = self.positive
        said: dict[str, Any] = {} if self.threshold is None else {"threshold": self.threshold}
        said |= dict(self.costs or {}) | ({} if positive is None else {"positive": positive})
        return ", ".join(f"{name}={value}" for name, value in said.items()) or None


@dataclass(frozen=True, kw_only=True)
class Start:
    """What is learned from already: a base's shared space, and pretrained encoders."""

    base: Model | Path | str | None = None
    adapt: str = "auto"
    encoders: Mapping[str, str] | str | None = None
    tune: str = "auto"

    def check(self, target: str | None, *, has_encoders: bool) -> None:
        """Refuse unknown ways, and tuning without anything to tune or to learn."""
        if self.adapt not in ("auto", *ADAPTATIONS):
            allowed = " or ".join(("auto", *ADAPTATIONS))
            raise UsageError("unknown adapt", expected=allowed, received=str(self.adapt))
        check_tune(self.tune, target=target, encoders=has_encoders)

    def open_base(self) -> Model | None:
        """Return the base. Raises `UsageError` when weights are to be adapted that it lacks."""
        known = self.base is None or isinstance(self.base, Model)
        base: Any = self.base if known else load(self.base)  # type: ignore[arg-type]
        if self.adapt in ("lora", "full") and (base is None or not base.space.has_network):
            raise UsageError(
                "there are no weights to adapt",
                expected="a base with a network, or adapt=scratch",
                received=self.adapt,
                hint="plait fit TABLE --out base.plait learns one; then --base base.plait",
            )
        return base
