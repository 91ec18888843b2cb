"""LightGBM on table columns, as it comes and tuned on the validation rows; scored by AUC."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.data import Split
from benchmarks.peers.result import PeerResult, num_threads, timed

NUM_TRIALS = 12
GRID: dict[str, Sequence[float]] = {
    "num_leaves": (7, 15, 31, 63),
    "learning_rate": (0.02, 0.05, 0.1),
    "min_child_samples": (5, 20, 60),
    "colsample_bytree": (0.5, 0.8, 1.0),
    "reg_lambda": (0.0, 1.0, 10.0),
}


def lightgbm_peers(split: Split, *, target: str, positive: str, seed: int) -> list[PeerResult]:
    """Return LightGBM's test AUC with its defaults and tuned.

    Tuning draws 12 settings, stops each early on the validation rows, and fits the best again on
    all training rows.
    """
    encode = Encoder(split.train, leave_out=(target, "split"))
    train, test = encode(split.train), encode(split.test)
    truth = np.array(split.train[target].to_pylist()) == positive
    truth_test = np.array(split.test[target].to_pylist()) == positive
    told: dict[str, Any] = {"target": target, "positive": positive, "seed": seed}
    held_out = np.array(split.train["split"].to_pylist()) == "validation"

    def tuned() -> float:
        settings = _tune(train, truth, held_out, encode, seed)
        return _auc(_fit(train, truth, encode, settings, seed), test, truth_test)

    default = partial(lightgbm_default, split, **told)
    return [timed("LightGBM", default), timed("LightGBM tuned", tuned)]


def lightgbm_default(split: Split, *, target: str, positive: str, seed: int) -> float:
    """Return the test AUC of LightGBM as it comes, learned from all training rows."""
    encode = Encoder(split.train, leave_out=(target, "split"))
    truth, truth_test = (
        np.array(table[target].to_pylist()) == positive for table in (split.train, split.test)
    )
    fitted = _fit(encode(split.train), truth, encode, {}, seed)
    return _auc(fitted, encode(split.test), truth_test)


class Encoder:
    """Turns table columns into numbers for LightGBM: codes for words, NaN where missing.

    Args:
        table: Whose words get codes; other tables' unknown words count as missing.
        leave_out: Columns that are no inputs.
    """

    def __init__(self, table: pa.Table, *, leave_out: Sequence[str]) -> None:
        self.names = [name for name in table.column_names if name not in leave_out]
        self.codes: dict[str, dict[str, int]] = {}
        for name in self.names:
            if pa.types.is_string(table[name].type):
                words = sorted({word for word in table[name].to_pylist() if word is not None})
                self.codes[name] = {word: code for code, word in enumerate(words)}

    @property
    def categorical(self) -> list[int]:
        """Numbers of the columns that hold codes."""
        return [place for place, name in enumerate(self.names) if name in self.codes]

    def __call__(self, table: pa.Table) -> np.ndarray:
        """Return float64 ``[row, column]``."""
        columns = [self._column(name, table[name].to_pylist()) for name in self.names]
        return np.stack(columns, axis=1)

    def _column(self, name: str, cells: list[Any]) -> np.ndarray:
        if name in self.codes:
            cells = [self.codes[name].get(cell) for cell in cells]
        return np.array([np.nan if cell is None else cell for cell in cells], np.float64)


def _fit(
    features: np.ndarray, truth: np.ndarray, encode: Encoder, settings: dict[str, Any], seed: int
) -> Any:
    return _classifier(settings, seed).fit(features, truth, categorical_feature=encode.categorical)


def _tune(
    features: np.ndarray, truth: np.ndarray, held_out: np.ndarray, encode: Encoder, seed: int
) -> dict[str, Any]:
    import lightgbm

    rng = np.random.default_rng(seed)
    trials: list[tuple[float, int, dict[str, Any]]] = []
    for _ in range(NUM_TRIALS):
        settings: dict[str, Any] = {key: rng.choice(values) for key, values in GRID.items()}
        settings = {**settings, "num_leaves": int(settings["num_leaves"]), "n_estimators": 2000}
        settings["min_child_samples"] = int(settings["min_child_samples"])
        model = _classifier(settings, seed).fit(
            features[~held_out],
            truth[~held_out],
            eval_set=[(features[held_out], truth[held_out])],
            eval_metric="auc",
            callbacks=[lightgbm.early_stopping(50, first_metric_only=True, verbose=False)],
            categorical_feature=encode.categorical,
        )
        settings["n_estimators"] = model.best_iteration_
        trials.append((_auc(model, features[held_out], truth[held_out]), len(trials), settings))
    return max(trials)[2]


def _classifier(settings: dict[str, Any], seed: int) -> Any:
    import lightgbm

    return lightgbm.LGBMClassifier(
        **settings, n_jobs=num_threads(), random_state=seed, verbose=-1, deterministic=True
    )


def _auc(model: Any, features: np.ndarray, truth: np.ndarray) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(truth, model.predict_proba(features)[:, 1]))
