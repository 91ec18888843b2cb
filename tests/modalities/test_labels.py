"""Labels come back as what they were, and are the same label in another type."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from plait import read
from plait.data.schema import make_codec
from plait.modalities import Media, codec_from_dict, codec_to_dict
from plait.modalities.categories.codec import CategoriesCodec
from plait.modalities.category.codec import CategoryCodec

HERE = Media(Path("."))


def fitted(cells, name="x", kind="category"):
    column = read({name: cells}, columns={name: kind}).schema[name]
    codec = make_codec(column)
    return codec.fit([codec.read(cell, HERE) for cell in cells if cell is not None])


def answered(codec):
    return codec.answer(np.eye(len(codec.labels), dtype=np.float32))


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ([0, 1, 2], int),
        ([0.0, 1.0, None], float),
        ([0.5, 1.5], float),
        ([True, False], bool),
        (["0", "1"], int),
        (["-1", "12"], int),
        (["true", "FALSE"], bool),
        (["01", "02"], str),
        (["1", "A"], str),
        ([1, "a"], str),
        ([1, 2.5], str),
        ([True, 2], str),
        (["1.0", "2.0"], float),
        (["yes", "no"], str),
    ],
)
def test_predictions_are_of_the_type_that_was_learned(cells, kind):
    codec = fitted(cells)
    found = answered(codec)
    assert {type(value) for value in found["prediction"]} == {kind}
    known = {cell for cell in cells if cell is not None}
    if kind is not str and not any(isinstance(cell, str) for cell in known):
        assert set(found["prediction"]) == known
    assert [f"p_{label}" for label in codec.labels] == list(found)[2:]
    json.dumps(found["prediction"])
    rebuilt = codec_from_dict(json.loads(json.dumps(codec_to_dict(codec))))
    assert answered(rebuilt)["prediction"] == found["prediction"]


def test_text_of_a_table_with_types_stays_text():
    column = read({"x": ["0", "1"] * 30, "size": np.arange(60) / 7}).schema["x"]
    codec = make_codec(column).fit(["0", "1"])
    assert answered(codec)["prediction"] == ["0", "1"]


def test_a_label_beyond_the_sample_decides_too():
    codec = CategoryCodec(kind="int").fit(["1", "2", "many"])
    assert answered(codec)["prediction"] == ["1", "2", "many"] and codec.kind == "text"


@pytest.mark.parametrize(
    ("cells", "others"),
    [
        ([0, 1], [("0", "1"), (0.0, 1.0), (False, True), ("0.0", "1.0"), ("false", "True")]),
        ([0.0, 1.0], [("0", "1"), (0, 1), (False, True)]),
        ([False, True], [("false", "true"), (0, 1), (0.0, 1.0), ("FALSE", "TRUE"), ("0", "1")]),
        (["0", "1"], [(0, 1), (0.0, 1.0), (np.int64(0), np.float32(1))]),
        (["1.0", "2.0"], [(1, 2), (1.0, 2.0)]),
    ],
)
def test_the_same_label_in_another_type_matches(cells, others):
    codec = fitted(cells)
    wanted = [int(codec.prepare(codec.read(cell, HERE))["label"][0]) for cell in cells]
    assert 0 not in wanted
    for same in others:
        found = [int(codec.prepare(codec.read(cell, HERE))["label"][0]) for cell in same]
        assert found == wanted, same


def test_fractions_and_truth_are_spelled_as_in_training():
    assert fitted(["1.0", "2.50"]).as_written([2.5, 1.0]) == ["2.50", "1.0"]
    assert fitted(["TRUE", "false"]).as_written([True, False]) == ["TRUE", "false"]
    assert fitted([3, 4]).as_written([4, 3]) == [4, 3]


def test_codes_with_leading_zeros_match_only_themselves():
    codec = fitted(["01", "1"])
    numbers = [int(codec.prepare(codec.read(c, HERE))["label"][0]) for c in ("01", "1", 1, "1.0")]
    assert numbers[1] == numbers[2] == numbers[3] != numbers[0] != 0
    assert int(fitted(["01", "02"]).prepare("1")["label"][0]) == 0


def test_labels_of_lists_come_back_as_lists():
    cells = [[1, 2], [2], [3, 1]]
    codec = fitted(cells, kind="categories")
    assert codec.answer(np.ones((1, 3), np.float32))["prediction"] == [[1, 2, 3]]
    assert codec.prepare(codec.read(["2.0"], HERE)) == codec.prepare(codec.read([2], HERE))
    texts = CategoriesCodec().fit([("a", "b"), ("a",)])
    assert texts.answer(np.ones((1, 2), np.float32))["prediction"] == ["a;b"]


def test_old_codecs_answer_text():
    old = {"modality": "category", "version": 1, "labels": ["0", "1"], "max_labels": 2048}
    assert answered(codec_from_dict(old))["prediction"] == ["0", "1"]
