"""Text on the screen: RapidOCR, whose wheel carries its weights (PP-OCR, Apache-2.0)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy import ndarray

from plait.errors import UsageError
from plait.front_ends.contract import Readiness, TextFound
from plait.installation import install_command

PARTS = {"Det": "_det", "Cls": "_cls", "Rec": "_rec"}
"""Stage of RapidOCR -> what the name of its file of weights holds."""

LICENCE = "Apache-2.0"
LEAST_SURE = 0.6
"""Lines that are read with less confidence are mostly no text at all."""


class Screen:
    """Reads the lines of text in pictures, from top to bottom: Latin letters and Chinese."""

    name, reads, purpose = "screen", "image", "text on the screen"

    def readiness(self, language: str | None = None) -> Readiness:
        """See `FrontEnd.readiness`."""
        missing = [name for name in ("rapidocr", "onnxruntime") if find_spec(name) is None]
        if missing:
            lacks = " and ".join(missing) + (" is" if len(missing) == 1 else " are")
            return Readiness(lacks=f"{lacks} not installed", mend=install_command("screen"))
        weights = _weights()
        if len(weights) < len(PARTS):
            lacks = "the installed rapidocr does not carry its weights"
            return Readiness(lacks=lacks, mend=install_command("screen"))
        names = ", ".join(file.name for file in weights.values())
        return Readiness(weights=f"{names} (package rapidocr)", licence=LICENCE)

    def read(
        self, pieces: Sequence[ndarray], *, language: str | None = None
    ) -> Iterator[list[TextFound]]:
        """See `FrontEnd.read`."""
        if language is not None:
            raise UsageError(
                "text on the screen is read in whatever language it is",
                expected="no language",
                received=language,
            )
        engine = _engine()
        for picture in pieces:
            found = engine(np.ascontiguousarray(picture[..., ::-1]))
            yield _lines(found)


def _weights() -> dict[str, Path]:
    """Return stage -> its file of weights in the installed package, where there is one of each."""
    spec = find_spec("rapidocr")
    if spec is None or spec.origin is None:
        return {}
    files = sorted((Path(spec.origin).parent / "models").glob("*.onnx"))
    found = {stage: [one for one in files if mark in one.name] for stage, mark in PARTS.items()}
    return {stage: some[0] for stage, some in found.items() if len(some) == 1}


def _engine() -> Any:
    """Return RapidOCR on its own files, each named: without names it would ask the network."""
    from rapidocr import RapidOCR

    paths = {f"{stage}.model_path": str(file) for stage, file in _weights().items()}
    return RapidOCR(params={"Global.log_level": "critical", **paths})


def _lines(found: Any) -> list[TextFound]:
    """Return the lines of a result, in the order in which they are read."""
    if found.txts is None or found.boxes is None:
        return []
    lines = []
    for text, score, corners in zip(found.txts, found.scores, found.boxes, strict=True):
        corners = np.asarray(corners, float)
        (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
        box = (float(left), float(top), float(right - left), float(bottom - top))
        if text.strip() and score >= LEAST_SURE:
            lines.append(TextFound(text=text.strip(), confidence=float(score), box=box))
    return lines
