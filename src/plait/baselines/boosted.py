"""Gradient-boosted trees (LightGBM) over raw table columns and the best simple features."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from plait.baselines.contract import (
    HeldOut,
    as_columns,
    is_late,
    known_rows,
    num_outputs,
    part_of,
    read_files,
    write_files,
)
from plait.baselines.folding import inner_folds
from plait.baselines.residuals import Residuals
from plait.baselines.selection import Selection, select_features
from plait.baselines.views import Views, in_parts
from plait.errors import ExtraError, TargetError
from plait.modalities import TargetCodec

MIN_ROWS_PER_THREAD = 8000
MAX_THREADS = 2
"""On small tables threads wait for each other more than they work, above all beside other work."""
MAX_ROUNDS = 2000
PATIENCE_ROUNDS = 40
MAX_CLASSES = 300
SEARCH_SHARE = 0.5


class Boosted:
    """Boosted trees; the number of rounds is chosen on inner folds, then all rows are learned.

    Labels of a tagged target are boosted one by one. Quantiles of numbers come from the
    residuals on the inner folds.
    """

    name: ClassVar[str] = "boosted"

    def __init__(self) -> None:
        self._task = ""
        self._num_outputs = 1
        self._selection = Selection(np.zeros(0, np.int64), np.zeros(0, np.int64))
        self._boosters: list[Any] = []
        self._constants = np.zeros(0, np.float32)
        self._residuals: Residuals | None = None
        self.held_out: HeldOut | None = None
        """Of the last fit; not saved. None for labels, which are boosted one by one."""

    def fit(
        self,
        views: Views,
        truth: np.ndarray,
        codec: TargetCodec,
        *,
        seed: int,
        deadline: float | None = None,
    ) -> None:
        """Learn. Raises `TargetError` beyond 300 classes: a tree each per round is too many."""
        import_lightgbm()
        views, truth = known_rows(views, truth, codec)
        num = num_outputs(codec, truth)
        if codec.task == "classify" and num > MAX_CLASSES:
            raise TargetError(
                "the target has too many classes for boosted trees",
                expected=f"at most {MAX_CLASSES}",
                received=f"{num}",
            )
        self._task, self._num_outputs = codec.task, num
        targets = as_columns(truth, codec.task, num)
        room = int(np.clip(3e8 / (len(views) * num), 256, 1024))
        self._selection = select_features(views, targets, room, seed=seed)
        table = self._selection.table(views)
        categorical = self._selection.categorical(views)
        self._boosters, self._constants = [], np.full(num, np.nan, np.float32)
        goals = [truth] if codec.task != "tag" else list(targets.T)
        for number, goal in enumerate(goals):
            if codec.task == "tag" and len(np.unique(goal)) < 2:
                self._constants[number] = goal.mean()
                continue
            settings = _settings(codec.task, len(table), num, table.shape[1], seed)
            search = _Search(table, goal, categorical, settings, views.groups, views.weights)
            booster, held = search.run(part_of(deadline, 1 / (len(goals) - number)), seed)
            self._boosters.append(booster)
            if codec.task == "regress":
                self._residuals = Residuals.fit(held.means, goal[held.places])
            if codec.task != "tag":
                self.held_out = HeldOut(held.places, self._canonical([held.means]))

    def outputs(self, views: Views) -> np.ndarray:
        return in_parts(views, self._outputs)

    def save(self, folder: Path) -> None:
        arrays = {
            "dense": self._selection.dense,
            "sparse": self._selection.sparse,
            "constants": self._constants,
        }
        if self._residuals is not None:
            arrays |= self._residuals.arrays()
        about = {
            "name": self.name,
            "task": self._task,
            "num_outputs": self._num_outputs,
            "num_boosters": len(self._boosters),
        }
        write_files(folder, about, arrays)
        for number, booster in enumerate(self._boosters):
            text = booster.model_to_string(num_iteration=-1)
            (folder / f"trees.{number}.txt").write_text(text, encoding="utf8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        lightgbm = import_lightgbm()
        about, arrays = read_files(folder)
        expert = cls()
        expert._task, expert._num_outputs = about["task"], int(about["num_outputs"])
        expert._selection = Selection(arrays["dense"], arrays["sparse"])
        expert._constants = arrays["constants"]
        for number in range(int(about["num_boosters"])):
            text = (folder / f"trees.{number}.txt").read_text(encoding="utf8")
            expert._boosters.append(lightgbm.Booster(model_str=text))
        if expert._task == "regress":
            expert._residuals = Residuals.from_arrays(arrays)
        return expert

    def _outputs(self, views: Views) -> np.ndarray:
        table = self._selection.table(views)
        found = [_predict(booster, table) for booster in self._boosters]
        if self._task == "tag":
            out = np.tile(self._constants, (len(table), 1))
            out[:, np.isnan(self._constants)] = np.stack(found, 1) if found else 0.0
            return out
        return self._canonical(found)

    def _canonical(self, found: list[np.ndarray]) -> np.ndarray:
        if self._residuals is not None:
            return self._residuals.outputs(found[0])
        return found[0] if found[0].ndim == 2 else np.stack([1 - found[0], found[0]], axis=1)


class _Held(NamedTuple):
    """Rows that a search held out, and what their boosters predicted (see `_predict`)."""

    places: np.ndarray
    means: np.ndarray


class _Search:
    """Chooses the number of rounds and gives the booster of all rows."""

    def __init__(
        self,
        table: np.ndarray,
        goal: np.ndarray,
        categorical: list[int],
        settings: dict[str, Any],
        groups: np.ndarray | None,
        weights: np.ndarray | None = None,
    ) -> None:
        self._table, self._goal, self._groups = table, goal, groups
        self._weights = weights
        self._categorical, self._settings = categorical, settings

    def run(self, deadline: float | None, seed: int) -> tuple[Any, _Held]:
        """Return the booster, and predictions of the rows held out."""
        limit = part_of(deadline, SEARCH_SHARE)
        rounds, means, places, shares = [], [], [], []
        booster = None
        folds = inner_folds(self._goal, seed=seed, groups=self._groups, num_folds=4, small=3000)
        for done, (learn, judge) in enumerate(folds):
            if done and is_late(limit):
                break
            part = part_of(limit, 1 / (len(folds) - done))
            booster = self._train(learn, judge, MAX_ROUNDS, part)
            rounds.append(max(1, booster.best_iteration))
            means.append(_predict(booster, self._table[judge]))
            places.append(judge)
            shares.append(len(learn) / len(self._goal))
        held = _Held(np.concatenate(places), np.concatenate(means))
        if booster is not None and is_late(deadline):
            return booster, held
        num_rounds = round(float(np.mean(rounds)) / float(np.mean(shares)))
        every = np.arange(len(self._goal))
        return self._train(every, None, max(1, num_rounds), deadline), held

    def _train(
        self, learn: np.ndarray, judge: np.ndarray | None, rounds: int, deadline: float | None
    ) -> Any:
        lightgbm = import_lightgbm()
        data = lightgbm.Dataset(
            self._table[learn],
            self._goal[learn],
            weight=self._weights_of(learn),
            categorical_feature=self._categorical,
            params=self._settings,
            free_raw_data=True,
        )
        judged = None
        if judge is not None:
            heavy = self._weights_of(judge)
            judged = data.create_valid(self._table[judge], self._goal[judge], weight=heavy)
        progress = _Progress(deadline)
        booster = lightgbm.train(
            self._settings,
            data,
            num_boost_round=rounds,
            valid_sets=[] if judged is None else [judged],
            callbacks=[progress],
        )
        if judge is not None:
            booster.best_iteration = progress.best_round
        return booster

    def _weights_of(self, rows: np.ndarray) -> np.ndarray | None:
        return None if self._weights is None else self._weights[rows]


class _Progress:
    """Stops boosting when the held-out cost has not fallen for long, or when it is late."""

    order = 30
    before_iteration = False

    def __init__(self, deadline: float | None) -> None:
        self._deadline = deadline
        self._best = np.inf
        self.best_round = 0

    def __call__(self, env: Any) -> None:
        from lightgbm.callback import EarlyStopException

        done = env.iteration + 1
        if env.evaluation_result_list:
            cost = float(env.evaluation_result_list[0][2])
            if cost < self._best or not self.best_round:
                self._best, self.best_round = cost, done
            if done - self.best_round >= PATIENCE_ROUNDS:
                raise EarlyStopException(env.iteration, env.evaluation_result_list)
        if is_late(self._deadline):
            raise EarlyStopException(env.iteration, env.evaluation_result_list or [])


def import_lightgbm() -> Any:
    """Return the module. Raises `ExtraError` when it, or SciPy, is not installed."""
    try:
        import lightgbm
        import scipy.sparse  # noqa: F401
    except (ImportError, OSError):
        raise ExtraError("table", "the boosted baseline") from None
    return lightgbm


def _settings(
    task: str, num_rows: int, num_classes: int, num_features: int, seed: int
) -> dict[str, Any]:
    """Return LightGBM's parameters: slower steps and smaller trees for fewer rows."""
    objective = {"regress": "regression", "tag": "binary"}.get(task) or (
        "binary" if num_classes == 2 else "multiclass"
    )
    found = {
        "objective": objective,
        "learning_rate": 0.1 if num_classes > 10 and task == "classify" else 0.05,
        "num_leaves": 7 if num_rows < 500 else 15 if num_rows < 5000 else 31,
        "min_data_in_leaf": int(np.clip(num_rows / 100, 3, 20)),
        "feature_fraction": 0.8 if num_features < 64 else 0.3,
        "bagging_fraction": 0.8 if num_rows > 1 else 1.0,
        "bagging_freq": 1,
        "lambda_l2": 1.0,
        "max_bin": 255 if num_features < 64 else 63,
        "cat_smooth": 10.0,
        "num_threads": _num_threads(num_rows),
        "deterministic": True,
        "force_row_wise": True,
        "seed": seed % 2**31,
        "verbosity": -1,
    }
    return found | ({"num_class": num_classes} if objective == "multiclass" else {})


def _num_threads(num_rows: int) -> int:
    return int(np.clip(num_rows // MIN_ROWS_PER_THREAD, 1, MAX_THREADS))


def _predict(booster: Any, table: np.ndarray) -> np.ndarray:
    best = booster.best_iteration
    found = booster.predict(
        table, num_iteration=best if best > 0 else None, num_threads=_num_threads(len(table))
    )
    return np.asarray(found, np.float32)
