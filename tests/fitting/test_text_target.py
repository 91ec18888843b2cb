"""A column of texts as the target: it is written from the others, and honestly compared."""

from __future__ import annotations

import json

import numpy as np
import pytest

import plait
from plait.errors import TargetError
from plait.networks.config import SystemConfig
from plait.train.config import TrainConfig

TINY = SystemConfig(dim=64, depth=1, num_heads=2, join=0)
NUMBERS = ("No", "One", "Two", "Three", "Four")
KINDS = {
    "colour": ("red", "blue", "green", "white", "black", "grey"),
    "thing": ("boat", "house", "tree", "dog", "cup", "bird", "car", "ring"),
    "place": ("on the water", "under a Roof", "in Rome"),
}
COLUMNS = {"count": "number", "said": "text", **dict.fromkeys(KINDS, "category")}


def sentence(count, colour, thing, place):
    """The true text of a row: one of 720."""
    return f"{NUMBERS[count]} {colour} {thing}{'' if count == 1 else 's'} {place}."


def rows(num, seed=0, gaps=0.05):
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(num):
        row = {name: words[rng.integers(len(words))] for name, words in KINDS.items()}
        row = {"count": int(rng.integers(5)), **row}
        said = sentence(**row)
        gone = [name for name in row if rng.random() < gaps]
        found.append({**row, **dict.fromkeys(gone), "said": said})
    return found


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("texts") / "said.plait"
    model = plait.fit(
        plait.read(rows(500), columns=COLUMNS), target="said", budget="300 steps", size=TINY,
        train=TrainConfig(learning_rate=5e-3, batch_size=32), out=path,
    )  # fmt: skip
    return model, path


ASKED = [{k: v for k, v in row.items() if k != "said"} for row in rows(100, seed=7, gaps=0.0)]


def test_it_learns_to_write_and_keeps_case(written):
    model, path = written
    said = model.predict(ASKED)["prediction"]
    right = [text == sentence(**row) for text, row in zip(said, ASKED, strict=True)]
    assert np.mean(right) >= 0.9
    assert list(plait.load(path).predict(ASKED)["prediction"]) == list(said)


def test_it_is_compared_with_honest_baselines_and_scored_on_new_rows(written):
    model, path = written
    metrics = model.records["metrics"]
    scores = {one["name"]: one["metrics"]["chrf"] for one in metrics["candidates"]}
    assert metrics["shipped"] == "deep" and scores.keys() == {"deep", "typical", "nearest"}
    assert scores["deep"] > scores["nearest"] > scores["typical"]
    fresh = plait.evaluate(path, rows(120, seed=1, gaps=0.0))
    assert fresh["metrics"]["exact"] >= 0.9 and fresh["metrics"]["wer"] <= 0.05
    low, high = fresh["intervals"]["chrf"]
    assert low <= fresh["metrics"]["chrf"] <= high
    json.dumps(model.summary())


def test_what_is_missing_is_guessed_and_the_rest_is_written(written):
    model, _ = written
    for text in model.predict([{"thing": "dog"}, {"thing": "dog", "count": None}])["prediction"]:
        assert "dog" in text
    drawn = [model.predict([{"thing": "dog"}] * 12, temperature=1.0, seed=s) for s in (0, 0, 1)]
    texts = [list(one["prediction"]) for one in drawn]
    assert texts[0] == texts[1] != texts[2]


@pytest.mark.parametrize("gone", [(), ("count",), ("place",), ("count", "colour", "place")])
def test_it_claims_no_more_where_columns_are_gone(written, gone):
    model, _ = written
    asked = [{k: v for k, v in row.items() if k not in gone} for row in rows(150, 5, gaps=0.0)]
    sure = model.predict(asked)["confidence"].mean()
    found = model.evaluate(asked)
    assert found["foretells"] == "chrf" and found["ece"] < 0.15
    assert sure < found["metrics"]["chrf"] + 0.12
    assert sure > 0.95 or gone


def test_the_page_lays_texts_over_the_truth(written, tmp_path):
    _, path = written
    page = plait.report(path, tmp_path / "page.html").read_text(encoding="utf8")
    assert "Writes" in page and "chrF" in page and "made and true" in page
    assert "words wrong" in page and "<script src" not in page


def test_a_column_without_texts_is_refused():
    table = plait.read([{"a": i % 7, "said": None} for i in range(30)])
    with pytest.raises(TargetError, match="no value in any row"):
        plait.fit(table, target="said", budget="2 steps")
