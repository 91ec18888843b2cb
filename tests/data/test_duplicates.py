"""Near-duplicates: fingerprints and their cache, proposals, confirmed groups, whose groups win."""

import numpy as np
import pytest
from PIL import Image
from toys import LettersCodec

from plait import read
from plait.data import Fingerprints, find_copies
from plait.data.duplicates import Copies, equal_rows, unseen_notes
from plait.data.fingerprints import fingerprints
from plait.data.grouping import count_conflicts, join_said, label_units, said_groups
from plait.data.proposals import PER_VALUE, propose
from plait.errors import CellError
from plait.modalities import Fingerprint, find_codec

WORDS = ["Boot", "hat", None, "boot", "broken", ""]
RNG = np.random.default_rng(0)


def groups(found):
    return sorted(rows.tolist() for _, rows in found.groups)


def number_prints(values, reach=1.5):
    """Fingerprints of numbers: all are proposed, and alike within `reach`."""
    one_code = bytes(range(1, 33))
    found = [None if v is None else Fingerprint(one_code, str(v).encode()) for v in values]
    return Fingerprints.of(found, lambda a, b: abs(float(a) - float(b)) <= reach)


def test_columns_without_fingerprints_are_left_out():
    codecs = {"word": LettersCodec(), "size": find_codec("number")()}
    found = fingerprints(read({"word": WORDS, "size": range(6)}, on_error="skip"), codecs)
    assert list(found) == ["word"] and len(found["word"]) == 6
    assert found["word"].codes.any(axis=1).tolist() == [True, True, False, True, False, False]
    assert found["word"].sketch(0) == found["word"].sketch(3) != found["word"].sketch(1)
    assert groups(find_copies(found)) == [[0, 3]]


def test_an_unreadable_cell_is_named_unless_skipped():
    with pytest.raises(CellError, match="broken") as caught:
        fingerprints(read({"word": WORDS}), {"word": LettersCodec()})
    assert (caught.value.column, caught.value.row) == ("word", 4)


def test_they_are_computed_once(monkeypatch):
    table = read({"word": WORDS}, on_error="skip")
    first = fingerprints(table, {"word": LettersCodec()})["word"]
    other = Fingerprint(bytes(32), b"other")
    monkeypatch.setattr(LettersCodec, "fingerprint", lambda self, raw: other)
    again = fingerprints(table, {"word": LettersCodec()})["word"]
    assert np.array_equal(again.codes, first.codes) and again.sketch(1) == first.sketch(1)


def test_a_damaged_entry_is_made_anew(tmp_path):
    table = read({"word": WORDS}, on_error="skip")
    fingerprints(table, {"word": LettersCodec()}, cache=tmp_path)
    for file in (tmp_path / "fingerprints").glob("*/sketches.bin"):
        file.write_bytes(b"short")
    again = fingerprints(table, {"word": LettersCodec()}, cache=tmp_path)["word"]
    assert again.sketch(1) == b"hat"


def test_the_same_picture_in_two_formats_is_one(tmp_path):
    pixels = RNG.integers(0, 256, (40, 30, 3), np.uint8)
    for name, turned in [("a.png", pixels), ("b.bmp", pixels), ("c.png", pixels[::-1])]:
        Image.fromarray(turned).save(tmp_path / name)
    table = read({"image": ["a.png", "b.bmp", "c.png"]}, root=tmp_path, columns="image=image")
    assert groups(find_copies(fingerprints(table, ["image"]))) == [[0, 1]]


def test_members_are_like_the_first_and_make_no_chain():
    found = find_copies({"x": number_prints([0, 1, 2, 3, 4, None, 1, 50])})
    assert groups(found) == [[0, 1, 6], [2, 3]]


def test_values_in_very_many_rows_are_common():
    values = [*[0] * 11, *[100] * 2, *range(1000, 1900, 9)]
    found = find_copies({"x": number_prints(values)})
    assert found.num_common == {"x": 1} and groups(found) == [[11, 12]]


def flipped(code, num_bits, rng):
    bits = np.unpackbits(code.view(np.uint8))
    bits[rng.choice(256, num_bits, replace=False)] ^= 1
    return np.packbits(bits).view(np.uint64)


@pytest.mark.parametrize("num", [500, 9000])
def test_near_codes_are_proposed_and_far_ones_are_not(num):
    rng = np.random.default_rng(num)
    codes = rng.integers(0, 2**63, (num, 4)).astype(np.uint64) * np.uint64(2)
    for row in range(200):
        codes[num - 1 - row] = flipped(codes[row], 26, rng)
    pairs, num_unseen, complete = propose(codes)
    assert complete
    found = {(first, num - 1 - second) for first, second in pairs.tolist()}
    assert sum((row, row) in found for row in range(200)) >= 196
    assert len(pairs) <= 210 and num_unseen == 0


def test_proposals_stay_few_where_all_are_near():
    rng = np.random.default_rng(1)
    base = rng.integers(0, 2**63, 4).astype(np.uint64)
    codes = np.stack([flipped(base, 20, rng) for _ in range(4000)])
    pairs, _, _ = propose(codes)
    assert len(pairs) <= 2 * PER_VALUE * 4000 and (pairs[:, 0] < pairs[:, 1]).all()


def test_where_time_is_up_fewer_pairs_are_proposed_and_that_is_said():
    rng = np.random.default_rng(2)
    codes = rng.integers(0, 2**63, (9000, 4)).astype(np.uint64)
    for row in range(200):
        codes[8999 - row] = flipped(codes[row], 26, rng)
    some, _, complete = propose(codes, deadline=0.0)
    pairs, _, _ = propose(codes)
    assert not complete and 0 < len(some) < len(pairs)
    prints = [Fingerprint(code.tobytes(), b"%d" % row) for row, code in enumerate(codes)]
    note = Fingerprints.of(prints, lambda one, other: False)
    found = find_copies({"note": note}, deadline=0.0)
    assert found.hurried == {"note"} and "no time to look everywhere" in unseen_notes(found)[-1]


def test_units_are_linked_through_columns_but_stay_small():
    linked = [np.array([4, 2]), np.array([1, 4]), np.array([5, 6])]
    assert label_units(8, linked).tolist() == [0, 1, 1, 3, 1, 5, 5, 7]
    chain = [np.array([row, row + 1]) for row in range(50)]
    assert np.bincount(label_units(51, chain, most=10)).max() == 10


def test_what_was_said_wins_over_what_was_found():
    table = read({"who": ["ann", "ann", "bob", None, None, "bob", None, None]})
    said = said_groups(table, "who")
    copies = label_units(8, [np.array([1, 2, 3]), np.array([4, 6])])
    joined = join_said(said, copies)
    assert joined[0] == joined[1] == joined[3] != joined[2] == joined[5]
    assert joined[4] == joined[6] != joined[7] and len(set(joined.tolist())) == 4
    assert count_conflicts(said, [np.array([1, 2, 3]), np.array([0, 1])]) == 1


def test_equal_rows_are_added_under_a_name():
    found = Copies()
    equal_rows(found, "*", np.array([3, 1, 3, 2, 1, 3]))
    assert groups(found) == [[0, 2, 5], [1, 4]] and found.groups[0][0] == "*"
