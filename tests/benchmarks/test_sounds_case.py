"""The benchmark of made sounds: no name that is asked for is learned, and kinds are told."""

from __future__ import annotations

from benchmarks.data.sonic_samples import KINDS
from benchmarks.data.spoken_words import said


def test_names_that_are_asked_for_are_said_in_no_other_part():
    parts = {}
    for part, name in said():
        parts.setdefault(part, []).append(name)
    names = {part: set(found) for part, found in parts.items()}
    assert not names["test"] & (names["train"] | names["validation"])
    assert not names["validation"] & names["train"]
    assert all(len(parts[part]) == len(names[part]) for part in names)
    assert len(parts["train"]) > 2000 and len(parts["test"]) > 150


def test_every_kind_has_a_word():
    assert all(kind.islower() and word for kind, word in KINDS.items())
