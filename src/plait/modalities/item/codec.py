"""Items: read by name; as a target, all items there are, ranked by what somebody takes next."""

from __future__ import annotations

import html
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from plait.display import brief
from plait.errors import TargetError
from plait.modalities.item.blend import Blend
from plait.modalities.item.catalogue import unpacked
from plait.modalities.item.naming import name_of
from plait.modalities.item.panel import panel
from plait.modalities.item.rankers import Ease, ItemNeighbours, LastItem, Popular
from plait.modalities.item.ranking import Ranking, mixed, whole
from plait.modalities.item.scoring import CUT, WORDS, compared, measured
from plait.modalities.likeness import Fingerprint
from plait.modalities.media import Media
from plait.modalities.target import MetricWord, SimpleGenerator
from plait.modalities.traits import Traits
from plait.types import Arrays, ArraySpec, Cell, ColumnSample, Html, Layout

SHOWN = 5
NUM_FEATURES = 16
LETTERS = "abcdefghijkl"


@brief
@dataclass(frozen=True, kw_only=True)
class ItemCodec:
    """Codec of the ``item`` modality.

    Raw is a `Ranking`: what a cell holds is one of a single item. Items are numbered from 1, in the
    order of `items`; 0 is one that is not among them.

    Attributes:
        items: Names of all items that can be recommended; learned by `fit` where none are given.
        titles: How each is called for people; empty where that is its name.
        counts: How often training took each.
        pictures: What each looks like, as it is shown, "" for nothing; empty of none.
        content: What is known of each, packed by `plait.modalities.item.catalogue.packed`: how an
            item that training never saw is scored; "" for nothing.
        repeats: Whether what somebody took before is recommended again.
    """

    modality: ClassVar[str] = "item"
    version: ClassVar[int] = 1
    bare_numbers: ClassVar[bool] = False
    extra: ClassVar[str | None] = None
    traits: ClassVar[Traits] = Traits(sequel=True)
    task: ClassVar[str] = "recommend"
    verb: ClassVar[str] = "Recommends"
    words: ClassVar[Mapping[str, MetricWord]] = WORDS
    beside: ClassVar[tuple[str, str]] = ("recommended", "taken next")
    unseen_count: ClassVar[str] = "such an item is never recommended: they count as missed"
    """What scores do with items that training never saw."""
    baselines: ClassVar[tuple[type[SimpleGenerator], ...]] = (
        Popular, LastItem, ItemNeighbours, Ease, Blend,
    )  # fmt: skip

    items: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    pictures: tuple[Html, ...] = ()
    content: str = ""
    repeats: bool = False

    @property
    def layout(self) -> Layout:
        """``item`` numbers, the best first, and the ``score`` of each."""
        return {"item": ArraySpec(("rank",), "int32"), "score": ArraySpec(("rank",), "float32")}

    def detect(self, sample: ColumnSample) -> float:
        """Sure of ``{"item": name}`` alone: names by themselves may be labels, or texts."""
        told = sum(_is_told(value) for value in sample.values)
        return 0.97 * told / max(len(sample.values), 1)

    def read(self, cell: Cell, media: Media) -> Ranking | None:
        name = name_of(cell)
        return None if name is None else Ranking.of(name)

    def fit(self, raws: Iterable[Ranking]) -> ItemCodec:
        """Learn which items there are, the most frequent first, unless they were given."""
        if self.items:
            return self
        counts = Counter(raw.first for raw in raws)
        known = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
        return replace(
            self,
            items=tuple(name for name, _ in known),
            counts=tuple(num for _, num in known),
        )

    def prepare(self, raw: Ranking) -> Arrays:
        places = _places(self.items)
        numbers = np.array([places.get(str(name), -1) + 1 for name in raw.items], np.int32)
        return {"item": numbers, "score": np.asarray(raw.scores, np.float32)}

    def augment(self, arrays: Arrays, rng: np.random.Generator) -> Arrays:
        return {name: array.copy() for name, array in arrays.items()}

    def show(self, raw: Ranking) -> Html:
        shown = [self._shown(str(name)) for name in raw.items[:SHOWN]]
        if len(shown) == 1:
            return f'<span class="item">{shown[0]}</span>'
        listed = "".join(f"<li>{one}</li>" for one in shown)
        return f'<ol class="items" style="margin:0;padding-left:1.4em">{listed}</ol>'

    def example(self, rng: np.random.Generator) -> Cell:
        return json.dumps({"item": LETTERS[int(rng.integers(len(LETTERS)))]})

    def neutral(self) -> Ranking:
        return Ranking.of("")

    def corrupt(self, raw: Ranking, severity: float, rng: np.random.Generator) -> Ranking:
        """Put another item in its place, the more often the more severe."""
        if severity <= 0 or not self.items or rng.random() >= severity:
            return raw
        return Ranking.of(self.items[int(rng.integers(len(self.items)))])

    def features(self, arrays: Arrays) -> np.ndarray:
        """Numbers at random that are the item's own."""
        rng = np.random.default_rng(int(arrays["item"][0]))
        return rng.normal(size=NUM_FEATURES).astype(np.float32)

    def fingerprint(self, raw: Ranking) -> Fingerprint | None:
        return None

    def alike(self, first: bytes, second: bytes) -> bool:
        return first == second

    def unseen(self, raw: Ranking) -> tuple[str, ...]:
        """Return the names that neither training nor the table of items has."""
        known = _places(self.items)
        return tuple(name for name in map(str, raw.items) if name not in known)

    def as_target(self) -> ItemCodec:
        return self

    def check_target(self, num_rows: int) -> None:
        if len(self.items) < 2:
            raise TargetError(
                "there are too few items to recommend one of them",
                expected="at least two",
                received=f"{len(self.items)} in {num_rows} rows",
            )

    def decode(self, arrays: Arrays) -> Ranking:
        names = np.array(("", *self.items), object)
        return Ranking(names[arrays["item"]], arrays["score"])

    def write(self, raw: Ranking) -> str:
        return raw.first

    def answer(self, raws: Sequence[Ranking]) -> Mapping[str, Any]:
        """``prediction``, its ``title`` where items have any, and its probability."""
        titles = {"title": [self.title(raw.first) for raw in raws]} if self.titles else {}
        sure = [float(np.exp(raw.scores[0])) for raw in raws]
        return {"prediction": [raw.first for raw in raws], **titles, "confidence": sure}

    def compare(self, said: Ranking, true: Ranking) -> np.ndarray:
        places = _places(self.items)
        number = places.get(true.first, -1) + 1
        rank = np.flatnonzero(said.items == true.first) if number else np.zeros(0, np.int64)
        best = [places.get(str(name), -1) + 1 for name in said.items[:CUT]]
        taken = self.counts[number - 1] if 0 < number <= len(self.counts) else 0
        return compared(int(rank[0]) + 1 if len(rank) else 0, taken, best)

    def metrics(self, compared: Sequence[np.ndarray]) -> dict[str, float]:
        return measured(compared, self.counts, len(self.items))

    def panel(self, said: Sequence[Ranking], true: Sequence[Ranking]) -> Html:
        return panel(self, said, true)

    def mixed(self, parts: Sequence[Sequence[Arrays]], weights: Sequence[float]) -> list[Arrays]:
        return mixed(parts, weights, len(self.items))

    def surprise(self, said: Arrays, true: Arrays) -> float:
        """Return minus the log-probability of the true item; an unknown one costs as by chance."""
        place = int(true["item"][0]) - 1
        by_chance = float(np.log(len(self.items) + 1))
        return by_chance if place < 0 else -float(whole(said, len(self.items))[place])

    def title(self, name: str) -> str:
        """Return what people call an item."""
        place = _places(self.items).get(name)
        return name if place is None or not self.titles else self.titles[place]

    def _shown(self, name: str) -> Html:
        place = _places(self.items).get(name, len(self.pictures))
        picture = self.pictures[place] if place < len(self.pictures) else ""
        return picture + (html.escape(self.title(name)) or "?")

    @property
    def features_of_items(self) -> np.ndarray:
        """What is known of each item, float32 ``[item, feature]``; of width 0 where nothing is."""
        return unpacked(self.content, len(self.items))


def _is_told(value: Any) -> bool:
    if isinstance(value, Mapping):
        return "item" in value
    return isinstance(value, str) and value.lstrip().startswith('{"item"')


_known: list[tuple[tuple[str, ...], dict[str, int]]] = []
_MOST_KNOWN = 8


def _places(items: tuple[str, ...]) -> dict[str, int]:
    """Return name -> place; those of the last few codecs are kept, known by identity."""
    for names, places in _known:
        if names is items:
            return places
    places = {name: place for place, name in enumerate(items)}
    _known.insert(0, (items, places))
    del _known[_MOST_KNOWN:]
    return places
