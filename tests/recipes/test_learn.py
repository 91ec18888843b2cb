"""plait learn and predict --delta: the same from Python and from the command line."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

import plait
from plait.cli import run
from plait.errors import ColumnError, ForgettingError, UsageError

MIDDLES = {"cod": (0, 0), "pike": (6, 0), "eel": (0, 6), "ray": (6, 6)}


def rows_of(kind, num, seed):
    values = np.random.default_rng([seed, list(MIDDLES).index(kind)]).normal(
        MIDDLES[kind], 1.0, (num, 2)
    )
    return [{"x": round(float(x), 3), "y": round(float(y), 3), "kind": kind} for x, y in values]


def written(path, rows):
    with path.open("w", newline="") as stream:
        sheet = csv.DictWriter(stream, list(rows[0]))
        sheet.writeheader()
        sheet.writerows(rows)
    return path


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    path = tmp_path_factory.mktemp("learn") / "fish.plait"
    rows = [row for kind in ("cod", "pike", "eel") for row in rows_of(kind, 40, 1)]
    plait.fit(
        plait.read(rows), target="kind", budget="5s", simple=True, label_curve=False, out=path
    )
    return path


@pytest.fixture
def rays(tmp_path):
    return written(tmp_path / "rays.csv", rows_of("ray", 10, 2))


def test_a_new_class_is_learned_answered_and_forgotten(bundle, rays, tmp_path, capsys):
    delta, new = tmp_path / "mine.delta", written(tmp_path / "new.csv", rows_of("ray", 20, 3))
    assert (
        run(["learn", str(bundle), str(rays), "--new", "ray", "--out", str(delta), "--json"]) == 0
    )
    found = json.loads(capsys.readouterr().out)
    assert found["new_classes"] == ["ray"] and found["check"]["passed"]
    assert found["lessons"][0]["right"] >= 0.8 and found["bytes"] == delta.stat().st_size
    out = tmp_path / "said.csv"
    words = ["predict", str(bundle), str(new), "--out", str(out), "--quiet"]
    assert run([*words, "--delta", str(delta)]) == 0
    with out.open() as stream:
        said = [row["prediction"] for row in csv.DictReader(stream)]
    assert said.count("ray") >= 16
    number = found["lessons"][0]["id"]
    undone = ["learn", str(bundle), "--out", str(delta), "--undo", number]
    assert run(undone) == 0 and "The delta holds" not in capsys.readouterr().out
    assert run(undone) == 2 and "no such correction" in capsys.readouterr().err


def test_corrections_and_deltas_of_others_are_joined(bundle, rays, tmp_path):
    mine, theirs = tmp_path / "mine.delta", tmp_path / "theirs.delta"
    plait.learn(bundle, rays, new=["ray"], out=theirs)
    right = written(tmp_path / "right.csv", rows_of("cod", 3, 5) + rows_of("eel", 2, 5))
    plait.learn(bundle, right, out=mine)
    found = plait.learn(bundle, out=mine, merge=[theirs])
    assert [one["rows"] for one in found["corrections"]] == [5, 10]
    assert found["corrections"][0]["classes"] == {"cod": 3, "eel": 2}
    answer = plait.predict(bundle, rows_of("ray", 20, 3), delta=mine)
    assert answer["prediction"].count("ray") >= 16


def test_a_key_signs_and_is_asked_for(bundle, rays, tmp_path, capsys):
    delta, key = tmp_path / "mine.delta", tmp_path / "my.key"
    found = plait.learn(bundle, rays, new=["ray"], out=delta, key=key)
    assert found["signed"] and key.stat().st_size == 65
    plait.predict(bundle, rows_of("ray", 2, 3), delta=delta, key=key)
    plait.learn(bundle, rays, new=["ray"], out=delta)
    words = ["predict", str(bundle), str(rays), "--delta", str(delta), "--key", str(key)]
    assert run([*words, "--out", str(tmp_path / "x.csv")]) == 1
    assert "not signed by this key" in capsys.readouterr().err


def test_what_costs_too_much_is_refused_and_nothing_is_written(bundle, tmp_path, capsys):
    rows = [{**row, "kind": "eel"} for row in rows_of("cod", 12, 6)]
    wrong, delta = written(tmp_path / "wrong.csv", rows), tmp_path / "mine.delta"
    with pytest.raises(ForgettingError, match="costs too much"):
        plait.learn(bundle, wrong, out=delta)
    assert not delta.exists()
    assert run(["learn", str(bundle), str(wrong), "--out", str(delta)]) == 1
    assert "--force" in capsys.readouterr().err
    assert run(["learn", str(bundle), str(wrong), "--out", str(delta), "--force"]) == 0
    assert "cost of what is known" in capsys.readouterr().out


def test_a_wrong_call_says_what_is_wrong(bundle, rays, tmp_path):
    delta = tmp_path / "mine.delta"
    with pytest.raises(UsageError, match="nothing to learn"):
        plait.learn(bundle, out=delta)
    with pytest.raises(UsageError, match="nobody taught") as caught:
        plait.learn(bundle, rays, out=delta)
    assert "--new" in caught.value.hint
    with pytest.raises(UsageError, match="no example is of the new class"):
        plait.learn(bundle, rays, new=["whale"], out=delta)
    with pytest.raises(ColumnError, match="lacks the target"):
        plait.learn(bundle, [{"x": 1.0, "y": 2.0}], out=delta)
    with pytest.raises(UsageError, match="over what is read"):
        plait.learn(bundle, rays, new=["ray"], out=rays)


def test_help_has_an_example(capsys):
    assert run(["learn", "--help"]) == 0
    assert "plait learn fish.plait sunfish.csv --new sunfish" in capsys.readouterr().out
