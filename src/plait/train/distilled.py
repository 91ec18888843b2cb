"""Distillation: a network learns a target's truth, and what a teacher says of the rows."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from plait.baselines.evidence_column import beside
from plait.networks.system import System, drop_columns, presence
from plait.train.config import TrainConfig
from plait.train.data import TrainData
from plait.train.data_parallel import LEAST_ROWS
from plait.train.objective import views_of
from plait.train.offset import fit_offset
from plait.train.precision import autocast
from plait.types import Batch


@dataclass(frozen=True, kw_only=True)
class Taught:
    """What a teacher says, and how much it counts.

    Attributes:
        said: float32 ``[row of the table, output]``: on the scale of raw outputs (log-odds,
            standardised numbers); NaN where it says nothing.
        share: Of the loss of rows of which it says something, in [0, 1].
        temperature: By which the log-odds of both are divided before they are compared; 1 where
            outputs are no probabilities.
    """

    said: np.ndarray
    share: float
    temperature: float = 1.0


class Distilled:
    """An `Objective`: a `System` learns truth and soft targets, rows varied by their codecs.

    The loss of a row is ``(1 - a) hard + a T^2 soft`` (Hinton et al. 2015, "Distilling the
    knowledge in a neural network", section 2): the loss by its truth, and the distance of raw
    outputs, divided by a temperature T, to what the teacher says. Rows of which it says nothing
    are learned as without a teacher.

    Args:
        system: The student.
        data: Rows to learn from; none validates.
        config: Smoothing and class balance are taken from here.
        taught: By the teacher.
    """

    least_part: int | None = LEAST_ROWS
    num_checked = 0

    def __init__(
        self, system: System, data: TrainData, config: TrainConfig, taught: Taught
    ) -> None:
        self.module, self.data = system, data
        self.prepared = beside(system.evidence, data.prepared, known=data.rows, left_out=True)
        self.columns, self.rows = system.inputs, data.rows
        self.views, self.shared = views_of(data.rows), data.columns
        self._share, self._temperature = taught.share, taught.temperature
        self._said = torch.from_numpy(np.nan_to_num(taught.said))
        self._known = torch.from_numpy(~np.isnan(taught.said).any(axis=1))
        weights = data.class_weights(config.balance)
        self._weight = None if weights is None else torch.from_numpy(weights)
        self._smoothing = config.smoothing
        self._truth = torch.from_numpy(data.truth)
        self._heavy = None if data.weights is None else torch.from_numpy(data.weights)
        self._forward: Callable[..., dict[str, Tensor]] = system
        fit_offset(system, data, self.prepared)

    @property
    def work(self) -> str:
        layouts = [(name, self.prepared.columns[name].codec.layout) for name in self.columns]
        return f"distilled {replace(self.module.config, join=0)} {layouts}"

    def loss(self, rows: np.ndarray, views: tuple[Batch, ...], precision: str) -> Tensor:
        (batch,) = views
        there = presence(batch, self.data.columns)
        device, places = there.device, torch.from_numpy(rows)
        keep = drop_columns(there.cpu(), self.module.config.drop_column).to(device)
        with autocast(precision, device):
            raw = self._forward(batch, keep)
        truth = self._truth[places].to(device)
        weight = None if self._weight is None else self._weight.to(device)
        options = {"smoothing": self._smoothing, "weight": weight}
        alone = self.module.losses(batch, there, truth, raw, **options)
        hard = self.module.truth_losses(raw, truth, **options)
        taught = (1 - self._share) * hard + self._share * self._soft(raw, places)
        losses = torch.where(self._known[places].to(device), taught, alone)
        if self._heavy is not None:
            losses = losses * self._heavy[places].to(device)
        return losses.mean()

    def after_step(self, share: float) -> None:
        """Nothing follows a step."""

    def cost(self) -> float:
        """No row validates."""
        return math.inf

    def compile(self) -> None:
        self._forward = torch.compile(self.module, dynamic=True)

    def _soft(self, raw: dict[str, Tensor], places: Tensor) -> Tensor:
        """Return how far the student is from its teacher, ``[batch]``."""
        said = self._said[places].to(next(iter(raw.values())).device) / self._temperature
        warm = {name: one.float() / self._temperature for name, one in raw.items()}
        weight = torch.full_like(said[:, 0], self._temperature**2)
        names = dict.fromkeys(raw)
        return self.module.distances(warm, {n: said for n in names}, {n: weight for n in names})
