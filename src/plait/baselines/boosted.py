"""The gradient-boosting baseline: LightGBM over unscaled features, stored as its own text."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from plait.baselines.experts import marginal, read_expert, write_expert
from plait.baselines.features import Views
from plait.errors import BundleError, ExtraError
from plait.modalities import TargetCodec

MAX_TREES = 1500
PATIENCE = 50
LEVELS = (0.05, 0.5, 0.95)


class Boosted:
    """LightGBM (Ke et al. 2017) with early stopping on a held-out part of the training rows.

    Labels are boosted one by one. Numbers are boosted under squared error; the quantiles are those
    of the held-out residuals (split conformal prediction, Lei et al. 2018).
    """

    name: ClassVar[str] = "boosted"

    def __init__(self) -> None:
        self.task = "classify"
        self.boosters: list[Any] = []
        self.answer = np.zeros(1, np.float32)
        self.spread = np.zeros(0, np.float32)

    def fit(
        self, views: Views, truth: np.ndarray, codec: TargetCodec, *, seed: int,
        deadline: float | None,
    ) -> None:
        """See `Expert.fit`."""
        self.task, self.answer = codec.task, marginal(truth, codec)
        held = _held(truth, seed)
        kept = np.setdiff1d(np.arange(len(truth)), held)
        num = truth.shape[1] if codec.task == "tag" else 1
        self.boosters = []
        for label in range(num):
            column = truth[:, label] if codec.task == "tag" else truth
            late = deadline is not None and time.monotonic() > deadline
            if late and codec.task == "tag" or len(np.unique(column[kept])) < 2:
                self.boosters.append(None)
                continue
            self.boosters.append(
                self._boost(views, column, kept, held, seed=seed, deadline=deadline)
            )
        if codec.task == "regress" and self.boosters[0] is not None:
            guess = self.boosters[0].predict(views.tree[held])
            self.spread = np.quantile(truth[held] - guess, LEVELS).astype(np.float32)

    def _boost(
        self, views: Views, column: np.ndarray, kept: np.ndarray, held: np.ndarray, *, seed: int,
        deadline: float | None,
    ) -> Any:
        lightgbm = _lightgbm()
        kept, held = kept[column[kept] >= 0] if self.task == "classify" else kept, held
        settings = self._settings(len(kept), seed)
        options = {"categorical_feature": views.labels, "free_raw_data": True}
        train = lightgbm.Dataset(views.tree[kept], column[kept], params=settings, **options)
        seen = held[column[held] >= 0] if self.task == "classify" else held
        check = train.create_valid(views.tree[seen], column[seen])
        stops = [lightgbm.early_stopping(PATIENCE, verbose=False), _stop_at(deadline)]
        return lightgbm.train(settings, train, MAX_TREES, valid_sets=[check], callbacks=stops)

    def _settings(self, num_rows: int, seed: int) -> dict[str, Any]:
        objective: dict[str, Any] = {"tag": {"objective": "binary"},
                                     "regress": {"objective": "regression"}}.get(
            self.task, {"objective": "multiclass", "num_class": len(self.answer)}
        )
        if self.task == "classify" and len(self.answer) == 2:
            objective = {"objective": "binary"}
        return {
            **objective,
            "learning_rate": 0.05 if num_rows > 2000 else 0.03,
            "num_leaves": 31 if num_rows > 2000 else 15,
            "min_data_in_leaf": max(2, min(20, num_rows // 40)),
            "feature_fraction": 0.8 if num_rows > 2000 else 0.5,
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "lambda_l2": 1.0,
            "max_cat_to_onehot": 8,
            "cat_smooth": 10.0,
            "num_threads": 2,
            "deterministic": True,
            "force_row_wise": True,
            "seed": seed,
            "verbosity": -1,
        }

    def outputs(self, views: Views) -> np.ndarray:
        """See `Expert.outputs`."""
        found = []
        for number, booster in enumerate(self.boosters):
            if booster is None:
                part = self.answer if self.task != "tag" else self.answer[number : number + 1]
                found.append(np.repeat(part[None], views.num_rows, axis=0))
                continue
            guess = np.asarray(booster.predict(views.tree), np.float32)
            if self.task == "classify" and guess.ndim == 1:
                guess = np.stack([1 - guess, guess], axis=1)
            if self.task == "regress":
                guess = np.concatenate([guess[:, None], guess[:, None] + self.spread], axis=1)
            found.append(guess if guess.ndim == 2 else guess[:, None])
        return np.concatenate(found, axis=1).astype(np.float32)

    def save(self, folder: Path) -> None:
        """See `Expert.save`."""
        there = [number for number, booster in enumerate(self.boosters) if booster is not None]
        settings = {"task": self.task, "num": len(self.boosters), "boosters": there}
        write_expert(folder, settings, {"answer": self.answer, "spread": self.spread})
        for number in there:
            text = self.boosters[number].model_to_string()
            (folder / f"trees-{number}.txt").write_text(text, encoding="utf8")

    @classmethod
    def load(cls, folder: Path) -> Boosted:
        """See `Expert.load`."""
        settings, arrays = read_expert(folder)
        lightgbm = _lightgbm()
        found = cls()
        found.task, found.answer = str(settings["task"]), arrays["answer"]
        found.spread = arrays["spread"]
        found.boosters = [None] * int(settings["num"])
        for number in settings["boosters"]:
            file = folder / f"trees-{int(number)}.txt"
            try:
                found.boosters[number] = lightgbm.Booster(model_str=file.read_text("utf8"))
            except (OSError, lightgbm.basic.LightGBMError) as error:
                raise BundleError("the boosted trees are damaged", received=str(error),
                                  path=file) from None
        return found


def _held(truth: np.ndarray, seed: int) -> np.ndarray:
    """Return a fifth of the rows (at most 5,000), spread over the classes or the range."""
    rng = np.random.default_rng(seed)
    keys = truth if truth.ndim == 1 else truth.sum(axis=1)
    order = np.lexsort((rng.random(len(truth)), keys))
    step = max(5, len(truth) // 5000)
    return np.sort(order[step // 2 :: step])


def _stop_at(deadline: float | None) -> Any:
    """Return a callback that ends the boosting when the time is over."""

    def stop(environment: Any) -> None:
        if deadline is not None and time.monotonic() > deadline:
            raise _lightgbm().callback.EarlyStopException(
                environment.iteration, environment.evaluation_result_list
            )

    stop.order = 40  # type: ignore[attr-defined]
    return stop


def _lightgbm() -> Any:
    try:
        import lightgbm
    except ModuleNotFoundError:
        raise ExtraError("table", "the boosted baseline") from None
    return lightgbm
