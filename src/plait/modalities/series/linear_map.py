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
from plait.modalities.series.histories import histories_of, known_of
from plait.modalities.series.judging_groups import Tried, judging_parts, parts_of
from plait.modalities.series.known_effect import learn_effect
from plait.modalities.series.other_columns import each_channel, narrow
from plait.modalities.series.ridge import Linear, Ridge
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
        self._steps, self._length, self._scaled = 0, 1, False
        self._penalty, self._effect = PENALTIES[-1], np.zeros((0, 0))
        nothing = np.zeros(0, np.float32)
        self._map = Linear(np.zeros((0, 0), np.float32), nothing, nothing)
        self._anchor = Anchor()
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
        self._known = self._find_known(matrices)
        self._others = narrow(matrices, (self._before, self._known))
        if self._before:
            column = matrices.prepared.columns[self._before].codec
            self._steps = min(column.num_steps, MAX_BEFORE)
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

    def again(self, matrices: Any, targets: Sequence[Arrays]) -> Self:
        """Return a map of other rows that is told, and pulled, in the same way."""
        found = copy.copy(self)
        found._effect = found._find_effect(matrices, targets)
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
        units, found = _units(matrices), [dict[str, np.ndarray]() for _ in targets]
        for held, near in parts_of(units, self._num_near):
            own, learn = (
                np.flatnonzero(one) for one in (np.isin(units, held), ~np.isin(units, near))
            )
            if len(learn):
                again = self.again(matrices.take(learn), [targets[int(one)] for one in learn])
            else:
                again = copy.copy(self)
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
        before = histories_of(matrices, self._before, self._codec, self._steps).reshape(
            -1, num, self._steps
        )
        ahead = self._outputs(targets).reshape(-1, num, self._length)
        known = known_of(matrices, self._known, self._steps, self._length)
        return learn_effect(before, ahead, *known)

    def _try(self, matrices: Any, targets: Sequence[Arrays]) -> Tried | None:
        """Return the best penalty for what is told now, by groups that it did not learn from; None
        where there are none."""
        x, y, spread, units = self._told(matrices, targets)
        squares, judged = np.zeros((len(PENALTIES), len(x))), np.zeros(len(x), bool)
        for held, near in judging_parts(units, self._num_near):
            judge, learn = np.isin(units, held), ~np.isin(units, near)
            if not learn.any():
                continue
            judged, ridge = judged | judge, Ridge(x[learn], y[learn])
            for place, penalty in enumerate(PENALTIES):
                gap = (ridge.solved(penalty)(x[judge]) - y[judge]) * spread[judge]
                squares[place, judge] = (gap**2).mean(axis=1)
        if not judged.any():
            return None
        _, groups = np.unique(units[judged], return_inverse=True)
        errors = [np.bincount(groups, one[judged]) / np.bincount(groups) for one in squares]
        best = int(np.argmin([one.mean() for one in errors]))
        return Tried(errors[best], PENALTIES[best], self._others, self._scaled)

    def _told(self, matrices: Any, targets: Sequence[Arrays]) -> tuple[np.ndarray, ...]:
        """Return features, what is to be told, the spread of its units, and groups of the rows."""
        x, level, spread = self._inputs(matrices)
        y = (self._outputs(targets) - self._owed(matrices) - level) / spread
        return x, y, spread, np.repeat(_units(matrices), len(x) // len(targets))

    def answer(self, matrices: Any) -> list[Arrays]:
        x, level, spread = self._inputs(matrices)
        y = self._map(x) * spread + level + self._owed(matrices)
        return self._series(y, len(matrices))

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
            "steps": self._steps, "length": self._length, "scaled": self._scaled,
            "anchor": asdict(self._anchor),
            "means": self._codec.means, "scales": self._codec.scales,
            "num_channels": self._codec.num_channels, "gaps": self._codec.gaps,
        }  # fmt: skip
        (folder / "linear_map.json").write_text(json.dumps(about), encoding="utf8")
        arrays = {**vars(self._map), "effect": self._effect}
        save_file(
            {name: np.ascontiguousarray(one) for name, one in arrays.items()},
            folder / "linear_map.safetensors",
        )

    @classmethod
    def load(cls, folder: Path) -> Self:
        from safetensors.numpy import load_file

        from plait.modalities.series.codec import SeriesCodec

        about: Mapping[str, Any] = json.loads((folder / "linear_map.json").read_text("utf8"))
        found, arrays = cls(), load_file(folder / "linear_map.safetensors")
        found._before, found._others = about["before"], tuple(about["others"])
        found._known = about.get("known", "")  # nothing was, of all that do not say
        found._anchor = Anchor(**about.get("anchor", {}))
        found._effect = arrays.pop("effect", found._effect)
        found._steps, found._length = int(about["steps"]), int(about["length"])
        found._map = Linear(**arrays)
        found._scaled = bool(about.get("scaled", True))  # as all were that do not say
        found._codec = SeriesCodec(
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
        ahead = self._outputs(targets) - self._owed(matrices)
        return find_anchor(before - level, ahead - level)

    def _find_known(self, matrices: Any) -> str:
        """Return the column that tells what is known ahead; "" for none."""
        codecs = {name: matrices.prepared.columns[name].codec for name in matrices.features.scales}
        ahead = [name for name, codec in codecs.items() if getattr(codec, "ahead", 0) > 0]
        return ahead[0] if self._before and ahead else ""

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

    def _outputs(self, targets: Sequence[Arrays]) -> np.ndarray:
        """Return targets of one length, ended by their last value where they are shorter."""
        num = self._num_channels
        found = np.zeros((len(targets), self._length, num))
        for place, one in enumerate(targets):
            values = one["values"][: self._length]
            found[place, : len(values)] = values
            found[place, len(values) :] = values[-1]
        if self._before:
            return found.transpose(0, 2, 1).reshape(-1, self._length)
        return found.reshape(len(targets), -1)


def _units(matrices: Any) -> np.ndarray:
    units: np.ndarray = matrices.units
    return units
