"""Large values that recur: given once in a batch, in which their rows come together."""

from __future__ import annotations

import numpy as np
import pytest

from plait.data.batching import MOST_TOGETHER
from plait.data.entries import PreparedColumn
from plait.data.held import HeldStore
from plait.data.loader import Loader
from plait.data.prepared import Prepared
from plait.data.shared_values import SharedValues
from plait.modalities.image.codec import ImageCodec
from plait.modalities.number.codec import NumberCodec
from plait.modalities.text.codec import TextCodec

NUM_PICTURES, TIMES = 60, 12
NUM_ROWS = NUM_PICTURES * TIMES


def column_of(codec, cells, raws):
    """Return a prepared column: `cells` number the values, -1 for none."""
    store, values = HeldStore(codec.layout), [codec.prepare(raw) for raw in raws]
    store.append([None if cell < 0 else values[cell] for cell in cells])
    store.close({"bad": [], "num_bad": 0})
    return PreparedColumn(codec, store)


@pytest.fixture(scope="module")
def pictured():
    """Sixty pictures, each in twelve rows at random places, some rows without; texts that recur."""
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (32, 32, 3), np.uint8) for _ in range(NUM_PICTURES)]
    which = rng.permutation(np.repeat(np.arange(NUM_PICTURES), TIMES))
    which[::50] = -1
    words = [f"question {i % 7}" for i in range(NUM_ROWS)]
    columns = {
        "picture": column_of(ImageCodec(size_px=32), which, pictures),
        "question": column_of(TextCodec().fit(words), np.arange(NUM_ROWS), words),
        "number": column_of(NumberCodec().fit([1.0, 2.0]), np.zeros(NUM_ROWS, int), [1.0]),
    }
    return Prepared(columns, NUM_ROWS), which


def loader(prepared, rows=None, **options):
    rows = np.arange(NUM_ROWS) if rows is None else rows
    names, options = list(prepared.columns), {"batch_size": 256, "shuffle": True, **options}
    return Loader(prepared, rows, names, shared=names, **options)


def test_a_batch_holds_each_picture_once(pictured):
    prepared, which = pictured
    seen = []
    for rows, batch in loader(prepared, bucket=True).epoch(1):
        seen.append(rows)
        picture = batch["picture"]
        whole = prepared.columns["picture"].gather(rows)
        found = picture.apart()
        np.testing.assert_array_equal(found.parts["pixels"], whole.parts["pixels"])
        np.testing.assert_array_equal(found.present, whole.present)
        assert len(picture.parts["pixels"]) == len(np.unique(which[rows]))
        assert batch["question"].index is None and batch["number"].index is None
        num = np.unique(which[rows][which[rows] >= 0], return_counts=True)[1]
        assert num.mean() > 4
    assert sorted(np.concatenate(seen)) == list(range(NUM_ROWS))


def test_rows_of_one_picture_follow_each_other_up_to_a_number(pictured):
    prepared, which = pictured
    (rows,) = [rows for rows, _ in loader(prepared, batch_size=NUM_ROWS).epoch(0)]
    runs = np.split(which[rows], np.flatnonzero(np.diff(which[rows])) + 1)
    lengths = np.array([len(run) for run in runs if run[0] >= 0])
    assert lengths.min() >= 5
    assert np.median(lengths) <= MOST_TOGETHER


def test_a_small_batch_still_holds_many_pictures(pictured):
    prepared, which = pictured
    sizes = [
        len(np.unique(which[rows]))
        for rows, _ in loader(prepared, batch_size=64).epoch(0)
        if len(rows) == 64
    ]
    assert min(sizes) > 20


def test_the_rows_of_a_picture_are_varied_alike(pictured):
    prepared, _ = pictured
    rows, batch = next(iter(loader(prepared, augment=True).epoch(0)))
    plain = prepared.columns["picture"].gather(rows)
    assert len(batch["picture"].parts["pixels"]) < len(rows) / 2
    assert (batch["picture"].apart().parts["pixels"] != plain.parts["pixels"]).any()


def test_parts_of_a_batch_share_values_too(pictured):
    prepared, which = pictured
    whole = [rows for rows, _ in loader(prepared).epoch(2)]
    parts = [list(loader(prepared, part=(i, 2)).epoch(2)) for i in range(2)]
    for rows, *cut in zip(whole, *parts, strict=True):
        assert np.concatenate([part for part, _ in cut]).tolist() == rows.tolist()
        for part, batch in cut:
            assert len(batch["picture"].parts["pixels"]) == len(np.unique(which[part]))


def test_values_that_do_not_recur_are_each_rows_own(pictured):
    prepared, which = pictured
    rows = np.sort(np.unique(which, return_index=True)[1])
    assert SharedValues(prepared.columns, rows).together is None
    names = list(prepared.columns)
    options = {"batch_size": 16, "shuffle": True}
    mine = list(Loader(prepared, rows, names, shared=names, **options).epoch(0))
    plain = list(Loader(prepared, rows, names, **options).epoch(0))
    for (one, batch), (other, _) in zip(mine, plain, strict=True):
        assert one.tolist() == other.tolist()
        assert batch["picture"].index is None
