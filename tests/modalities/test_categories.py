"""Sets of labels: splitting, the comma, detection, truth and answers, network."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from plait.errors import CellError, TargetError
from plait.modalities import codec_from_dict, codec_to_dict
from plait.modalities.categories.cells import split_labels
from plait.modalities.categories.codec import CategoriesCodec
from plait.modalities.categories.network import Embed, Target
from plait.modalities.media import Media
from plait.types import ColumnSample

NOWHERE = Media(Path("/nonexistent"))
COMMAS = ["red, blue", "blue, green", "red", "green, red", "blue", "red, green, blue", "green"] * 3


def read(cell, **settings):
    return CategoriesCodec(**settings).read(cell, NOWHERE)


def fitted(cells=("a;b", "a", "a;c", "b")):
    return CategoriesCodec().fit(read(cell) for cell in cells)


def detect(*values):
    sample = ColumnSample("x", values, len(values), len(set(map(str, values))))
    return CategoriesCodec().detect(sample)


@pytest.mark.parametrize(
    "cell",
    [
        "a;b",
        " a | b|a",
        '["a", "b"]',
        ["a", "b"],
        ("a", "b", None),
        np.array(["a", "b"]),
        {"a", "b"},
    ],
)
def test_every_way_of_writing_two_labels_reads_the_same(cell):
    assert read(cell) == ("a", "b")


def test_commas_separate_only_where_said_or_evident():
    assert read("a, b") == ("a, b",)
    assert read("a, b", separator=",") == ("a", "b")
    codec = fitted(COMMAS)
    assert codec.separator == "," and codec.labels == ("blue", "green", "red")
    assert codec.read("red, blue", NOWHERE) == ("red", "blue")
    early = CategoriesCodec().read("red, blue", NOWHERE)
    assert codec.prepare(early)["labels"].tolist() == [1, 3]
    assert fitted(["Oslo, Norway", "Bergen, Norway", "Rome, Italy"] * 9).separator == ""


def test_numbers_are_labels_too():
    assert read([1, 2.0, 3.5]) == ("1", "2", "3.5")
    assert read(7) == ("7",)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ('["a", ', "not a valid JSON list"),
        ([["a"], ["b"]], "does not hold labels"),
        ({"a": 1}, "does not hold labels"),
        (b"bytes", "does not hold labels"),
        ("word " * 100, "label is too long"),
    ],
)
def test_bad_cells_say_what_is_wrong(cell, message):
    with pytest.raises(CellError, match=message):
        read(cell)


@given(st.lists(st.text(st.characters(exclude_characters=";|"), min_size=1, max_size=9)))
def test_joining_and_splitting_is_the_same_set(labels):
    stripped = tuple(dict.fromkeys(label.strip() for label in labels if label.strip()))
    assert split_labels(";".join(labels)) == stripped


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        (["a;b", "b", "a;c", "c;b", "a;b;c"] * 4, 0.95, 1.0),
        (["action|drama", "drama", "comedy|action"] * 5, 0.95, 1.0),
        (COMMAS, 0.8, 0.9),
        ([["a", "b"], ["c"]], 0.95, 1.0),
        (['["a"]', '["a", "b"]'], 0.95, 1.0),
        (["1;2", "2;3", "3", "1;3"] * 5, 0.5, 0.9),
        (["1;1;2;2;1", "2;2;1;1;1"] * 5, 0.0, 0.0),
        (["[1, 2]", "[2, 3]"], 0.0, 0.0),
        ([[1.0, 2.0], [2.0, 3.0]], 0.0, 0.0),
        ([f"I saw {i}; it was good, I say" for i in range(20)], 0.0, 0.3),
        (["red", "blue"] * 9, 0.0, 0.0),
        ([1, 2, 3], 0.0, 0.0),
        (["Oslo, Norway", "Bergen, Norway", "Rome, Italy"] * 9, 0.0, 0.0),
    ],
)
def test_detection(values, low, high):
    assert low <= detect(*values) <= high


def test_prepare_truth_and_unseen_by_hand():
    codec = fitted()
    assert codec.labels == ("a", "b", "c")
    arrays = [codec.prepare(raw) for raw in [("c", "a"), (), ("new", "b"), ("new",)]]
    assert [a["labels"].tolist() for a in arrays] == [[1, 3], [4], [0, 2], [0]]
    expected = [[1, 0, 1], [0, 0, 0], [0, 1, 0], [0, 0, 0]]
    truth = codec.truth(arrays)
    assert truth.dtype == np.float32 and truth.tolist() == expected
    assert codec_from_dict(json.loads(json.dumps(codec_to_dict(codec)))) == codec


def test_answer_by_hand():
    answer = fitted().answer(np.array([[0.9, 0.5, 0.2], [0.1, 0.2, 0.3]], np.float32))
    assert answer["prediction"] == ["a;b", ""]
    np.testing.assert_allclose(answer["confidence"], [0.9 * 0.5 * 0.8, 0.9 * 0.8 * 0.7], rtol=1e-6)
    assert list(answer) == ["prediction", "confidence", "p_a", "p_b", "p_c"]


def test_metrics_and_cost_prefer_the_right_answer():
    codec = fitted()
    truth = np.array([[1, 0, 1], [0, 1, 0], [1, 1, 0]], np.float32)
    good, bad = np.abs(truth - 0.1), np.abs(truth - 0.9)
    assert codec.cost(good, truth).shape == (3,)
    assert (codec.cost(good, truth) < codec.cost(bad, truth)).all()
    assert codec.metrics(good, truth)["macro_f1"] == 1.0 > codec.metrics(bad, truth)["macro_f1"]


def test_a_single_label_cannot_be_learned():
    with pytest.raises(TargetError, match="fewer than two labels"):
        fitted(["a", "a"]).check_target(2)


def test_verbs():
    codec, rng = fitted(), np.random.default_rng(0)
    assert codec.corrupt(("a", "b"), 0.0, rng) == ("a", "b")
    assert set(codec.corrupt(("a", "b"), 1.0, rng)) <= set(codec.labels)
    assert codec.show(("<a>",)) == '<span class="label">&lt;a&gt;</span>'
    for _ in range(50):
        assert len(codec.augment({"labels": np.array([1, 2], np.int32)}, rng)["labels"]) >= 1


def test_embed_ignores_padding_and_caps_tokens():
    codec = fitted()
    embed = Embed(codec, 8)
    alone = embed({"labels": torch.tensor([[1, 2]])}, {"label": torch.tensor([2])})
    padded = embed({"labels": torch.tensor([[1, 2] + [0] * 30])}, {"label": torch.tensor([2])})
    assert padded.values.shape[1] == 17 and padded.mask.sum() == 3
    torch.testing.assert_close(alone.values, padded.values[:, :3])


def test_target_loss_by_hand():
    target = Target(fitted(), 8)
    truth = torch.tensor([[1.0, 0.0, 1.0]])
    loss = target.loss(torch.zeros(1, 3), truth)
    torch.testing.assert_close(loss, torch.tensor([2.0]).log())
    assert target.outputs(target(torch.zeros(2, 1, 8))).shape == (2, 3)
    assert target.loss(torch.tensor([[9.0, -9, 9]]), truth, smoothing=0.1) > 0.1
