"""What a front end is: pieces of a sound or pictures in, words with times or places out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from numpy import ndarray

RATE_HZ = 16_000
"""Samples a second of the pieces of a sound."""


@dataclass(frozen=True, kw_only=True)
class TextFound:
    """A word that is said, or a line that is shown.

    Attributes:
        text: Without blanks around it.
        confidence: In [0, 1], as the front end tells it.
        start, end: Seconds from the start of its piece; None of a picture.
        box: Left, top, width and height in pixels; None of a sound.
    """

    text: str
    confidence: float
    start: float | None = None
    end: float | None = None
    box: tuple[float, float, float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class Readiness:
    """Whether a front end can be used on this machine.

    Attributes:
        lacks: What keeps it from it, in words; "" where nothing does.
        weights: Names of its weights, and where they lie.
        licence: Of the weights; "" where it is not told.
        mend: The command that brings what it lacks.
    """

    lacks: str = ""
    weights: str = ""
    licence: str = ""
    mend: str = ""


class FrontEnd(Protocol):
    """Reads words; weights and packages are looked for when it is asked, and never fetched.

    Attributes:
        name: What a person calls it by.
        reads: ``audio`` or ``image``: what its pieces are.
        purpose: What it reads, in words.
    """

    name: str
    reads: str
    purpose: str

    def readiness(self, language: str | None = None) -> Readiness:
        """Tell whether it can be used, for a language; it is not loaded for that."""

    def read(
        self, pieces: Sequence[ndarray], *, language: str | None = None
    ) -> Iterator[list[TextFound]]:
        """Give what is said or shown in each piece of one medium, in order.

        Args:
            pieces: Waves at `RATE_HZ`, float32 ``[time]`` in [-1, 1]; or pictures, uint8
                ``[height, width, 3]``.
            language: As ISO 639-1 writes it, ``nl``; None finds it out.

        Raises:
            UsageError: The language is none that it knows.
        """
