"""A column that is not there is a wrong call, in every verb and every option that names one."""

from __future__ import annotations

import json

import pytest

import plait
from plait.cli import run

SIMPLE = ["fit", "shop.csv", "--simple", "--budget", "1 steps"]
FIT = [*SIMPLE, "--out", "space.plait"]
TARGET = [*SIMPLE, "--target", "kind"]
EMBED = ["embed", "space.plait", "shop.csv", "--out", "vectors.parquet"]
SEARCH = ["search", "space.plait", "--table", "shop.csv", "--text", "red"]
PREDICT = ["predict", "shop.plait", "shop.csv", "--out", "answers.csv"]
EVALUATE = ["evaluate", "shop.plait", "shop.csv"]
INSPECT = ["inspect", "shop.csv"]
READING = (["--columns", "nots=text"], ["--exclude", "nots"], ["--schema", "other.yaml"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a table, a model, a space, and what lacks columns of theirs."""
    folder = tmp_path_factory.mktemp("wrong")
    kinds, colours = ("boot", "hat"), ("red", "blue", "old")
    lines = [f"a {colours[i % 3]} {kinds[i % 2]} {i},{i % 2}.{i},{kinds[i % 2]}" for i in range(40)]
    (folder / "shop.csv").write_text("\n".join(["note,size,kind", *lines]) + "\n")
    (folder / "part.csv").write_text("size\n1.5\n2.5\n")
    (folder / "none.csv").write_text("x,y\n1.5,red\n2.5,blue\n")
    (folder / "other.yaml").write_text("columns:\n  nots: {modality: text}\n")
    table = plait.read(folder / "shop.csv", columns={"note": "text"})
    settings = {"simple": True, "budget": "1 steps", "samples": False, "seed": 0}
    plait.fit(table, target="kind", baselines=["linear"], out=folder / "shop.plait", **settings)
    plait.fit(table, exclude=("kind",), out=folder / "space.plait", **settings)
    return folder


@pytest.fixture(autouse=True)
def there(folder, monkeypatch):
    monkeypatch.chdir(folder)


def fails(words, capsys):
    """Return the error of a command that must end with 2, as JSON and with text for people."""
    capsys.readouterr()
    assert run([*words, "--json", "--quiet"]) == 2
    out, err = capsys.readouterr()
    assert err == "" and "Traceback" not in out
    found = json.loads(out)
    assert found["what"]
    return found


@pytest.mark.parametrize("option", READING, ids=" ".join)
@pytest.mark.parametrize("verb", [INSPECT, TARGET, FIT, EVALUATE, PREDICT, EMBED, SEARCH])
def test_options_of_reading(verb, option, capsys):
    assert "nots" in json.dumps(fails([*verb, *option], capsys))


@pytest.mark.parametrize(
    "words",
    [
        [*INSPECT, "--target", "nots"],
        [*INSPECT, "--group", "nots"],
        [*INSPECT, "--time", "nots"],
        [*INSPECT, "--split", "nots"],
        [*SIMPLE, "--target", "nots"],
        [*TARGET, "--group", "nots"],
        [*TARGET, "--time", "nots"],
        [*TARGET, "--split", "nots"],
        [*TARGET, "--weights", "nots"],
        [*SEARCH, "--query", "nots=red"],
        [*SEARCH, "--weight", "nots=2"],
        [*SEARCH, "--where", "nots < 3"],
    ],
    ids=lambda words: f"{words[0]} {words[-2]}",
)
def test_options_of_one_verb(words, capsys):
    assert "nots" in json.dumps(fails(words, capsys))


@pytest.mark.parametrize("verb", [PREDICT, EVALUATE, EMBED, SEARCH], ids=lambda verb: verb[0])
def test_a_table_without_any_column_of_the_bundle(verb, capsys):
    words = [word.replace("shop.csv", "none.csv") for word in verb]
    found = fails(words, capsys)
    assert "none of the columns that the model reads" in found["what"]


@pytest.mark.parametrize("verb", [PREDICT, EMBED, SEARCH], ids=lambda verb: verb[0])
def test_a_table_that_lacks_one_in_strict_mode(verb, capsys):
    words = [word.replace("shop.csv", "part.csv") for word in verb]
    assert "note" in json.dumps(fails([*words, "--strict"], capsys))


def test_a_table_without_the_target_has_nothing_to_compare_with(capsys):
    found = fails(["evaluate", "shop.plait", "part.csv"], capsys)
    assert "lacks the target" in found["what"]
