"""Rows as lines of JSON come back as they were."""

import numpy as np

from plait.edge.sent_rows import from_line, to_line


def test_cells_of_all_kinds_come_back():
    rows = [
        {"text": "a\nb", "number": 1.5, "nothing": None, "list": [1, 2]},
        {"bytes": b"\x00\xff", "media": {"bytes": b"x", "path": None}},
        {"array": np.arange(6, dtype=np.float32).reshape(2, 3), "truth": True},
    ]
    line = to_line(rows)
    assert line.count(b"\n") == 1
    found = from_line(line)
    assert found[:2] == rows[:2]
    assert found[2]["array"].dtype == np.float32
    np.testing.assert_array_equal(found[2]["array"], rows[2]["array"])


def test_what_json_has_no_word_for_becomes_text():
    assert from_line(to_line([{"day": np.datetime64("2026-01-02")}])) == [{"day": "2026-01-02"}]
