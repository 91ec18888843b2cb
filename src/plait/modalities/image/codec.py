"""Pictures: decoded with limits, turned upright, laid on white, scaled to one size."""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, ClassVar

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from plait.display import brief
from plait.errors import CellError, LimitError
from plait.modalities.contract import LATER
from plait.modalities.detection import looks_like_media
from plait.modalities.image.canvas import canvas_layout, moved, on_canvas, usual_canvas
from plait.modalities.image.features import picture_features
from plait.modalities.image.sketch import fingerprint_pictures, pictures_alike
from plait.modalities.image.vary import erased, shades, shifted
from plait.modalities.likeness import Fingerprint
from plait.modalities.limits import LIMITS
from plait.modalities.media import Media, check_ratio
from plait.modalities.traits import Traits
from plait.types import Arrays, ArraySpec, Cell, ColumnSample, Html, Layout

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
"""Only these are opened: Pillow knows others, of which some run programs."""

MAGIC = (
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"BM",
    b"II*\0",
    b"MM\0*",
    b"P5",
    b"P6",
    b"RIFF....WEBP",
)
SHOWN_PX, SHOWN_FINE_PX = 160, 400
"""The longer side of a thumbnail on a page, and where places in the picture are to be seen."""

LONGEST_PX, CANVAS_PX = 1024, 320
"""Of Raw, and of the finer view where one is asked for."""


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
    """

    modality: ClassVar[str] = "image"
    version: ClassVar[int] = 2
    bare_numbers: ClassVar[bool] = False
    extra: ClassVar[str | None] = None
    traits: ClassVar[Traits] = Traits(shared=True, steady=True, pictured=True)
    offers: ClassVar[Mapping[str, Mapping[str, Any]]] = {"places": {"canvas_px": CANVAS_PX}}

    size_px: int = 0
    grey: bool = False
    flip: bool = False
    crop: float = 0.1
    erase: float = 0.25
    jitter: float = 0.2
    canvas_px: int = field(default=0, metadata=LATER)
    canvas: tuple[int, ...] = field(default=(), metadata=LATER)
    turns: str = field(default="mirror", metadata=LATER)

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
        data = media.read_bytes(cell)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                picture = Image.open(io.BytesIO(data), formats=FORMATS)
                _check_size(picture, len(data))
                if not self.canvas_px:
                    picture.draft("RGB", (LONGEST_PX, LONGEST_PX))
                picture.load()
        except UnidentifiedImageError:
            raise _undecodable("data of no known picture format") from None
        except (OSError, ValueError, SyntaxError, EOFError) as error:
            raise _undecodable(str(error)) from None
        except Image.DecompressionBombError as error:
            raise LimitError("the picture is too large", received=str(error)) from None
        return _upright_rgb(picture, None if self.canvas_px else LONGEST_PX)

    def measure(self, cell: Cell, media: Media) -> tuple[int, int]:
        """Return height and width of a readable picture as stored, upright, in pixels.

        Raw itself is at most 1024 pixels a side.
        """
        with Image.open(io.BytesIO(media.read_bytes(cell)), formats=FORMATS) as picture:
            width, height = picture.size
            turned = picture.getexif().get(ExifTags.Base.Orientation, 1) >= 5
        return (width, height) if turned else (height, width)

    def fit(self, raws: Iterable[np.ndarray]) -> ImageCodec:
        """Choose size and channels from up to 500 training pictures, unless they are set."""
        seen = list(islice(raws, 500))
        if seen and self.canvas_px and not self.canvas:
            shapes = [(raw.shape[0], raw.shape[1]) for raw in seen]
            self = replace(self, canvas=usual_canvas(shapes, self.canvas_px))
        if not seen or self.size_px:
            return self
        longest = float(np.median([max(raw.shape[:2]) for raw in seen]))
        size = int(min(64, max(16, round(longest / 4) * 4)))
        grey = all(_is_grey(raw) for raw in seen)
        return replace(self, size_px=size, grey=grey)

    def prepare(self, raw: np.ndarray) -> Arrays:
        """Scale into the square, keeping the aspect; borders are filled with the edge colour."""
        size = self.size_px or 64
        height, width = raw.shape[:2]
        finer = on_canvas(raw, self._canvas) if self.canvas_px else {}
        if (height, width) != (size, size):
            ratio = size / max(height, width)
            new = max(1, round(width * ratio)), max(1, round(height * ratio))
            scaled = Image.fromarray(raw).resize(new, Image.Resampling.BICUBIC)
            raw = _pad_to_square(np.asarray(scaled), size)
        arrays = {"pixels": raw, **finer}
        for name in ("pixels", "canvas") if self.grey else ():
            if name in arrays:
                arrays[name] = _grey(arrays[name])
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
            finer = moved({name: arrays[name] for name in ("canvas", "frame")}, self.turns, rng)
            canvas = finer["canvas"] if table is None else table[finer["canvas"]]
            changed |= {**finer, "canvas": canvas, "size": arrays["size"]}
        return changed

    def show(self, raw: np.ndarray) -> Html:
        """A thumbnail, as PNG or as JPEG: whichever is smaller."""
        picture = Image.fromarray(raw)
        if self.canvas_px:
            enlarged = max(1, SHOWN_FINE_PX // (2 * max(picture.size)))
            picture = picture.resize((picture.width * enlarged, picture.height * enlarged), 0)
        side = SHOWN_FINE_PX if self.canvas_px else SHOWN_PX
        picture.thumbnail((side, side))
        kind, data = min(_encoded(picture), key=lambda file: len(file[1]))
        height, width = raw.shape[:2]
        return (
            f'<img class="picture" alt="picture of {width} x {height} pixels" '
            f'width="{picture.width}" height="{picture.height}" '
            f'src="data:image/{kind};base64,{base64.b64encode(data).decode()}">'
        )

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
        height, width = raw.shape[:2]
        factor = 1 - 0.75 * severity
        small = max(1, round(width * factor)), max(1, round(height * factor))
        blurred = Image.fromarray(raw).resize(small).resize((width, height))
        noise = rng.normal(0, 60 * severity, raw.shape)
        return np.clip(np.asarray(blurred) + noise, 0, 255).astype(np.uint8)

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


def _grey(pixels: np.ndarray) -> np.ndarray:
    weights = np.array([0.299, 0.587, 0.114], np.float32)
    return np.rint(pixels @ weights).astype(np.uint8)[..., None]


def _undecodable(received: str) -> CellError:
    return CellError(
        "the picture cannot be decoded",
        expected="a whole PNG, JPEG, WebP, GIF, BMP or TIFF file",
        received=received,
    )


def _check_size(picture: Image.Image, num_bytes: int) -> None:
    num_pixels = picture.width * picture.height
    if num_pixels > LIMITS.num_pixels:
        raise LimitError(
            "the picture is too large",
            expected=f"at most {LIMITS.num_pixels} pixels",
            received=f"{picture.width} x {picture.height}",
            hint="scale it down first",
        )
    check_ratio(num_pixels * 3, num_bytes)


def _upright_rgb(picture: Image.Image, longest: int | None) -> np.ndarray:
    picture = ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I") or picture.mode == "F":
        values = np.nan_to_num(np.asarray(picture, np.float32))
        low, high = float(values.min()), float(values.max())
        scaled = (values - low) * (255.0 / (high - low) if high > low else 0.0)
        picture = Image.fromarray(scaled.astype(np.uint8))
    if "A" in picture.getbands() or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    picture = picture.convert("RGB")
    if longest is not None:
        picture.thumbnail((longest, longest))
    return np.array(picture)


def _is_grey(raw: np.ndarray) -> bool:
    small = raw[::2, ::2].astype(np.int16)
    return bool(np.abs(small - small.mean(-1, keepdims=True)).max() <= 2)


def _pad_to_square(pixels: np.ndarray, size: int) -> np.ndarray:
    height, width = pixels.shape[:2]
    top, left = (size - height) // 2, (size - width) // 2
    pads = ((top, size - height - top), (left, size - width - left), (0, 0))
    return np.pad(pixels, pads, mode="edge")


def _encoded(picture: Image.Image) -> list[tuple[str, bytes]]:
    """Return the picture as files: PNG, which keeps drawings exact, and JPEG."""
    files = []
    for kind, settings in (("png", {"optimize": True}), ("jpeg", {"quality": 82})):
        buffer = io.BytesIO()
        picture.save(buffer, kind.upper(), **settings)
        files.append((kind, buffer.getvalue()))
    return files
