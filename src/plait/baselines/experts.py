"""What a simple model offers, and those that need no library: majority and nearest neighbours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from safetensors.numpy import load_file, save_file

from plait.baselines.features import Views
from plait.errors import BundleError
from plait.modalities import TargetCodec

MAX_NEIGHBOUR_ROWS = 20_000


class Expert(Protocol):
    """A simple model. Outputs are canonical; see `plait.modalities.TargetCodec`."""

    name: ClassVar[str]

    def fit(
        self,
        views: Views,
        truth: np.ndarray,
        codec: TargetCodec,
        *,
        seed: int,
        deadline: float | None,
    ) -> None:
        """Learn; stop soon after `deadline` (``time.monotonic()`` seconds)."""

    def outputs(self, views: Views) -> np.ndarray:
        """Return canonical outputs, float32 ``[row, output]``."""

    def save(self, folder: Path) -> None:
        """Write itself into `folder` as JSON, safetensors or text."""

    @classmethod
    def load(cls, folder: Path) -> Expert:
        """Read what `save` wrote."""


class Majority:
    """The same answer for every row: class or label frequencies, or mean and quantiles."""

    name: ClassVar[str] = "majority"

    def __init__(self) -> None:
        self.answer = np.zeros(1, np.float32)

    def fit(
        self, views: Views, truth: np.ndarray, codec: TargetCodec, *, seed: int,
        deadline: float | None,
    ) -> None:
        """See `Expert.fit`."""
        self.answer = marginal(truth, codec)

    def outputs(self, views: Views) -> np.ndarray:
        """See `Expert.outputs`."""
        return np.repeat(self.answer[None], views.num_rows, axis=0)

    def save(self, folder: Path) -> None:
        """See `Expert.save`."""
        write_expert(folder, {}, {"answer": self.answer})

    @classmethod
    def load(cls, folder: Path) -> Majority:
        """See `Expert.load`."""
        found = cls()
        found.answer = read_expert(folder)[1]["answer"]
        return found


class NearestNeighbour:
    """The mean of the k nearest training rows by Euclidean distance of the scaled features.

    k is 1, 5 or 15, whichever predicts held-out training rows best. One row's worth of the marginal
    is added, so that no class has probability 0.
    """

    name: ClassVar[str] = "neighbour"

    def __init__(self) -> None:
        self.k = 5
        self.rows: Any = None
        self.values = np.zeros((0, 1), np.float32)
        self.prior = np.zeros(1, np.float32)
        self.spread = np.zeros(0, np.float32)

    def fit(
        self, views: Views, truth: np.ndarray, codec: TargetCodec, *, seed: int,
        deadline: float | None,
    ) -> None:
        """See `Expert.fit`."""
        rng = np.random.default_rng(seed)
        keep = np.sort(rng.permutation(len(truth))[:MAX_NEIGHBOUR_ROWS])
        self.rows, truth = views.linear[keep], truth[keep]
        self.prior = marginal(truth, codec)
        self.values = one_hot(truth, codec)
        if codec.task == "regress":
            self.spread = self.prior[1:] - self.prior[0]
            self.prior = self.prior[:1]
        held = rng.permutation(len(truth))[: min(len(truth) // 2, 500)]
        costs = {}
        for k in (1, 5, 15):
            self.k = min(k, max(len(truth) - 1, 1))
            costs[self.k] = codec.cost(self._predict(self.rows[held], held), truth[held]).mean()
        self.k = min(costs, key=lambda k: costs[k])
        if codec.task == "regress":
            gap = truth[held] - self._predict(self.rows[held], held)[:, 0]
            self.spread = np.quantile(gap, [0.05, 0.5, 0.95]).astype(np.float32)

    def outputs(self, views: Views) -> np.ndarray:
        """See `Expert.outputs`."""
        return self._predict(views.linear, None)

    def _predict(self, rows: Any, own: np.ndarray | None) -> np.ndarray:
        found = []
        stored = _squares(self.rows)
        for first in range(0, rows.shape[0], 512):
            part = rows[first : first + 512]
            product = part @ self.rows.T
            product = np.asarray(product.todense() if hasattr(product, "todense") else product)
            distance = stored[None] - 2 * product
            if own is not None:
                distance[np.arange(len(distance)), own[first : first + 512]] = np.inf
            k = min(self.k, distance.shape[1])
            near = np.argpartition(distance, k - 1, axis=1)[:, :k]
            found.append((self.values[near].sum(axis=1) + self.prior) / (k + 1))
        outputs = np.concatenate(found) if found else np.zeros((0, len(self.prior)), np.float32)
        if len(self.spread):
            outputs = np.concatenate([outputs, outputs + self.spread], axis=1)
        return outputs.astype(np.float32)

    def save(self, folder: Path) -> None:
        """See `Expert.save`."""
        arrays = {"values": self.values, "prior": self.prior, "spread": self.spread}
        if hasattr(self.rows, "indptr"):
            shape = np.array(self.rows.shape, np.int64)
            arrays |= {"data": self.rows.data, "indices": self.rows.indices,
                       "indptr": self.rows.indptr, "shape": shape}
        else:
            arrays["rows"] = self.rows
        write_expert(folder, {"k": self.k}, arrays)

    @classmethod
    def load(cls, folder: Path) -> NearestNeighbour:
        """See `Expert.load`."""
        settings, arrays = read_expert(folder)
        found = cls()
        found.k = int(settings["k"])
        found.values, found.prior = arrays["values"], arrays["prior"]
        found.spread = arrays["spread"]
        if "rows" in arrays:
            found.rows = arrays["rows"]
        else:
            from scipy.sparse import csr_matrix

            parts = (arrays["data"], arrays["indices"], arrays["indptr"])
            found.rows = csr_matrix(parts, shape=tuple(arrays["shape"]))
        return found


def load_expert(name: str, folder: Path) -> Expert:
    """Read an expert by its name. Raises `BundleError` for a name that does not exist."""
    from plait.baselines.boosted import Boosted
    from plait.baselines.linear import Linear

    kinds: dict[str, Any] = {
        kind.name: kind for kind in (Majority, NearestNeighbour, Linear, Boosted)
    }
    if name not in kinds:
        raise BundleError("unknown simple model", expected=", ".join(kinds), received=name)
    found: Expert = kinds[name].load(folder)
    return found


def marginal(truth: np.ndarray, codec: TargetCodec) -> np.ndarray:
    """Return the outputs of a model that sees nothing, float32 ``[output]``."""
    if codec.task == "regress":
        return np.array([truth.mean(), *np.quantile(truth, [0.05, 0.5, 0.95])], np.float32)
    counts = one_hot(truth, codec).sum(axis=0)
    if codec.task == "tag":
        return ((counts + 0.5) / (len(truth) + 1)).astype(np.float32)
    return ((counts + 0.5) / (counts.sum() + 0.5 * len(counts))).astype(np.float32)


def one_hot(truth: np.ndarray, codec: TargetCodec) -> np.ndarray:
    """Return truth as float32 ``[row, output]``: indicators, labels, or the numbers themselves."""
    if codec.task == "regress":
        return truth[:, None].astype(np.float32)
    if codec.task == "tag":
        return truth.astype(np.float32)
    num_classes = len(getattr(codec, "labels", ())) or int(truth.max()) + 1
    hot = np.zeros((len(truth), num_classes), np.float32)
    seen = truth >= 0
    hot[np.flatnonzero(seen), truth[seen]] = 1.0
    return hot


def write_expert(folder: Path, settings: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    """Write an expert's settings and arrays."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "settings.json").write_text(json.dumps(settings), encoding="utf8")
    save_file({k: np.ascontiguousarray(v) for k, v in arrays.items()},
              folder / "arrays.safetensors")


def read_expert(folder: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read what `write_expert` wrote."""
    settings = json.loads((folder / "settings.json").read_text(encoding="utf8"))
    return settings, load_file(folder / "arrays.safetensors")


def _squares(rows: Any) -> np.ndarray:
    if hasattr(rows, "multiply"):
        return np.asarray(rows.multiply(rows).sum(axis=1)).ravel()
    return np.einsum("ij,ij->i", rows, rows)
