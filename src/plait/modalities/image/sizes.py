"""Sides of pictures: of Raw, of a finer view, of those that are looked at, and that are made."""

from __future__ import annotations

from plait.errors import TargetError

LONGEST_PX, CANVAS_PX = 1024, 320
"""Of Raw, and of the finer view where one is asked for."""

LARGEST_PX, LARGEST_CODED_PX = 64, 256
"""Side of the square that is chosen, and of pictures that are made pixel by pixel, at most; and of
those that are asked for larger, and made as codes (`plait.nn.autoencoder`)."""


def check_made(size_px: int, *, coded: bool) -> None:
    """Raise `TargetError` where pictures are asked for larger than they are made.

    Args:
        size_px: Side that is asked for; 0 for none.
        coded: Whether large ones are made as codes.
    """
    most = LARGEST_CODED_PX if coded else LARGEST_PX
    if size_px > most:
        raise TargetError(
            "pictures are not made so large",
            expected=f"at most {most} pixels a side",
            received=f"size_px={size_px}",
            hint="leave size_px out, or say a smaller one",
        )
