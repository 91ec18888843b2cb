"""Out-of-fold answers as a bundle keeps them: small, finite, by row number and by id."""

import numpy as np

import plait
from plait.modalities.forms import CLASSES, NUMBER
from plait.model import kept_answers
from plait.model.kept_answers import KeptAnswers, id_hashes

NO_IDS = np.zeros(0, np.uint64)


def test_only_finite_answers_are_kept_in_the_order_of_rows():
    rows = np.array([7, 2, 5])
    outputs = np.array([[0.25, 0.75], [0.5, 0.5], [np.nan, 0.5]], np.float32)
    kept = KeptAnswers.of(rows, outputs, CLASSES, NO_IDS)
    assert kept.rows.tolist() == [2, 7] and kept.outputs.dtype == np.float16
    found = kept.of_rows(np.array([7, 5, -1, 2]))
    np.testing.assert_allclose(found[[0, 3]], [[0.25, 0.75], [0.5, 0.5]])
    assert np.isnan(found[1:3]).all()


def test_numbers_are_kept_as_they_are():
    outputs = np.array([[123456.7, 1.0, 2.0, 3.0]], np.float32)
    kept = KeptAnswers.of(np.array([0]), outputs, NUMBER, NO_IDS)
    np.testing.assert_array_equal(kept.outputs, outputs)


def test_of_very_many_an_even_sample_is_kept(monkeypatch):
    monkeypatch.setattr(kept_answers, "MOST_CELLS", 20)
    monkeypatch.setattr(kept_answers, "LEAST_ROWS", 5)
    outputs = np.full((100, 2), 0.5, np.float32)
    kept = KeptAnswers.of(np.arange(100), outputs, CLASSES, NO_IDS)
    assert len(kept.rows) == 10 and kept.rows[0] == 0 and kept.rows[-1] == 99


def test_ids_are_hashed_where_a_column_says_them():
    columns = {"name": "id", "x": "number"}
    rows = [{"name": f"row {i}", "x": float(i)} for i in range(4)]
    first = id_hashes(plait.read(rows, columns=columns))
    turned = id_hashes(plait.read(rows[::-1], columns=columns))
    assert first.dtype == np.uint64 and len(np.unique(first)) == 4
    np.testing.assert_array_equal(first, turned[::-1])
    twice = [{**row, "name": "same"} for row in rows]
    assert not len(id_hashes(plait.read(twice, columns=columns)))
    assert not len(id_hashes(plait.read(rows, columns={"name": "ignore", "x": "number"})))
