"""Boxes: those of one picture, with their classes, perhaps scores, and the picture's size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy import ndarray

from plait.errors import CellError, LimitError
from plait.types import Arrays

if TYPE_CHECKING:
    from jaxtyping import Float

MOST_BOXES = 5000
"""Of one picture."""

RELATIVE = (1.0, 1.0)
"""Size of a picture whose boxes are told as shares of its sides."""

SLACK = 0.02
"""Share of a picture's sides by which a box may stick out of it: it is cut off there."""

MOST_PIXELS = 1e6
"""Coordinates beyond this are none."""


@dataclass(frozen=True, eq=False)
class Boxes:
    """The boxes of one picture.

    Attributes:
        names: Class of each.
        corners: Left, top, right and bottom of each, float64, in the unit of `size`.
        scores: How sure each is, 0 to 1; None of boxes that people drew.
        size: Width and height of the picture, in pixels; `RELATIVE` where boxes are told as shares
            of its sides; None where boxes are told in pixels of a picture of unknown size.
        cut: How many stuck out of the picture a little, and were cut off there.
    """

    names: tuple[str, ...]
    corners: Float[ndarray, "box 4"]
    scores: Float[ndarray, " box"] | None = None
    size: tuple[float, float] | None = None
    cut: int = 0

    def __len__(self) -> int:
        return len(self.names)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Boxes)
            and (self.names, self.size) == (other.names, other.size)
            and np.array_equal(self.corners, other.corners)
            and (self.scores is None) == (other.scores is None)
            and np.array_equal(self.certainty, other.certainty)
        )

    @property
    def certainty(self) -> Float[ndarray, " box"]:
        """The scores; 1 of boxes that have none."""
        return np.ones(len(self)) if self.scores is None else self.scores

    def take(self, places: np.ndarray) -> Boxes:
        """Return some of the boxes."""
        names = tuple(self.names[int(place)] for place in places)
        scores = None if self.scores is None else self.scores[places]
        return Boxes(names, self.corners[places], scores, self.size)

    def sized(self, size: tuple[float, float] | None) -> Boxes:
        """Return the boxes in the unit of a picture of another size; as they are where either size
        is unknown."""
        if size is None or self.size is None or size == self.size:
            return self
        factor = np.array([size[0] / self.size[0], size[1] / self.size[1]] * 2)
        return Boxes(self.names, self.corners * factor, self.scores, size)


def make_boxes(
    names: Sequence[str],
    corners: Sequence[Sequence[float]],
    scores: Sequence[float] | None = None,
    size: tuple[float, float] | None = None,
) -> Boxes:
    """Return checked boxes; those that stick out of their picture a little are cut off there.

    Raises:
        LimitError: More than `MOST_BOXES`.
        CellError: A class without a name, a number that is none, a box of no area, or one outside
            of the picture; the message says which.
    """
    if len(names) > MOST_BOXES:
        raise LimitError(
            "the picture has too many boxes",
            expected=f"at most {MOST_BOXES:,}",
            received=f"{len(names):,} boxes",
        )
    placed = np.array(corners, np.float64).reshape(len(names), 4)
    for place, name in enumerate(names):
        if not name.strip():
            raise CellError("a box has no class", expected="a name", received=f"box {place + 1}")
    _check_places(names, placed, size)
    cut = 0
    if size is not None:
        cut = num_beyond(placed, size)
        placed = placed.clip(0.0, np.array([*size, *size]))
    sure = None if scores is None else np.array(scores, np.float64)
    if sure is not None and not ((sure >= 0) & (sure <= 1)).all():
        raise CellError("a score is out of range", expected="0 to 1", received=f"{sure.tolist()}")
    return Boxes(tuple(name.strip() for name in names), placed, sure, size, cut)


def check_inside(names: Sequence[str], corners: np.ndarray, size: tuple[float, float]) -> None:
    """Raise `CellError` where a box lies outside of a picture of a size, or sticks out too far."""
    _check_places(names, corners, size, sides=False)


def num_beyond(corners: np.ndarray, size: tuple[float, float]) -> int:
    """Return how many boxes stick out of a picture of a size."""
    return int(((corners < 0) | (corners > np.tile(size, 2))).any(1).sum())


def _check_places(
    names: Sequence[str],
    corners: np.ndarray,
    size: tuple[float, float] | None,
    *,
    sides: bool = True,
) -> None:
    wild = ~np.isfinite(corners).all(1) | (np.abs(corners) > MOST_PIXELS).any(1)
    most = (MOST_PIXELS, MOST_PIXELS) if size is None else size
    slack = 1.0 if size is None else SLACK * max(size)
    outside = (corners < -slack).any(1) | (corners[:, 2:] > np.array(most) + slack).any(1)
    spans, seen = _spans(corners), _spans(corners.clip(0.0, np.tile(most, 2)))
    outside |= (spans > 0).all(1) & ~(seen > 0).all(1)
    for wrong, what, expected in (
        (wild, "a coordinate of a box is no number of pixels", f"numbers up to {MOST_PIXELS:g}"),
        (sides & ~(spans > 0).all(1), "a box has no area", "a width and a height above 0"),
        (outside, "a box lies outside the picture", _inside(size)),
    ):
        if wrong.any():
            place = int(wrong.argmax())
            told = ", ".join(f"{one:g}" for one in corners[place])
            raise CellError(
                what,
                expected=expected,
                received=f"box {place + 1}, '{names[place]}': left, top, right, bottom {told}",
                hint="if the numbers are in another order, name it: "
                '--columns "NAME=boxes{order: xywh}", xyxy or cxcywh; '
                "or leave such cells out with --on-error skip",
            )


def _spans(corners: np.ndarray) -> np.ndarray:
    return corners[:, 2:] - corners[:, :2]


def _inside(size: tuple[float, float] | None) -> str:
    if size is None:
        return "coordinates of 0 and more"
    return f"0 to {size[0]:g} across and 0 to {size[1]:g} down"


def arrays_of(corners: ndarray, labels: ndarray, scores: ndarray, size: ndarray) -> Arrays:
    """Return arrays as a codec's `layout` has them, of corners ``[box, 4]``, labels from 1 and
    scores ``[box]``, and width and height; where there is no box, one of label 0."""
    if not len(labels):
        corners, labels, scores = np.zeros((1, 4)), np.zeros(1), np.full(1, -1.0)
    return {
        "corners": corners.astype(np.float32).reshape(-1, 4),
        "labels": labels.astype(np.int32),
        "scores": scores.astype(np.float32),
        "size": size.astype(np.float32),
    }
