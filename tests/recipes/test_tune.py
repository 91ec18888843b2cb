"""plait tune: a search from the command line to the page, stopped and gone on with, and refused."""

import json

import numpy as np
import pytest

import plait
from plait.cli import run
from plait.errors import TargetError, UsageError
from plait.progress import Progress
from plait.recipes.tune import so_far
from plait.tuning import run as run_module

pytest.importorskip("optuna")

SETTINGS = {"target": "kind", "budget": "8 steps", "trials": 3, "simple": True, "encoders": "none"}


def rows(num=90):
    rng = np.random.default_rng(0)
    kinds = rng.integers(0, 2, num)
    return [
        {
            "size": round(float(kind * 1.5 + rng.normal()), 3),
            "noise": round(float(rng.normal()), 3),
            "kind": ("apple", "ice")[kind],
        }
        for kind in kinds
    ]


def table(folder):
    path = folder / "t.csv"
    names = list(rows()[0])
    lines = [",".join(names), *(",".join(str(row[n]) for n in names) for row in rows())]
    path.write_text("\n".join(lines))
    return path


class StopsAfter(Progress):
    """Stops like Ctrl-C at an update of the trials."""

    def __init__(self, num_updates):
        self.left = num_updates

    def task(self, name, total=None):
        def update(done, note=""):
            if name == "trials":
                self.left -= 1
                if self.left < 0:
                    raise KeyboardInterrupt

        return update


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tune")
    out, page = folder / "m.plait", folder / "m.html"
    return plait.tune(rows(), out=out, page=page, objectives=("score",), **SETTINGS), out, page


def test_what_is_kept_is_a_bundle_that_tells_of_the_search(whole):
    model, out, page = whole
    told = plait.load(out).records["tuning"]
    assert told == json.loads(json.dumps(model.records["tuning"]))
    assert len(told["trials"]) == 3 and told["kept"] in ("plain", "tuned")
    assert sum(one["trial"] == 0 and one["settings"] == "plain" for one in told["trials"]) == 1
    assert told["searched"] == ["baselines"] and told["sentence"] in page.read_text()
    assert not list(out.parent.glob(".*"))
    answer = plait.load(out).predict(rows(6))["prediction"]
    assert set(answer) <= {"apple", "ice"}


def test_the_test_chose_nothing_and_is_told_with_intervals(whole):
    model, _, _ = whole
    told, splits = model.records["tuning"], model.records["splits"]
    assert told["test"]["rows"] == len(splits["test"]) > 0
    assert told["test"]["plain"]["interval"][0] <= told["test"]["plain"]["value"]
    most = max(one["rows"] for one in told["trials"] if "rows" in one)
    assert most == len(splits["train"]) + len(splits["validation"])


def test_energy_of_all_of_it_is_in_card_and_record(whole):
    model, _, _ = whole
    assert model.records["energy"]["wh"] == model.records["tuning"]["energy"]["wh"] > 0
    assert model.records["energy"]["answers"]["wh_per_1000"] > 0
    assert model.card.count("## What it cost") == 1 and "1,000 answers" in model.card


@pytest.mark.parametrize("shown", [True, False])
def test_what_new_folds_show_decides_what_is_kept(shown, tmp_path, monkeypatch):
    gain = {"metric": "cost", "gain": 0.1, "plain": 0.5, "tuned": 0.4, "rows": 76, "shown": shown}
    gain["interval"] = [0.05, 0.15] if shown else [-0.05, 0.25]
    monkeypatch.setattr(run_module, "confirm", lambda *args, **kwargs: gain)
    monkeypatch.setattr(run_module.Search, "best", lambda self: 1)
    model = plait.tune(rows(), objectives=("score", "mb"), **SETTINGS)
    told = model.records["tuning"]
    found = next(one for one in told["trials"] if one["trial"] == 1)
    assert told["kept"] == ("tuned" if shown else "plain") and told["winner"] == 1
    assert {"plain", "tuned"} <= set(told["test"]) and told["test"]["gain"] is not None
    said = str(model.records["lineage"]["said"].get("baselines"))
    names = found["point"]["baselines"].split(",")
    assert all(name in said for name in names) == shown
    assert ("no clear gain" in told["sentence"]) != shown


def test_a_stopped_tune_is_gone_on_with(whole, tmp_path):
    out = tmp_path / "m.plait"
    given = {"out": out, "objectives": ("score",), **SETTINGS}
    with pytest.raises(KeyboardInterrupt):
        plait.tune(rows(), progress=StopsAfter(2), **given)
    assert so_far(out).startswith("a plain fit, ")
    with pytest.raises(UsageError, match="interrupted tune had other settings: trials"):
        plait.tune(rows(), resume=True, **{**given, "trials": 4})
    model = plait.tune(rows(), resume=True, **given)
    first, second = (one.records["tuning"]["trials"] for one in (whole[0], model))
    assert [one["point"] for one in first] == [one["point"] for one in second]
    assert [one.get("score") for one in first] == [one.get("score") for one in second]
    assert [path.name for path in tmp_path.iterdir()] == ["m.plait"]


def test_ctrl_c_on_the_command_line_says_how_far_it_came(tmp_path, capsys, monkeypatch):
    source = table(tmp_path)
    from plait.tuning import search

    calls = []
    judge = search.Search._judge

    def stopped(self, *args):
        if calls:
            raise KeyboardInterrupt
        calls.append(1)
        return judge(self, *args)

    monkeypatch.setattr(search.Search, "_judge", stopped)
    words = ["tune", str(source), "--target", "kind", "--budget", "8 steps", "--trials", "3"]
    words += ["--simple", "--objectives", "score", "--out", str(tmp_path / "c.plait"), "-q"]
    assert run(words) == 130
    said = capsys.readouterr().err
    assert "stopped: a plain fit, 1 trial, the best so far: plain (accuracy" in said
    assert "--resume" in said
    monkeypatch.undo()
    assert run([*words, "--resume", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["trials"]) == 3 and told["bundle"].endswith("c.plait")


def test_people_read_trials_and_a_sentence(whole, capsys):
    from plait.cli.tune import show

    show({"bundle": "m.plait", "page": None, **whole[0].records["tuning"]})
    out = capsys.readouterr().out
    assert "Trials" in out and "kept" in out and out.rstrip().endswith(".")


def test_what_cannot_be_tuned_is_refused(tmp_path):
    with pytest.raises(UsageError, match="too short for two trials"):
        plait.tune(rows(), **{**SETTINGS, "budget": "5s", "trials": None})
    with pytest.raises(UsageError, match="no such objective"):
        plait.tune(rows(), objectives=("score", "beauty"), **SETTINGS)
    with pytest.raises(UsageError, match="too few rows"):
        plait.tune(rows(30), **SETTINGS)
    with pytest.raises(UsageError, match="no target"):
        plait.tune(rows(), budget="8 steps")
    with pytest.raises(TargetError, match="one target at a time"):
        plait.tune(rows(), **{**SETTINGS, "target": "kind,size"})
    with pytest.raises(UsageError, match="has no use for this"):
        plait.tune(rows(), whole_rows=False, label_curve=True, **SETTINGS)
    with pytest.raises(UsageError, match="nothing to resume"):
        plait.tune(rows(), resume=True, **SETTINGS)
