"""The keyword arguments of fit by name and type, beside those that it names itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from plait.model.model import Model
from plait.networks.config import SystemConfig
from plait.reading import ReadOptions
from plait.train.config import TrainConfig


class FitOptions(ReadOptions, total=False):
    """The keyword arguments of `plait.fit` beside those that it names; see there."""

    group: str | None
    time: str | None
    split: str | None
    weights: str | None
    horizon: int | None
    lookback: int | None
    known: str | Sequence[str] | None
    items: Any
    leave_last_out: bool
    reward: str | None
    size: str | Mapping[str, Any] | SystemConfig
    fusion: str | int
    device: str
    generator: str | None
    train: TrainConfig | None
    baselines: bool | Sequence[str]
    simple: bool
    metric: str | None
    scores: bool
    label_curve: bool
    whole_rows: bool
    augment: str | None
    threshold: float | None
    costs: Mapping[str, float] | None
    positive: str | None
    base: Model | Path | str | None
    adapt: str
    encoders: Mapping[str, str] | str | None
    decoder: Path | str | None
    tune: str
    seed: int
    samples: bool
    licences: Sequence[Mapping[str, str]]
