"""What a page is told of a model, and which models cannot be a page."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

import plait
from plait.errors import TargetError
from plait.modalities import modalities
from plait.web.facts import browser_folder, check_runs_in_browsers, page_facts

sys.path.insert(0, str(Path(__file__).parent))

from small_models import COLUMNS, small_model


def test_columns_are_told_with_all_that_prepares_them():
    facts = page_facts(small_model())
    assert [one["name"] for one in facts["columns"]] == list(COLUMNS)
    note, size = facts["columns"][:2]
    assert note["modality"] == "text" and note["codec"]["merges"] and note["codec"]["fold_case"]
    assert note["parts"]["tokens"] == {"shape": ["token"], "dtype": "int32"}
    assert size["codec"]["mean"] == pytest.approx(small_model().codecs["size"].mean)
    assert facts["graphs"] == [{"file": "graphs/0.onnx", "precision": "float32", "folded": False}]


@pytest.mark.parametrize("target", ["kind", "price", "words"])
def test_facts_are_json_that_every_browser_reads(target):
    facts = page_facts(small_model(target))
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts


def test_what_is_open_is_null():
    assert page_facts(small_model("price"))["answer"]["bounds"] == [0.0, None]
    assert page_facts(small_model("kind"))["answer"]["bounds"] == [None, None]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"weights": {"deep": 0.5, "boosted": 0.5}}, "simple models: boosted"),
        ({"evidence": (object(),)}, "what simple models say"),
        ({"graphs": ()}, "not a graph"),
    ],
)
def test_what_is_more_than_a_graph_is_refused_with_the_way_to_make_one(changes, why):
    with pytest.raises(TargetError, match="cannot be made a page") as caught:
        check_runs_in_browsers(small_model(**changes))
    assert why in caught.value.received and "plait compress" in caught.value.hint


def test_a_model_without_a_target_is_refused():
    with pytest.raises(TargetError) as caught:
        check_runs_in_browsers(replace(small_model(), parts=None, target=None))
    assert "no target" in caught.value.received


def test_a_target_that_is_made_is_refused_by_its_modality():
    made = SimpleNamespace(target=SimpleNamespace(modality="molecule"))
    with pytest.raises(TargetError) as caught:
        check_runs_in_browsers(replace(small_model(), parts=made))
    assert "molecule" in caught.value.received


def test_what_comes_next_in_time_is_refused():
    with pytest.raises(TargetError) as caught:
        check_runs_in_browsers(replace(small_model(), forecast=object()))
    assert "in time" in caught.value.received


def test_a_column_that_an_encoder_reads_is_refused_by_name():
    derived = SimpleNamespace(input_column="note")
    with pytest.raises(TargetError) as caught:
        check_runs_in_browsers(replace(small_model(), derived_columns=(derived,)))
    assert "note" in caught.value.received


def test_a_modality_that_no_browser_reads_is_refused_by_name():
    codec = plait.modalities.find_codec("molecule")()
    model = small_model()
    model.ensemble.codecs = {**model.ensemble.codecs, "size": codec}
    with pytest.raises(TargetError) as caught:
        check_runs_in_browsers(model)
    assert "'size'" in caught.value.received and "molecule" in caught.value.received
    assert "size=ignore" in caught.value.hint


def test_the_usual_modalities_are_read_in_browsers():
    found = {name for name in modalities() if browser_folder(name)}
    assert found >= {
        "audio", "categories", "category", "date", "image", "number", "series", "text",
    }  # fmt: skip
