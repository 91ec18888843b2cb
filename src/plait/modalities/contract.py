"""What a modality must offer: a torch-free codec, and a network that embeds what it prepares."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from plait.modalities.likeness import Fingerprint
from plait.modalities.media import Media
from plait.types import Arrays, Cell, ColumnSample, Html, Layout

LATER = {"later": True}
"""Metadata of a codec's field that was added since bundles were first written, and that changes
nothing at its default: it is neither saved nor hashed there, so that earlier bundles stay valid."""


@runtime_checkable
class Codec(Protocol):
    """Turns cells of one modality into arrays; a frozen keyword-only dataclass, torch-free.

    Its fields and `version`, saved as JSON, are all of the preprocessing: their hash names the
    cache and travels with every bundle. What must be learned from training rows (a vocabulary, a
    scale) is learned by `fit`, which returns a new codec.

    `Raw` below is the modality's own decoded form: a waveform, an RGB picture, a string.
    """

    modality: ClassVar[str]
    version: ClassVar[int]
    """From 1; raised whenever the same fields and cell would give other arrays, features or another
    fingerprint than before. Bundles of another version are refused."""
    extra: ClassVar[str | None]
    """The pip extra that `read` needs, or None."""

    @property
    def layout(self) -> Layout:
        """Parts that `prepare` returns: name -> shape (ragged axes named) and type."""

    def detect(self, sample: ColumnSample) -> float:
        """How sure, in [0, 1], that the column is of this modality. Never decodes at length."""

    def read(self, cell: Cell, media: Media) -> Any | None:
        """Decode a cell to Raw; None when it holds nothing. Raises `CellError` or `LimitError`."""

    def fit(self, raws: Iterable[Any]) -> Codec:
        """Learn what must be learned from training values (may be empty); returns a new codec."""

    def prepare(self, raw: Any) -> Arrays:
        """Turn Raw into the arrays of `layout`: the same numbers on every machine."""

    def augment(self, arrays: Arrays, rng: np.random.Generator) -> Arrays:
        """Return a randomly changed copy with the same meaning (training only); same layout."""

    def show(self, raw: Any) -> Html:
        """Render Raw for a person: a picture, a player, a plot; self-contained and escaped."""

    def example(self, rng: np.random.Generator) -> Cell:
        """Make a small valid cell; feeds the contract suite and export tracing."""

    def neutral(self) -> Any:
        """Raw without information (grey, silence, the mean): the baseline of explanations."""

    def corrupt(self, raw: Any, severity: float, rng: np.random.Generator) -> Any:
        """Damage Raw as the world would; severity in [0, 1], 0 returns it unchanged."""

    def features(self, arrays: Arrays) -> np.ndarray:
        """Simple features for honest baselines: float32 ``[feature]``, of one length per codec."""

    def fingerprint(self, raw: Any) -> Fingerprint | None:
        """What near-duplicates are found by; None when being equal means nothing (a blank picture).

        A code of 256 bits, of which a near-duplicate's shares three quarters and more, proposes
        what to compare; a sketch of some hundred bytes is what `alike` compares.
        """

    def alike(self, first: bytes, second: bytes) -> bool:
        """Tell from two sketches whether the values are near-duplicates.

        One picture, recording or text, lightly edited: scaled, cropped, encoded again, mistyped.
        Not: two takes of a word, two pictures of one thing, two texts from one template. Equal
        sketches are alike, and neither order nor settings matter.
        """
