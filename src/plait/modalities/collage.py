"""Collages: which parts of several rows' pictures lie where on one canvas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from plait.types import Arrays


class Piece:
    """A part of a row's canvas that is laid on a new one, over the pieces before it.

    Places are shares of a canvas's sides, from its left and from its top.

    Args:
        row: Which row's, by its place among those that are given.
        scale: By which it is enlarged.
        shift: ``(x, y)``: a place of its own canvas comes to lie at ``scale * place + shift``.
        window: ``(left, top, right, bottom)`` of the new canvas: what it fills.
        soft: Beyond its window it fades into what lies below, over so much of the window's sides.
    """

    def __init__(
        self,
        row: int,
        scale: float,
        shift: Sequence[float] | np.ndarray,
        window: Sequence[float] | np.ndarray,
        soft: float = 0.0,
    ) -> None:
        self.row, self.scale, self.soft = row, scale, soft
        self.shift, self.window = np.array(shift, float), np.array(window, float)

    def placed(self, corners: np.ndarray) -> np.ndarray:
        """Return where boxes of its own canvas, ``[box, 4]``, come to lie; they may reach beyond
        its window."""
        return self.scale * corners + np.tile(self.shift, 2)


class Collage(Protocol):
    """Makes the arrays of a row whose canvas is laid together of pieces of several rows'."""

    def __call__(self, rows: Sequence[Arrays], pieces: Sequence[Piece]) -> Arrays: ...
