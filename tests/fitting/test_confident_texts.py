"""The confidence of what is written: true on data whose chances are known, whatever ships."""

from __future__ import annotations

import json

import numpy as np
import pytest

import plait
from plait.cli import run
from plait.networks.config import SystemConfig
from plait.train.config import TrainConfig

TINY = SystemConfig(dim=64, depth=1, num_heads=2, join=0)
QUICK = TrainConfig(learning_rate=5e-3, batch_size=32)
ANSWERS = ("a red boat", "a red house", "two red boats", "a grey dog sleeps", "nothing at all")
COLUMNS = {"clue": "category", "clear": "category", "said": "text"}


def clues(num, seed=0):
    """Rows whose clue tells the answer where it is clear, and nothing where it is not."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(num):
        said, clear = int(rng.integers(len(ANSWERS))), bool(rng.integers(2))
        clue = said if clear else int(rng.integers(len(ANSWERS)))
        found.append({"clue": f"c{clue}", "clear": str(clear), "said": ANSWERS[said]})
    return found


@pytest.fixture(scope="module")
def answering(tmp_path_factory):
    path = tmp_path_factory.mktemp("answers") / "said.plait"
    model = plait.fit(
        plait.read(clues(1000), columns=COLUMNS), target="said", budget="120 steps", size=TINY,
        train=QUICK, out=path,
    )  # fmt: skip
    return model, path


def test_answers_are_of_the_closed_set_and_as_sure_as_they_are_right(answering):
    model, path = answering
    assert model.records["metrics"]["shipped"] == "deep"
    assert model.generator.target.answers == tuple(sorted(ANSWERS))
    fresh = clues(400, seed=1)
    found = plait.load(path).predict(fresh)
    assert set(found["prediction"]) <= set(ANSWERS)
    clear = np.array([row["clear"] == "True" for row in fresh])
    assert found["confidence"][clear].mean() > 0.9
    assert abs(found["confidence"][~clear].mean() - 1 / len(ANSWERS)) < 0.1
    scores = plait.evaluate(path, fresh)
    assert scores["foretells"] == "exact" and scores["ece"] < 0.1
    assert scores["metrics"]["exact"] + 0.25 < scores["surest_half"]


def test_draws_of_a_closed_set_are_of_it_and_not_sure(answering):
    model, _ = answering
    row = {"clue": "c1", "clear": "False"}
    drawn = model.predict([row] * 60, temperature=1.0, seed=3)
    assert "confidence" not in drawn.columns and set(drawn["prediction"]) <= set(ANSWERS)
    several = [
        model.predict(row, temperature=1.0, seed=seed)["prediction"][0] for seed in range(60)
    ]
    assert len(set(several)) >= 4  # each answer has a chance of a fifth


def test_files_commands_and_pages_show_it(answering, tmp_path, capsys):
    _, path = answering
    done = plait.predict(path, clues(5, seed=2), out=tmp_path / "out.csv")
    assert done["columns"][-2:] == ["prediction", "confidence"]
    words = ["--given", "clue=c3", "--given", "clear=True"]
    assert run(["ask", str(path), *words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["prediction"] == ANSWERS[3] and found["confidence"] > 0.8
    page = plait.report(path, tmp_path / "page.html").read_text(encoding="utf8")
    assert "How far confidence can be trusted" in page and "Exact match by confidence" in page
    assert "% sure</span>" in page and "surer half" in page


def places(num, seed=0):
    """Names of places on a line: those below 0.5 stand close together, all others far apart."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(num):
        at = 0.5 * rng.random() if rng.random() < 0.8 else 0.5 + 8 * rng.random()
        words = rng.choice(["stone", "river", "field", "tower", "bridge", "mill"], 2)
        found.append({"at": float(at), "said": f"{int(at * 20):03d} {' '.join(words)}"})
    return found


def test_the_nearer_a_row_the_surer_its_text():
    table = plait.read(places(900), columns={"at": "number", "said": "text"})
    model = plait.fit(table, target="said", budget="20s", simple=True, samples=False)
    assert model.records["metrics"]["shipped"] == "nearest"
    rows = places(300, seed=1)
    found, scores = model.predict(rows), model.evaluate(rows)
    near = np.array([row["at"] < 0.5 for row in rows])
    assert found["confidence"][near].mean() > found["confidence"][~near].mean() + 0.05
    assert scores["foretells"] == "chrf" and scores["ece"] < 0.05
    assert scores["surest_half"] > scores["metrics"]["chrf"] + 0.01
    worst = model.top_losses(rows, k=3)
    assert all(0 <= one["confidence"] <= 1 for one in worst)


def test_without_rows_to_learn_it_from_there_is_none():
    table = plait.read(places(60), columns={"at": "number", "said": "text"})
    model = plait.fit(table, target="said", budget="8s", simple=True, samples=False)
    assert list(model.predict(places(4)).columns) == ["prediction"]
    assert any("confidence" in note for note in model.records["metrics"]["notes"])
