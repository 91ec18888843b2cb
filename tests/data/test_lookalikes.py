"""Near-duplicates within a time: the most alike come first, and what was not seen is told."""

from __future__ import annotations

import numpy as np
import pytest
from toys import LettersCodec

from plait import read
from plait.data import Fingerprints, find_copies
from plait.data import duplicates as duplicates_module
from plait.data import fingerprints as fingerprints_module
from plait.data.duplicates import Copies, unseen_notes
from plait.data.fingerprints import fingerprints
from plait.data.lookalikes import look_for_copies
from plait.data.splits import make_splits
from plait.modalities import Fingerprint


class Clock:
    """Goes on by a step whenever it is asked."""

    def __init__(self, step: float) -> None:
        self.now, self.step = 0.0, step

    def monotonic(self) -> float:
        self.now += self.step
        return self.now


def code(first_bits: int) -> bytes:
    """A code that differs from that of 0 in so many bits."""
    return np.packbits(np.arange(256) >= first_bits).tobytes()


def prints_of(values):
    """Values 0, 1, 2...: the codes of near numbers differ in few bits, and all are alike."""
    found = [Fingerprint(code(4 * value), str(value).encode()) for value in values]
    return Fingerprints.of(found, lambda a, b: True)


def test_the_most_alike_are_compared_first(monkeypatch):
    compared = []
    prints = prints_of([0, 9, 10, 19])
    prints.alike = lambda a, b: bool(compared.append((a, b)))
    monkeypatch.setattr(duplicates_module, "time", Clock(1.0))
    found = find_copies({"x": prints}, deadline=5.0)
    assert compared and compared[0] == (b"9", b"10")
    assert 1 < len(compared) < 6 and found.num_unseen == {"x": 6 - len(compared)}


def test_with_time_enough_a_deadline_changes_nothing():
    values = [0, 1, 2, 8, 9, 30, 31]
    free, timed = (find_copies({"x": prints_of(values)}, deadline=d) for d in (None, 1e12))
    assert [rows.tolist() for _, rows in free.groups] == [rows.tolist() for _, rows in timed.groups]
    assert free.groups and timed.num_unseen == free.num_unseen == {}


WORDS = ["boot", "hat", "cap", "sock", "boot", None, None, "hat"] * 40


def late_after(rows, monkeypatch):
    """Let the time be over once so many rows were looked at."""

    class Counting:
        asked = 0

        def monotonic(self) -> float:
            self.asked += 1
            return 0.0 if self.asked <= 1 + rows // 64 else 1e13

    monkeypatch.setattr(fingerprints_module, "time", Counting())


def test_rows_that_come_late_have_no_fingerprint_and_nothing_is_kept(monkeypatch, tmp_path):
    table = read({"word": WORDS})
    late_after(128, monkeypatch)
    found = fingerprints(table, {"word": LettersCodec()}, cache=tmp_path, deadline=5.0)["word"]
    assert found.num_seen == 192 and len(found) == len(WORDS)
    assert found.codes[:192].any(axis=1).sum() == 144 and not found.codes[192:].any()
    assert not list((tmp_path / "fingerprints").glob("*/codes.bin"))
    monkeypatch.undo()
    whole = fingerprints(table, {"word": LettersCodec()}, cache=tmp_path)["word"]
    assert whole.num_seen == len(WORDS) and np.array_equal(whole.codes[:192], found.codes[:192])
    assert list((tmp_path / "fingerprints").glob("*/codes.bin"))


def test_where_time_is_over_equal_cells_are_found_at_least(monkeypatch):
    words = np.random.default_rng(0).integers(0, 10**6, (200, 30)).astype(str)
    cells = [" ".join(row) for row in words]
    cells[198] = cells[3]
    cells[197] = cells[196] = None
    table = read({"text": cells}, columns="text=text")
    late_after(64, monkeypatch)
    said = []
    found = look_for_copies(table, ["text"], deadline=1e12, progress=said.append)
    assert found.num_unread == {"text": 72}
    assert [(name, rows.tolist()) for name, rows in found.groups] == [("text", [3, 198])]
    assert said == [64, 128, 200]
    splits = make_splits(table, copies=found)
    assert any("72 rows: only equal cells were found there" in note for note in splits.notes)


def test_what_was_not_looked_at_is_told():
    notes = unseen_notes(Copies(num_unseen={"a": 1200}, num_unread={"b": 7}))
    assert "in 'a' 1,200 pairs" in notes[0] and "in 'b'" in notes[1] and "7 rows" in notes[1]
    assert unseen_notes(Copies()) == ()


@pytest.mark.parametrize("deadline", [None, 1e12])
def test_all_columns_are_looked_at(deadline):
    one, two, other = (" ".join(f"{word}{i}" for i in range(30)) for word in ("red", "hat", "cap"))
    table = read({"a": [one, one, two], "b": [two, other, other]}, columns="a=text,b=text")
    found = look_for_copies(table, ["a", "b"], deadline=deadline)
    assert [(name, rows.tolist()) for name, rows in found.groups] == [("a", [0, 1]), ("b", [1, 2])]
    assert found.num_unread == found.num_unseen == {}
