"""The loader: every row once, the same for the same seed, resumable, and a clean end."""

import threading

import numpy as np
import pytest
from toys import LettersCodec

from plait import read
from plait.data import Loader, prepare_table
from plait.errors import UsageError
from plait.modalities import find_codec

WORDS = [("abcdefghijklmnop"[: 1 + i % 16]) if i % 5 else None for i in range(203)]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    table = read({"word": WORDS, "size": [float(i) for i in range(203)]})
    codecs = {"word": LettersCodec(), "size": find_codec("number")()}
    return prepare_table(table, codecs, cache=tmp_path_factory.mktemp("cache"))


def loader(prepared, **options):
    options = {"batch_size": 16, **options}
    return Loader(prepared, np.arange(3, 203), ["word", "size"], **options)


def same(one, other):
    assert len(one) == len(other)
    for (rows, batch), (other_rows, other_batch) in zip(one, other, strict=True):
        np.testing.assert_array_equal(rows, other_rows)
        for name, column in batch.items():
            for part, array in column.parts.items():
                np.testing.assert_array_equal(array, other_batch[name].parts[part])


@pytest.mark.parametrize("bucket", [False, True])
@pytest.mark.parametrize("shuffle", [False, True])
def test_every_row_comes_once(prepared, shuffle, bucket):
    one = loader(prepared, shuffle=shuffle, bucket=bucket)
    batches = list(one.epoch(0))
    assert len(batches) == one.num_batches == 13
    assert sorted(np.concatenate([rows for rows, _ in batches])) == list(range(3, 203))
    for rows, batch in batches:
        assert batch["size"].parts["exact"][:, 0].tolist() == rows.tolist()
        assert batch["word"].present.tolist() == [WORDS[row] is not None for row in rows]


def test_rows_keep_their_order_without_shuffling(prepared):
    rows = np.concatenate([rows for rows, _ in loader(prepared).epoch(7)])
    assert rows.tolist() == list(range(3, 203))


@pytest.mark.parametrize("num_ahead", [0, 1, 4])
def test_a_batch_depends_on_seed_epoch_and_number_only(prepared, num_ahead):
    options = {"augment": True, "shuffle": True, "bucket": True}
    whole = list(loader(prepared, **options).epoch(3))
    rest = list(loader(prepared, num_ahead=num_ahead, **options).epoch(3, start=5))
    same(rest, whole[5:])
    other = list(loader(prepared, seed=1, **options).epoch(3))
    assert any(
        (a[0] != b[0]).any() for a, b in zip(whole, other, strict=True) if len(a[0]) == len(b[0])
    )
    first, second = (
        np.concatenate([r for r, _ in loader(prepared, **options).epoch(e)]) for e in (0, 1)
    )
    assert (first != second).any()


def test_augmentation_changes_values_and_not_the_cache(prepared):
    before = prepared.columns["word"][4]["size"].copy()
    batch = next(iter(loader(prepared, augment=True).epoch(0)))[1]
    assert batch["word"].parts["size"][1] != before
    np.testing.assert_array_equal(prepared.columns["word"][4]["size"], before)


def test_epochs_that_are_plain_come_first(prepared):
    one = loader(prepared, augment=True, plain_epochs=1)
    same(list(one.epoch(0)), list(loader(prepared).epoch(0)))
    same(list(one.epoch(1)), list(loader(prepared, augment=True).epoch(1)))


def test_buckets_hold_rows_of_similar_length(prepared):
    def padding(bucket):
        batches = loader(prepared, shuffle=True, bucket=bucket).epoch(0)
        return sum(batch["word"].parts["code"].size for _, batch in batches)

    assert padding(True) < 0.85 * padding(False)


def test_rows_of_one_length_are_not_a_batch_of_their_own(prepared):
    """A batch of one length is often of one kind: lengths vary within each."""
    lengths = np.array([len(word or "x") for word in WORDS])
    spread = [
        lengths[rows].std()
        for epoch in range(4)
        for rows, _ in loader(prepared, shuffle=True, bucket=True).epoch(epoch)
        if len(rows) > 8
    ]
    assert 0.3 * lengths.std() < np.mean(spread) < 0.8 * lengths.std()


def test_where_padding_costs_little_batches_are_at_random(prepared, tmp_path):
    wide = read({"word": [WORDS[2]] * 200 + [WORDS[3]] * 3, "size": [1.0] * 203})
    codecs = {"word": LettersCodec(), "size": find_codec("number")()}
    even = prepare_table(wide, codecs, cache=tmp_path)
    same(
        list(loader(even, shuffle=True, bucket=True).epoch(1)),
        list(loader(even, shuffle=True).epoch(1)),
    )


def test_the_thread_ends_with_the_iterator(prepared):
    before = threading.active_count()
    one = loader(prepared, num_ahead=1)
    batches = one.epoch(0)
    next(batches)
    assert threading.active_count() == before + 1
    batches.close()
    assert threading.active_count() == before
    list(one.epoch(0))
    assert threading.active_count() == before and one.wait_seconds > 0


def test_an_exception_in_the_thread_is_raised_here(prepared, monkeypatch):
    def fail(self, arrays, rng):
        raise ZeroDivisionError("in augment")

    monkeypatch.setattr(LettersCodec, "augment", fail)
    before = threading.active_count()
    with pytest.raises(ZeroDivisionError, match="in augment"):
        list(loader(prepared, augment=True).epoch(0))
    assert threading.active_count() == before


def test_wrong_numbers_are_refused(prepared):
    with pytest.raises(UsageError, match="cannot work so"):
        loader(prepared, batch_size=0)


class Swapped:
    """Varies rows together: the numbers of a batch are those of its rows in some other order."""

    columns = ("word", "size")

    def __call__(self, values, rng):
        order = rng.permutation(len(values["size"]))
        return {name: [values[name][i] for i in order] for name in self.columns}


def test_rows_are_varied_together_while_they_are_to_be(prepared):
    """Here the number is what is told: it goes along, and is not varied by itself."""

    def batches(**options):
        return list(Loader(prepared, np.arange(203), ["word"], batch_size=29, augment=True,
                           together=Swapped(), **options).epoch(1))  # fmt: skip

    some = batches(together_at=lambda step: step < 10)
    assert len(some) == 7
    for place, (rows, batch) in enumerate(some):
        told = batch["size"].parts["exact"][:, 0].astype(int)
        assert sorted(told) == rows.tolist()
        assert (told == rows).all() == (place >= 3)  # step 7 is the first of epoch 1
        assert batch["word"].present.tolist() == [WORDS[row] is not None for row in told]
    same(some, batches(together_at=lambda step: step < 10))
    same(some[3:], batches(together_at=lambda step: False)[3:])


def test_plain_epochs_are_not_varied_together(prepared):
    one = Loader(prepared, np.arange(50), ["word"], batch_size=25, augment=True, plain_epochs=1,
                 together=Swapped())  # fmt: skip
    for rows, batch in one.epoch(0):
        assert batch["size"].parts["exact"][:, 0].tolist() == rows.tolist()
