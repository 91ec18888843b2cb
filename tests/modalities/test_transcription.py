"""Sounds spelled letter by letter: beeps of which each is a letter, and texts that are none."""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa
import pytest

import plait
from plait.fitting.setup.problem import make_problem
from plait.modalities.audio.codec import AudioCodec
from plait.modalities.audio.spectrum import at_pace
from plait.modalities.audio.wave import encode_wav
from plait.modalities.text.alphabet import letters_of, may_spell, numbered
from plait.progress import Silent

LETTERS, RATE_HZ = "abcdef", 16_000


def beeps(word, rng):
    """A WAV file of one tone for each letter, the higher the later it is in the alphabet."""
    parts = [np.zeros(800)]
    for letter in word:
        times = np.arange(int(RATE_HZ * rng.uniform(0.07, 0.1))) / RATE_HZ
        pitch = 300 * 1.35 ** LETTERS.index(letter)
        parts += [0.3 * np.sin(2 * np.pi * pitch * times), np.zeros(500)]
    wave = np.concatenate(parts)
    return encode_wav((wave + 0.003 * rng.normal(size=len(wave))).astype(np.float32), RATE_HZ)


@cache
def table():
    rng = np.random.default_rng(0)
    drawn = ("".join(rng.choice(list(LETTERS), rng.integers(3, 6))) for _ in range(170))
    words = rng.permutation(sorted(set(drawn))).tolist()
    parts = ["test"] * 20 + ["validation"] * 24
    parts += ["train"] * (len(words) - len(parts))
    return pa.table({"sound": [beeps(word, rng) for word in words], "word": words, "part": parts})


def read(columns):
    return plait.read(columns, columns={"sound": "audio", "word": "text", "part": "split"})


def test_words_that_were_never_heard_are_spelled_right():
    model = plait.fit(
        read(table()), target="word", split="part", budget="45 steps", baselines=False,
        encoders="none", seed=0, samples=False,
    )  # fmt: skip
    unheard = table().slice(0, 20)
    said, true = model.predict(unheard)["prediction"], unheard["word"].to_pylist()
    assert sum(a == b for a, b in zip(said, true, strict=True)) >= 15
    assert model.generator.tensors["heads.0.spelling"] > 0
    silent = model.predict(unheard.set_column(0, "sound", pa.nulls(20, pa.binary())))
    assert len(silent["prediction"]) == 20
    assert model.predict(unheard, temperature=0.01)["prediction"] == pytest.approx(said)


def goal(columns):
    problem = make_problem(read(columns), target="word", exclude=(), seed=0, progress=Silent())
    return problem.goal, problem.codecs["sound"]


def test_only_what_may_be_said_is_spelled():
    target, sound = goal(table())
    assert target.alphabet == LETTERS and sound.lined
    long = [f"{word} is what nobody could say in half a second" for word in
            table()["word"].to_pylist()]  # fmt: skip
    target, _ = goal(table().set_column(1, "word", pa.array(long)))
    assert target.alphabet == ""


def test_a_line_is_offered_to_texts_alone():
    assert not AudioCodec().lined
    columns = table().append_column("length", pa.array(range(table().num_rows), pa.float64()))
    read_so = plait.read(columns, columns={"sound": "audio", "length": "number", "word": "text"})
    problem = make_problem(read_so, target="length", exclude=(), seed=0, progress=Silent())
    assert not problem.codecs["sound"].lined
    of_words = make_problem(read_so, target="word", exclude=("sound",), seed=0, progress=Silent())
    assert of_words.goal.alphabet == ""


def test_an_alphabet_leaves_out_what_was_met_once():
    assert letters_of(["abba", "cab"], most=5) == "ab" and letters_of(["abba"], most=1) == ""
    assert numbered("cabbage", "abg") == [1, 2, 2, 1, 3]


@pytest.mark.parametrize(
    ("texts", "places", "spelled"),
    [
        (["ab", "abcabc", "abcabcabca"], [4, 10, 16], True),
        (["aa", "aa", "aa"], [2, 2, 2], False),  # no room for a blank between equal letters
        (["abc", "abc", "abc"], [5, 5, 5], True),  # all of one length: nothing speaks against it
        (["abcabcabca", "ab", "abcabc"], [12, 40, 20], False),  # the longer, the less is said
        (["abc", "abcabc"], [0, 0], False),
    ],
)
def test_texts_are_compared_with_their_lines(texts, places, spelled):
    assert may_spell(texts, np.array(places), "abc") == spelled
    assert not may_spell(texts, np.array(places), "")


def test_another_pace_keeps_pitch_and_order():
    mel = np.repeat(np.eye(4, dtype=np.float32), 5, axis=0)
    slow = at_pace(mel, 0.5)
    assert slow.shape == (40, 4) and slow.argmax(1).tolist() == np.repeat(range(4), 10).tolist()
    assert at_pace(mel[:1], 3.0).shape == (1, 4)
