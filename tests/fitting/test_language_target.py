"""Texts written by a language model from a folder: told of rows, reading prompts, in the bundle."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import plait
from plait.errors import UsageError
from plait.networks.config import SystemConfig
from plait.train.config import TrainConfig

pytest.importorskip("transformers")
sys.path.insert(0, str(Path(__file__).parent.parent / "backbones"))

TINY = SystemConfig(dim=32, depth=1, num_heads=2, join=0)
COLOURS, THINGS = ("red", "blue", "green"), ("boat", "house", "tree", "dog")
QUICK = TrainConfig(batch_size=16)


def sentence(colour, thing):
    return f"A {colour} {thing} is here."


def rows(num, seed=0):
    rng = np.random.default_rng(seed)
    some = [(COLOURS[rng.integers(3)], THINGS[rng.integers(4)]) for _ in range(num)]
    return [{"colour": a, "thing": b, "said": sentence(a, b)} for a, b in some]


COLUMNS = {"colour": "category", "thing": "category", "said": "text"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A language model that knows the sentences, and not which row has which."""
    from tiny_languages import save

    place = tmp_path_factory.mktemp("languages") / "tiny"
    save(place, texts=[sentence(a, b) for a in COLOURS for b in THINGS])
    return place


@pytest.fixture(scope="module")
def written(folder, tmp_path_factory):
    path = tmp_path_factory.mktemp("texts") / "said.plait"
    # So many sentences that none recurs often enough to be one of a closed set.
    table = plait.read(
        rows(120),
        columns={**COLUMNS, "said": {"modality": "text", "settings": {"most_answers": 0}}},
    )
    model = plait.fit(
        table,
        target="said",
        budget="40 steps",
        size=TINY,
        train=QUICK,
        decoder=folder,
        baselines=False,
        out=path,
    )
    return model, path


def test_the_language_model_is_told_of_the_row(written):
    model, path = written
    asked = [{"colour": a, "thing": b} for a in COLOURS for b in THINGS]
    said = list(model.predict(asked)["prediction"])
    pairs = zip(said, asked, strict=True)
    assert np.mean([text.startswith(f"A {row['colour'][0]}") for text, row in pairs]) > 0.6
    assert list(plait.load(path).predict(asked)["prediction"]) == said


def test_both_decoders_are_measured_and_told(written):
    model, path = written
    told = model.records["metrics"]["training"]
    assert set(told["decoders"]) == {"language", "own", "rows"} and told["decoder"] == "language"
    assert told["decoders"]["language"] > told["decoders"]["own"] + 0.1
    (note,) = [one for one in model.records["metrics"]["notes"] if "the language model" in one]
    assert "tiny" in note and "low-rank" in note and "plait's own decoder had" in note
    sources = {one["source"]: one["licence"] for one in model.records["licences"]}
    assert sources["language model tiny"] == "cc0-1.0"
    assert (path / "language" / "model.safetensors").is_file()


def test_it_searches_draws_and_streams(written):
    model, _ = written
    row = {"colour": "red", "thing": "dog"}
    plain = model.predict([row])["prediction"][0]
    assert model.predict([row], beam=3)["prediction"][0] == plain
    drawn = {model.predict([row], temperature=1.5, seed=s)["prediction"][0] for s in range(6)}
    assert len(drawn) > 1


def test_a_prompt_is_read(folder):
    said = [{"asked": f"A {a} {b} is", "next": f"here, {a}."} for a in COLOURS for b in THINGS]
    table = plait.read(
        said * 12,
        columns={"asked": "text", "next": {"modality": "text", "settings": {"most_answers": 0}}},
    )
    model = plait.fit(
        table,
        target="next",
        budget="200 steps",
        size=TINY,
        train=QUICK,
        decoder=folder,
        tune="lora",
    )
    assert model.records["metrics"]["training"]["decoders"]["language"] > 0.7


def test_an_answer_of_a_closed_set_is_chosen_by_it(folder):
    table = plait.read(rows(240), columns=COLUMNS)
    model = plait.fit(
        table, target="said", budget="100 steps", size=TINY, train=QUICK, decoder=folder,
        baselines=True, tune="frozen",
    )  # fmt: skip
    asked = [{"colour": "red", "thing": "dog"}, {"colour": "green", "thing": "boat"}]
    known = {sentence(a, b) for a in COLOURS for b in THINGS}
    assert set(model.predict(asked)["prediction"]) <= known
    (note,) = [one for one in model.records["metrics"]["notes"] if "the language model" in one]
    assert "as it is" in note


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"target": "thing"}, "a decoder writes texts"),
        ({"target": "said,thing"}, "several targets"),
        ({"target": "said", "simple": True}, "trains no network"),
        ({"target": "said", "tune": "full"}, "no use"),
        ({}, "a decoder writes texts"),
    ],
)
def test_what_has_no_meaning_is_refused(settings, message, folder):
    table = plait.read(rows(40), columns=COLUMNS)
    with pytest.raises(UsageError, match=message):
        plait.fit(table, budget="2 steps", decoder=folder, **settings)
