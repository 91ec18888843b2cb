"""Spoken digits: ten words by four synthetic voices (Debian package espeak-ng, GPL-3, run only)."""

from __future__ import annotations

import io
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.data.packages import apt_folder
from benchmarks.data.tables import cached

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
VOICES = ("en+m3", "en+f4", "en-us+klatt4", "en+whisper")
PACKAGES = ("espeak-ng", "libespeak-ng1", "espeak-ng-data", "libpcaudio0", "libsonic0")
NUM_TAKES, RATE_HZ = 50, 16_000


def spoken_digits() -> pa.Table:
    """Return columns ``sound`` (WAV bytes), ``word``, ``speaker``: 2,000 rows.

    Takes differ in speed, pitch, start, level and noise.
    """
    return cached("spoken-digits", _make)


def _make() -> pa.Table:
    rng = np.random.default_rng(0)
    speak = _Program()
    columns: dict[str, list[object]] = {"sound": [], "word": [], "speaker": []}
    for voice in VOICES:
        for word in WORDS:
            for _ in range(NUM_TAKES):
                columns["sound"].append(_take(speak, word, voice, rng))
                columns["word"].append(word)
                columns["speaker"].append(voice)
    return pa.table(columns)


def _take(speak: _Program, word: str, voice: str, rng: np.random.Generator) -> bytes:
    import soundfile
    import soxr

    speed, pitch = str(rng.integers(130, 190)), str(rng.integers(35, 65))
    wave, rate = speak(word, voice, speed, pitch)
    wave = soxr.resample(wave, rate, RATE_HZ)
    wave = np.concatenate([np.zeros(rng.integers(0, RATE_HZ // 10)), rng.uniform(0.4, 1) * wave])
    wave += rng.normal(0, 10 ** rng.uniform(-4, -2.5), len(wave))
    buffer = io.BytesIO()
    soundfile.write(buffer, np.clip(wave, -1, 1), RATE_HZ, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


class _Program:
    """The synthesiser, unpacked from its packages and run from there."""

    def __init__(self) -> None:
        roots = [apt_folder(name) for name in PACKAGES]
        libraries = {str(path.parent) for root in roots for path in root.rglob("*.so.*")}
        self._program = next(root / "usr/bin/espeak-ng" for root in roots[:1])
        self._data = next(path for root in roots for path in root.rglob("phontab")).parent.parent
        self._surroundings = {**os.environ, "LD_LIBRARY_PATH": ":".join(sorted(libraries))}

    def __call__(self, word: str, voice: str, speed: str, pitch: str) -> tuple[np.ndarray, int]:
        """Return samples and their rate."""
        import soundfile

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "word.wav"
            where = [str(self._program), f"--path={self._data}", "-w", str(path)]
            how = ["-v", voice, "-s", speed, "-p", pitch, word]
            subprocess.run([*where, *how], env=self._surroundings, check=True)
            samples, rate = soundfile.read(path, dtype="float32")
            return samples, rate
