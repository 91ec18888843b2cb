"""Names spoken by many voices: no voice and no name is where it must not be."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from benchmarks.data.spoken_names import NUM_TAKES, VOICES, _takes


def test_voices_and_names_are_apart():
    parts = {}
    for part, name, (voice, _) in _takes(np.random.default_rng(0)):
        found = parts.setdefault(part, (set(), set(), []))
        found[0].add(name)
        found[1].add(voice)
        found[2].append((name, voice))
    names = {part: found[0] for part, found in parts.items()}
    voices = {part: found[1] for part, found in parts.items()}
    assert not names["unseen"] & (names["train"] | names["validation"])
    assert names["known"] < names["train"]
    assert voices["known"] == voices["unseen"]
    for one, other in combinations(("train", "validation", "unseen"), 2):
        assert not voices[one] & voices[other]
    assert all(len(found[2]) == len(set(found[2])) for found in parts.values())
    assert len(parts["train"][2]) == NUM_TAKES * len(names["train"])
    assert {voice for voice, _ in VOICES["train"]} == voices["train"]
