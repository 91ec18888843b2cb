"""Pixels of pictures: decoded ones turned upright on white, grey or in a square, and as files."""

from __future__ import annotations

import io
import warnings

import numpy as np
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from plait.errors import CellError, LimitError
from plait.modalities.limits import LIMITS
from plait.modalities.media import check_ratio

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")
STILLS = (b"\x89PNG", b"\xff\xd8\xff", b"BM", b"II*\0", b"MM\0*", b"P5", b"P6", b"RIFF....WEBP")
MAGIC = (*STILLS, b"GIF8")
"""First bytes of files: of pictures that do not move, and of all."""

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
"""Only these are opened: Pillow knows others, of which some run programs."""

DARK = 128
"""Shade below which a mask is dark."""


def decoded(data: bytes, longest: int | None) -> np.ndarray:
    """Return the picture that a file holds, as `upright_rgb` does.

    Raises `CellError` for what is no whole picture, `LimitError` for one too large.

    Args:
        data: The file.
        longest: See `upright_rgb`.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            picture = Image.open(io.BytesIO(data), formats=FORMATS)
            _check_size(picture, len(data))
            if longest is not None:
                picture.draft("RGB", (longest, longest))
            picture.load()
    except UnidentifiedImageError:
        raise _undecodable("data of no known picture format") from None
    except (OSError, ValueError, SyntaxError, EOFError) as error:
        raise _undecodable(str(error)) from None
    except Image.DecompressionBombError as error:
        raise LimitError("the picture is too large", received=str(error)) from None
    return upright_rgb(picture, longest)


def stored_size(data: bytes) -> tuple[int, int]:
    """Return height and width of the picture that a readable file holds, upright, in pixels."""
    with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
        width, height = picture.size
        turned = picture.getexif().get(ExifTags.Base.Orientation, 1) >= 5
    return (width, height) if turned else (height, width)


def grey_of(pixels: np.ndarray) -> np.ndarray:
    """Return the shade of each pixel, uint8 ``[height, width, 1]``."""
    weights = np.array([0.299, 0.587, 0.114], np.float32)
    return np.rint(pixels @ weights).astype(np.uint8)[..., None]


def upright_rgb(picture: Image.Image, longest: int | None) -> np.ndarray:
    """Return a picture as its camera was held, on white, uint8 ``[height, width, 3]``.

    Args:
        picture: Decoded.
        longest: Of its sides, at most; None for any.
    """
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


def is_dark(pixels: np.ndarray) -> np.ndarray:
    """Return where a mask is dark, bool ``[height, width]``."""
    return np.asarray(pixels.mean(-1) < DARK)


def check_same_size(mask: np.ndarray, begun: np.ndarray) -> None:
    """Raise `CellError` where a mask has another size than the picture that it is for."""
    if mask.shape != begun.shape:
        raise CellError(
            "the mask has another size than the picture",
            expected=f"{begun.shape[1]} x {begun.shape[0]} pixels",
            received=f"{mask.shape[1]} x {mask.shape[0]}",
        )


def is_grey(raw: np.ndarray) -> bool:
    """Tell whether no pixel of a picture has a colour."""
    small = raw[::2, ::2].astype(np.int16)
    return bool(np.abs(small - small.mean(-1, keepdims=True)).max() <= 2)


def in_square(pixels: np.ndarray, size: int) -> np.ndarray:
    """Return a picture scaled into the middle of a square, the rest filled with its edges' colours.

    Args:
        pixels: Of the picture.
        size: Side of the square in pixels.
    """
    height, width = pixels.shape[:2]
    if (height, width) == (size, size):
        return pixels
    ratio = size / max(height, width)
    new = max(1, round(width * ratio)), max(1, round(height * ratio))
    pixels = np.asarray(Image.fromarray(pixels).resize(new, Image.Resampling.BICUBIC))
    height, width = pixels.shape[:2]
    top, left = (size - height) // 2, (size - width) // 2
    pads = ((top, size - height - top), (left, size - width - left), (0, 0))
    return np.pad(pixels, pads, mode="edge")


def encoded(picture: Image.Image) -> list[tuple[str, bytes]]:
    """Return a picture as files: PNG, which keeps drawings exact, and JPEG."""
    files = []
    for kind, settings in (("png", {"optimize": True}), ("jpeg", {"quality": 82})):
        buffer = io.BytesIO()
        picture.save(buffer, kind.upper(), **settings)
        files.append((kind, buffer.getvalue()))
    return files


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


def _undecodable(received: str) -> CellError:
    return CellError(
        "the picture cannot be decoded",
        expected="a whole PNG, JPEG, WebP, GIF, BMP or TIFF file",
        received=received,
    )
