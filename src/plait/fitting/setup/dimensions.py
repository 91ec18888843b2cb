"""What of a fit may be searched: one table of its settings, each with its kind and its range."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from plait.errors import UsageError
from plait.networks.config import SIZES, SystemConfig
from plait.train.config import TrainConfig

Value = bool | int | float | str
Point = Mapping[str, Value]
"""Dimension -> value; what is not named is as a fit has it without a word."""

ANY, NETWORK, ENCODERS = "", "network", "encoders"
"""What must be there for a dimension to mean anything."""

AUTO, ALL, NONE = "auto", "all", "none"


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """A setting that may be searched: some choices, or a range.

    Attributes:
        name: As `plait.fit` calls it; ``train.`` and ``size.`` name a field of `TrainConfig` and of
            `SystemConfig`.
        says: What it is, for people.
        usual: What a fit takes where nothing is said.
        choices: Its values; empty for a range.
        low, high: Ends of the range, themselves in it.
        log: Whether the range is even in logarithms.
        of: What must be there: `ANY`, `NETWORK` or `ENCODERS`.
    """

    name: str
    says: str
    usual: Value
    choices: tuple[Value, ...] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    of: str = ANY

    def check(self, value: Value) -> None:
        """Raise `UsageError` for a value that it does not have."""
        inside = value in self.choices if self.choices else _within(value, self.low, self.high)
        if not inside:
            wanted = ", ".join(map(str, self.choices)) or f"{self.low:g} to {self.high:g}"
            raise UsageError(f"{self.name} is out of range", expected=wanted, received=str(value))


def _within(value: Value, low: float, high: float) -> bool:
    return isinstance(value, int | float) and low <= value <= high


_TRAIN, _SIZE = TrainConfig(), SIZES["small"]

DIMENSIONS: tuple[Dimension, ...] = (
    Dimension(
        name="simple",
        says="Whether simple models are all: no network is trained.",
        usual=False,
        choices=(False, True),
    ),
    Dimension(
        name="baselines",
        says="Which simple models may ship; without a network, none means all.",
        usual=ALL,
        choices=(ALL, NONE, "linear", "boosted", "neighbour", "linear,boosted"),
    ),
    Dimension(
        name="size",
        says="How large the network is.",
        usual=AUTO,
        choices=(AUTO, "tiny", "small", "base"),
        of=NETWORK,
    ),
    Dimension(
        name="size.dropout",
        says="Share of the pooled row that is dropped before the head.",
        usual=_SIZE.dropout,
        low=0.0,
        high=0.5,
        of=NETWORK,
    ),
    Dimension(
        name="size.drop_column",
        says="Chance of hiding each column of a row in training.",
        usual=_SIZE.drop_column,
        low=0.0,
        high=0.5,
        of=NETWORK,
    ),
    Dimension(
        name="fusion",
        says="Where columns see each other.",
        usual=AUTO,
        choices=(AUTO, "early", "mid", "late"),
        of=NETWORK,
    ),
    Dimension(
        name="train.learning_rate",
        says="AdamW's peak.",
        usual=_TRAIN.learning_rate,
        low=5e-4,
        high=3e-2,
        log=True,
        of=NETWORK,
    ),
    Dimension(
        name="train.muon_rate",
        says="Muon's peak, for hidden matrices and kernels.",
        usual=_TRAIN.muon_rate,
        low=2e-3,
        high=6e-2,
        log=True,
        of=NETWORK,
    ),
    Dimension(
        name="train.weight_decay",
        says="Of AdamW, on matrices.",
        usual=_TRAIN.weight_decay,
        low=1e-3,
        high=0.3,
        log=True,
        of=NETWORK,
    ),
    Dimension(
        name="train.batch_size",
        says="Rows of a step; 0 goes by the number of rows.",
        usual=_TRAIN.batch_size,
        choices=(0, 16, 32, 64, 128, 256),
        of=NETWORK,
    ),
    Dimension(
        name="train.smoothing",
        says="Label smoothing of classes.",
        usual=_TRAIN.smoothing,
        low=0.0,
        high=0.2,
        of=NETWORK,
    ),
    Dimension(
        name="train.augment",
        says="Whether rows are varied by their codecs.",
        usual=_TRAIN.augment,
        choices=(True, False),
        of=NETWORK,
    ),
    Dimension(
        name="encoders",
        says="Whether pretrained encoders that are found are tried.",
        usual=AUTO,
        choices=(AUTO, NONE),
        of=ENCODERS,
    ),
)
"""Every setting that `plait.tune` searches."""

NOT_SEARCHED: dict[str, str] = {
    "metric": "what is searched for",
    "scores": "what is searched by",
    "label_curve": "a measurement, which changes nothing",
    "whole_rows": "another task",
    "augment": "makes rows by a fit of its own, and is judged there",
    "device": "the machine's",
    "generator": "another kind of target",
    "train": "its fields are searched",
    "base": "the person's",
    "adapt": "measured by the fit",
    "decoder": "the person's",
    "tune": "measured by the fit",
    "size.dim": "goes by the name of the size",
    "size.depth": "goes by the name of the size",
    "size.num_heads": "goes by the name of the size",
    "size.mlp_ratio": "goes by the name of the size",
    "size.stems": "goes by the name of the size",
    "size.join": "is the fusion",
    "size.window": "for inputs of thousands of tokens",
    "size.recompute": "changes memory alone",
    "size.heads": "chosen by the fit",
    "train.muon_decay": "follows the rate of Muon closely",
    "train.momentum": "that of both optimizers, seldom worth a search",
    "train.warmup": "seldom worth a search",
    "train.balance": "changes what is promised of rare classes: a person's choice",
    "train.clip": "seldom reached",
    "train.ema_share": "seldom worth a search",
    "train.patience": "when to stop, which the budget says too",
    "train.num_checks": "changes nothing that is learned",
    "train.together_share": "of pictures of several things alone",
    "train.save_seconds": "changes nothing that is learned",
}
"""The other settings of networks, training, choice and start -> why they are not searched."""


def settings_of(point: Point, auto: SystemConfig) -> dict[str, Any]:
    """Return the settings of `plait.fit` that a point stands for; {} for the usual ones.

    Args:
        point: Values by dimension.
        auto: What ``size="auto"`` is for the table at hand.

    Raises `UsageError` for unknown dimensions, and values that they do not have.
    """
    known = {one.name: one for one in DIMENSIONS}
    unknown = sorted(set(point) - set(known))
    if unknown:
        raise UsageError("no such setting is searched", received=", ".join(unknown))
    for name, value in point.items():
        known[name].check(value)
    said = {name: value for name, value in point.items() if value != known[name].usual}
    found: dict[str, Any] = {n: v for n, v in said.items() if "." not in n and n != "baselines"}
    baselines = said.get("baselines")
    if baselines is not None:
        found |= _baselines(str(baselines), simple=bool(said.get("simple")))
    if found.get("simple"):
        return {name: found[name] for name in found if known[name].of != NETWORK}
    train = {n.removeprefix("train."): v for n, v in said.items() if n.startswith("train.")}
    size: dict[str, Any] = {
        n.removeprefix("size."): v for n, v in said.items() if n.startswith("size.")
    }
    if train:
        found["train"] = replace(TrainConfig(), **train)  # type: ignore[arg-type]
    if size:
        config = SIZES.get(str(found.get("size")), auto)
        found["size"] = replace(config, **size)
    return found


def _baselines(said: str, *, simple: bool) -> dict[str, Any]:
    if said == NONE:
        return {} if simple else {"baselines": False}
    return {"baselines": tuple(said.split(","))}
