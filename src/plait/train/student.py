"""Learning from rows without a target: a student, its slow teacher, and simple models' guesses."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from plait.networks.system import System, drop_columns, presence
from plait.networks.torch_runners import system_outputs
from plait.train.data import TrainData
from plait.train.precision import autocast
from plait.types import Batch

MAX_ROWS_PER_CHECK = 4096
MEAN_PACE = 0.01
"""How fast the running mean of the teacher's guesses follows."""


@dataclass(frozen=True, kw_only=True)
class StudentConfig:
    """Settings of learning from guesses.

    Attributes:
        trust: Weight of the teacher's guess beside the simple models' at the end, in [0, 1].
        rise: Share of the run in which it rises from 0 to `trust`.
        teacher_pace: The teacher's averaging rate per step.
        smoothing: Label smoothing of known targets.
    """

    trust: float = 0.8
    rise: float = 0.5
    teacher_pace: float = 0.01
    smoothing: float = 0.05


class StudentLearner(nn.Module):
    """A network and the average of its past selves, with the mean of what that one guessed.

    How far the run is stands here too, so that a resumed run guesses as an uninterrupted one.
    """

    mean: Tensor
    num_steps: Tensor
    share: Tensor

    def __init__(self, system: System, prior: np.ndarray) -> None:
        super().__init__()
        self.system = system
        self.teacher = copy.deepcopy(system).requires_grad_(False).eval()
        self.register_buffer("mean", torch.from_numpy(prior.astype(np.float32)))
        self.register_buffer("num_steps", torch.zeros((), dtype=torch.int64))
        self.register_buffer("share", torch.zeros(()))

    def train(self, mode: bool = True) -> StudentLearner:
        """Set the mode of all but the teacher, which always answers as in use."""
        super().train(mode)
        self.teacher.eval()
        return self


class Student:
    """An `Objective`: classes of labelled rows, and guesses for rows without one.

    A guess is the mean of what simple models said once and what the network's own slow average
    says now of another view of the row (mean teacher: Tarvainen and Valpola 2017, section 2); two
    kinds of models that see different things teach each other (Blum and Mitchell 1998,
    "Combining labeled and unlabeled data with co-training"). The teacher's guesses are scaled so
    that on average they have the classes' shares (distribution alignment: Berthelot et al.
    2020, ReMixMatch, section 3.1). Guesses stay soft: hardened, or only confident ones, they
    misled (docs/log.md, 2026-11-21).

    Args:
        learner: What is trained.
        data: ``rows`` are those with a target and those with a guess.
        guesses: Row numbers and the simple models' class probabilities ``[row, class]``.
        prior: Shares of the classes ``[class]``, sum 1.
        config: Settings.
    """

    num_views = 2

    def __init__(
        self,
        learner: StudentLearner,
        data: TrainData,
        guesses: tuple[np.ndarray, np.ndarray],
        prior: np.ndarray,
        config: StudentConfig,
    ) -> None:
        self.module, self.data, self.config = learner, data, config
        self.prepared, self.columns, self.rows = data.prepared, data.columns, data.rows
        self.num_checked = min(len(data.rows_validation), MAX_ROWS_PER_CHECK)
        self._truth = torch.from_numpy(data.truth)
        self._place = torch.full((data.prepared.num_rows,), -1)
        self._place[torch.from_numpy(guesses[0])] = torch.arange(len(guesses[0]))
        self._guesses = torch.from_numpy(guesses[1].astype(np.float32))
        self._prior = torch.from_numpy(prior.astype(np.float32))
        self._forward: Callable[..., Tensor] = learner.system

    @property
    def work(self) -> str:
        layouts = [(name, self.prepared.columns[name].codec.layout) for name in self.columns]
        return f"student {replace(self.module.system.config, join=0)} {layouts}"

    def loss(self, rows: np.ndarray, views: tuple[Batch, ...], precision: str) -> Tensor:
        keep = presence(views[0], self.columns)
        device = keep.device
        chance = self.module.system.config.drop_column
        seen = drop_columns(keep.cpu(), chance).to(device)
        with torch.no_grad(), autocast(precision, device):
            taught = self.module.teacher(views[1], keep).float().softmax(-1)
        with autocast(precision, device):
            raw = self._forward(views[0], seen)
        target = self._targets(torch.from_numpy(rows), taught)
        return -(target * raw.float().log_softmax(-1)).sum(-1).mean()

    def _targets(
        self, rows: Tensor, taught: Float[Tensor, "batch class"]
    ) -> Float[Tensor, "batch class"]:
        """Return each row's class shares: its target's, smoothed, or what is guessed of it."""
        place = self._place[rows].to(taught.device)
        guessed, prior = place >= 0, self._prior.to(taught.device)
        mean = self.module.mean
        if self.module.training and guessed.any():
            mean.lerp_(taught[guessed].mean(0), MEAN_PACE)
        own = taught * (prior / mean.clamp(min=1e-6))
        own = own / own.sum(-1, keepdim=True).clamp(min=1e-12)
        trust = self.config.trust * min(1.0, float(self.module.share) / self.config.rise)
        simple = self._guesses[place.clamp(min=0).cpu()].to(taught.device)
        mixed = (1 - trust) * simple + trust * own
        known = self._truth[rows].clamp(min=0).to(taught.device)
        smooth = self.config.smoothing
        told = F.one_hot(known, len(prior)).float() * (1 - smooth) + smooth / len(prior)
        return torch.where(guessed[:, None], mixed, told)

    @torch.no_grad()
    def after_step(self, share: float) -> None:
        """Let the teacher follow: at first the plain mean of all steps, then a moving one."""
        self.module.share.fill_(share)
        self.module.num_steps += 1
        pace = max(self.config.teacher_pace, 1 / (1 + float(self.module.num_steps)))
        student, teacher = self.module.system.state_dict(), self.module.teacher.state_dict()
        floats = [name for name, value in student.items() if value.is_floating_point()]
        torch._foreach_lerp_([teacher[n] for n in floats], [student[n] for n in floats], pace)

    def cost(self) -> float:
        rows = self.data.rows_validation[:MAX_ROWS_PER_CHECK]
        device = next(self.module.parameters()).device
        outputs = system_outputs(self.module.system, self.prepared, rows, device=device)
        return float(self.data.codec.cost(outputs, self.data.truth[rows]).mean())

    def compile(self) -> None:
        self._forward = torch.compile(self.module.system, dynamic=True)
        self.module.teacher.compile(dynamic=True)
