"""The honest peer of a network that composes: an interpolated Kneser-Ney 5-gram of events."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from plait.modalities.music.events import event_of
from plait.modalities.music.grammar import FIRST_PLACE, Walk
from plait.modalities.music.kneser_ney import ORDER, KneserNey
from plait.modalities.music.vocabulary import END, Vocabulary
from plait.types import Arrays

if TYPE_CHECKING:
    from plait.modalities.music.codec import MusicCodec

NUM_DRAWN = 32
"""Tunes that are drawn, of which the most typical is the answer."""


class FiveGram:
    """Composes event by event from the four before, and the grammar; the row is not looked at.

    Its answer is the most typical of 32 tunes that it draws. As sure of one row as of any other.
    """

    name: ClassVar[str] = "five_gram"

    def __init__(self) -> None:
        self._events: tuple[int, ...] = ()
        self._words = Vocabulary(())
        self._model = KneserNey(np.zeros((0, ORDER), np.int32), np.zeros(0, np.int64), 2)
        self._value: Arrays = {}

    def fit(
        self, matrices: Any, targets: Sequence[Arrays], codec: MusicCodec, *, seed: int
    ) -> None:
        """Count runs of the training tunes' events, and draw."""
        self.learn(targets, codec)
        rng = np.random.default_rng(seed)
        drawn = [codec.made(self.draw(rng, codec.max_events)) for _ in range(NUM_DRAWN)]
        tunes = [codec.decode(one) for one in drawn]
        scores = [
            codec.metrics([codec.compare(tune, other) for other in tunes])["likeness"]
            for tune in tunes
        ]
        self._value = drawn[int(np.argmax(scores))]

    def learn(self, targets: Sequence[Arrays], codec: MusicCodec) -> None:
        """Count runs of the training tunes' events."""
        self._events = codec.events
        self._words = Vocabulary(codec.events)
        sequences = [[*self._words.numbers(value["events"]).tolist(), END] for value in targets]
        self._model = KneserNey.learned(sequences, len(self._words))

    def answer(self, matrices: Any) -> list[Arrays]:
        return [self._value] * len(matrices)

    def draw(self, rng: np.random.Generator, most: int) -> list[int]:
        """Return the events of a tune, drawn as often as they were met, as the grammar allows."""
        walk, found, before = Walk(), list[int](), list[int]()
        while len(found) < most:
            place = np.array(walk.told())
            shares = self._model.shares(before) * self._words.composed(place)
            choice = int(rng.choice(len(shares), p=shares / shares.sum()))
            if choice == END:
                break
            before.append(choice)
            found.append(self._words.event(choice, place))
            walk.take(event_of(found[-1]))
        return found

    def surprise(self, value: Arrays, *, grammar: bool = True) -> np.ndarray:
        """Return minus the log-probability of each event of a tune, and of its end, in nats.

        Events that are not known share the probability of any other alike; an end that the tune was
        cut at is 0.

        Args:
            value: The tune.
            grammar: Whether what cannot come is left out, as when tunes are drawn; else the counts
                alone are asked.
        """
        numbers = [*self._words.numbers(value["events"]).tolist(), END]
        places = np.concatenate([FIRST_PLACE[None], value["places"]])
        found = np.zeros(len(numbers))
        for place, number in enumerate(numbers):
            legal = self._words.legal(places[place])
            if not legal[number]:
                continue
            shares = self._model.shares(numbers[max(0, place - ORDER + 1) : place])
            shares = shares * legal if grammar else shares
            found[place] = -np.log(shares[number] / shares.sum())
            if number == self._words.other:
                found[place] += np.log(self._words.num_others)
        return found

    def save(self, folder: Path) -> None:
        from safetensors.numpy import save_file

        folder.mkdir(parents=True, exist_ok=True)
        arrays = {
            "known": np.array(self._events, np.int32),
            "grams": self._model.grams,
            "counts": self._model.counts,
            **{f"value/{name}": array for name, array in self._value.items()},
        }
        arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        save_file(arrays, folder / "five_gram.safetensors")

    @classmethod
    def load(cls, folder: Path) -> Self:
        from safetensors.numpy import load_file

        found, arrays = cls(), load_file(folder / "five_gram.safetensors")
        found._events = tuple(arrays["known"].tolist())
        found._words = Vocabulary(found._events)
        found._model = KneserNey(arrays["grams"], arrays["counts"], len(found._words))
        found._value = {
            name.removeprefix("value/"): array
            for name, array in arrays.items()
            if name.startswith("value/")
        }
        return found
