"""Values held in memory are those of the cache, and leave nothing on disk."""

import numpy as np
import pytest
from toys import LettersCodec

from plait import read
from plait.data import fit_codecs, prepare_rows, prepare_table
from plait.data.cache import default_cache
from plait.data.prepared import FEW_ROWS, HELD_ROWS, is_worth_keeping
from plait.errors import CellError
from plait.modalities import find_codec, modalities
from plait.testing.examples import example_table

ORDER = np.array([3, 0, 5, 5, 1])


def same_batch(one, other):
    assert list(one.parts) == list(other.parts)
    for name in one.parts:
        assert one.parts[name].dtype == other.parts[name].dtype
        np.testing.assert_array_equal(one.parts[name], other.parts[name])
    for axis in other.lengths:
        np.testing.assert_array_equal(one.lengths[axis], other.lengths[axis])
    np.testing.assert_array_equal(one.present, other.present)


@pytest.mark.parametrize("modality", sorted(modalities()))
def test_every_modality_is_held_as_it_is_kept(modality):
    table = read(example_table(modality, 12), columns=f"x={modality}")
    codecs = fit_codecs(table, ["x"], np.arange(table.num_rows))
    held = prepare_rows(table, codecs).columns["x"]
    kept = prepare_table(table, codecs).columns["x"]
    np.testing.assert_array_equal(held.present, kept.present)
    np.testing.assert_array_equal(held.lengths(), kept.lengths())
    same_batch(held.gather(ORDER), kept.gather(ORDER))
    for row in range(table.num_rows):
        one, other = held[row], kept[row]
        assert (one is None) == (other is None)
        for name in other or {}:
            np.testing.assert_array_equal(one[name], other[name])


def test_unreadable_cells_are_named_or_counted():
    table = read({"word": ["boot", "broken", None, "hat"]})
    with pytest.raises(CellError) as caught:
        prepare_rows(table, {"word": LettersCodec()})
    assert (caught.value.column, caught.value.row) == ("word", 1)
    prepared = prepare_rows(table.told(on_error="skip"), {"word": LettersCodec()})
    assert prepared.num_bad == {"word": 1}
    assert prepared.columns["word"].present.tolist() == [True, False, False, True]


def test_nothing_is_written():
    before = set(default_cache().rglob("*"))
    prepare_rows(read({"size": ["1", None]}), {"size": find_codec("number")()})
    assert set(default_cache().rglob("*")) == before


def test_what_a_person_holds_stays_in_memory_and_files_of_many_rows_are_kept(tmp_path):
    def rows(num):
        return [{"a": i} for i in range(num)]

    def file(num):
        path = tmp_path / f"{num}.csv"
        path.write_text("a\n" + "1\n" * num)
        return read(path)

    assert not is_worth_keeping(read(rows(HELD_ROWS)))
    assert is_worth_keeping(read(rows(HELD_ROWS + 1)))
    assert not is_worth_keeping(file(FEW_ROWS))
    assert is_worth_keeping(file(FEW_ROWS + 1))
    assert not is_worth_keeping(file(FEW_ROWS + 1).take([0, 1]))
