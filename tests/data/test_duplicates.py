"""Fingerprints: compact keys, the cache, and groups of rows that share one."""

import numpy as np
import pytest
from PIL import Image
from toys import LettersCodec

from plait import read
from plait.data import Keys, fingerprints, shared_rows
from plait.data.duplicates import label_units
from plait.errors import CellError
from plait.modalities import find_codec

WORDS = ["Boot", "hat", None, "boot", "broken", ""]


def test_keys_are_equal_where_fingerprints_are():
    keys = Keys.of([b"a" * 100, None, b"b", b"a" * 100])
    assert keys[0] == keys[3] != keys[2] and keys[1] is None
    assert len(keys) == 4 and list(keys) == [keys[i] for i in range(4)]
    assert list(keys[1:3]) == [None, keys[2]]


def test_columns_without_fingerprints_are_left_out():
    codecs = {"word": LettersCodec(), "size": find_codec("number")()}
    found = fingerprints(read({"word": WORDS, "size": range(6)}), codecs)
    assert list(found) == ["word"]
    assert found["word"][0] == found["word"][3] and found["word"][1] is not None
    assert [key is None for key in found["word"]] == [False, False, True, False, True, True]


def test_an_unreadable_cell_is_named_unless_skipped():
    with pytest.raises(CellError, match="broken") as caught:
        fingerprints(read({"word": WORDS}), {"word": LettersCodec()}, on_error="raise")
    assert (caught.value.column, caught.value.row) == ("word", 4)


def test_they_are_computed_once(monkeypatch):
    table = read({"word": WORDS})
    first = fingerprints(table, {"word": LettersCodec()})
    monkeypatch.setattr(LettersCodec, "fingerprint", lambda self, raw: b"other")
    assert list(fingerprints(table, {"word": LettersCodec()})["word"]) == list(first["word"])


def test_the_same_picture_in_two_formats_shares_its_own(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8)
    for name, turned in [("a.png", pixels), ("b.bmp", pixels), ("c.png", pixels[::-1])]:
        Image.fromarray(turned).save(tmp_path / name)
    table = read({"image": ["a.png", "b.bmp", "c.png"]}, root=tmp_path, columns="image=image")
    keys = fingerprints(table, ["image"])["image"]
    assert keys[0] == keys[1] != keys[2]


def test_shared_rows_by_hand():
    keys = [b"a", None, b"b", b"a", b"c", b"b", b"a"]
    shared = shared_rows({"x": keys, "y": [None] * 7})
    assert sorted(rows.tolist() for _, rows in shared.groups) == [[0, 3, 6], [2, 5]]
    assert shared.num_common == {}
    common = shared_rows({"x": [b"a"] * 11 + [b"b"] * 2})
    assert common.num_common == {"x": 1} and len(common.groups) == 1


def test_units_are_linked_in_chains():
    groups = [np.array([4, 2]), np.array([1, 4]), np.array([5, 6])]
    assert label_units(8, groups).tolist() == [0, 1, 1, 3, 1, 5, 5, 7]
