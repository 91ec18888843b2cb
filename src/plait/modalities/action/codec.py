"""Actions: one of several by name, or numbers within a box; as a target, what a policy does."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from plait.display import brief
from plait.errors import TargetError
from plait.modalities.action.cells import Action, is_told, read_action
from plait.modalities.action.cloning import Cloned, Conditioned
from plait.modalities.action.panel import panel
from plait.modalities.action.space import Space
from plait.modalities.likeness import Fingerprint
from plait.modalities.media import Media
from plait.modalities.target import MetricWord, SimpleGenerator
from plait.modalities.traits import Traits
from plait.types import Arrays, ArraySpec, Cell, ColumnSample, Html, Layout

BEST = 2 / 3
"""Episodes with a return that more than so many of training's do not exceed are the best third."""

NAMES = ("up", "down", "left", "right")


@brief
@dataclass(frozen=True, kw_only=True)
class ActionCodec:
    """Codec of the ``action`` modality. Raw is an `Action`.

    Attributes:
        labels: Names of the actions there are; learned by `fit` where neither they nor bounds are
            given.
        low, high: Bounds of each number of an action.
        declared: Whether the space was said, so that nothing lies outside: else numbers beyond
            those of training are taken to be at its bounds.
        state_width: Numbers of the state at each step of a trajectory, which the network reads;
            0 for none.
    """

    modality: ClassVar[str] = "action"
    version: ClassVar[int] = 1
    bare_numbers: ClassVar[bool] = False
    extra: ClassVar[str | None] = None
    traits: ClassVar[Traits] = Traits(decides=True)
    task: ClassVar[str] = "decide"
    verb: ClassVar[str] = "Decides"
    baselines: ClassVar[tuple[type[SimpleGenerator], ...]] = (Cloned, Conditioned)
    heedless: ClassVar[tuple[str, ...]] = ("typical", "nearest", Cloned.name)
    words: ClassVar[Mapping[str, MetricWord]] = {
        "best_agreement": MetricWord(
            name="agreement with the best third",
            says="How near actions are to those of the third of episodes with the highest "
            "returns: of names the share of the same; of numbers 1 minus their gap in tenths of "
            "their range, at least 0, in the mean.",
            share=True,
        ),
        "agreement": MetricWord(
            name="agreement", says="The same with the actions of all episodes.", share=True
        ),
    }

    labels: tuple[str, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    declared: bool = False
    state_width: int = 0

    @cached_property
    def space(self) -> Space:
        """Which actions there are."""
        return Space(tuple(self.labels), tuple(self.low), tuple(self.high))

    @property
    def layout(self) -> Layout:
        """``action`` as `Space.encode` gives it, and the ``worth`` of its episode."""
        return {
            "action": ArraySpec((self.space.width,), "float32"),
            "worth": ArraySpec((1,), "float32"),
        }

    def detect(self, sample: ColumnSample) -> float:
        """Sure of ``{"action": ...}`` alone: names and numbers by themselves may be anything."""
        return 0.97 * sum(map(is_told, sample.values)) / max(len(sample.values), 1)

    def read(self, cell: Cell, media: Media) -> Action | None:
        raw = read_action(cell)
        if raw is not None and (self.declared or (self.labels and not self.low)):
            self.space.check(raw)
        return raw

    def fit(self, raws: Iterable[Action]) -> ActionCodec:
        """Learn which actions there are, unless they were given."""
        if self.labels or self.low:
            return self
        found = Space.of(raws)
        return replace(self, labels=found.labels, low=found.low, high=found.high)

    def prepare(self, raw: Action) -> Arrays:
        return {
            "action": self.space.encode(raw),
            "worth": np.array([raw.worth], np.float32),
        }

    def augment(self, arrays: Arrays, rng: np.random.Generator) -> Arrays:
        return {name: array.copy() for name, array in arrays.items()}

    def show(self, raw: Action) -> Html:
        return f'<span class="action">{html.escape(raw.name) or "?"}</span>'

    def example(self, rng: np.random.Generator) -> Cell:
        return json.dumps({"action": NAMES[int(rng.integers(len(NAMES)))]})

    def neutral(self) -> Action:
        return self.space.decode(np.zeros(self.space.width, np.float32))

    def corrupt(self, raw: Action, severity: float, rng: np.random.Generator) -> Action:
        """Put any other action in its place, the more often the more severe."""
        if severity <= 0 or rng.random() >= severity:
            return raw
        return self.space.decode(rng.uniform(-1, 1, self.space.width))

    def features(self, arrays: Arrays) -> np.ndarray:
        return arrays["action"].astype(np.float32)

    def fingerprint(self, raw: Action) -> Fingerprint | None:
        return None

    def alike(self, first: bytes, second: bytes) -> bool:
        return first == second

    def as_target(self) -> ActionCodec:
        return self

    def check_target(self, num_rows: int) -> None:
        box = any(high > low for low, high in zip(self.low, self.high, strict=True))
        if len(self.labels) < 2 and not box:
            raise TargetError(
                "there is but one action, so nothing is to be decided",
                expected="at least two different ones",
                received=f"{self.space.told} in {num_rows} rows",
            )

    def decode(self, arrays: Arrays) -> Action:
        return replace(self.space.decode(arrays["action"]), worth=float(arrays["worth"][0]))

    def write(self, raw: Action) -> Cell:
        """Return the name, the number, or a JSON list of several."""
        if not self.low:
            return raw.name
        return raw.numbers[0] if len(self.low) == 1 else json.dumps(list(raw.numbers))

    def answer(self, raws: Sequence[Action]) -> Mapping[str, Any]:
        return {"prediction": [self.write(raw) for raw in raws]}

    def compare(self, said: Action, true: Action) -> np.ndarray:
        """Return the agreement, and whether the episode is one of the best third."""
        return np.array([self.space.agreement(said, true), true.worth > BEST], np.float64)

    def metrics(self, compared: Sequence[np.ndarray]) -> dict[str, float]:
        told = np.array(compared)
        best = told[told[:, 1] > 0] if (told[:, 1] > 0).any() else told
        return {"best_agreement": float(best[:, 0].mean()), "agreement": float(told[:, 0].mean())}

    def panel(self, said: Sequence[Action], true: Sequence[Action]) -> Html:
        return panel(self.space, said, true)
