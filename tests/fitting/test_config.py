"""Settings in a file: written, read, refused; what is given beside it wins."""

from __future__ import annotations

import inspect
import json

import pytest
import yaml

import plait
from plait.cli import run
from plait.errors import UsageError
from plait.fitting.setup.config import KINDS, read_config, write_config
from plait.reading import ReadOptions
from plait.train.config import TrainConfig

ROWS = [{"size": float(i % 7), "kind": "pq"[i % 7 > 3], "shade": "xyz"[i % 3]} for i in range(40)]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.jsonl").write_text("\n".join(json.dumps(row) for row in ROWS))
    return tmp_path


def test_every_setting_of_fit_can_be_in_the_file():
    others = {"config", "resume", "force", "progress", "reading", "began"}
    settings = set(inspect.signature(plait.fit).parameters) - others
    assert set(KINDS) == settings | set(ReadOptions.__annotations__)


def test_settings_survive_the_file(tmp_path):
    settings = {
        "table": "t.csv",
        "target": "kind",
        "budget": "2000 steps",
        "columns": {"note": "text"},
        "exclude": ["a", "b"],
        "seed": 7,
        "simple": False,
        "fusion": 3,
        "train": TrainConfig(batch_size=8),
    }
    path = write_config(tmp_path / "run.yaml", {**settings, "group": None, "encoders": {}})
    assert read_config(path) == settings
    assert yaml.safe_load(path.read_text())["version"] == 1
    assert str(tmp_path) not in path.read_text()


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("targett: kind", "no setting 'targett'", "did you mean 'target'"),
        ("on-error: skip", "no setting 'on-error'", "did you mean 'on_error'"),
        ("train: {batch_sice: 3}", "no setting 'train: batch_sice'", "did you mean 'batch_size'"),
        ("target: yes", "'target' is of the wrong kind", 'quote it: target: "True"'),
        ("seed: many", "'seed' is of the wrong kind", ""),
        ("version: 2", "of another version", "version of plait"),
        ("- a", "these are not settings", ""),
        ("a: [", "cannot be read", ""),
    ],
)
def test_a_wrong_file_is_refused_with_what_was_meant(tmp_path, text, message, hint):
    (tmp_path / "run.yaml").write_text(text)
    with pytest.raises(UsageError, match=message) as caught:
        read_config(tmp_path / "run.yaml")
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("settings", "message", "received"),
    [
        ({"target": 5}, "'target' is of the wrong kind", "5"),
        ({"target": "kind", "group": ["a"]}, "'group' is of the wrong kind", "['a']"),
        ({"target": "kind", "metric": 3}, "'metric' is of the wrong kind", "3"),
        ({"target": "kind", "seed": "a"}, "'seed' is of the wrong kind", "'a'"),
        ({"target": "kind", "costs": [1, 2]}, "'costs' is of the wrong kind", "[1, 2]"),
        ({"target": "kind", "exclude": "size"}, "'exclude' is no list of names", "'size'"),
        ({"target": "kind", "exclude": 5}, "'exclude' is no list of names", "5"),
        ({"target": "kind", "columns": ["size"]}, "not given by their names", "['size']"),
        ({"target": "kind", "columns": {"size": 5}}, "not given by their names", "{'size': 5}"),
    ],
)
def test_arguments_of_the_wrong_kind_are_refused(settings, message, received):
    with pytest.raises(UsageError, match=message) as caught:
        plait.fit([{"size": 1.0, "kind": "p"}], budget="1 step", **settings)
    assert caught.value.received == received


def test_in_python_arguments_win_over_the_file(folder):
    settings = {"target": "kind", "simple": True, "budget": "5s", "seed": 3, "scores": False}
    (folder / "run.yaml").write_text(yaml.safe_dump({**settings, "table": "t.jsonl"}))
    lineage = plait.fit(config="run.yaml", seed=4).records["lineage"]
    told, said = lineage["settings"], {**settings, "table": "t.jsonl", "seed": 4}
    assert lineage["said"] == said | {"budget": "5 seconds"}
    assert (told["target"], told["simple"], told["seed"]) == ("kind", True, 4)
    assert plait.fit(ROWS[:30], config=settings).records["lineage"]["table"]["rows"] == 30
    with pytest.raises(UsageError, match="no table to learn from"):
        plait.fit(config={"target": "kind"})


def test_on_the_command_line_flags_win_over_the_file(folder, capsys):
    saved = ["--save-config", "run.yaml", "--simple", "--budget", "5s", "--seed", "3", "-q"]
    assert run(["fit", "t.jsonl", "--target", "kind", "--out", "a.plait", *saved]) == 0
    settings = yaml.safe_load((folder / "run.yaml").read_text())
    assert settings["table"] == "t.jsonl" and settings["out"] == "a.plait"
    assert run(["fit", "--config", "run.yaml", "--seed", "4", "--out", "b.plait", "-q"]) == 0
    first, second = (
        plait.load(folder / name).records["lineage"]["settings"] for name in ("a.plait", "b.plait")
    )
    assert (first.pop("seed"), second.pop("seed")) == (3, 4)
    assert first == second
    capsys.readouterr()
    assert run(["fit", "-q"]) == 2
    assert "no table to learn from" in capsys.readouterr().err


def test_settings_that_are_not_there_are_said_to_be_missing(tmp_path):
    with pytest.raises(UsageError, match="there is no file of settings here") as caught:
        read_config(tmp_path / "nowhere.yaml")
    assert "Errno" not in str(caught.value) and "nowhere.yaml" in str(caught.value)
    with pytest.raises(UsageError, match="cannot be read") as caught:
        read_config(tmp_path)
    assert "Errno" not in str(caught.value)
