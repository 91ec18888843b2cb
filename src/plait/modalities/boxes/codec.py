"""Boxes of the things in a picture: read as people write them, and detected as a target."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from plait.display import brief
from plait.errors import TargetError
from plait.modalities.boxes.boxes import Boxes, arrays_of, check_inside, num_beyond
from plait.modalities.boxes.cells import read_cell, sureness
from plait.modalities.boxes.drawing import drawn, laid_over, panel_of
from plait.modalities.boxes.exports import EXPORTS, exported, written
from plait.modalities.boxes.order import survey_order
from plait.modalities.boxes.scoring import WORDS, compared, measured
from plait.modalities.boxes.together import varied_together
from plait.modalities.contract import LATER
from plait.modalities.detection import looks_like_media
from plait.modalities.media import Media
from plait.modalities.survey import Survey
from plait.modalities.target import MetricWord, SimpleGenerator
from plait.types import Arrays, ArraySpec, Cell, ColumnSample, Html, Layout

LARGEST = 1e6
PER_CLASS = 5
"""Features of each class: how many boxes, and where and how large they are in the mean."""

BEYOND = "stick out of their picture by 2 % of its longer side at most: what lies in it counts"

MOST_FEATURED = 100
"""Classes that have features, the most frequent ones."""


@brief
@dataclass(frozen=True, kw_only=True)
class BoxesCodec:
    """Codec of the ``boxes`` modality.

    Raw is a `Boxes`: class, corners and perhaps score of each, and the picture's size where known.

    Attributes:
        order: Of bare numbers: ``xywh``, ``xyxy`` or ``cxcywh``; "" is settled by the column.
        names: Classes of YOLO's numbers, in their order.
        least_score: From which on a box counts as a thing in counts, and is drawn.
        labels: The classes, sorted (chosen by `fit`).
        counts: How often each occurs among training boxes.
        width, height: Usual size of a picture: median of those known, else as far as boxes reach.
        usual: Median width and height of a box as shares of its picture's.
        per_picture: Boxes of a training picture, in the mean.
        cut: How many of them stuck out of their picture, and were cut off there.
    """

    modality: ClassVar[str] = "boxes"
    version: ClassVar[int] = 1
    bare_numbers: ClassVar[bool] = False
    extra: ClassVar[str | None] = None
    task: ClassVar[str] = "detect"
    verb: ClassVar[str] = "Detects"
    asks: ClassVar[tuple[str, ...]] = ("places",)
    exports: ClassVar[Mapping[str, str]] = EXPORTS
    words: ClassVar[Mapping[str, MetricWord]] = WORDS
    baselines: ClassVar[tuple[type[SimpleGenerator], ...]] = ()
    unseen_count: ClassVar[str] = "boxes of such a class count as not found"
    """What scores do with classes that training never saw."""
    varied_together = staticmethod(varied_together)

    order: str = ""
    names: tuple[str, ...] = ()
    least_score: float = 0.4
    labels: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    width: float = 1.0
    height: float = 1.0
    usual: tuple[float, ...] = (0.25, 0.25)
    per_picture: float = 1.0
    cut: int = field(default=0, metadata=LATER)

    @property
    def layout(self) -> Layout:
        """``corners`` in the unit of ``size``, which is 0 where unknown; ``labels`` from 1, one
        more than there are for a class that training has not; ``scores``, -1 for none. A picture
        with nothing on it has one box of label 0, which is none."""
        return {
            "corners": ArraySpec(("box", 4), "float32"),
            "labels": ArraySpec(("box",), "int32"),
            "scores": ArraySpec(("box",), "float32"),
            "size": ArraySpec((2,), "float32"),
        }

    def detect(self, sample: ColumnSample) -> float:
        files = looks_like_media(sample, (".xml",), ())
        told = [sure for sure in map(sureness, sample.values) if sure is not None]
        return max(0.97 * files, sum(told) / len(told) if told else 0.0)

    def survey(self, sample: ColumnSample) -> Survey:
        """Settle the order of bare numbers; see `plait.modalities.boxes.order`."""
        return survey_order(sample, self.order)

    def read(self, cell: Cell, media: Media) -> Boxes | None:
        return read_cell(cell, media, self.order or "xywh", self.names)

    def fit(self, raws: Iterable[Boxes]) -> BoxesCodec:
        """Learn classes, the usual size of a picture and of a box."""
        seen = list(raws)
        names = Counter(name for raw in seen for name in raw.names)
        if not seen:
            return self
        sizes = [raw.size for raw in seen if raw.size is not None]
        far = [raw.corners[:, 2:].max(0) for raw in seen if raw.size is None and len(raw)]
        width, height = (
            np.median(sizes, axis=0) if sizes else np.max(far, axis=0) if far else (1.0, 1.0)
        )
        codec = replace(self, width=float(width), height=float(height))
        sides = [codec.shares(raw)[:, 2:] - codec.shares(raw)[:, :2] for raw in seen if len(raw)]
        usual = np.median(np.concatenate(sides), axis=0).clip(0.01, 1.0) if sides else self.usual
        return replace(
            codec,
            labels=tuple(sorted(names)),
            counts=tuple(names[name] for name in sorted(names)),
            usual=tuple(float(side) for side in usual),
            per_picture=max(sum(map(len, seen)) / len(seen), 0.1),
            cut=sum(raw.cut for raw in seen),
        )

    @property
    def remarks_on_all(self) -> tuple[str, ...]:
        """What is to be said of the boxes that it was fitted to."""
        return (f"{self.cut:,} boxes {BEYOND}",) if self.cut else ()

    def prepare(self, raw: Boxes) -> Arrays:
        numbers = {name: number for number, name in enumerate(self.labels, 1)}
        other = len(self.labels) + 1
        scores = np.full(len(raw), -1.0) if raw.scores is None else raw.scores
        return self.made(
            raw.corners,
            np.array([numbers.get(name, other) for name in raw.names], np.int32),
            scores,
            np.array(raw.size or (0.0, 0.0)),
        )

    def made(
        self, corners: np.ndarray, labels: np.ndarray, scores: np.ndarray, size: np.ndarray
    ) -> Arrays:
        """Return arrays of the layout of boxes that were made: ``[box, 4]``, ``[box]``, ``[box]``,
        and width and height."""
        return arrays_of(corners, labels, scores, size)

    def augment(self, arrays: Arrays, rng: np.random.Generator) -> Arrays:
        """Move the corners a little, by a fiftieth of the box."""
        corners = arrays["corners"]
        sides = np.tile(corners[:, 2:] - corners[:, :2], (1, 2))
        moved = corners + 0.02 * sides * rng.normal(size=corners.shape)
        return {**arrays, "corners": moved.astype(np.float32)}

    def show(self, raw: Boxes) -> Html:
        return drawn(raw, self.least_score)

    def example(self, rng: np.random.Generator) -> Cell:
        """Up to six boxes of two classes in a picture of 64 x 48 pixels, as JSON; now and then
        none."""
        found = []
        for _ in range(int(rng.integers(0, 7))):
            x, y = float(rng.integers(0, 40)), float(rng.integers(0, 30))
            sides = [float(side) for side in rng.integers(6, 18, 2)]
            found.append({"class": str(rng.choice(["cat", "dog"])), "bbox": [x, y, *sides]})
        return json.dumps({"width": 64, "height": 48, "boxes": found})

    def neutral(self) -> Boxes:
        return Boxes((), np.zeros((0, 4)), None, (self.width, self.height))

    def corrupt(self, raw: Boxes, severity: float, rng: np.random.Generator) -> Boxes:
        """Lose boxes, and misplace the others."""
        if severity <= 0 or not len(raw):
            return raw
        kept = raw.take(np.flatnonzero(rng.random(len(raw)) >= severity / 2))
        sides = kept.corners[:, 2:] - kept.corners[:, :2]
        shift = 0.5 * severity * sides * rng.normal(size=sides.shape)
        return replace(kept, corners=kept.corners + np.tile(shift, (1, 2)))

    def features(self, arrays: Arrays) -> np.ndarray:
        """Of each of the most frequent classes how many boxes there are, and their mean place and
        size as shares of the picture; and how many in all."""
        order = np.argsort(-np.array(self.counts or (0,)), kind="stable")[:MOST_FEATURED]
        found = np.zeros((len(order), PER_CLASS), np.float32)
        corners = arrays["corners"] / np.tile(self._size(arrays["size"]), 2)
        middles, sides = (corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - corners[:, :2]
        for place, label in enumerate(order):
            own = arrays["labels"] == label + 1
            if own.any():
                found[place] = [own.sum(), *middles[own].mean(0), *sides[own].mean(0)]
        return np.append(found.ravel(), np.float32((arrays["labels"] > 0).sum()))

    def fingerprint(self, raw: Boxes) -> None:
        """None: two pictures may well hold the same boxes."""
        return None

    def alike(self, first: bytes, second: bytes) -> bool:
        return first == second

    def unseen(self, raw: Boxes) -> tuple[str, ...]:
        """Return the classes that fitting never saw."""
        return tuple(name for name in raw.names if name not in self.labels)

    def as_target(self) -> BoxesCodec:
        return self

    def check_target(self, num_rows: int) -> None:
        if not self.labels:
            raise TargetError(
                "there is no box to learn from",
                expected="rows with boxes",
                received=f"{num_rows} rows, all of pictures with nothing on them",
            )

    def check_beside(self, arrays: Arrays, beside: Arrays) -> str:
        """Raise `CellError` for boxes outside of a picture, whose own ``size`` lies beside them;
        return what is to be said of those that stick out a little."""
        size = arrays["size"] if arrays["size"].all() else beside["size"]
        told = float(size[0]), float(size[1])
        check_inside(self._names(arrays), arrays["corners"], told)
        return BEYOND if num_beyond(arrays["corners"], told) else ""

    def decode(self, arrays: Arrays) -> Boxes:
        real = arrays["labels"] > 0
        scores = arrays["scores"][real].astype(np.float64)
        size = arrays["size"]
        return Boxes(
            tuple(self._names({"labels": arrays["labels"][real]})),
            arrays["corners"][real].astype(np.float64),
            None if (scores < 0).any() or not len(scores) else scores.clip(0.0, 1.0),
            (float(size[0]), float(size[1])) if size.all() else None,
        )

    def write(self, raw: Boxes) -> str:
        """JSON of the picture's size, where known, and of class, box and score of each; its numbers
        have names, so that they read alike whatever the order of a column's bare ones."""
        return written(raw)

    def answer(self, raws: Sequence[Boxes]) -> Mapping[str, Any]:
        """``prediction``, and of each class how many things there are: of a score of at least
        `least_score`."""
        sure = [
            Counter(
                name
                for name, score in zip(raw.names, raw.certainty, strict=True)
                if score >= self.least_score
            )
            for raw in raws
        ]
        counts = {f"num_{name}": [found[name] for found in sure] for name in self.labels}
        return {"prediction": [self.write(raw) for raw in raws], **counts}

    def compare(self, said: Boxes, true: Boxes) -> np.ndarray:
        return compared(said.sized(true.size), true, self.labels, self.least_score)

    def metrics(self, compared: Sequence[np.ndarray]) -> dict[str, float]:
        return measured(compared)

    def panel(self, said: Sequence[Boxes], true: Sequence[Boxes]) -> Html:
        pairs = [self.compare(a, b) for a, b in zip(said, true, strict=True)]
        return panel_of(pairs, self.labels)

    def lay_over(self, shown: Html, raw: Boxes, size: tuple[float, float]) -> Html:
        """Draw boxes over a picture.

        Args:
            shown: The picture as its codec shows it.
            raw: The boxes.
            size: Width and height of the picture in pixels.
        """
        return laid_over(shown, raw.sized(size), size, self.least_score, self.labels)

    def export(self, form: str, raws: Sequence[Boxes | None], names: Sequence[str]) -> Any:
        """Return file name -> bytes of a form of `exports`; see `plait.modalities.boxes.exports`.

        Args:
            form: ``coco``, ``voc`` or ``yolo``.
            raws: Boxes of each picture; None where nothing was said.
            names: Of the pictures.
        """
        return exported(form, raws, names, self.labels)

    def shares(self, raw: Boxes) -> np.ndarray:
        """Return corners as shares of their picture's sides, the usual size where it is unknown."""
        return raw.corners / np.tile(self._size(np.array(raw.size or (0.0, 0.0))), 2)

    def _names(self, arrays: Arrays) -> list[str]:
        """Return the class of each box; of the one that stands for no box, nothing is meant."""
        names = [*self.labels, "another class"]
        return [names[min(int(label), len(names)) - 1] for label in arrays["labels"]]

    def _size(self, size: np.ndarray) -> np.ndarray:
        usual = np.array([self.width, self.height])
        return np.where(size > 0, size, usual) if (size > 0).all() else usual
