"""Simple policies: behaviour cloning, which knows the state alone, and one told the return too."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from plait.modalities.action.space import Space
from plait.types import Arrays

TRAJECTORY = "trajectory"
"""Modality of the column that holds returns."""

MOST_FEATURES, NUM_HIDDEN = 256, 512
PRIOR = 1.0
LEAST_SPREAD = 1e-6


class Cloned:
    """Behaviour cloning: does what was most often done in such a state, whatever came of it.

    Ridge regression of the shares of choices on random features, rectified linear ones of the
    current state's simple features (Huang et al. 2006, "Extreme learning machine").
    """

    name: ClassVar[str] = "cloned"
    knows_return: ClassVar[bool] = False

    def __init__(self) -> None:
        self._columns: tuple[str, ...] = ()
        self._returns = ""
        self._space = Space()
        self._arrays: Arrays = {}

    def fit(self, matrices: Any, targets: Sequence[Arrays], codec: Any, *, seed: int) -> None:
        self._space = codec.space
        kinds = {str(n): matrices.prepared.columns[n].codec.modality for n in _names(matrices)}
        self._columns = tuple(n for n, kind in kinds.items() if kind != TRAJECTORY)
        told = [name for name, kind in kinds.items() if kind == TRAJECTORY]
        self._returns = told[0] if told and self.knows_return else ""
        x = self._inputs(matrices)
        rng = np.random.default_rng(seed)
        mean, spread = x.mean(0), np.maximum(x.std(0), LEAST_SPREAD)
        weights = rng.normal(size=(x.shape[1], NUM_HIDDEN)) / np.sqrt(max(x.shape[1], 1))
        self._arrays = {
            "mean": mean, "spread": spread, "weights": weights,
            "shift": rng.normal(size=NUM_HIDDEN),
        }  # fmt: skip
        z = self._features(x)
        wanted = np.stack([self._space.shares(one["action"]) for one in targets])
        flat = wanted.reshape(len(wanted), -1).astype(np.float64)
        gram = z.T @ z + PRIOR * np.eye(z.shape[1])
        self._arrays["out"] = np.linalg.solve(gram, z.T @ flat)

    def answer(self, matrices: Any) -> list[Arrays]:
        scores = self._features(self._inputs(matrices)) @ self._arrays["out"]
        scores = scores.reshape(len(matrices), *self._space.shape)
        worth = np.ones(1, np.float32)
        # Shares are chosen from by their logarithms.
        logits = np.log(scores.clip(1e-4, None))
        return [{"action": self._space.choose(one), "worth": worth} for one in logits]

    def save(self, folder: Path) -> None:
        from safetensors.numpy import save_file

        folder.mkdir(parents=True, exist_ok=True)
        space = self._space
        about = {
            "columns": self._columns, "returns": self._returns,
            "labels": space.labels, "low": space.low, "high": space.high,
        }  # fmt: skip
        (folder / "policy.json").write_text(json.dumps(about), encoding="utf8")
        arrays = {name: np.ascontiguousarray(array) for name, array in self._arrays.items()}
        save_file(arrays, folder / "policy.safetensors")

    @classmethod
    def load(cls, folder: Path) -> Self:
        from safetensors.numpy import load_file

        about = json.loads((folder / "policy.json").read_text("utf8"))
        found = cls()
        found._columns, found._returns = tuple(about["columns"]), about["returns"]
        found._space = Space(tuple(about["labels"]), tuple(about["low"]), tuple(about["high"]))
        found._arrays = load_file(folder / "policy.safetensors")
        return found

    def _inputs(self, matrices: Any) -> np.ndarray:
        """Return what is known of the current state, float64 ``[row, feature]``."""
        blocks = [np.zeros((len(matrices), 0))]
        if self._columns:
            blocks.append(matrices.only(self._columns).points(MOST_FEATURES))
        if self._returns:
            column = matrices.prepared.columns[self._returns]
            told = [column[int(row)] for row in matrices.rows]
            last = [np.zeros(2) if value is None else value["told"][-1] for value in told]
            blocks.append(np.array(last).reshape(-1, 2))
        return np.concatenate(blocks, axis=1).astype(np.float64)

    def _features(self, x: np.ndarray) -> np.ndarray:
        known = self._arrays
        x = ((x - known["mean"]) / known["spread"]).clip(-8, 8)
        hidden = np.maximum(2 * x @ known["weights"] + known["shift"], 0.0)
        found: np.ndarray = np.concatenate([np.ones((len(x), 1)), x, hidden], axis=1)
        return found


class Conditioned(Cloned):
    """The same, told the return to go and how many steps were made (Emmons et al. 2021, "RvS")."""

    name: ClassVar[str] = "conditioned"
    knows_return: ClassVar[bool] = True


def _names(matrices: Any) -> list[str]:
    return list(matrices.features.scales)
