"""ABC text: notes by hand, repeats, bars, what is refused, and what is written reads alike."""

import numpy as np
import pytest

from plait.errors import CellError, LimitError
from plait.modalities.music.abc_reading import read_abc
from plait.modalities.music.abc_writing import write_abc
from plait.modalities.music.tune import made_tune

HEAD = "X:1\nT:a tune\nM:4/4\nL:1/8\nK:{key}\n"


def tune(body, *, key="C", head=HEAD):
    return read_abc(head.format(key=key) + body)


def notes(body, **given):
    """(onset, length, pitch) of each note, in 24ths of a quarter."""
    return [tuple(row[:3]) for row in tune(body, **given).notes.tolist()]


def pitches(body, **given):
    return tune(body, **given).notes[:, 2].tolist()


def test_letters_octaves_and_lengths_by_hand():
    assert notes("C D2 c/ z/ C, c'3 |") == [
        (0, 12, 60), (12, 24, 62), (36, 6, 72), (48, 12, 48), (60, 36, 84),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("key", "expected"),
    [("G", [66, 65, 65, 77, 66]), ("F#m", [66, 65, 65, 77, 66]), ("C", [65, 65, 65, 77, 65])],
)
def test_accidentals_hold_for_their_octave_to_the_end_of_the_bar(key, expected):
    assert pitches("F =F F =f | F", key=key) == expected


def test_modes_have_the_signs_of_their_scale():
    assert pitches("E F B", key="Ddor") == [64, 65, 71]
    assert pitches("E F B", key="E phrygian") == [64, 65, 71]
    assert pitches("F B", key="A mix") == [66, 71]
    assert pitches("F B", key="D minor ^f") == [66, 70]


def test_triplets_dots_ties_and_chords():
    assert [row[1] for row in notes("(3CDE F>G A<B |")] == [8, 8, 8, 18, 6, 6, 18]
    assert notes("C4-C2 D2- | D4 z4 |") == [(0, 72, 60), (72, 72, 62)]
    assert notes("[CEG]2 [C2E2]- [CE]2|") == [
        (0, 24, 60), (0, 24, 64), (0, 24, 67), (24, 48, 60), (24, 48, 64),
    ]  # fmt: skip


def test_what_does_not_sound_is_left_out():
    plain = notes("C2 D2 | E4")
    body = '"Am"!trill!~C2 {cd}D2 % a remark\nw: two words\n| (.E4)'
    assert notes(body) == plain


def test_repeats_are_played_with_their_endings():
    letters = {"C": 60, "D": 62, "E": 64, "F": 65, "G": 67}
    for body, played in (
        ("|: C8 | D8 :| E8 |]", "CDCDE"),
        ("C8 :: D8 :| E8", "CCDDE"),
        ("|: C8 |1 D8 :|2 E8 || F8 |", "CDCEF"),
        ("C8 |[1 D8 :|[2 E8 :|[3 F8 |] G8 |", "CDCECFG"),
    ):
        assert pitches(body) == [letters[letter] for letter in played], body


def test_an_upbeat_lies_at_the_end_of_its_bar():
    found = tune("G2 | C8 | D6 :|")
    assert found.notes[0, 0] == 72
    assert [start for start, _, _ in found.bars()] == [0, 96, 192, 288, 384]
    assert found.metres == ((0, 4, 4),)


def test_bars_of_another_length_are_of_a_metre_of_their_own():
    assert tune("C8 | D4 | E8 | F8 |").metres == ((0, 4, 4), (96, 2, 4), (144, 4, 4))
    assert tune("C8 | [M:3/4] D6 | E6 |").metres == ((0, 4, 4), (96, 3, 4))
    assert tune("C8 | D5 | E8 |").metres == ((0, 4, 4), (96, 5, 8), (156, 4, 4))


def test_a_free_metre_has_no_bars():
    found = read_abc("X:1\nM:none\nL:1/4\nK:C\nCDE FG|A")
    assert not found.metres and not list(found.bars()) and len(found) == 6


def test_a_full_bar_ends_with_its_line_of_text():
    assert pitches("^C4 C4\nC8 |") == [61, 61, 60]


def test_tempo_and_usual_lengths():
    assert read_abc("X:1\nM:2/4\nQ:3/8=40\nK:C\nC").tempo == 60
    assert read_abc("X:1\nM:2/4\nK:C\nC").notes[0, 1] == 6
    assert read_abc("X:1\nM:6/8\nK:C\nC").notes[0, 1] == 12


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no tune at all", "not ABC text"),
        (HEAD.format(key="C") + "C D & E F", "a sign of the ABC text is not understood"),
        (HEAD.format(key="C") + "C D\nX:2\nK:C\nE", "several tunes"),
        ("X:1\nM:3/4/4\nK:C\nC", "not a metre"),
        ("X:1\nM:33/4\nK:C\nC", "not a metre"),
        ("X:1\nL:1/0\nK:C\nC", "not a length"),
        ("X:1\nK:H\nC", "not a key"),
        ("X:1\nK:C#loc\nC|", None),
        ("X:1\nK:G#\nC", "more than seven"),
        ("X:1\nQ:fast\nK:C\nC", "not a tempo"),
        (HEAD.format(key="C") + "V:2\nC", "several voices"),
        (HEAD.format(key="C") + "C8 | D8 !D.C.! |", "the order in which"),
        (HEAD.format(key="C") + "C8 |2 D8 :|", "the order in which"),
        (HEAD.format(key="C") + "C0", "no length"),
        (HEAD.format(key="C") + "C,,,,,,", "too low or too high"),
        ("words before\nX:1\nK:C\nC", "is not a field"),
    ],
)
def test_what_is_not_understood_is_said(text, message):
    if message is None:
        assert len(read_abc(text)) == 1
        return
    with pytest.raises(CellError, match=message):
        read_abc(text)


def test_tunes_that_grow_too_long_are_refused():
    with pytest.raises(LimitError, match="too long"):
        read_abc(HEAD.format(key="C") + "C" * 600_000)
    with pytest.raises(LimitError, match="too long"):
        read_abc(HEAD.format(key="C") + "Z999|" * 9000 + "C")
    with pytest.raises(LimitError, match="too long"):
        read_abc(HEAD.format(key="C") + "CDEFGABc" * 2600)


def test_what_is_written_reads_alike():
    rng = np.random.default_rng(5)
    for number in range(40):
        beats, unit = [(3, 4), (4, 4), (6, 8), (5, 8)][number % 4]
        rows, at = [], int(rng.integers(0, 30))
        for _ in range(30):
            steps = int(rng.choice([3, 4, 6, 8, 12, 16, 18, 24, 60, 100]))
            for _ in range(int(rng.integers(1, 4))):
                pitch = int(rng.integers(45, 90))
                rows.append((at, int(rng.choice([steps, steps, 7])), pitch, 84, 0))
            at += steps if rng.random() < 0.8 else steps + 9
        key = int(rng.integers(-7, 8)), ["maj", "min", "dor", "lyd"][number % 4]
        one = made_tune(_apart(rows), ((0, beats, unit),), key, 100)
        assert read_abc(write_abc(one, title="A & B")) == one


def _apart(rows):
    """Notes none of which sounds when its pitch begins again."""
    last, found = {}, []
    for onset, steps, pitch, *rest in rows:
        if last.get(pitch, -1) < onset:
            found.append((onset, steps, pitch, *rest))
            last[pitch] = onset + steps
    return found
