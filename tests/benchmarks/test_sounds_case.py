"""The benchmark of made sounds: no name that is asked for is learned, and kinds are told."""

from __future__ import annotations

import numpy as np
from benchmarks.data.sonic_samples import KINDS
from benchmarks.data.spoken_words import TAKES, VOICES, takes


def test_names_that_are_asked_for_are_said_in_no_other_part():
    parts = {}
    for part, name, (voice, _) in takes(np.random.default_rng(0)):
        parts.setdefault(part, []).append((name, voice))
    names = {part: {name for name, _ in found} for part, found in parts.items()}
    assert not names["test"] & (names["train"] | names["validation"])
    assert not names["validation"] & names["train"]
    assert {voice for _, voice in parts["train"]} == {voice for voice, _ in VOICES}
    assert len(parts["train"]) == len(set(parts["train"])) > TAKES * 800
    assert len(parts["test"]) == len(names["test"])


def test_every_kind_has_a_word():
    assert all(kind.islower() and word for kind, word in KINDS.items())
