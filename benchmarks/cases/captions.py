"""Subtitles of a talk: spoken digits of a voice nobody learned from, with pauses and noise."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

import plait
from benchmarks.data.spoken import RATE_HZ, spoken_digits
from benchmarks.rows import Row
from benchmarks.settings import Settings

BUDGET = "60s"
VOICES = ("en+m3", "en+f4")
"""Of the talks; each is left out of what its model learns."""

NUM_WORDS, PAUSES = 60, (0.35, 1.2)
"""Words of a talk, and the seconds between them."""


def run(settings: Settings) -> list[Row]:
    """Caption a talk of each voice by a model of the other voices."""
    if not settings.with_plait:
        return []
    rows = []
    for voice in VOICES:
        rows += _talk_rows(voice, settings)
    return rows


def _talk_rows(voice: str, settings: Settings) -> list[Row]:
    import jiwer

    table = spoken_digits()
    mine = np.array(table["speaker"].to_pylist()) == voice
    learned = table.filter(pa.array(~mine)).drop_columns(["speaker"])
    model = plait.fit(
        plait.read(learned, columns={"sound": "audio", "word": "category"}),
        target="word",
        budget=settings.budget_or(BUDGET),
        seed=settings.seed,
        samples=False,
    )
    words, starts, data = _talk(table.filter(pa.array(mine)), settings.seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "talk.wav"
        path.write_bytes(data)
        cues = plait.caption(model, path)["cues"]
    said = [cue["text"] for cue in cues]
    found = np.array([cue["start"] for cue in cues])
    gaps = [float(np.abs(found - start).min()) if len(found) else np.inf for start in starts]
    row = Row(benchmark="captions", case=f"digits, voice {voice}", metric="", seed=settings.seed)
    note = f"{len(words)} words, {len(cues)} cues; model: {model.summary()['shipped']}"
    wrong = jiwer.wer(" ".join(words), " ".join(said)) if said else 1.0
    return [
        replace(row, metric="word error rate", value=wrong, note=note),
        replace(row, metric="words with a cue within 0.2 s", value=_share(gaps, 0.2)),
        replace(row, metric="s between a word and its cue, median", value=float(np.median(gaps))),
    ]


def _talk(takes: pa.Table, seed: int) -> tuple[list[str], list[float], bytes]:
    """Return words, when each begins, and the WAV of all, with pauses and a little noise."""
    import soundfile

    rng = np.random.default_rng(seed)
    words, starts, parts, now = [], [], [], 0.0
    for place in rng.choice(takes.num_rows, NUM_WORDS, replace=False).tolist():
        pause = np.zeros(int(rng.uniform(*PAUSES) * RATE_HZ))
        wave, _ = soundfile.read(io.BytesIO(takes["sound"][place].as_py()), dtype="float32")
        begins = int(np.argmax(np.abs(wave) > 0.1 * np.abs(wave).max()))
        starts.append(now + (len(pause) + begins) / RATE_HZ)
        words.append(takes["word"][place].as_py())
        parts += [pause, wave]
        now += (len(pause) + len(wave)) / RATE_HZ
    talk = np.concatenate(parts)
    talk = talk + rng.normal(0, 1e-3, len(talk))
    buffer = io.BytesIO()
    soundfile.write(buffer, np.clip(talk, -1, 1), RATE_HZ, format="WAV", subtype="PCM_16")
    return words, starts, buffer.getvalue()


def _share(gaps: Sequence[float], most: float) -> float:
    return float(np.mean([gap <= most for gap in gaps]))
