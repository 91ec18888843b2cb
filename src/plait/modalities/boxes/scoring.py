"""Scores boxes as COCO does: average precision over classes and overlaps, and counts of things."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from plait.modalities.boxes.boxes import Boxes
from plait.modalities.boxes.matching import THRESHOLDS, hits, overlaps
from plait.modalities.target import MetricWord

MOST_SAID = 100
"""Boxes of a class that count in a picture: the surest."""

RECALLS = np.linspace(0.0, 1.0, 101)
"""At which precision is looked up."""

OTHERS = "other classes"

WORDS: Mapping[str, MetricWord] = {
    "map": MetricWord(
        name="mAP 50-95",
        says="Average precision over classes and over overlaps from .50 to .95, as COCO counts it: "
        "1 is every box, well placed and ranked before all that are none.",
        share=True,
    ),
    "map50": MetricWord(
        name="mAP 50",
        says="Average precision over classes, where a box counts that overlaps a true one by half.",
        share=True,
    ),
    "map75": MetricWord(
        name="mAP 75",
        says="Average precision over classes, where a box counts that overlaps a true one by .75.",
        share=True,
    ),
    "recall": MetricWord(
        name="boxes found",
        says="Share of the true boxes that a box of the class overlaps by half, mean of classes.",
        share=True,
    ),
    "count_error": MetricWord(
        name="error of counts",
        says="Things counted too many or too few, per picture and class.",
        lower_is_better=True,
    ),
}


def compared(said: Boxes, true: Boxes, labels: Sequence[str], least_score: float) -> np.ndarray:
    """Return what scores need to know of one picture: float64, see `_Pictures`.

    Classes that are none of `labels` are counted as one further class.

    Args:
        said, true: In one unit.
        labels: The known classes.
        least_score: From which on a box that was said is counted as a thing.
    """
    numbers = {name: number for number, name in enumerate(labels)}
    of_said = np.array([numbers.get(name, len(labels)) for name in said.names], np.int64)
    of_true = np.array([numbers.get(name, len(labels)) for name in true.names], np.int64)
    counts, found = [], []
    sure = said.certainty
    for label in np.union1d(of_said, of_true):
        places = np.flatnonzero(of_said == label)
        places = places[np.argsort(-sure[places], kind="stable")][:MOST_SAID]
        real = true.corners[of_true == label]
        hit = hits(overlaps(said.corners[places], real), sure[places])
        gap = abs(int((sure[places] >= least_score).sum()) - len(real))
        counts.append([label, len(real), gap])
        bits = (hit * (1 << np.arange(len(THRESHOLDS)))[:, None]).sum(0)
        found += [[label, sure[place], bit] for place, bit in zip(places, bits, strict=True)]
    head = [len(labels), len(counts), len(found)]
    return np.concatenate([np.ravel(one) for one in (head, counts, found)]).astype(np.float64)


def measured(pictures: Sequence[np.ndarray]) -> dict[str, float]:
    """Return the metrics of pictures by what `compared` says of each, in the order of `WORDS`.

    Without any true box all that is said is wrong: 1 where nothing was said, else 0.
    """
    every = _Pictures(pictures)
    precision, recall = [], []
    for label in np.flatnonzero(every.num_true > 0):
        one, found = every.precision(int(label))
        precision.append(one)
        recall.append(found)
    if not precision:
        right = float(not len(every.scores))
        return {"map": right, "map50": right, "map75": right, "recall": right,
                "count_error": every.count_error}  # fmt: skip
    mean = np.mean(precision, axis=0)
    return {
        "map": float(mean.mean()),
        "map50": float(mean[0]),
        "map75": float(mean[5]),
        "recall": float(np.mean(recall)),
        "count_error": every.count_error,
    }


def by_class(pictures: Sequence[np.ndarray], labels: Sequence[str]) -> list[dict[str, object]]:
    """Return class, number of true boxes, and average precisions, of each class that has any."""
    every = _Pictures(pictures)
    names = [*labels, OTHERS]
    found = []
    for label in np.flatnonzero(every.num_true > 0):
        precision, recall = every.precision(int(label))
        found.append(
            {
                "class": names[int(label)],
                "boxes": int(every.num_true[label]),
                "AP 50": float(precision[0]),
                "AP 50-95": float(precision.mean()),
                "found": recall,
            }
        )
    return found


class _Pictures:
    """What was said of many pictures, side by side.

    Each is told as one line of numbers: how many classes are known, how many occur in it, how many
    boxes were said; then for each class that occurs its number, its true boxes and the error of
    their count; then for each box said its class, score, and hits, a bit for each threshold.
    """

    def __init__(self, pictures: Sequence[np.ndarray]) -> None:
        counts = [one[3 : 3 + 3 * int(one[1])].reshape(-1, 3) for one in pictures]
        found = [one[3 + 3 * int(one[1]) :].reshape(-1, 3) for one in pictures]
        num = int(pictures[0][0]) + 1 if len(pictures) else 1
        every, said = (
            np.concatenate([*counts, np.zeros((0, 3))]),
            np.concatenate([*found, np.zeros((0, 3))]),
        )
        self.num_true = np.bincount(every[:, 0].astype(np.int64), every[:, 1], minlength=num)
        self.labels, self.scores = said[:, 0].astype(np.int64), said[:, 1]
        self._bits = said[:, 2].astype(np.int64)
        occur = max(int((self.num_true[: num - 1] > 0).sum()), 1)
        self.count_error = float(every[:, 2].sum() / max(len(pictures), 1) / occur)

    def precision(self, label: int) -> tuple[np.ndarray, float]:
        """Return a class's average precision at each threshold, and the share found at the first.

        The precision at each of 101 recalls is the best at that recall or a higher one.
        """
        own = np.flatnonzero(self.labels == label)
        own = own[np.argsort(-self.scores[own], kind="stable")]
        hit = (self._bits[own] >> np.arange(len(THRESHOLDS))[:, None]) & 1
        right = np.cumsum(hit, axis=1)
        recall = right / self.num_true[label]
        precision = right / (np.arange(len(own)) + 1 + np.spacing(1))
        best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        found = np.zeros(len(THRESHOLDS))
        for level in range(len(THRESHOLDS)):
            places = np.searchsorted(recall[level], RECALLS, side="left")
            inside = places < len(own)
            found[level] = best[level, places[inside]].sum() / len(RECALLS)
        return found, float(recall[0, -1]) if len(own) else 0.0
