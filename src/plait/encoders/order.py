"""Which of the encoders that were found suits a modality best, before anything is measured."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from plait.encoders.found import FoundEncoder

MAX_BYTES = 2 * 2**30
"""Larger weights are used only where a person names them: they would not leave room in memory."""


def suited(
    found: Iterable[FoundEncoder], modality: str, among: Collection[str]
) -> list[FoundEncoder]:
    """Return the encoders of a modality that can be used unasked, the best suited first.

    Where the table has texts and pictures, pairs of towers that share one space come first; then
    those trained to give vectors (sentence encoders, DINOv2, towers of pairs); then larger before
    smaller, for the first that is fast enough for the budget is taken; then by name.

    Args:
        found: All encoders.
        modality: Of the column.
        among: Modalities of all input columns.
    """
    both = {"text", "image"} <= set(among)

    def place(one: FoundEncoder) -> tuple[bool, bool, int, str]:
        together = both and one.pair and {"text", "image"} <= set(one.modalities)
        return not together, not one.made_for_vectors, -one.num_bytes, one.name

    usable = [one for one in found if one.is_usable and modality in one.modalities]
    return sorted((one for one in usable if one.num_bytes <= MAX_BYTES), key=place)
