"""Stickers' names, each spoken by several synthetic voices (espeak-ng, GPL-3, run only)."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import soundfile
import soxr

from benchmarks.data.espeak import Speaker
from benchmarks.data.stickers import stickers
from benchmarks.data.tables import cached

VOICES = {
    "train": (
        ("en-us+m1", 50), ("en-us+f1", 55), ("en+m2", 40), ("en+f2", 60),
        ("en-gb-scotland+m3", 45), ("en-029+f3", 50), ("en-gb-x-rp+m4", 35), ("en-us+f4", 65),
        ("en-gb-x-gbclan+m5", 55), ("en-gb-x-gbcwmd+klatt", 50), ("en-us+Annie", 45),
        ("en+Andy", 50),
    ),
    "validation": (("en-us+m7", 45), ("en-gb-x-rp+f5", 55), ("en-029+Michael", 50)),
    "test": (("en+Alex", 50), ("en-us+belinda", 50), ("en-gb-scotland+Diogo", 45)),
}  # fmt: skip
"""Voices with their pitch, those of the bundled stickers: none is in two parts."""

NUM_TAKES, RATE_HZ = 6, 16_000
"""Of each name that is learned; each in another voice, pace and pitch."""

PACES, PITCHES = (150, 190), 8
"""Words a minute; and how far the pitch is from the voice's usual one, at most."""


def spoken_names() -> pa.Table:
    """Return columns ``voice`` (FLAC bytes), ``name``, ``speaker`` and ``part``: 7,200 rows.

    ``part`` is ``train``; ``validation``, of other names and other voices; ``unseen`` names, or
    ``known`` ones of the training rows, by voices that are in neither.
    """
    return cached("spoken-names", _make)


def _make() -> pa.Table:
    rng, speak = np.random.default_rng(0), Speaker()
    columns: dict[str, list[object]] = {"voice": [], "name": [], "speaker": [], "part": []}
    for part, name, (voice, pitch) in _takes(rng):
        pace, own = int(rng.integers(*PACES)), pitch + int(rng.integers(-PITCHES, PITCHES + 1))
        columns["voice"].append(coded(speak(name, voice, pace, own), speak.rate_hz))
        columns["name"].append(name)
        columns["speaker"].append(voice)
        columns["part"].append(part)
    return pa.table(columns)


def _takes(rng: np.random.Generator) -> Iterator[tuple[str, str, tuple[str, int]]]:
    """Give part, name and voice of each row."""
    table = stickers()
    named = list(zip(table["split"].to_pylist(), table["name"].to_pylist(), strict=True))
    names = {part: sorted({n for s, n in named if s == part and n}) for part in VOICES}
    for name in names["train"]:
        for voice in rng.permutation(len(VOICES["train"]))[:NUM_TAKES]:
            yield "train", name, VOICES["train"][voice]
    known = _some(names["train"], len(names["test"]), rng)
    told = {"validation": ("validation", [*names["validation"], *known]),
            "unseen": ("test", names["test"]), "known": ("test", known)}  # fmt: skip
    for part, (voices, spoken) in told.items():
        for name in spoken:
            for voice in VOICES[voices]:
                yield part, name, voice


def _some(names: Sequence[str], num: int, rng: np.random.Generator) -> list[str]:
    return [names[place] for place in np.sort(rng.permutation(len(names))[:num])]


def coded(wave: np.ndarray, rate: int) -> bytes:
    """Return a sound as FLAC at 16 kHz, without the silence around it, of even loudness."""
    wave = soxr.resample(wave, rate, RATE_HZ)
    loud = np.flatnonzero(np.abs(wave) > 0.01)
    wave = wave[max(loud[0] - 320, 0) : loud[-1] + 800]
    buffer = io.BytesIO()
    wave = wave * (0.7 / np.abs(wave).max())
    soundfile.write(buffer, wave, RATE_HZ, format="FLAC", subtype="PCM_16")
    return buffer.getvalue()
