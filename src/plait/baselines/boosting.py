"""LightGBM itself: settings by the size of a table, rounds until enough or late, predictions."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from plait.baselines.contract import is_late
from plait.errors import ExtraError
from plait.modalities.forms import OutputForm

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

MANY_ROWS = 50_000
"""From so many rows on trees grow larger."""

MAX_ONE_HOT = 64
"""Of up to so many words a split sets one apart: sets of them are learned by heart."""

FEW_FEATURES, MANY_FEATURES = 8, 64
"""A table with so many features is neither so narrow nor so wide that one share of them suits."""

LEAST_SEEN = 5
"""Each tree sees at least about so many features of a narrow table."""

SHARES = (0.8, 0.3)
"""Of the features, what trees see of such tables, where there are rows and time to compare."""

PROBE_ROUNDS = 4
"""Rounds that tell how long one takes."""


class Judges(NamedTuple):
    """Rows that tell when boosting gains nothing more.

    Attributes:
        table: float32 ``[row, feature]``.
        goal: ``[row]``.
        weights: ``[row]``: how much each counts; None for the same.
    """

    table: np.ndarray
    goal: np.ndarray
    weights: np.ndarray | None = None


@dataclass(frozen=True)
class Grown:
    """A booster and how it came about.

    Attributes:
        booster: Of LightGBM; its ``best_iteration`` is that of all held-out rows.
        rounds: How many of its rounds count.
        best: For each part of the held-out rows, how many rounds suit these rows best.
        costs: The mean cost of each part after so many.
        finished: Whether it ended by itself: enough rounds, or no gain for long.
        seconds: Of one round.
    """

    booster: Any
    rounds: int
    best: tuple[int, ...]
    costs: tuple[float, ...]
    finished: bool
    seconds: float


@dataclass(frozen=True)
class Grower:
    """Grows boosters of one target with the same settings.

    Attributes:
        form: Of the target's outputs.
        num_classes: Of the target; 2 for yes or no.
        seed: Of samples of rows and features.
        rate: The learning rate; 0 takes that of the form.
        share: Of the features, what each tree sees; 0 takes that of the table's width.
    """

    form: OutputForm
    num_classes: int
    seed: int
    rate: float = 0.0
    share: float = 0.0

    @property
    def learning_rate(self) -> float:
        """The step of each round."""
        many = self.num_classes > 10 and self.form.exclusive
        return self.rate or (0.1 if many else 0.05)

    @property
    def num_trees(self) -> int:
        """Trees per round."""
        return self.num_classes if self.form.exclusive and self.num_classes > 2 else 1

    def grow(
        self,
        table: np.ndarray,
        goal: np.ndarray,
        categorical: list[int],
        *,
        rounds: int | None = None,
        held: Sequence[Judges] = (),
        weights: np.ndarray | None = None,
        deadline: float | None = None,
    ) -> Grown:
        """Boost for `rounds`, until the parts of `held` gain nothing more together, or until late.

        Without a number of rounds, there are 2,000 at most. `weights` say how much each row counts.
        """
        lightgbm = import_lightgbm()
        settings = self._settings(table)
        data = lightgbm.Dataset(
            table,
            goal,
            weight=weights,
            categorical_feature=categorical,
            params=settings,
            free_raw_data=True,
        )
        judged = [data.create_valid(part.table, part.goal, weight=part.weights) for part in held]
        patience = max(LEAST_PATIENCE, round(PATIENCE_ROUNDS * self._usual / self.learning_rate))
        progress = _Progress(deadline, patience, [_heaviness(part) for part in held])
        booster = lightgbm.train(
            settings,
            data,
            num_boost_round=rounds or MAX_ROUNDS,
            valid_sets=judged,
            callbacks=[progress],
        )
        if held:
            booster.best_iteration = progress.best_round
        enough = progress.done * self.learning_rate >= LEAST_TRAVEL
        counted = progress.best_round if held else progress.done
        finished = not progress.late or enough
        parts = progress.best_of_parts, progress.least_of_parts
        return Grown(booster, counted, *parts, finished, progress.seconds)

    def paced(self, num_rounds: float) -> Grower:
        """Return it with a learning rate that suits so many rounds, if no more fit the time."""
        rate = LEAST_TRAVEL / max(num_rounds, 1.0)
        return replace(self, rate=float(np.clip(rate, self._usual, MAX_RATE)))

    def variants(self, num_features: int) -> list[Grower]:
        """Return it with trees that see much of a narrow table, and with trees that see little.

        Which is better depends on how the features interact.
        """
        if not FEW_FEATURES <= num_features < MANY_FEATURES:
            return [self]
        return [replace(self, share=share) for share in SHARES]

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
        several = self.form.exclusive and self.num_classes != 2
        objective = "multiclass" if several else "binary" if self.form.probable else "regression"
        found = {
            "objective": objective,
            "learning_rate": self.learning_rate,
            "num_leaves": 7 if num_rows < 500 else 15 if num_rows < MANY_ROWS else 31,
            "min_data_in_leaf": int(np.clip(num_rows / 100, 3, 20)),
            "feature_fraction": self.share or feature_share(num_features),
            "bagging_fraction": 0.8 if num_rows > 1 else 1.0,
            "bagging_freq": 1,
            "lambda_l2": 1.0,
            "max_bin": 255 if num_features < 64 else 63,
            "cat_smooth": 10.0,
            "max_cat_to_onehot": MAX_ONE_HOT,
            "num_threads": _num_threads(num_rows),
            "deterministic": True,
            "force_row_wise": True,
            "seed": self.seed % 2**31,
            "verbosity": -1,
        }
        return found | ({"num_class": self.num_classes} if objective == "multiclass" else {})


def feature_share(num_features: int) -> float:
    """Return the part of the features that each tree looks at: few, but enough to interact."""
    if num_features >= MANY_FEATURES:
        return 0.3
    return float(np.clip(LEAST_SEEN / max(num_features, 1), 0.5, 0.8))


def _heaviness(part: Judges) -> float:
    return float(len(part.goal) if part.weights is None else part.weights.sum())


class _Progress:
    """Stops boosting when the held-out cost has not fallen for long, or when it is late.

    Args:
        deadline: Of `time.monotonic`.
        patience: Rounds without gain.
        shares: How much each part of the held-out rows counts.
    """

    order = 30
    before_iteration = False

    def __init__(self, deadline: float | None, patience: int, shares: Sequence[float]) -> None:
        self._deadline, self._patience = deadline, patience
        self._first, self._last = 0.0, 0.0
        self._shares = np.array([*shares]) / max(sum(shares), 1e-12)
        # The least cost so far of each part, and of all parts together; and in which round.
        self._least = np.full(len(shares) + 1, np.inf)
        self._rounds = np.zeros(len(shares) + 1, np.int64)
        self.done, self.late = 0, False

    @property
    def best_round(self) -> int:
        """The round in which all held-out rows together cost least."""
        return int(self._rounds[-1])

    @property
    def best_of_parts(self) -> tuple[int, ...]:
        """The round in which each part of them costs least."""
        return tuple(int(num) for num in self._rounds[:-1])

    @property
    def least_of_parts(self) -> tuple[float, ...]:
        """What each part of them costs in that round."""
        return tuple(float(cost) for cost in self._least[:-1])

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
            costs = np.array([one[2] for one in env.evaluation_result_list], np.float64)
            costs = np.append(costs, costs @ self._shares)
            better = (costs < self._least) | (self._rounds == 0)
            self._least[better], self._rounds[better] = costs[better], done
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
