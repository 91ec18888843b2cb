"""Vectors: which cells are read, what is learned, kept and refused."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from plait.errors import CellError, LimitError
from plait.modalities import Media, find_codec
from plait.modalities.vector.codec import VectorCodec
from plait.modalities.vector.network import Embed
from plait.types import ColumnSample

NUMBERS = st.lists(st.floats(-100, 100, width=16), min_size=3, max_size=3)


def read(cell, codec=None):
    return (codec or VectorCodec()).read(cell, Media(None))


@given(st.lists(NUMBERS, min_size=1, max_size=4))
def test_lists_json_and_arrays_are_read_alike_and_kept_exactly(rows):
    expected = np.array(rows, np.float32)
    for cell in (rows, tuple(rows), json.dumps(rows), expected, [np.array(row) for row in rows]):
        np.testing.assert_array_equal(read(cell), expected)
    codec = VectorCodec().fit([expected])
    assert codec.dim == 3 and codec.num_tokens == len(rows)
    np.testing.assert_array_equal(codec.prepare(expected)["vectors"], expected)


def test_one_list_is_one_vector_and_an_empty_one_is_missing():
    assert read([1, 2, 3]).tolist() == [[1.0, 2.0, 3.0]]
    assert read("[1.5, -2]").tolist() == [[1.5, -2.0]]
    assert read([]) is None and read("[]") is None


@pytest.mark.parametrize(
    "cell, message",
    [
        ("a word", "not valid JSON"),
        ("7", "not a vector"),
        (7.5, "not a vector"),
        (["a", "b"], "not a vector"),
        ([True, False], "not a vector"),
        ([1, None], "not a vector"),
        ([[1, 2], [3]], "differ in length"),
        ([[[1.0]]], "not a vector"),
        ([1.0, float("inf")], "not finite"),
        ("[1, NaN]", "not finite"),
        ([1.0, 7e4], "too large"),
    ],
)
def test_other_cells_are_refused(cell, message):
    with pytest.raises(CellError, match=message):
        read(cell)


def test_vectors_of_another_length_are_refused():
    codec = VectorCodec().fit([np.ones((1, 4), np.float32)])
    with pytest.raises(CellError, match="another length than in training") as caught:
        read([1, 2, 3], codec)
    assert "4 numbers" in str(caught.value) and "3 numbers" in str(caught.value)


def test_far_too_many_numbers_are_refused(monkeypatch):
    from plait.modalities.limits import Limits
    from plait.modalities.vector import cells

    monkeypatch.setattr(cells, "LIMITS", Limits(num_steps=5))
    with pytest.raises(LimitError, match="too large"):
        read([1, 2, 3, 4, 5, 6])


def test_mean_and_scale_by_hand():
    raws = [np.array([[1.0, 10.0], [3.0, 10.0]], np.float32), np.array([[5.0, 10.0]], np.float32)]
    codec = VectorCodec().fit([*raws, np.ones((1, 7), np.float32)])
    assert codec.dim == 2 and codec.num_tokens == 2
    assert codec.mean == pytest.approx((3.0, 10.0))
    assert codec.scale[0] == pytest.approx(np.std([1, 5])) and 0 < codec.scale[1] < 1e-3


def test_features_are_the_first_vector_and_the_mean_of_the_others():
    codec = VectorCodec(dim=2, num_tokens=3)
    several = codec.prepare(np.array([[1, 2], [3, 4], [5, 8]], np.float32))
    assert codec.features(several).tolist() == [1, 2, 4, 6]
    assert codec.features(codec.prepare(np.array([[1, 2]], np.float32))).tolist() == [1, 2, 1, 2]
    one = VectorCodec(dim=2, num_tokens=1)
    assert one.features(several).tolist() == [1, 2]


def test_later_vectors_are_cut_and_without_training_lengths_are_left():
    raw = np.array([[3.0, 4.0], [1.0, 0.0]], np.float32)
    assert VectorCodec(dim=2, num_tokens=1).prepare(raw)["vectors"].tolist() == [[3.0, 4.0]]
    assert VectorCodec().fit([]).prepare(raw)["vectors"].tolist() == [[5.0], [1.0]]


def sample(values, name="x"):
    return ColumnSample(name, values, len(values), len(values))


def test_detect_leaves_series_to_series_unless_sure():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(30, 32))
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    vector, series = VectorCodec(), find_codec("series")()
    for values, name, wins in [
        (unit.tolist(), "x", True),
        ([json.dumps(row) for row in unit.tolist()], "x", True),
        (vectors.tolist(), "x", False),
        (vectors.tolist(), "text_embedding", True),
        ([row[: 5 + i] for i, row in enumerate(vectors.tolist())], "embedding", False),
    ]:
        found = sample(values, name)
        assert (vector.detect(found) > series.detect(found)) == wins
    for values in (["a", "b"], [1.0, 2.0], [[], []], ["[1, 2", "[1"], [{"a": 1}]):
        assert vector.detect(sample(values)) == 0.0


def test_the_network_standardises_and_masks():
    codec = VectorCodec(dim=2, num_tokens=2, mean=(1.0, -1.0), scale=(2.0, 0.5))
    embed = Embed(codec, 8)
    parts = {"vectors": torch.tensor([[[1.0, -1.0], [3.0, -1.0]], [[5.0, 0.0], [0.0, 0.0]]]).half()}
    tokens = embed(parts, {"token": torch.tensor([2, 1])})
    assert tokens.mask.tolist() == [[True, True], [True, False]]
    assert tokens.positions[0].tolist() == [[0.0, 0.0], [1.0, 0.0]]
    first = embed.out(embed.norm(torch.tensor([0.0, 0.0])))
    local = embed.out_local(embed.norm_local(torch.tensor([3.0, -1.0])))
    torch.testing.assert_close(tokens.values[0], torch.stack([first, local]))
    assert "mean" not in embed.state_dict()


def line_of(lengths):
    """Batched vectors of a lined codec: a pooled one, then places; zeros behind."""
    rng = np.random.default_rng(0)
    codec = VectorCodec(dim=6, lined=True)
    values = [rng.normal(size=(num, 6)).astype(np.float32) for num in lengths]
    codec = codec.fit(values)
    longest = max(lengths)
    batch = np.stack([np.pad(one, ((0, longest - len(one)), (0, 0))) for one in values])
    return codec, torch.from_numpy(batch), torch.tensor(lengths)


def test_places_of_a_line_know_nothing_of_what_lies_behind_it():
    codec, vectors, lengths = line_of([9, 4, 1])
    torch.manual_seed(0)
    network = Embed(codec, 8).eval()
    present = torch.ones(3, dtype=torch.bool)
    together = network.line({"vectors": vectors}, {"token": lengths}, present)
    assert together.num_places.tolist() == [8, 3, 1]
    tokens = network({"vectors": vectors}, {"token": lengths})
    for row, num in enumerate(lengths.tolist()):
        own = {"vectors": vectors[row : row + 1, :num]}, {"token": lengths[row : row + 1]}
        alone = network.line(*own, present[:1])
        num_places = int(alone.num_places[0])
        torch.testing.assert_close(
            together.values[row, :num_places], alone.values[0, :num_places], atol=1e-5, rtol=1e-5
        )
        assert not together.values[row, num_places:].any()
        few = network(*own)
        real = few.mask[0]
        torch.testing.assert_close(
            tokens.values[row][tokens.mask[row]], few.values[0][real], atol=1e-5, rtol=1e-5
        )


def test_a_line_has_room_for_two_symbols_a_place_and_is_hidden_in_part():
    codec, vectors, _ = line_of([101])
    arrays = {"vectors": vectors[0].numpy().astype(np.float16)}
    assert codec.line_places(arrays) == 200
    assert VectorCodec(dim=6).line_places(arrays) == 0
    hidden = 0
    for seed in range(20):
        found = codec.augment(arrays, np.random.default_rng(seed))["vectors"]
        assert found.shape == (101, 6)
        hidden += int((found[1:] == arrays["vectors"][:1]).all(1).sum())
    assert 20 < hidden < 20 * 20
