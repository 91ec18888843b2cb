"""What a checkpoint wants to see of a text or a picture: exactly its own preprocessing, torch-free.

Guarantees: a preparation's fields, saved as JSON, are all of the preprocessing, and its hash
changes with any of them. Does not guarantee: that a checkpoint's own files describe what it was
trained with.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from PIL import Image

from plait.types import Arrays, ArraySpec, Layout


@runtime_checkable
class Preparation(Protocol):
    """Turns the Raw of a native codec into what a backbone takes; a frozen dataclass."""

    modality: ClassVar[str]

    @property
    def layout(self) -> Layout:
        """Parts that `prepare` returns, as of a codec."""

    @property
    def hash(self) -> str:
        """16 hex digits that change with any setting."""

    def prepare(self, raw: Any) -> Arrays:
        """Turn Raw into the arrays of `layout`: the same numbers on every machine."""


@dataclass(frozen=True, kw_only=True)
class TextPreparation:
    """A text as the numbers of its tokens, special tokens included.

    Attributes:
        tokenizer: The checkpoint's ``tokenizer.json``, without its truncation and padding.
        max_tokens: Longer texts are cut; the special tokens at their ends are kept.
        pad_to: Every text is filled up to so many tokens, as SigLIP was trained (0: never).
        pad_id: Number of the token that fills.
        pooling: ``mean`` or ``cls`` over the last hidden states; ``model``: as the network does.
        unit: Whether the pooled vector is divided by its length.
    """

    modality: ClassVar[str] = "text"

    tokenizer: str
    max_tokens: int
    pad_to: int = 0
    pad_id: int = 0
    pooling: str = "mean"
    unit: bool = False

    @property
    def layout(self) -> Layout:
        return {"ids": ArraySpec((self.pad_to or "token",), "int32")}

    @property
    def hash(self) -> str:
        return preparation_hash(self)

    def prepare(self, raw: str) -> Arrays:
        ids = _tokenizer(self.tokenizer, self.max_tokens).encode(raw).ids
        ids = ids + [self.pad_id] * (max(self.pad_to, 1) - len(ids))
        return {"ids": np.array(ids, np.int32)}


@dataclass(frozen=True, kw_only=True)
class ImagePreparation:
    """A picture as pixels of one size; rescaled and normalised by `values`, in the network.

    Attributes:
        resize: ``shortest``: the shorter side becomes `size_px`; ``exact``: both sides become
            `height_px` and `width_px`; ``none``.
        size_px: Length of the shorter side before the crop, where that is how to resize.
        height_px, width_px: Of the result.
        resample: Filter, a number of Pillow's: 0 nearest, 1 Lanczos, 2 bilinear, 3 bicubic, ...
        crop: Whether the middle is cut out (pictures smaller than that get a black border).
        rescale: Factor of the pixels' 0 ... 255.
        mean, std: Per channel, after rescaling.
    """

    modality: ClassVar[str] = "image"

    height_px: int
    width_px: int
    resize: str = "exact"
    size_px: int = 0
    resample: int = 2
    crop: bool = False
    rescale: float = 1 / 255
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)

    @property
    def layout(self) -> Layout:
        return {"pixels": ArraySpec((self.height_px, self.width_px, 3), "uint8")}

    @property
    def hash(self) -> str:
        return preparation_hash(self)

    def prepare(self, raw: np.ndarray) -> Arrays:
        """``pixels``: resized by Pillow and cropped, uint8."""
        height, width = raw.shape[:2]
        if self.resize == "shortest":
            short = min(height, width)
            height, width = (
                self.size_px if side == short else int(self.size_px * side / short)
                for side in (height, width)
            )
        elif self.resize == "exact":
            height, width = self.height_px, self.width_px
        picture = Image.fromarray(raw)
        if picture.size != (width, height):
            picture = picture.resize((width, height), Image.Resampling(self.resample))
        return {"pixels": _crop(np.asarray(picture), self.height_px, self.width_px)}

    def values(self, arrays: Arrays) -> np.ndarray:
        """Return what the network computes with: float32 ``[channel, height, width]``."""
        scaled = arrays["pixels"].astype(np.float32) * np.float32(self.rescale)
        normal = (scaled - np.array(self.mean, np.float32)) / np.array(self.std, np.float32)
        return np.moveaxis(normal, -1, 0)


def preparation_to_dict(preparation: Preparation) -> dict[str, Any]:
    """Return the preparation as JSON-ready data: its modality and every field."""
    names = [field.name for field in dataclasses.fields(preparation)]  # type: ignore[arg-type]
    values = {name: _to_json(getattr(preparation, name)) for name in names}
    return {"modality": preparation.modality, **values}


def preparation_hash(preparation: Preparation) -> str:
    """Return 16 hex digits that change with any setting."""
    text = json.dumps(preparation_to_dict(preparation), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _to_json(value: Any) -> Any:
    return preparation_to_dict(value) if isinstance(value, ImagePreparation) else value


@lru_cache(maxsize=8)
def _tokenizer(text: str, max_tokens: int) -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(text)
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    return tokenizer


def _crop(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return the middle; what is smaller is laid on black, one more above and left if odd."""
    below, beside = max(height - pixels.shape[0], 0), max(width - pixels.shape[1], 0)
    pads = ((-(-below // 2), below // 2), (-(-beside // 2), beside // 2), (0, 0))
    pixels = np.pad(pixels, pads)
    top, left = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
    return np.ascontiguousarray(pixels[top : top + height, left : left + width])
