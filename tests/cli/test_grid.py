"""Tables as lines of text: widths of glyphs, folded cells, nothing that a terminal obeys."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from plait.cli.grid import GAP, INDENT, LEAST_WIDTH, glyphs, grid


def lines(names, rows, width=80, numeric=None):
    return list(grid(names, rows, numeric=numeric or [False] * len(names), width=width))


def test_numbers_stand_to_the_right_and_words_to_the_left():
    assert lines(["word", "n"], [["a", "1"], ["bcdef", "200"]], numeric=[False, True]) == [
        "  word      n",
        " " + "\u2500" * 13,
        "  a         1",
        "  bcdef   200",
    ]


def test_long_cells_are_folded_at_blanks_and_long_words_within():
    found = lines(["a", "why"], [["x", "one two three " + "y" * 20]], width=20)
    assert [line[6:].strip() for line in found[2:]] == ["one two three", "y" * 13, "y" * 7]
    assert all(glyphs(line) <= 20 for line in found)


def test_wide_and_combining_glyphs_keep_columns_straight():
    found = lines(["k", "v"], [["\u6f22\u5b57", "x"], ["e\u0301", "y"], ["abcd", "z"]])
    assert [
        glyphs(line[: line.index(end)]) for line, end in zip(found[2:], "xyz", strict=True)
    ] == [9] * 3


def test_what_a_terminal_obeys_is_dropped():
    found = "\n".join(lines(["a\x1b[2J"], [["b\x07\tc\u009b1m\r\nd"]]))
    assert "\x1b" not in found and "\x07" not in found and "\u009b" not in found
    assert "b c1m" in found and "\n  d" in found


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.text(max_size=30), min_size=3, max_size=3), max_size=4),
    st.integers(10, 60),
)
def test_nothing_is_lost_and_everything_fits(rows, width):
    found = lines(["a", "b", "c"], rows, width=width)
    room = max(width, len(INDENT) + 3 * LEAST_WIDTH + 2 * len(GAP))
    assert all(glyphs(line) <= room + 1 for line in found)
    kept = "".join(sorted("".join(found[2:]).replace(" ", "")))
    shown = "".join(
        c for row in rows for cell in row for c in cell if not 127 <= ord(c) < 160 and ord(c) > 31
    )
    assert "".join(kept.split()) == "".join("".join(sorted(shown)).split())
