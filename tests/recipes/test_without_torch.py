"""Simple models and closed-form spaces, from fit to report, without any package of a network."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import plait
from plait.errors import UsageError

WORK = Path(__file__).with_name("simple_work.py")
BLOCKED = "torch jaxtyping tokenizers transformers huggingface_hub pandas beartype rdkit av"


@pytest.fixture(scope="module")
def without(tmp_path_factory):
    done = subprocess.run(
        [sys.executable, str(WORK), BLOCKED],
        cwd=tmp_path_factory.mktemp("without"),
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_simple_fits_predict_score_and_report_without_torch(without):
    assert without["predicted"]["prediction"] == ["boot", "hat", "boot", "hat", "boot"]
    assert without["scores"]["accuracy"] == 1.0
    assert without["report"].endswith("m.html")
    assert without["inspected"] == ["text", "number", "category", "category"]


def test_closed_form_spaces_embed_search_and_name_classes_without_torch(without):
    assert len(without["vectors"]) == 3
    assert len(without["hits"]) == len(without["classes"]["prediction"]) == 3


def test_a_network_is_refused_with_what_brings_it_and_what_does_without(without):
    assert "needs the extra 'train'" in without["refused"]
    assert "or leave it out: --simple" in without["refused"]


def test_simple_models_of_which_none_applies_are_refused():
    rows = [{"note": f"a {'red' if i % 2 else 'old'} {i}", "kind": "pq"[i % 2]} for i in range(30)]
    table = plait.read(rows, columns={"note": "text"})
    with pytest.raises(UsageError, match="none of the simple models .* applies") as caught:
        plait.fit(table, target="kind", simple=True, baselines=["trees"], budget="1 steps")
    assert caught.value.received == "trees"


def test_what_comes_out_is_the_same_where_torch_can_be_imported(without, tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("simple_work", WORK)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.chdir(tmp_path)
    beside = json.loads(module.as_json(module.work()))
    assert beside == {name: value for name, value in without.items() if name != "refused"}
