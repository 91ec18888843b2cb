"""The linear baseline of series: a ridge regression from what a row holds to every step.

Where a row has a series of the same channels among its inputs, that is what came before: each
channel is continued by one linear map from its last steps, both sides normalised by the level of
what came before, and by its spread where that helps (Zeng et al. 2023, "Are Transformers Effective
for Time Series Forecasting?"; Kim et al. 2022, "Reversible Instance Normalization"), in closed form
(Toner and Darlow 2024, "An Analysis of Linear Time Series Forecasting Models").
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from plait.modalities.series.ridge import Linear, Ridge
from plait.types import Arrays

MAX_BEFORE = 720
"""Steps of what came before that are looked at, at most."""

MAX_OTHERS = 1024
"""Features of the other columns, at most: else they are left out, the widest column first."""

PENALTIES = (1e-3, 1e-2, 0.1, 0.3, 1.0, 10.0)
"""Of the ridge, per row, for features of spread 1."""

JUDGED_SHARE, LEAST_GROUPS = 0.2, 6
LEAST_SPREAD = 1e-6


@dataclass(frozen=True)
class _Tried:
    """How a way to tell what is known did on the groups that judge.

    Attributes:
        errors: Mean squared error of each group, float64 ``[group]``.
        penalty: The best for it.
        others, scaled: The way.
    """

    errors: np.ndarray
    penalty: float
    others: tuple[str, ...]
    scaled: bool

    def clearly_better(self, simpler: _Tried) -> bool:
        """Tell whether its error is less by more than one standard error over the groups.

        Of fewer than `LEAST_GROUPS` none is: what a few months say of one more column is chance.
        """
        gaps = self.errors - simpler.errors
        if len(gaps) < LEAST_GROUPS:
            return False
        return bool(gaps.mean() < -gaps.std(ddof=1) / len(gaps) ** 0.5)


class LinearMap:
    """See the module. Series of several lengths are made as long as most of them are."""

    name: ClassVar[str] = "linear_map"

    def __init__(self) -> None:
        self._before, self._others = "", tuple[str, ...]()
        self._steps, self._length, self._scaled = 0, 1, False
        nothing = np.zeros(0, np.float32)
        self._map = Linear(np.zeros((0, 0), np.float32), nothing, nothing)
        self._codec: Any = None

    def fit(self, matrices: Any, targets: Sequence[Arrays], codec: Any, *, seed: int) -> None:
        """Choose the penalty, whether other columns help to continue, and whether the spread of
        what came before is a unit, by the last groups: the simplest that is not clearly worse.

        Rows of one time come near each other: those that judge lie together too, and what lies so
        near to them that it may share steps with them is not learned from meanwhile.
        """
        self._codec = codec
        self._length = int(np.median([len(one["values"]) for one in targets]))
        self._before = self._find_before(matrices)
        self._others = _narrow(matrices, self._before)
        if self._before:
            column = matrices.prepared.columns[self._before].codec
            self._steps = min(column.num_steps, MAX_BEFORE)
        others = [(), self._others] if self._before and self._others else [self._others]
        units_of = (False, True) if self._before else (False,)
        best: _Tried | None = None
        for self._others, self._scaled in product(others, units_of):
            found = self._try(matrices, targets)
            if best is None or (found is not None and found.clearly_better(best)):
                best = found
        if best is None:
            best = _Tried(np.zeros(0), PENALTIES[-1], others[0], False)
        self._others, self._scaled = best.others, best.scaled
        x, y, _, _ = self._told(matrices, targets)
        self._map = Ridge(x, y).solved(best.penalty)

    def _try(self, matrices: Any, targets: Sequence[Arrays]) -> _Tried | None:
        """Return the best penalty for what is told now, by the last groups; None where none
        judge."""
        x, y, spread, units = self._told(matrices, targets)
        judges, near = _last(units, -(-self._steps // self._length) + 1 if self._before else 0)
        judge = np.isin(units, judges)
        learn = ~judge & ~np.isin(units, near)
        if not judge.any() or not learn.any():
            return None
        ridge, found = Ridge(x[learn], y[learn]), list[_Tried]()
        _, groups = np.unique(units[judge], return_inverse=True)
        for penalty in PENALTIES:
            gap = (ridge.solved(penalty)(x[judge]) - y[judge]) * spread[judge]
            sums = np.bincount(groups, (gap**2).mean(axis=1))
            errors = sums / np.bincount(groups)
            found.append(_Tried(errors, penalty, self._others, self._scaled))
        return min(found, key=lambda one: float(one.errors.mean()))

    def _told(self, matrices: Any, targets: Sequence[Arrays]) -> tuple[np.ndarray, ...]:
        """Return features, what is to be told, the spread of its units, and groups of the rows."""
        x, level, spread = self._inputs(matrices)
        y = (self._outputs(targets) - level) / spread
        return x, y, spread, np.repeat(_units(matrices), len(x) // len(targets))

    def answer(self, matrices: Any) -> list[Arrays]:
        x, level, spread = self._inputs(matrices)
        y = self._map(x) * spread + level
        num = max(self._codec.num_channels, 1)
        if self._before:
            values = y.reshape(len(matrices), num, self._length).transpose(0, 2, 1)
        else:
            values = y.reshape(len(matrices), self._length, num)
        return [self._codec.made(one) for one in values]

    def save(self, folder: Path) -> None:
        from safetensors.numpy import save_file

        folder.mkdir(parents=True, exist_ok=True)
        about = {
            "before": self._before, "others": self._others,
            "steps": self._steps, "length": self._length, "scaled": self._scaled,
            "means": self._codec.means, "scales": self._codec.scales,
            "num_channels": self._codec.num_channels, "gaps": self._codec.gaps,
        }  # fmt: skip
        (folder / "linear_map.json").write_text(json.dumps(about), encoding="utf8")
        arrays = vars(self._map)
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

    def _inputs(self, matrices: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return features, and the level and spread that both sides are normalised by.

        With what came before they have a row per row and channel; else one per row.
        """
        others = np.zeros((len(matrices), 0), np.float32)
        if self._others:
            others = matrices.only(self._others).dense
        if not self._before:
            return others, np.zeros((len(others), 1)), np.ones((len(others), 1))
        before = self._histories(matrices)
        level = before.mean(axis=1, keepdims=True)
        spread = np.ones_like(level)
        if self._scaled:
            spread = before.std(axis=1, keepdims=True)
            spread = np.where(spread > LEAST_SPREAD, spread, 1.0)
        x = np.concatenate([(before - level) / spread, self._each(others)], axis=1)
        return x.astype(np.float32), level, spread

    def _each(self, others: np.ndarray) -> np.ndarray:
        """Return other columns' features for each row and channel, which may heed them otherwise.

        Too many for that are the same for all channels.
        """
        num, width = self._num_channels, others.shape[1]
        if num * width > MAX_OTHERS:
            return np.repeat(others, num, axis=0)
        found = np.zeros((len(others), num, num, width), np.float32)
        for channel in range(num):
            found[:, channel, channel] = others
        return found.reshape(len(others) * num, num * width)

    @property
    def _num_channels(self) -> int:
        return max(self._codec.num_channels, 1)

    def _histories(self, matrices: Any) -> np.ndarray:
        """Return the last steps of what came before in the target's own scale, ``[row * channel,
        step]``; shorter ones begin with their first value, absent ones are the mean."""
        column = matrices.prepared.columns[self._before]
        codec, num = column.codec, self._num_channels
        found = np.zeros((len(matrices), num, self._steps), np.float64)
        scale = np.array(codec.scales or [1.0] * num) / np.array(self._codec.scales or [1.0] * num)
        shift = np.array(codec.means or [0.0] * num) - np.array(self._codec.means or [0.0] * num)
        shift = shift / np.array(self._codec.scales or [1.0] * num)
        for place, row in enumerate(matrices.rows):
            value = column[int(row)]
            if value is None:
                continue
            last = value["values"][-self._steps :] * scale + shift
            found[place, :, -len(last) :] = last.T
            found[place, :, : -len(last)] = last[:1].T
        return found.reshape(-1, self._steps)

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


def _narrow(matrices: Any, before: str) -> tuple[str, ...]:
    """Return the other columns whose dense features are few enough together, the narrowest first.

    Those of what came before are the steps themselves.
    """
    widths = {
        str(name): matrices.only([name]).dense.shape[1]
        for name in matrices.features.scales
        if name != before
    }
    kept, total = [], 0
    for name in sorted(widths, key=lambda name: widths[name]):
        total += widths[name]
        if total > MAX_OTHERS:
            break
        kept.append(name)
    return tuple(kept)


def _units(matrices: Any) -> np.ndarray:
    units: np.ndarray = matrices.units
    return units


def _last(units: np.ndarray, num_near: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the groups to judge by, the last share of them in the order in which they come, and
    so many before these."""
    _, firsts = np.unique(units, return_index=True)
    ordered = units[np.sort(firsts)]
    if len(ordered) < 2:
        return ordered[:0], ordered[:0]
    place = len(ordered) - max(1, int(JUDGED_SHARE * len(ordered)))
    return ordered[place:], ordered[max(place - num_near, 0) : place]
