"""Clips written in other forms than a cell's MP4: one file of all, moving, or their frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from plait.errors import UsageError
from plait.modalities.video.encoding import encode_mp4
from plait.modalities.video.sheet import in_rows, laid_together, moving, png_of

EXPORTS: Mapping[str, str] = {"gif": ".gif", "mp4": ".mp4", "frames": ".png"}
"""Form -> ending of its one file: all clips side by side, or frames of each in a row."""


def exported(form: str, clips: Sequence[np.ndarray], seconds: float) -> dict[str, bytes]:
    """Return the one file of some clips, by the name "".

    Args:
        form: Of `EXPORTS`.
        clips: Of one shape, uint8 ``[frame, height, width, 3]``.
        seconds: How long they take.

    Raises `UsageError` where there is no clip.
    """
    if not clips:
        raise UsageError("there is no clip to write", expected="at least one row with a clip")
    if form == "frames":
        return {"": png_of(in_rows([[clip] for clip in clips]))}
    frames = laid_together(clips)
    if form == "gif":
        return {"": moving(frames, seconds)}
    return {"": encode_mp4(np.stack(frames), seconds)}
