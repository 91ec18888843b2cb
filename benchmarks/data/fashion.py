"""Fashion-MNIST: 70,000 grey pictures of clothes, 28 pixels a side (Debian package, MIT)."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image

from benchmarks.data.packages import apt_folder
from benchmarks.data.tables import cached, check_sizes

LABELS = (
    "t-shirt", "trouser", "pullover", "dress", "coat",
    "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip


def fashion() -> pa.Table:
    """Return columns ``image`` (PNG bytes), ``label``, ``split``; 60,000 + 10,000 rows."""
    return cached("fashion", _make)


def _make() -> pa.Table:
    folder = apt_folder("dataset-fashion-mnist") / "usr" / "share" / "datasets" / "fashion-mnist"
    parts = [_part(folder, "train", "train"), _part(folder, "t10k", "test")]
    return check_sizes("fashion", pa.concat_tables(parts), 60_000, 10_000)


def _part(folder: Path, prefix: str, split: str) -> pa.Table:
    images = read_idx(gzip.decompress((folder / f"{prefix}-images-idx3-ubyte.gz").read_bytes()))
    labels = read_idx(gzip.decompress((folder / f"{prefix}-labels-idx1-ubyte.gz").read_bytes()))
    return pa.table(
        {
            "image": [png_of(image) for image in images],
            "label": [LABELS[label] for label in labels],
            "split": [split] * len(labels),
        }
    )


def read_idx(data: bytes) -> np.ndarray:
    """Return the uint8 array of an IDX file (big-endian sizes after a magic number).

    Raises:
        ValueError: It is no IDX file of bytes, or its length does not fit its header.
    """
    if data[:3] != b"\0\0\x08":
        raise ValueError(f"not an IDX file of bytes: begins with {data[:4]!r}")
    num_axes = data[3]
    shape = np.frombuffer(data, ">u4", num_axes, 4)
    values = np.frombuffer(data, np.uint8, offset=4 + 4 * num_axes)
    if len(values) != shape.prod():
        raise ValueError(f"IDX file of shape {shape.tolist()} holds {len(values)} bytes")
    return values.reshape(shape)


def png_of(pixels: np.ndarray) -> bytes:
    """Return a picture, uint8 ``[height, width]``, as PNG."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()
