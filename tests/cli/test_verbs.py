"""Every verb passes on what was typed, answers in JSON or tables, and explains itself."""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path

import pytest

from plait.cli import run

CALLS = {
    "demo": ["demo"],
    "inspect": ["inspect", "shop.csv"],
    "fit": ["fit", "shop.csv", "--target", "category"],
    "evaluate": ["evaluate", "shop.plait", "test.csv"],
    "predict": ["predict", "shop.plait", "new.csv"],
    "report": ["report", "shop.plait"],
}


@pytest.mark.parametrize("verb", CALLS)
def test_json_is_one_object_on_stdout_and_nothing_on_stderr(verb, recipes, capsys):
    assert run([*CALLS[verb], "--json", "--seed", "3", "--quiet"]) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1
    assert isinstance(json.loads(out), dict)
    assert err == ""
    assert [call[0] for call in recipes.calls] == [verb]


@pytest.mark.parametrize("verb", CALLS)
def test_people_get_text_without_colour(verb, recipes, capsys):
    assert run(CALLS[verb]) == 0
    out = capsys.readouterr().out
    assert out.strip()
    assert "\x1b" not in out


@pytest.mark.parametrize(
    "verb", [*CALLS, "bench", "compress", "doctor", "encoders", "export", "scale", "tune"]
)
def test_help_shows_an_example_and_the_common_options(verb, capsys):
    assert run([verb, "--help"]) == 0
    out = capsys.readouterr().out
    assert re.search(rf"Examples?:\s+plait {verb}", out)
    assert all(option in out for option in ("--json", "--seed", "--quiet"))


def test_fit_passes_every_option_on(recipes):
    options = "--budget 30s --size tiny --fusion 2 --columns note=text --exclude a,b --exclude c"
    more = "--group patient --on-error skip --strict --no-baselines --resume --force --seed 7"
    more += " --label-curve --horizon 4 --items shelf.csv --leave-last-out"
    more += " --generator gan --augment generated --decoder lm.gguf"
    said = [*options.split(), *more.split(), "--out", "m.plait"]
    assert run(["fit", "shop.csv", "--target", "kind", *said]) == 0
    _, args, kwargs = recipes.calls[0]
    assert args == ("shop.csv",)
    assert kwargs.pop("progress") is not None
    began = kwargs.pop("began")
    assert began is None or began <= time.monotonic()
    assert kwargs == {
        "target": "kind",
        "budget": "30s",
        "size": "tiny",
        "fusion": 2,
        "generator": "gan",
        "augment": "generated",
        "decoder": "lm.gguf",
        "columns": "note=text",
        "exclude": ("a", "b", "c"),
        "group": "patient",
        "time": None,
        "split": None,
        "horizon": 4,
        "lookback": None,
        "known": None,
        "items": Path("shelf.csv"),
        "whole_rows": False,
        "leave_last_out": True,
        "reward": None,
        "seed": 7,
        "device": "auto",
        "on_error": "skip",
        "strict": True,
        "out": Path("m.plait"),
        "resume": True,
        "force": True,
        "baselines": False,
        "simple": False,
        "label_curve": True,
        "metric": None,
        "weights": None,
        "threshold": None,
        "costs": None,
        "positive": None,
        "samples": True,
        "tune": "auto",
        "adapt": "auto",
        "base": None,
        "encoders": None,
    }


def test_a_bundle_without_a_name_takes_the_tables(recipes):
    run(["fit", "data/shop.v2.csv", "--target", "kind"])
    assert recipes.calls[0][2]["out"] == Path("shop.v2.plait")


def test_fit_shows_baselines_beside_what_was_shipped(recipes, capsys):
    run(["fit", "shop.csv", "--target", "kind", "--quiet"])
    out = capsys.readouterr().out
    assert (
        "stack" in out
        and "guessing" in out
        and "majority" not in out
        and "210000" in out.replace(",", "")
    )
    assert "verdict: Better than guessing." in out
    assert "note: no row has all columns" in out
    assert "next: plait report shop.plait" in out


def test_evaluate_shows_intervals(recipes, capsys):
    run(["evaluate", "shop.plait", "test.csv"])
    out = capsys.readouterr().out
    assert "0.9 [0.85, 0.95]" in out
    assert "image+text" in out


def test_metrics_in_the_unit_of_a_number_say_it(recipes, capsys, monkeypatch):
    scored = {"metrics": {"rmse": 2.0, "r2": 0.5}, "intervals": {"rmse": [1.0, 3.0]}}
    told = {"task": "regress", "rows": 40, "unit": "kg", **scored}
    evaluate = sys.modules["plait.recipes.evaluate"]
    monkeypatch.setattr(evaluate, "evaluate", lambda *_, **__: told)
    run(["evaluate", "shop.plait", "test.csv"])
    out = capsys.readouterr().out
    assert "rmse [kg]" in out and "r2 [kg]" not in out
    run(["evaluate", "shop.plait", "test.csv", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["unit"] == "kg" and found["metrics"] == {"rmse": 2.0, "r2": 0.5}


def test_inspect_shows_columns_and_what_is_wrong(recipes, capsys):
    run(["inspect", "shop.csv", "--target", "kind"])
    out = capsys.readouterr().out
    shown = ("photo", "10.0%", "all different", "3, 9", "price, cost", "0.99", "boot", "30")
    assert all(word in out for word in shown)
    assert "alike in" in out and "all columns" in out and "num_" not in out
    assert out.endswith("warning: the column colour is constant\n")


def test_inspect_tells_the_target_from_the_inputs(recipes, capsys):
    run(["inspect", "shop.csv", "--target", "kind"])
    lines = capsys.readouterr().out.splitlines()
    assert next(line for line in lines if line.split()[:1] == ["kind"]).split()[2] == "target"


def test_a_page_is_asked_for_by_the_same_word_of_inspect_as_of_search(recipes, capsys):
    assert run(["inspect", "shop.csv", "--page", "shop.html"]) == 0
    assert recipes.calls[0][2]["page"] == Path("shop.html")
    capsys.readouterr()
    run(["search", "--help"])
    assert "--page" in capsys.readouterr().out


def test_nan_becomes_null(recipes, capsys):
    run(["fit", "shop.csv", "--target", "kind", "--json"])
    assert json.loads(capsys.readouterr().out)["metrics"] == {"accuracy": 0.91, "log_loss": None}


def test_a_page_is_opened_only_when_asked_and_on_a_screen(recipes, monkeypatch):
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda url: opened.append(url) or True)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("DISPLAY", ":0")
    run(["report", "shop.plait"])
    assert opened == []
    run(["report", "shop.plait", "--open"])
    assert len(opened) == 1 and opened[0].endswith("/report.html")
    monkeypatch.setenv("CI", "true")
    run(["report", "shop.plait", "--open"])
    assert len(opened) == 1
