"""Checks of a codec: reading, preparing, varying, showing, and telling what is wrong."""

from __future__ import annotations

import json
import re

import numpy as np

from plait.errors import BundleError, CellError
from plait.modalities import (
    Fingerprint,
    codec_from_dict,
    codec_hash,
    codec_to_dict,
    find_codec,
    modalities,
)
from plait.testing.examples import GARBAGE, example_cells, expect, fitted, media, same_arrays
from plait.types import Arrays, ColumnSample, Layout


def check_has_a_version(modality: str) -> None:
    """The version of the preparation is a whole number, hashed and saved with the fields."""
    codec = find_codec(modality)()
    version = codec.version
    expect(type(version) is int and version >= 1, f"{modality}: the version is {version!r}")
    saved = codec_to_dict(codec)
    expect(saved["version"] == version, f"{modality}: the version is not saved")
    for other in (version + 1, None):
        try:
            codec_from_dict({**saved, "version": other})
        except BundleError:
            continue
        expect(False, f"{modality}: version {other} is taken for {version}")


def check_detects_its_examples(modality: str) -> None:
    """A column of its own examples is recognised, and by no other modality with more certainty."""
    cells = example_cells(modality, 40)
    sample = ColumnSample("x", cells, len(cells), len({repr(cell) for cell in cells}))
    sure = {name: codec().detect(sample) for name, codec in modalities().items()}
    expect(all(0 <= value <= 1 for value in sure.values()), f"detect outside [0, 1]: {sure}")
    expect(sure[modality] >= max(sure.values()), f"examples of {modality} look like others: {sure}")


def check_prepares_its_layout(modality: str) -> None:
    """Prepared arrays have exactly the parts, types and shapes of the layout, and are finite."""
    codec, raws = fitted(modality)
    for raw in raws:
        expect_layout(codec.prepare(raw), codec.layout, modality)


def check_prepare_is_deterministic(modality: str) -> None:
    """The same value is prepared to the same numbers, by a codec rebuilt from JSON too."""
    codec, raws = fitted(modality)
    rebuilt = codec_from_dict(json.loads(json.dumps(codec_to_dict(codec))))
    expect(codec_hash(rebuilt) == codec_hash(codec), f"{modality}: the hash changes with saving")
    for raw in raws:
        first = codec.prepare(raw)
        expect(same_arrays(first, codec.prepare(raw)), f"{modality}: prepare is not deterministic")
        expect(same_arrays(first, rebuilt.prepare(raw)), f"{modality}: saving changes prepare")


def check_fit_is_deterministic(modality: str) -> None:
    """Fitting twice gives equal codecs; fitting on nothing gives a usable one."""
    codec, raws = fitted(modality)
    again = find_codec(modality)().fit(raws)
    expect(codec_hash(again) == codec_hash(codec), f"{modality}: fit is not deterministic")
    empty = find_codec(modality)().fit([])
    expect_layout(empty.prepare(raws[0]), empty.layout, modality)


def check_augment_keeps_the_layout(modality: str) -> None:
    """Augmenting keeps the layout, leaves its input alone, and repeats with an equal generator."""
    codec, raws = fitted(modality)
    for number, raw in enumerate(raws):
        arrays = codec.prepare(raw)
        before = {name: array.copy() for name, array in arrays.items()}
        changed = codec.augment(arrays, np.random.default_rng(number))
        expect_layout(changed, codec.layout, modality)
        expect(same_arrays(arrays, before), f"{modality}: augment changed its input")
        again = codec.augment(arrays, np.random.default_rng(number))
        expect(same_arrays(changed, again), f"{modality}: augment ignores the generator")


def check_shows_safely(modality: str) -> None:
    """What is shown is a non-empty self-contained fragment without scripts or outside links."""
    codec, raws = fitted(modality)
    for raw in raws[:3]:
        shown = codec.show(raw)
        expect(shown.strip(), f"{modality}: show returned nothing")
        unsafe = re.search(r"<script|\son\w+=|(src|href)=[\"']?(https?:)?//", shown, re.I)
        expect(not unsafe, f"{modality}: show is not self-contained: {unsafe}")


def check_neutral_and_corrupt(modality: str) -> None:
    """Neutral and damaged values can be prepared; severity 0 changes nothing."""
    codec, raws = fitted(modality)
    expect_layout(codec.prepare(codec.neutral()), codec.layout, modality)
    for raw in raws:
        same = codec.prepare(codec.corrupt(raw, 0.0, np.random.default_rng(0)))
        expect(same_arrays(same, codec.prepare(raw)), f"{modality}: severity 0 changes the value")
        damaged = codec.corrupt(raw, 1.0, np.random.default_rng(0))
        expect_layout(codec.prepare(damaged), codec.layout, modality)


