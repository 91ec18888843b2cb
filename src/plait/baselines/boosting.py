"""LightGBM itself: settings by the size of a table, rounds until enough or late, predictions."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from plait.baselines.contract import is_late
from plait.errors import ExtraError

MIN_ROWS_PER_THREAD = 8000
MAX_THREADS = 2
"""On small tables threads wait for each other more than they work, above all beside other work."""

MAX_ROUNDS = 2000
PATIENCE_ROUNDS = 40
LEAST_PATIENCE = 10

LEAST_TRAVEL = 10.0
"""Rounds times learning rate from which boosting counts as complete: LightGBM's own default."""

MAX_RATE = 0.2
"""Where the time allows few rounds, the learning rate rises up to this."""

PROBE_ROUNDS = 4
"""Rounds that tell how long one takes."""


@dataclass(frozen=True)
class Grown:
    """A booster and how it came about.

    Attributes:
        booster: Of LightGBM; its ``best_iteration`` is that of the held-out rows.
        rounds: How many of its rounds count.
        finished: Whether it ended by itself: enough rounds, or no gain for long.
        seconds: Of one round.
    """

    booster: Any
    rounds: int
    finished: bool
    seconds: float


@dataclass(frozen=True)
class Grower:
    """Grows boosters of one target with the same settings.

    Attributes:
        task: Of the target.
        num_classes: Of the target; 2 for yes or no.
        seed: Of samples of rows and features.
        rate: The learning rate; 0 takes that of the task.
    """

    task: str
    num_classes: int
    seed: int
    rate: float = 0.0

    @property
    def learning_rate(self) -> float:
        """The step of each round."""
        many = self.num_classes > 10 and self.task == "classify"
        return self.rate or (0.1 if many else 0.05)

    @property
    def num_trees(self) -> int:
        """Trees per round."""
        return self.num_classes if self.task == "classify" and self.num_classes > 2 else 1

    def grow(
        self,
        table: np.ndarray,
        goal: np.ndarray,
        categorical: list[int],
        *,
        rounds: int | None = None,
        held: tuple[np.ndarray, np.ndarray] | None = None,
        weights: tuple[np.ndarray | None, np.ndarray | None] = (None, None),
        deadline: float | None = None,
    ) -> Grown:
        """Boost for `rounds`, until `held` rows (table, goal) gain nothing more, or until late.

        Without a number of rounds, there are 2,000 at most. `weights` say how much each row
        counts, of the table and of `held`.
        """
        lightgbm = import_lightgbm()
        settings = self._settings(table)
        data = lightgbm.Dataset(
            table,
            goal,
            weight=weights[0],
            categorical_feature=categorical,
            params=settings,
            free_raw_data=True,
        )
        judged = None if held is None else data.create_valid(*held, weight=weights[1])
        patience = max(LEAST_PATIENCE, round(PATIENCE_ROUNDS * self._usual / self.learning_rate))
        progress = _Progress(deadline, patience)
        booster = lightgbm.train(
            settings,
            data,
            num_boost_round=rounds or MAX_ROUNDS,
            valid_sets=[] if judged is None else [judged],
            callbacks=[progress],
        )
        if held is not None:
            booster.best_iteration = progress.best_round
        enough = progress.done * self.learning_rate >= LEAST_TRAVEL
        counted = progress.best_round if held is not None else progress.done
        return Grown(booster, counted, not progress.late or enough, progress.seconds)

    def paced(self, num_rounds: float) -> Grower:
        """Return it with a learning rate that suits so many rounds, if no more fit the time."""
        rate = LEAST_TRAVEL / max(num_rounds, 1.0)
        return replace(self, rate=float(np.clip(rate, self._usual, MAX_RATE)))

    @property
    def usual_rounds(self) -> float:
        """Rounds until boosting counts as complete."""
        return LEAST_TRAVEL / self._usual

    @property
    def _usual(self) -> float:
        return replace(self, rate=0.0).learning_rate

    def _settings(self, table: np.ndarray) -> dict[str, Any]:
        """Return LightGBM's parameters: slower steps and smaller trees for fewer rows."""
        num_rows, num_features = table.shape
        objective = {"regress": "regression", "tag": "binary"}.get(self.task) or (
            "binary" if self.num_classes == 2 else "multiclass"
        )
        found = {
            "objective": objective,
            "learning_rate": self.learning_rate,
            "num_leaves": 7 if num_rows < 500 else 15 if num_rows < 5000 else 31,
            "min_data_in_leaf": int(np.clip(num_rows / 100, 3, 20)),
            "feature_fraction": feature_share(num_features),
            "bagging_fraction": 0.8 if num_rows > 1 else 1.0,
            "bagging_freq": 1,
            "lambda_l2": 1.0,
            "max_bin": 255 if num_features < 64 else 63,
            "cat_smooth": 10.0,
            "num_threads": _num_threads(num_rows),
            "deterministic": True,
            "force_row_wise": True,
            "seed": self.seed % 2**31,
            "verbosity": -1,
        }
        return found | ({"num_class": self.num_classes} if objective == "multiclass" else {})


def feature_share(num_features: int) -> float:
    """Return the part of the features that each tree looks at."""
    return 0.8 if num_features < 64 else 0.3


class _Progress:
    """Stops boosting when the held-out cost has not fallen for long, or when it is late."""

    order = 30
    before_iteration = False

    def __init__(self, deadline: float | None, patience: int) -> None:
        self._deadline, self._patience = deadline, patience
        self._best, self._first, self._last = np.inf, 0.0, 0.0
        self.best_round, self.done, self.late = 0, 0, False

    @property
    def seconds(self) -> float:
        """Seconds of a round, the first apart."""
        return (self._last - self._first) / max(self.done - 1, 1)

    def __call__(self, env: Any) -> None:
        from lightgbm.callback import EarlyStopException

        self.done = done = env.iteration + 1
        self._last = time.monotonic()
        self._first = self._last if done == 1 else self._first
        if env.evaluation_result_list:
            cost = float(env.evaluation_result_list[0][2])
            if cost < self._best or not self.best_round:
                self._best, self.best_round = cost, done
            if done - self.best_round >= self._patience:
                raise EarlyStopException(env.iteration, env.evaluation_result_list)
        if done < env.end_iteration and is_late(self._deadline):
            self.late = True
            raise EarlyStopException(env.iteration, env.evaluation_result_list or [])


def import_lightgbm() -> Any:
    """Return the module. Raises `ExtraError` when it, or SciPy, is not installed."""
    try:
        import lightgbm
        import scipy.sparse  # noqa: F401
    except (ImportError, OSError):
        raise ExtraError("table", "the boosted baseline") from None
    return lightgbm


def predict(booster: Any, table: np.ndarray, rounds: int | None = None) -> np.ndarray:
    """Return predictions float32, ``[row]`` or ``[row, class]``, of so many rounds, or the best."""
    best = booster.best_iteration
    found = booster.predict(
        table,
        num_iteration=rounds or (best if best > 0 else None),
        num_threads=_num_threads(len(table)),
    )
    return np.asarray(found, np.float32)


def _num_threads(num_rows: int) -> int:
    return int(np.clip(num_rows // MIN_ROWS_PER_THREAD, 1, MAX_THREADS))
