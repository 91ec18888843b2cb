"""Fits every simple expert on the same rows and collects honest outputs of each."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from plait.baselines.experts import EXPERTS, Expert
from plait.baselines.extract import Source
from plait.baselines.features import FeatureMap
from plait.baselines.views import Views
from plait.errors import ExtraError, TargetError
from plait.modalities import TargetCodec

MAX_VALUES = 250_000_000
PROBE_ROWS = 128
EXTRACTION_SHARE = 0.4
MIN_ROWS = 256
TIME_SHARES = {"majority": 0.05, "neighbour": 0.15, "linear": 0.4, "boosted": 1.0}
"""Of the time that is left when an expert's turn comes."""


@dataclass(frozen=True)
class BaselineResult:
    """One fitted expert.

    Attributes:
        name: ``majority``, ``neighbour``, ``linear`` or ``boosted``.
        expert: Fitted on all training rows that were used.
        outputs: On validation rows; with folds, out-of-fold on the training rows.
        seconds: Spent on it.
    """

    name: str
    expert: Expert
    outputs: np.ndarray
    seconds: float


@dataclass(frozen=True)
class Skipped:
    """An expert that was not fitted.

    Attributes:
        name: Of the expert.
        reason: Why, for people.
        hint: What mends it, if anything.
    """

    name: str
    reason: str
    hint: str | None


@dataclass(frozen=True)
class Baselines:
    """All results; iterates over them.

    Attributes:
        results: One per fitted expert, simplest first.
        features: What turns prepared rows into the views that the experts take.
        skipped: Experts that were not fitted, and why.
        num_rows: Training rows that were used.
        num_rows_given: Training rows that there were.
    """

    results: tuple[BaselineResult, ...]
    features: FeatureMap
    skipped: tuple[Skipped, ...]
    num_rows: int
    num_rows_given: int

    def __iter__(self) -> Iterator[BaselineResult]:
        return iter(self.results)

    def __len__(self) -> int:
        return len(self.results)

    def __getitem__(self, index: int) -> BaselineResult:
        return self.results[index]

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know: what was skipped, and whether rows were sampled."""
        found = [f"{s.name} was skipped: {s.reason}" + (f" ({s.hint})" if s.hint else "")
                 for s in self.skipped]
        if self.num_rows < self.num_rows_given:
            found.append(f"the baselines learned from a sample of {self.num_rows} "
                         f"of {self.num_rows_given} rows")
        return tuple(found)


def run_baselines(
    prepared: Source,
    inputs: Sequence[str],
    target: str,
    truth: np.ndarray,
    target_codec: TargetCodec,
    rows_train: np.ndarray,
    rows_validation: np.ndarray,
    *,
    folds: np.ndarray | None = None,
    seed: int = 0,
    deadline: float | None = None,
    max_rows: int = 100_000,
) -> Baselines:
    """Fit every expert.

    Args:
        prepared: The table's prepared columns.
        inputs: Columns to learn from.
        target: Column to predict; must not be among `inputs`.
        truth: Targets of every row of the table.
        target_codec: Its fitted codec.
        rows_train: Rows to learn from.
        rows_validation: Rows to give outputs on; not used when `folds` are given.
        folds: Fold number per row of `rows_train`; then outputs are out-of-fold, on those rows.
        seed: Of samples and inner splits.
        deadline: Of `time.monotonic`; later, searches are cut short, but every expert is fitted.
        max_rows: More training rows than this are sampled.

    Raises:
        TargetError: When no training row has a class that is known.
    """
    if target in inputs:
        raise TargetError("the target is among the inputs", received=target)
    rows_train = np.asarray(rows_train, np.int64)
    sampled = rows_train if folds is not None else _sample(
        prepared, inputs, rows_train, len(rows_validation), seed, deadline, max_rows
    )
    features = FeatureMap.fit(prepared, inputs, sampled)
    learn = features.views(prepared, sampled)
    judge = None if folds is not None else features.views(prepared, np.asarray(rows_validation))
    job = _Job(learn, judge, truth[sampled], target_codec, folds, seed)
    results: list[BaselineResult] = []
    skipped: list[Skipped] = []
    for name, expert in EXPERTS.items():
        started = time.monotonic()
        limit = None if deadline is None else (
            started + max(0.0, deadline - started) * TIME_SHARES[name]
        )
        try:
            fitted, outputs = job.run(expert, limit)
        except ExtraError as error:
            skipped.append(Skipped(name, error.what, error.hint))
            continue
        except TargetError as error:
            skipped.append(Skipped(name, error.what, error.hint))
            continue
        results.append(BaselineResult(name, fitted, outputs, time.monotonic() - started))
    features.forget()
    return Baselines(tuple(results), features, tuple(skipped), len(sampled), len(rows_train))


@dataclass
class _Job:
    """Rows, truth and folds that every expert shares."""

    learn: Views
    judge: Views | None
    truth: np.ndarray
    codec: TargetCodec
    folds: np.ndarray | None
    seed: int

    def run(self, expert: type[Expert], deadline: float | None) -> tuple[Expert, np.ndarray]:
        """Return the expert fitted on all rows, and its honest outputs."""
        known = self.truth >= 0 if self.codec.task == "classify" else np.ones(len(self.truth), bool)
        if not known.any():
            raise TargetError("no training row has a class that is known")
        if self.judge is not None:
            fitted = self._fit(expert, known, deadline)
            return fitted, fitted.outputs(self.judge)
        outputs: np.ndarray | None = None
        numbers = np.unique(self.folds)
        for done, number in enumerate(numbers):
            out = self.folds == number
            inside = known & ~out
            part = self._fit(expert, inside if inside.any() else known,
                             _share(deadline, len(numbers) + 1 - done))
            found = part.outputs(self.learn.take(np.flatnonzero(out)))
            if outputs is None:
                outputs = np.zeros((len(self.truth), found.shape[1]), np.float32)
            outputs[out] = found
        return self._fit(expert, known, deadline), np.asarray(outputs)

    def _fit(self, expert: type[Expert], keep: np.ndarray, deadline: float | None) -> Expert:
        views = self.learn if keep.all() else self.learn.take(np.flatnonzero(keep))
        fitted = expert()
        fitted.fit(views, self.truth[keep], self.codec, seed=self.seed, deadline=deadline)
        return fitted


def _sample(
    prepared: Source,
    inputs: Sequence[str],
    rows: np.ndarray,
    num_more: int,
    seed: int,
    deadline: float | None,
    max_rows: int,
) -> np.ndarray:
    """Take as many rows as memory and time allow; the time is measured on a few of them."""
    room = max_rows
    if len(rows) > MIN_ROWS:
        started = time.monotonic()
        probe = FeatureMap.fit(prepared, inputs, rows[:: len(rows) // PROBE_ROWS])
        width = sum(len(scale.plan.dense) for scale in probe.scales.values())
        room = min(room, MAX_VALUES // max(width, 1))
        if deadline is not None:
            now = time.monotonic()
            per_row = (now - started) / (2 * PROBE_ROWS)
            room = min(room, int(EXTRACTION_SHARE * max(0.0, deadline - now) / per_row) - num_more)
        room = max(room, MIN_ROWS)
    if len(rows) <= room:
        return rows
    rng = np.random.default_rng(seed)
    return np.sort(rng.choice(rows, room, replace=False))


def _share(deadline: float | None, num_left: int) -> float | None:
    if deadline is None:
        return None
    now = time.monotonic()
    return now + max(0.0, deadline - now) / max(num_left, 1)
