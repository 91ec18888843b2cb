"""Pictures: decoded with limits, turned upright, laid on white, scaled to one size.

As a target they are drawn from noise, by what the other columns tell.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, ClassVar

import numpy as np
from PIL import Image

from plait.display import brief
from plait.errors import TargetError
from plait.modalities.collage import Piece
from plait.modalities.contract import LATER
from plait.modalities.detection import looks_like_media
from plait.modalities.drawn_sets import collapsed, resampled
from plait.modalities.image.canvas import canvas_layout, check_moves, moved, on_canvas, usual_canvas
from plait.modalities.image.features import picture_features
from plait.modalities.image.laid import laid
from plait.modalities.image.pixels import (
    ENDINGS,
    MAGIC,
    check_same_size,
    decoded,
    encoded,
    grey_of,
    in_square,
    is_dark,
    is_grey,
    stored_size,
)
from plait.modalities.image.scoring import WORDS, compared
from plait.modalities.image.sheet import compared_sheet, film_of, learned_sheet, sheet, thumbnail
from plait.modalities.image.sizes import CANVAS_PX, LARGEST_PX, LONGEST_PX, check_made
from plait.modalities.image.sketch import fingerprint_pictures, pictures_alike
from plait.modalities.image.vary import blurred, erased, shades, shifted
from plait.modalities.likeness import Fingerprint
from plait.modalities.media import Media
from plait.modalities.target import MetricWord, SimpleGenerator, metrics_by
from plait.modalities.traits import Traits
from plait.types import Arrays, ArraySpec, Cell, ColumnSample, Html, Layout, MadeFile


@brief
@dataclass(frozen=True, kw_only=True)
class ImageCodec:
    """Codec of the ``image`` modality.

    Raw is uint8 ``[height, width, 3]``, RGB, upright, at most 1024 pixels on its longer side.

    Attributes:
        size_px: Side of the square that pictures are scaled into (0: chosen by `fit`, at most 64).
        grey: Whether one channel is enough (chosen by `fit`).
        flip: Whether the mirror image has the same meaning (augmentation).
        crop: Largest shift of the picture when augmented, as a share of its side.
        erase: Chance of blanking a rectangle when augmented (random erasing).
        jitter: Largest relative change of brightness and contrast when augmented.
        canvas_px: Longer side of a second, finer view, for targets that ask where things are; 0 for
            none. With it Raw keeps the picture's own size.
        canvas: Height and width of that view (chosen by `fit`: the usual shape of pictures).
        turns: How that view is turned when augmented: ``none``, ``mirror`` (left and right), or
            ``any`` (by quarters too, as under a microscope).
        zoom: How far it is enlarged or shrunk then, at most: near 1 where things have one size.
        drawn: Whether pictures are made, not only looked at.
        level, spread: Mean and standard deviation of the pixels of such ones in training.
        generator: How they are made: ``flow`` (step by step from noise) or ``gan`` (in one).
        distilled: Whether ``flow`` learns beside it to make them in few steps.
    """

    modality: ClassVar[str] = "image"
    version: ClassVar[int] = 2
    bare_numbers: ClassVar[bool] = False
    extra: ClassVar[str | None] = None
    traits: ClassVar[Traits] = Traits(shared=True, steady=True, pictured=True)
    alone: ClassVar[Mapping[str, Any]] = {"middle": 64, "num_middle": 1}
    offers: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "places": {"canvas_px": CANVAS_PX},
        "picture": {"crop": 0.0, "erase": 0.0, "jitter": 0.0},
    }
    task: ClassVar[str] = "draw"
    verb: ClassVar[str] = "Draws"
    words: ClassVar[Mapping[str, MetricWord]] = WORDS
    baselines: ClassVar[tuple[type[SimpleGenerator], ...]] = ()
    heedless: ClassVar[tuple[str, ...]] = ("typical", "nearest")
    generators: ClassVar[tuple[str, ...]] = ("flow", "gan")

    size_px: int = 0
    grey: bool = False
    flip: bool = False
    crop: float = 0.1
    erase: float = 0.25
    jitter: float = 0.2
    canvas_px: int = field(default=0, metadata=LATER)
    canvas: tuple[int, ...] = field(default=(), metadata=LATER)
    turns: str = field(default="mirror", metadata=LATER)
    zoom: float = field(default=1.35, metadata=LATER)
    drawn: bool = field(default=False, metadata=LATER)
    level: float = field(default=127.5, metadata=LATER)
    spread: float = field(default=64.0, metadata=LATER)
    generator: str = field(default="flow", metadata=LATER)
    distilled: bool = field(default=False, metadata=LATER)

    def __post_init__(self) -> None:
        """Raise `ValueError` for ways to be varied, and to be made, that do not exist."""
        check_moves(self.turns, self.zoom)
        if self.generator not in self.generators:
            raise ValueError(f"generator is flow or gan, not {self.generator}")

    @property
    def heeds(self) -> tuple[str, ...]:
        """What the network heeds of what is asked."""
        of_steps = ("steps", "guidance", "begin", "keep") if self.generator == "flow" else ()
        return (*of_steps, "between")

    @property
    def layout(self) -> Layout:
        size, num = self.size_px or 64, 1 if self.grey else 3
        small = {"pixels": ArraySpec((size, size, num), "uint8")}
        return small | (canvas_layout(self._canvas, num) if self.canvas_px else {})

    @property
    def _canvas(self) -> tuple[int, int]:
        height, width = self.canvas or (self.canvas_px, self.canvas_px)
        return height, width

    def detect(self, sample: ColumnSample) -> float:
        return looks_like_media(sample, ENDINGS, MAGIC)

    def read(self, cell: Cell, media: Media) -> np.ndarray:
        return decoded(media.read_bytes(cell), None if self.canvas_px else LONGEST_PX)

    def measure(self, cell: Cell, media: Media) -> tuple[int, int]:
        """Return height and width of a readable picture as stored, upright, in pixels.

        Raw itself is at most 1024 pixels a side.
        """
        return stored_size(media.read_bytes(cell))

    def fit(self, raws: Iterable[np.ndarray]) -> ImageCodec:
        """Choose size and channels from up to 500 training pictures, unless they are set."""
        seen = list(islice(raws, 500))
        if seen and self.canvas_px and not self.canvas:
            shapes = [(raw.shape[0], raw.shape[1]) for raw in seen]
            self = replace(self, canvas=usual_canvas(shapes, self.canvas_px))
        if seen and not self.size_px:
            longest = float(np.median([max(raw.shape[:2]) for raw in seen]))
            size = int(min(LARGEST_PX, max(16, round(longest / 4) * 4)))
            self = replace(self, size_px=size, grey=all(is_grey(raw) for raw in seen))
        if seen and self.drawn:
            pixels = np.concatenate([self.prepare(raw)["pixels"].ravel() for raw in seen])
            spread = max(float(pixels.std()), 1.0)
            self = replace(self, level=float(pixels.mean()), spread=spread)
        return self

    def prepare(self, raw: np.ndarray) -> Arrays:
        """Scale into the square, keeping the aspect; borders are filled with the edge colour."""
        finer = on_canvas(raw, self._canvas) if self.canvas_px else {}
        arrays = {"pixels": in_square(raw, self.size_px or 64), **finer}
        for name in arrays.keys() & {"pixels", "canvas"} if self.grey else ():
            arrays[name] = grey_of(arrays[name])
        return {name: np.ascontiguousarray(part) for name, part in arrays.items()}

    def augment(self, arrays: Arrays, rng: np.random.Generator) -> Arrays:
        pixels = arrays["pixels"]
        if self.flip and rng.random() < 0.5:
            pixels = pixels[:, ::-1]
        pixels = shifted(pixels, self.crop, rng)
        table = shades(self.jitter, rng)
        pixels = pixels if table is None else table[pixels]
        if rng.random() < self.erase:
            pixels = erased(pixels, rng)
        changed = {"pixels": np.ascontiguousarray(pixels)}
        if self.canvas_px:
            finer = {name: arrays[name] for name in ("canvas", "frame")}
            finer = moved(finer, self.turns, self.zoom, rng)
            canvas = finer["canvas"] if table is None else table[finer["canvas"]]
            changed |= {**finer, "canvas": canvas, "size": arrays["size"]}
        return changed

    def collage(self, rows: Sequence[Arrays], pieces: Sequence[Piece]) -> Arrays:
        """Return the arrays of a picture of pieces of several rows' canvases."""
        canvas = laid([arrays["canvas"] for arrays in rows], pieces)
        return self.prepare(canvas.repeat(3, axis=2) if self.grey else canvas)

    def show(self, raw: np.ndarray) -> Html:
        """A thumbnail, as PNG or as JPEG: whichever is smaller."""
        return thumbnail(raw, fine=self.canvas_px > 0)

    def example(self, rng: np.random.Generator) -> Cell:
        colour = rng.integers(0, 256, 3)
        pixels = np.clip(colour + rng.normal(0, 20, (24, 20, 3)), 0, 255).astype(np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG")
        return buffer.getvalue()

    def neutral(self) -> np.ndarray:
        size = self.size_px or 64
        return np.full((size, size, 3), 128, np.uint8)

    def corrupt(self, raw: np.ndarray, severity: float, rng: np.random.Generator) -> np.ndarray:
        """Blur by downscaling, then add sensor noise."""
        if severity <= 0:
            return raw
        return blurred(raw, severity, rng)

    def features(self, arrays: Arrays) -> np.ndarray:
        """See `plait.modalities.image.features`."""
        found: np.ndarray = picture_features(arrays["pixels"][None])[0]
        return found

    def features_of(self, parts: Arrays) -> np.ndarray:
        """Return the features of many rows at once, float32 ``[row, feature]``."""
        return picture_features(parts["pixels"])

    def fingerprint(self, raw: np.ndarray) -> Fingerprint | None:
        return fingerprint_pictures([raw])[0]

    def fingerprints_of(self, raws: Sequence[np.ndarray]) -> list[Fingerprint | None]:
        """Return the fingerprints of many pictures at once."""
        return fingerprint_pictures(raws)

    def alike(self, first: bytes, second: bytes) -> bool:
        return pictures_alike(first, second)

    def as_target(self) -> ImageCodec:
        """One view, of the size that is made."""
        return replace(self, drawn=True, canvas_px=0, distilled=self.generator == "flow")

    def check_target(self, num_rows: int) -> None:
        check_made(self.size_px, coded=self.generator == "flow")
        if num_rows < 2:
            few = "there are too few pictures to learn from"
            raise TargetError(few, expected="2 rows with a picture", received=f"{num_rows}")

    def decode(self, arrays: Arrays) -> np.ndarray:
        pixels = arrays["pixels"]
        return np.ascontiguousarray(np.broadcast_to(pixels, (*pixels.shape[:2], 3)))

    def write(self, raw: np.ndarray) -> MadeFile:
        return MadeFile(encoded(Image.fromarray(raw))[0][1], ".png")

    def answer(self, raws: Sequence[np.ndarray]) -> Mapping[str, Any]:
        return {"prediction": [self.write(raw) for raw in raws]}

    def sheet(self, raws: Sequence[np.ndarray]) -> MadeFile:
        """Return many pictures in one file."""
        return self.write(sheet([[raw] for raw in raws], math.ceil(len(raws) ** 0.5)))

    def film(self, raws: Sequence[np.ndarray]) -> MadeFile:
        """Return pictures one after the other, in a file."""
        return MadeFile(film_of(raws), ".gif")

    def kept(self, mask: np.ndarray, begun: np.ndarray) -> np.ndarray:
        """Return where a begun picture stays, bool ``[height, width]`` as it is prepared: where the
        mask is dark. Raises `CellError` for one of another size."""
        check_same_size(mask, begun)
        return is_dark(self.prepare(mask)["pixels"])

    def compare(self, said: np.ndarray, true: np.ndarray) -> np.ndarray:
        return compared(said, true)

    def metrics(self, compared: Sequence[np.ndarray]) -> dict[str, float]:
        return metrics_by(self.resampled, compared)

    def resampled(
        self, compared: Sequence[np.ndarray], counts: np.ndarray
    ) -> Mapping[str, np.ndarray]:
        return resampled(compared, counts)

    def refuses(self, metrics: Mapping[str, float], num_rows: int) -> str:
        """Say why what scores so must not ship; see `plait.modalities.drawn_sets.collapsed`."""
        return collapsed(metrics, num_rows, "picture")

    def panel(self, said: Sequence[np.ndarray], true: Sequence[np.ndarray]) -> Html:
        return compared_sheet(said, true, self.size_px)

    def beside_learned(
        self, said: Sequence[np.ndarray], true: Sequence[np.ndarray], learned: Sequence[np.ndarray]
    ) -> Html:
        """Render what was made beside the nearest of what was learned from."""
        return learned_sheet(said, true, learned)
