"""The linear baseline of series: a ridge regression from what a row holds to every step.

Where a row has a series of the same channels among its inputs, that is what came before: each
channel is continued by one linear map from its last steps, both sides normalised by the level of
what came before, and by its spread where that helps (Zeng et al. 2023, "Are Transformers Effective
for Time Series Forecasting?"; Kim et al. 2022, "Reversible Instance Normalization"), in closed form
(Toner and Darlow 2024, "An Analysis of Linear Time Series Forecasting Models").
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from plait.modalities.series.anchor import Anchor, find_anchor
from plait.modalities.series.histories import (
    histories_of,
    known_column,
    known_of,
    lengths_of,
    outputs_of,
)
from plait.modalities.series.judging_groups import Tried, judged, parts_of
from plait.modalities.series.known_effect import learn_effect
from plait.modalities.series.other_columns import each_channel, narrow
from plait.modalities.series.ridge import Linear, Ridge
from plait.modalities.series.short_history import ShortHistory, aside, beside
from plait.types import Arrays

MAX_BEFORE = 720
"""Steps of what came before that are looked at, at most."""

PENALTIES = (1e-3, 1e-2, 0.1, 0.3, 1.0, 10.0, 100.0)
"""Of the ridge, per row, for features of spread 1."""

LEAST_SPREAD = 1e-6


class LinearMap:
    """See the module. Series of several lengths are made as long as most of them are."""

    name: ClassVar[str] = "linear_map"

    def __init__(self) -> None:
        self._before, self._known, self._others = "", "", tuple[str, ...]()
        self._steps, self._length, self._least, self._scaled = 0, 1, 0, False
        self._penalty, self._effect = PENALTIES[-1], np.zeros((0, 0))
        nothing = np.zeros(0, np.float32)
        self._map = Linear(np.zeros((0, 0), np.float32), nothing, nothing)
        self._anchor, self._short = Anchor(), ShortHistory()
        self._codec: Any = None

    def fit(self, matrices: Any, targets: Sequence[Arrays], codec: Any, *, seed: int) -> None:
        """Choose the penalty, whether other columns help to continue, and whether the spread of
        what came before is a unit, by the last groups, or by each in turn where they are few: the
        simplest that is not clearly worse.

        Rows of one time come near each other: those that judge lie together too, and what lies so
        near to them that it may share steps with them is not learned from meanwhile.
        """
        self._codec = codec
        self._length = int(np.median([len(one["values"]) for one in targets]))
        self._before = self._find_before(matrices)
        self._known = known_column(matrices) if self._before else ""
        self._others = narrow(matrices, (self._before, self._known))
        if self._before:
            column = matrices.prepared.columns[self._before].codec
            self._steps = min(column.num_steps, MAX_BEFORE)
            self._least = min(column.least_steps, self._steps)
            self._effect = self._find_effect(matrices, targets)
            self._anchor = self._find_anchor(matrices, targets)
        others = [(), self._others] if self._before and self._others else [self._others]
        units_of = (False, True) if self._before else (False,)
        best: Tried | None = None
        for self._others, self._scaled in product(others, units_of):
            found = self._try(matrices, targets)
            if best is None or (found is not None and found.clearly_better(best)):
                best = found
        if best is None:
            best = Tried(np.zeros(0), PENALTIES[-1], others[0], False)
        self._others, self._scaled, self._penalty = best.others, best.scaled, best.penalty
        self._solve(matrices, targets)
        self._short = self._find_short(matrices, targets)

    def again(self, matrices: Any, targets: Sequence[Arrays]) -> Self:
        """Return a map of other rows that is told, and pulled, in the same way."""
        found = self._elsewhere(matrices, targets)
        found._short = found._find_short(matrices, targets)
        return found

    def _elsewhere(self, matrices: Any, targets: Sequence[Arrays]) -> Self:
        """Return `again` for rows of which as much is known as of those that it is fitted on."""
        found = copy.copy(self)
        found._effect, found._short = found._find_effect(matrices, targets), ShortHistory()
        found._solve(matrices, targets)
        return found

    def _solve(self, matrices: Any, targets: Sequence[Arrays]) -> None:
        x, y, _, _ = self._told(matrices, targets)
        self._map = Ridge(x, y).solved(self._penalty)

    def left_out(self, matrices: Any, targets: Sequence[Arrays]) -> list[Arrays]:
        """Return what is said of each row by a map of other groups, told in the same way.

        Groups follow each other in time: those of a part lie together, and what may share steps
        with them is not learned from for it. Of rows with no others the anchor is said.
        """
        units, found = np.asarray(matrices.units), [dict[str, np.ndarray]() for _ in targets]
        for held, near in parts_of(units, self._num_near):
            own, learn = (
                np.flatnonzero(one) for one in (np.isin(units, held), ~np.isin(units, near))
            )
            if len(learn):
                told = [targets[int(one)] for one in learn]
                again = self._elsewhere(matrices.take(learn), told)
            else:
                again = copy.copy(self)
                again._short = ShortHistory()
                again._map = Linear(*(np.zeros_like(one) for one in vars(self._map).values()))
                again._effect = np.zeros_like(self._effect)
            for place, said in zip(own, again.answer(matrices.take(own)), strict=True):
                found[int(place)] = said
        return found

    def _find_effect(self, matrices: Any, targets: Sequence[Arrays]) -> np.ndarray:
        """Return the effect of what is known ahead, ``[known, channel]``; see `learn_effect`."""
        if not self._known:
            return self._effect
        num = self._num_channels
        before = histories_of(matrices, self._before, self._codec, self._steps)
        ahead = outputs_of(targets, self._length, num, by_channel=True)
        known = known_of(matrices, self._known, self._steps, self._length)
        shape = len(targets), num, -1
        return learn_effect(before.reshape(shape), ahead.reshape(shape), *known)

    def _try(self, matrices: Any, targets: Sequence[Arrays]) -> Tried | None:
        """Return the best penalty for what is told now, by groups that it did not learn from; None
        where there are none."""
        x, y, spread, units = self._told(matrices, targets)
        found = judged(x, y, spread, units, self._num_near, PENALTIES)
        return None if found is None else Tried(*found, self._others, self._scaled)

    def _told(self, matrices: Any, targets: Sequence[Arrays]) -> tuple[np.ndarray, ...]:
        """Return features, what is to be told, the spread of its units, and groups of the rows."""
        x, level, spread = self._inputs(matrices)
        y = (self._after(matrices, targets) - level) / spread
        return x, y, spread, np.repeat(np.asarray(matrices.units), len(x) // len(targets))

    def answer(self, matrices: Any) -> list[Arrays]:
        x, level, spread = self._inputs(matrices)
        y = self._map(x) * spread + level
        if self._short.maps:
            self._go_on_short(y.reshape(len(matrices), -1, self._length), matrices)
        return self._series(y + self._owed(matrices), len(matrices))

    def _go_on_short(self, y: np.ndarray, matrices: Any) -> None:
        """Put in what is said of rows of which less is known than of any learned from."""
        known = lengths_of(matrices, self._before)
        for num in np.unique(known[(known > 0) & (known < self._least)]).tolist():
            own = np.flatnonzero(known == num)
            some = matrices.take(own)
            before = self._rest(some).reshape(len(own), -1, self._steps)
            y[own] = self._short(beside(some, self._before), before, num)

    def _find_short(self, matrices: Any, targets: Sequence[Arrays]) -> ShortHistory:
        """Return what to go by where little is known, with other columns to go by."""
        if not self._before or not aside(matrices, self._before):
            return ShortHistory()
        shape = len(matrices), self._num_channels, -1
        ahead = (self._after(matrices, targets)).reshape(shape)
        before = self._rest(matrices).reshape(shape)
        return ShortHistory.fit(beside(matrices, self._before), before, ahead, self._least)

    def _series(self, y: np.ndarray, num_rows: int) -> list[Arrays]:
        """Return what is told of rows as values of the target."""
        num = self._num_channels
        if self._before:
            values = y.reshape(num_rows, num, self._length).transpose(0, 2, 1)
        else:
            values = y.reshape(num_rows, self._length, num)
        return [self._codec.made(one) for one in values]

    def _rest(self, matrices: Any) -> np.ndarray:
        """Return what came before without what it owes to what was known of it."""
        before = histories_of(matrices, self._before, self._codec, self._steps)
        if not self._known:
            return before
        known, _ = known_of(matrices, self._known, self._steps, self._length)
        return before - np.einsum("rsk,kc->rcs", known, self._effect).reshape(before.shape)

    def _after(self, matrices: Any, targets: Sequence[Arrays]) -> np.ndarray:
        """Return what comes after without what it owes to what is known of it."""
        num, by_channel = self._num_channels, bool(self._before)
        found = outputs_of(targets, self._length, num, by_channel=by_channel)
        return found - self._owed(matrices)

    def _owed(self, matrices: Any) -> np.ndarray | float:
        """Return what the steps ahead owe to what is known of them, ``[row * channel, step]``."""
        if not self._known:
            return 0.0
        _, ahead = known_of(matrices, self._known, self._steps, self._length)
        owed = np.einsum("rsk,kc->rcs", ahead, self._effect)
        return owed.reshape(-1, self._length)

    @property
    def _num_near(self) -> int:
        """How many groups of steps that follow each other may share steps with one."""
        return -(-self._steps // self._length) + 1 if self._before else 0

    def save(self, folder: Path) -> None:
        from safetensors.numpy import save_file

        folder.mkdir(parents=True, exist_ok=True)
        about = {
            "before": self._before, "known": self._known, "others": self._others,
            "steps": self._steps, "length": self._length, "least": self._least,
            "scaled": self._scaled, "anchor": asdict(self._anchor),
            "means": self._codec.means, "scales": self._codec.scales,
            "num_channels": self._codec.num_channels, "gaps": self._codec.gaps,
        }  # fmt: skip
        (folder / "linear_map.json").write_text(json.dumps(about), encoding="utf8")
        arrays = {**vars(self._map), "effect": self._effect, **self._short.arrays()}
        save_file(
            {name: np.ascontiguousarray(one) for name, one in arrays.items()},
            folder / "linear_map.safetensors",
        )

    @classmethod
    def load(cls, folder: Path) -> Self:
        from safetensors.numpy import load_file

        from plait.modalities import find_codec

        made: Any = find_codec("series")
        about: Mapping[str, Any] = json.loads((folder / "linear_map.json").read_text("utf8"))
        found, arrays = cls(), load_file(folder / "linear_map.safetensors")
        found._before, found._others = about["before"], tuple(about["others"])
        found._known = about.get("known", "")  # nothing was, of all that do not say
        found._anchor = Anchor(**about.get("anchor", {}))
        found._effect = arrays.pop("effect", found._effect)
        found._short, found._least = ShortHistory.from_arrays(arrays), int(about.get("least", 0))
        arrays = {name: one for name, one in arrays.items() if not name.startswith("short/")}
        found._steps, found._length = int(about["steps"]), int(about["length"])
        found._map = Linear(**arrays)
        found._scaled = bool(about.get("scaled", True))  # as all were that do not say
        found._codec = made(
            means=tuple(about["means"]), scales=tuple(about["scales"]),
            num_channels=about["num_channels"], gaps=about["gaps"],
        )  # fmt: skip
        return found

    def _find_before(self, matrices: Any) -> str:
        """Return the first input column that is a series of the target's channels; "" for none."""
        for name in matrices.features.scales:
            codec = matrices.prepared.columns[name].codec
            if codec.modality == self._codec.modality:
                same = codec.num_channels == self._codec.num_channels
                if same and codec.channels == self._codec.channels:
                    return str(name)
        return ""

    def _find_anchor(self, matrices: Any, targets: Sequence[Arrays]) -> Anchor:
        """Return what the map is pulled to; see `find_anchor`."""
        before = self._rest(matrices)
        level = before.mean(axis=1, keepdims=True)
        ahead = self._after(matrices, targets)
        return find_anchor(before - level, ahead - level)

    def _inputs(self, matrices: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return features, and the level and spread that both sides are normalised by.

        With what came before they have a row per row and channel; else one per row.
        """
        others = np.zeros((len(matrices), 0), np.float32)
        if self._others:
            others = matrices.only(self._others).dense
        if not self._before:
            return others, np.zeros((len(others), 1)), np.ones((len(others), 1))
        before = self._rest(matrices)
        level = before.mean(axis=1, keepdims=True)
        spread = np.ones_like(level)
        if self._scaled:
            spread = before.std(axis=1, keepdims=True)
            spread = np.where(spread > LEAST_SPREAD, spread, 1.0)
        x = np.concatenate(
            [(before - level) / spread, each_channel(others, self._num_channels)], axis=1
        )
        return x.astype(np.float32), level + self._anchor(before - level, self._length), spread

    @property
    def _num_channels(self) -> int:
        return max(self._codec.num_channels, 1)
