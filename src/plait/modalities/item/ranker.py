"""What simple models of items have in common: known items, ranking, and what speaks for each."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from plait.modalities.item.catalogue import relatives
from plait.modalities.item.histories import histories_of, with_next
from plait.modalities.item.naming import code_of
from plait.modalities.item.ranking import NEVER, ranked
from plait.modalities.item.relations import as_kept, dense, strongest
from plait.types import Arrays

MOST_ITEMS = 4000
"""Items that are related to each other, the most frequent ones, at most."""

CHUNK_ROWS = 256


class Ranker(ABC):
    """A simple model that scores all items by a history, and ranks them."""

    name: ClassVar[str]

    def __init__(self) -> None:
        self.codes = np.zeros(0, np.int64)
        self.kept = np.zeros(0, np.int64)
        self.counts = np.zeros(0, np.float32)
        self.relatives = np.zeros((0, 0), np.float32)
        self.repeats = False
        self._place_of = np.zeros(0, np.int64)

    @abstractmethod
    def fit(self, matrices: Any, targets: Sequence[Arrays], codec: Any, *, seed: int) -> None:
        """Learn from histories and what came next; see `plait.modalities.SimpleGenerator`."""

    @abstractmethod
    def scores_of_all(self, histories: Sequence[np.ndarray]) -> np.ndarray:
        """Return scores of all items, float32 ``[row, item]``, by places among all."""

    def begin(self, codec: Any) -> None:
        """Take over which items there are, and which of them are related to each other."""
        self.codes = np.array([code_of(name) for name in codec.items], np.int64)
        counts = np.zeros(len(codec.items))
        counts[: len(codec.counts)] = codec.counts
        order = np.argsort(-counts, kind="stable")
        self.kept = np.sort(order[: min(int((counts > 0).sum()), MOST_ITEMS)])
        if not len(self.kept):
            self.kept = np.arange(min(len(counts), MOST_ITEMS))
        self.counts = counts[self.kept].astype(np.float32)
        self.repeats = codec.repeats
        features = codec.features_of_items
        if features.shape[1] and len(self.kept) < len(counts):
            known = np.zeros(len(counts), bool)
            known[self.kept] = True
            self.relatives = as_kept(relatives(features, known))
        self._number()

    def because(self, history: np.ndarray, item: int) -> np.ndarray:
        """Return how much each item of a history adds to an item's score, float64 ``[time]``.

        All are places among those kept.
        """
        return np.zeros(len(history))

    def reasons(self, history: Sequence[str], items: Sequence[str], most: int) -> list[list[str]]:
        """Return the items of a history that add most to the score of each item, by name."""
        place_of = {int(code): place for place, code in enumerate(self.codes)}
        places = np.array([place_of.get(code_of(name), -1) for name in history], np.int64)
        known = np.flatnonzero(places >= 0)
        known = known[self._place_of[places[known]] >= 0]
        kept = self._place_of[places[known]]
        found = list[list[str]]()
        for name in items:
            place = place_of.get(code_of(name), -1)
            place = -1 if place < 0 else int(self._place_of[place])
            shares = self.because(kept, place) if place >= 0 else np.zeros(len(kept))
            best = np.argsort(-shares, kind="stable")
            named = (history[int(known[one])] for one in best if shares[one] > 0)
            found.append(list(dict.fromkeys(named))[:most])
        return found

    def arrays(self) -> Arrays:
        """Return what `restore` needs beside the items."""
        return {}

    def restore(self, arrays: Arrays) -> None:
        """Take over what `arrays` gave, and the counts."""
        self.counts = arrays["counts"]

    def within(self, histories: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Return histories as places among the kept items; others are left out."""
        found = [self._place_of[places] for places in histories]
        return [places[places >= 0] for places in found]

    def answer(self, matrices: Any) -> list[Arrays]:
        histories, found = histories_of(matrices, self.codes), list[Arrays]()
        for first in range(0, len(histories), CHUNK_ROWS):
            some = histories[first : first + CHUNK_ROWS]
            found += ranked(self.without_seen(self.scores_of_all(some), some))
        return found

    def without_seen(self, scores: np.ndarray, histories: Sequence[np.ndarray]) -> np.ndarray:
        """Return the scores with what each took before left out, unless things are taken again."""
        if not self.repeats:
            for row, places in enumerate(histories):
                if len(np.unique(places)) < scores.shape[1]:
                    scores[row, places] = NEVER
        return scores

    def save(self, folder: Path) -> None:
        from safetensors.numpy import save_file

        folder.mkdir(parents=True, exist_ok=True)
        about = {"repeats": self.repeats}
        (folder / "ranker.json").write_text(json.dumps(about), encoding="utf8")
        arrays: Arrays = {
            "codes": self.codes, "kept": self.kept, "counts": self.counts,
            **strongest("relatives", self.relatives), **self.arrays(),
        }  # fmt: skip
        arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        save_file(arrays, folder / "ranker.safetensors")

    @classmethod
    def load(cls, folder: Path) -> Self:
        from safetensors.numpy import load_file

        found, arrays = cls(), load_file(folder / "ranker.safetensors")
        found.repeats = bool(json.loads((folder / "ranker.json").read_text("utf8"))["repeats"])
        found.codes, found.kept = arrays["codes"], arrays["kept"]
        found.relatives = dense("relatives", arrays)
        found._number()
        found.restore(arrays)
        return found

    def _number(self) -> None:
        self._place_of = np.full(len(self.codes), -1, np.int64)
        self._place_of[self.kept] = np.arange(len(self.kept))

    @property
    def _shares(self) -> np.ndarray:
        counts = self.counts + 0.5
        found: np.ndarray = counts / counts.sum()
        return found


class HistoryRanker(Ranker):
    """A ranker that learns from whole histories, what came next being their last item."""

    def fit(self, matrices: Any, targets: Sequence[Arrays], codec: Any, *, seed: int) -> None:
        self.begin(codec)
        before = histories_of(matrices, self.codes)
        self.learn_from(before, [int(target["item"][0]) - 1 for target in targets])

    def learn_from(self, before: Sequence[np.ndarray], taken: Sequence[int]) -> None:
        """Learn from histories and what came next, as places among all items."""
        self.learn(self.within(with_next(before, taken)))

    @abstractmethod
    def learn(self, histories: Sequence[np.ndarray]) -> None:
        """Learn from whole histories, as places among those kept."""


class KeptRanker(HistoryRanker):
    """A ranker that scores the kept items, and others by these.

    Items that training never saw, and those beyond the `MOST_ITEMS` most frequent, are scored as
    their relatives by content are, and come last where nothing is known of them.
    """

    @abstractmethod
    def scores(self, histories: Sequence[np.ndarray]) -> np.ndarray:
        """Return scores of the kept items, float32 ``[row, kept]``."""

    def scores_of_all(self, histories: Sequence[np.ndarray]) -> np.ndarray:
        known = self.scores(self.within(histories))
        found = np.empty((len(known), len(self.codes)), np.float32)
        found[:] = known.min(axis=1, keepdims=True) - 1.0
        if len(self.relatives):
            others = np.setdiff1d(np.arange(len(self.codes)), self.kept)
            found[:, others] = known @ self.relatives.T
        found[:, self.kept] = known
        return found


class Related(KeptRanker):
    """A ranker that scores by one matrix of how items are related."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = np.zeros((0, 0), np.float32)

    def arrays(self) -> Arrays:
        return strongest("weights", self.weights)

    def restore(self, arrays: Arrays) -> None:
        super().restore(arrays)
        self.weights = dense("weights", arrays)
