"""Trajectories: the last steps of an episode, with states, earlier actions and returns to go."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np

from plait.display import brief
from plait.modalities.action.space import Space
from plait.modalities.likeness import Fingerprint
from plait.modalities.media import Media
from plait.modalities.told_lists import begun_later, means_and_scales
from plait.modalities.trajectory.cells import Trajectory, is_told, read_trajectory
from plait.types import Arrays, ArraySpec, Cell, ColumnSample, Html, Layout

SHOWN = 6
LARGEST = 8.0
NAMES = ("left", "right")


@brief
@dataclass(frozen=True, kw_only=True)
class TrajectoryCodec:
    """Codec of the ``trajectory`` modality. Raw is a `Trajectory`.

    Attributes:
        longest: So many of the last steps are kept.
        labels, low, high: The space of actions; learned by `fit` where nothing is given.
        numbers: Names of the numbers of a state.
        means, scales: Of these, in training.
        return_scale: Returns to go are told in so many units of the rewards.
        num_steps: Of the longest episode: steps are told as shares of it.
    """

    modality: ClassVar[str] = "trajectory"
    version: ClassVar[int] = 1
    bare_numbers: ClassVar[bool] = False
    extra: ClassVar[str | None] = None

    longest: int = 20
    labels: tuple[str, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    numbers: tuple[str, ...] = ()
    means: tuple[float, ...] = ()
    scales: tuple[float, ...] = ()
    return_scale: float = 0.0
    num_steps: int = 0

    @cached_property
    def space(self) -> Space:
        """Which actions there are."""
        return Space(tuple(self.labels), tuple(self.low), tuple(self.high))

    @property
    def layout(self) -> Layout:
        """Of each step the scaled ``state``; what is ``told``: the scaled return to go, and which
        step of the episode it is; and the ``action``, where it is ``known``: not of the last."""
        return {
            "state": ArraySpec(("time", max(len(self.numbers), 1)), "float32"),
            "told": ArraySpec(("time", 2), "float32"),
            "action": ArraySpec(("time", self.space.width), "float32"),
            "known": ArraySpec(("time", 1), "float32"),
        }

    def detect(self, sample: ColumnSample) -> float:
        return 0.985 * sum(map(is_told, sample.values)) / max(len(sample.values), 1)

    def read(self, cell: Cell, media: Media) -> Trajectory | None:
        return read_trajectory(cell)

    def fit(self, raws: Iterable[Trajectory]) -> TrajectoryCodec:
        """Learn the space of actions, the scales of states and returns, and the usual length."""
        every = list(raws)
        if not every:
            return self
        names = self.numbers or every[0].names
        means, scales = means_and_scales(np.concatenate([_columns(raw, names) for raw in every]))
        found = Space(self.labels, self.low, self.high)
        if not self.labels and not self.low:
            found = Space.of(one for raw in every for one in raw.actions if one is not None)
        largest = max(float(np.abs(raw.returns).max()) for raw in every)
        steps = max(raw.first + len(raw.returns) for raw in every)
        return replace(
            self, labels=found.labels, low=found.low, high=found.high, numbers=tuple(names),
            means=means, scales=scales,
            return_scale=self.return_scale or largest or 1.0, num_steps=self.num_steps or steps,
        )  # fmt: skip

    def prepare(self, raw: Trajectory) -> Arrays:
        num = min(len(raw.returns), self.longest)
        states = np.zeros((num, max(len(self.numbers), 1)), np.float32)
        if self.numbers:
            own = _columns(raw, self.numbers)[-num:]
            scaled = (own - np.array(self.means)) / np.array(self.scales)
            states[:] = np.nan_to_num(scaled).clip(-LARGEST, LARGEST)
        steps = raw.first + np.arange(len(raw.returns))[-num:]
        returns = raw.returns[-num:] / (self.return_scale or 1.0)
        told = np.stack([returns, steps / max(self.num_steps, 1)], axis=1)
        actions, known = np.zeros((num, self.space.width), np.float32), np.zeros((num, 1))
        for place, action in enumerate(raw.actions[len(raw.actions) - (num - 1) :]):
            actions[place], known[place] = self.space.encode(action), action is not None
        return {
            "state": states,
            "told": told.clip(-LARGEST, LARGEST).astype(np.float32),
            "action": actions,
            "known": known.astype(np.float32),
        }

    def augment(self, arrays: Arrays, rng: np.random.Generator) -> Arrays:
        """Forget the earliest steps, as if the episode had just begun; every other time."""
        return begun_later(arrays, rng)

    def show(self, raw: Trajectory) -> Html:
        names = [html.escape("?" if one is None else one.name) for one in raw.actions]
        before = f"{len(names) - SHOWN:,} before, then " if len(names) > SHOWN else ""
        done = f"{before}{' → '.join(names[-SHOWN:])} → now" if names else "the first step"
        return f'<span class="trajectory">{done}; {raw.returns[-1]:.4g} to go</span>'

    def example(self, rng: np.random.Generator) -> Cell:
        num, left = int(rng.integers(2, 7)), 0.0
        steps = []
        for _ in range(num):
            left += float(rng.integers(1, 5))
            name = NAMES[int(rng.integers(len(NAMES)))]
            state = round(float(rng.normal()), 3)
            steps.append({"return_to_go": left, "x": state, "action": name})
        return json.dumps(steps[::-1])

    def neutral(self) -> Trajectory:
        means = np.array([self.means or [0.0] * len(self.numbers)], np.float32)
        return Trajectory(self.numbers, means, np.zeros(1))

    def corrupt(self, raw: Trajectory, severity: float, rng: np.random.Generator) -> Trajectory:
        """Add noise to states, and forget some actions."""
        if severity <= 0:
            return raw
        scales = np.array(self.scales or [1.0] * raw.states.shape[1])
        if len(scales) != raw.states.shape[1]:
            scales = np.ones(raw.states.shape[1])
        noise = severity * rng.normal(size=raw.states.shape) * scales
        lost = rng.random(len(raw.actions)) < 0.5 * severity
        actions = [None if gone else one for gone, one in zip(lost, raw.actions, strict=True)]
        return replace(raw, states=(raw.states + noise).astype(np.float32), actions=tuple(actions))

    def features(self, arrays: Arrays) -> np.ndarray:
        """What is told of the last step, its state, and the action before it."""
        before = arrays["action"][-2] if len(arrays["action"]) > 1 else arrays["action"][-1]
        found = np.concatenate([arrays["told"][-1], arrays["state"][-1], before])
        return found.astype(np.float32)

    def fingerprint(self, raw: Trajectory) -> Fingerprint | None:
        return None

    def alike(self, first: bytes, second: bytes) -> bool:
        return first == second


def _columns(raw: Trajectory, names: tuple[str, ...]) -> np.ndarray:
    """Return the numbers of the states by these names, ``[time, number]``, NaN where unknown."""
    if raw.names == names:
        return raw.states
    found = np.full((len(raw.returns), len(names)), np.nan, np.float32)
    for place, name in enumerate(names):
        if name in raw.names:
            found[:, place] = raw.states[:, raw.names.index(name)]
    return found