def check_features(modality: str) -> None:
    """Features are finite float32 vectors of one length."""
    codec, raws = fitted(modality)
    found = [codec.features(codec.prepare(raw)) for raw in raws]
    expect(len({array.shape for array in found}) == 1, f"{modality}: features differ in length")
    expect(
        found[0].ndim == 1 and found[0].dtype == np.float32, f"{modality}: not float32 [feature]"
    )
    expect(all(np.isfinite(array).all() for array in found), f"{modality}: features not finite")


def check_fingerprints(modality: str) -> None:
    """Fingerprints are None, or 32 bytes of code and a short sketch; equal for equal values.

    They do not hang on what `fit` learned, so that tables can be compared before they are split.
    """
    codec, raws = fitted(modality)
    for raw in raws:
        first = codec.fingerprint(raw)
        expect(first is None or isinstance(first, Fingerprint), f"{modality}: no Fingerprint")
        expect(first == codec.fingerprint(raw), f"{modality}: fingerprint is not deterministic")
        if first is not None:
            expect(len(first.code) == 32, f"{modality}: a code of {len(first.code)} bytes, not 32")
            expect(0 < len(first.sketch) <= 4096, f"{modality}: the sketch is empty or too long")
    many = getattr(codec, "fingerprints_of", None)
    if many is not None:
        each = [codec.fingerprint(raw) for raw in raws]
        expect(many(raws) == each, f"{modality}: fingerprints of many are not those of each")
    fresh = find_codec(modality)().fingerprint(raws[0])
    expect(fresh == codec.fingerprint(raws[0]), f"{modality}: fingerprint changes with fit")


def check_alike(modality: str) -> None:
    """A sketch is alike itself; of two examples neither is alike the other, in either order."""
    codec, raws = fitted(modality)
    found = [codec.fingerprint(raw) for raw in raws]
    sketches = list(dict.fromkeys(one.sketch for one in found if one is not None))
    for place, sketch in enumerate(sketches):
        expect(codec.alike(sketch, sketch), f"{modality}: a value is not alike itself")
        for other in sketches[:place]:
            expect(not codec.alike(sketch, other), f"{modality}: two examples count as one")
            expect(not codec.alike(other, sketch), f"{modality}: alike hangs on the order")


def check_refuses_garbage(modality: str) -> None:
    """Cells of a wrong kind raise `CellError` with a sentence, or are read as what they are."""
    codec, _ = fitted(modality)
    for cell in (GARBAGE, GARBAGE.hex(), b"", "no-such-file.bin", object(), [], {"bytes": GARBAGE}):
        try:
            raw = codec.read(cell, media())
        except CellError as error:
            expect(error.what, f"{modality}: an error without a sentence")
            continue
        if raw is not None:
            expect_layout(codec.prepare(raw), codec.layout, modality)


def expect_layout(arrays: Arrays, layout: Layout, modality: str) -> None:
    """Raise AssertionError unless arrays are of a layout, finite and not empty."""
    expect(arrays.keys() == layout.keys(), f"{modality}: parts {set(arrays)} != {set(layout)}")
    lengths: dict[str, int] = {}
    for name, spec in layout.items():
        array = arrays[name]
        where = f"{modality}: part '{name}'"
        expect(array.dtype == np.dtype(spec.dtype), f"{where} is {array.dtype}, not {spec.dtype}")
        expect(array.ndim == len(spec.shape), f"{where} has shape {array.shape}, not {spec.shape}")
        for size, axis in zip(array.shape, spec.shape, strict=True):
            wanted = lengths.setdefault(axis, size) if isinstance(axis, str) else axis
            expect(size == wanted, f"{where} has shape {array.shape}, not {spec.shape}")
            expect(size >= 1, f"{where} is empty along {axis}")
        if array.dtype.kind == "f":
            expect(np.isfinite(array).all(), f"{where} is not finite")


CODEC_CHECKS = (
    check_has_a_version,
    check_detects_its_examples,
    check_prepares_its_layout,
    check_prepare_is_deterministic,
    check_fit_is_deterministic,
    check_augment_keeps_the_layout,
    check_shows_safely,
    check_neutral_and_corrupt,
    check_features,
    check_fingerprints,
    check_alike,
    check_refuses_garbage,
)
