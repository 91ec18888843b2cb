"""Varies rows of several columns together: what a target tells of a picture moves along with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from plait.modalities import Codec
from plait.types import Arrays

Values = Mapping[str, Sequence[Arrays | None]]
"""Column name -> prepared values of a batch's rows, None where missing."""


class Together(Protocol):
    """Varies the values of several rows, those of several columns at once."""

    columns: tuple[str, ...]
    """Which columns, the target's among them."""

    def __call__(self, values: Values, rng: np.random.Generator) -> Values: ...


class VariedTogether:
    """A `Together` of a target and the one input that it is told of.

    Args:
        column: The input.
        codec: Its codec, with a ``collage``.
        target: The target.
        target_codec: Its codec, with a ``varied_together``.
    """

    def __init__(self, column: str, codec: Any, target: str, target_codec: Any) -> None:
        self.columns: tuple[str, ...] = (column, target)
        self._codec, self._target_codec = codec, target_codec

    def __call__(self, values: Values, rng: np.random.Generator) -> Values:
        beside, own = (values[name] for name in self.columns)
        own, beside = self._target_codec.varied_together(own, beside, self._codec.collage, rng)
        return dict(zip(self.columns, (beside, own), strict=True))


def varied_together(codecs: Mapping[str, Codec], target: str, codec: Any) -> Together | None:
    """Return what varies rows of a target together with its input, where codecs can.

    None where there are other inputs: what they say of one row's picture is not true of a picture
    that is made of several rows'.

    Args:
        codecs: Input column -> codec.
        target: The target.
        codec: Its codec.
    """
    if len(codecs) != 1 or not hasattr(codec, "varied_together"):
        return None
    column, one = next(iter(codecs.items()))
    asked = set(getattr(codec, "asks", ())) & set(getattr(one, "offers", ()))
    able = asked and hasattr(one, "collage")
    return VariedTogether(column, one, target, codec) if able else None
