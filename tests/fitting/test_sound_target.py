"""Fits whose target is a sound: words of beeps, said letter by letter, also such as none heard."""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa

import plait
from plait.modalities import Media

sys.path.insert(0, str(Path(__file__).parent))

from beeping import LETTERS, RATE_HZ, beeps, pitch_of

NUM_TEST, QUIET = 12, 0.03


def heard(wave):
    """The letters of the tones of a sound."""
    found, size = "", 400
    for start in range(0, len(wave) - size, size):
        piece = wave[start : start + size]
        if np.abs(piece).max() < QUIET:
            found += " "
            continue
        spectrum = np.abs(np.fft.rfft(piece * np.hanning(size)))
        pitch = spectrum.argmax() * RATE_HZ / size
        found += min(LETTERS, key=lambda letter: abs(np.log(pitch / pitch_of(letter))))
    return "".join(b for a, b in zip(" " + found, found, strict=False) if b != a and b != " ")


@cache
def table():
    rng = np.random.default_rng(0)
    drawn = ("".join(rng.choice(list(LETTERS), rng.integers(2, 6))) for _ in range(200))
    words = [
        w for w in sorted(set(drawn)) if not any(a == b for a, b in zip(w, w[1:], strict=False))
    ]
    words = rng.permutation(words).tolist()
    parts = ["test"] * NUM_TEST + ["validation"] * NUM_TEST
    parts += ["train"] * (len(words) - len(parts))
    return pa.table({"sound": [beeps(w) for w in words], "word": words, "part": parts})


@cache
def fitted():
    columns = {"sound": "audio", "word": "text", "part": "split"}
    return plait.fit(
        plait.read(table(), columns=columns), target="sound", split="part", budget="100 steps",
        encoders="none", seed=0, samples=False,
    )  # fmt: skip


def test_words_that_were_never_heard_are_said_in_their_order():
    model = fitted()
    assert model.generator.target.spoken == "word"
    words = table()["word"].to_pylist()[:NUM_TEST]
    said = model.predict([{"word": word} for word in words])["prediction"]
    found = [
        heard(model.generator.target.read({"bytes": one.content}, Media(None))) for one in said
    ]
    assert sum(a == b for a, b in zip(found, words, strict=True)) >= NUM_TEST // 2, (found, words)


def test_a_note_says_how_samples_are_made():
    notes = fitted().records["metrics"]["notes"]
    assert any("samples are made of spectrograms by" in one for one in notes), notes


def test_what_is_given_by_modality_is_said_and_written(tmp_path):
    out = tmp_path / "said.wav"
    done = plait.generate(fitted(), text="abcd", out=out, seed=3)
    assert done["files"] == [str(out)] and plait.whence(out)["found"]
    first = out.read_bytes()
    plait.generate(fitted(), text="abcd", out=out, seed=3, force=True)
    assert out.read_bytes() == first
    silent = plait.generate(fitted(), n=2, seed=1)
    assert len(silent["prediction"]) == 2
