"""Groups of options: spliced in where their parameter stands, handed over as one dict."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from plait.cli import run
from plait.cli.groups import Group, grouped, number, switch, text

Box = Annotated[
    dict[str, Any],
    Group(
        {
            "height": (number("In mm."), None),
            "colour": (text("red or blue.", "red", "blue"), "red"),
            "lid": (switch("--lid", "With a lid."), False),
        },
        lambda given: {"size": given.pop("height")} | given,
    ),
]


@pytest.fixture
def called():
    app, calls = typer.Typer(), []

    @app.command()
    @grouped
    def pack(name: str, first: int = 1, *, box: Box, last: int = 9) -> None:
        calls.append((name, first, box, last))

    def call(*words):
        done = CliRunner().invoke(app, list(words))
        return done, calls

    return call


def test_a_group_is_one_argument(called):
    done, calls = called("shoes", "--height", "3", "--colour", "blue", "--lid", "--last", "7")
    assert done.exit_code == 0, done.output
    assert calls == [("shoes", 1, {"size": 3.0, "colour": "blue", "lid": True}, 7)]


def test_what_is_not_said_has_its_default(called):
    assert called("shoes")[1] == [("shoes", 1, {"size": None, "colour": "red", "lid": False}, 9)]


def test_help_shows_the_options_where_the_group_stands(called):
    lines = called("--help")[0].output
    places = [lines.index(f"--{name}") for name in ("first", "height", "colour", "lid", "last")]
    assert places == sorted(places) and "--box" not in lines


def test_choices_are_checked(called):
    done, calls = called("shoes", "--colour", "green")
    assert done.exit_code == 2 and not calls


@pytest.mark.parametrize("verb", ["evaluate", "predict"])
def test_a_decision_reaches_the_recipe(verb, recipes):
    assert run([verb, "m.plait", "t.csv", "--threshold", "0.3", "--positive", "yes"]) == 0
    given = recipes.calls[0][2]
    assert (given["threshold"], given["positive"]) == (0.3, "yes")


def test_the_groups_of_fit_reach_the_recipe(recipes, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["--fusion", "2", "--cost", "false_negative=10", "--encoder", "text=./some", "--simple"]
    assert run(["fit", "t.csv", "--target", "kind", "--group", "who", *words]) == 0
    given = recipes.calls[0][2]
    assert given["fusion"] == 2 and given["costs"] == {"false_negative": 10.0}
    assert given["encoders"] == {"text": "./some"} and given["simple"] is True
    assert given["group"] == "who" and "cost" not in given and "encoder" not in given


def test_a_query_is_the_cells_that_were_said(monkeypatch):
    calls = []

    def search(bundle, table, **settings):
        calls.append(settings)
        return {"hits": [], "rows": 0}

    monkeypatch.setattr("plait.recipes.search.search", search)
    words = ["--table", "t.csv", "--text", "red", "--query", "size=42", "--weight", "text=2"]
    assert run(["search", "b.plait", *words]) == 0
    given = calls[0]
    assert given["query"] == {"text": "red", "size": "42"} and given["weights"] == {"text": 2.0}
