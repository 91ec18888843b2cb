"""The command of a page is read back as what was asked, whatever that was."""

from __future__ import annotations

import ast
import shlex
from importlib import import_module

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from plait.cli import run
from plait.data.overrides import parse_overrides
from plait.errors import UsageError
from plait.fitting.setup.config import read_config
from plait.fitting.setup.fit_config import FitConfig
from plait.fitting.setup.fit_settings import Choice, Decision, Network, Rows
from plait.fitting.setup.start_settings import Start
from plait.model.model import Model
from plait.reading import ReadOptions
from plait.report.again import SWITCHES, VALUES, again_command
from plait.train.budget import Budget
from plait.train.config import TrainConfig

LETTERS = st.text("ab ,=\"'{}|-ß\\#:$", min_size=1, max_size=6)
NAME = LETTERS.filter(lambda text: text == text.strip() and text not in ("*", "auto", "none"))
PLACE = st.sampled_from(["spaces", "my files/a.yaml", "../media", "-x"])
KIND = st.sampled_from(["text", "ignore"])
OF_NUMBER = st.builds(
    lambda words: {"modality": "number", "settings": {"null_words": words}}, st.lists(NAME)
)
SETTINGS = {
    "columns": st.dictionaries(NAME, KIND | OF_NUMBER, min_size=1, max_size=2),
    "exclude": st.lists(NAME, min_size=1, max_size=2),
    "encoders": st.dictionaries(NAME, PLACE, min_size=1, max_size=2)
    | st.just({"*": "none", "image": "auto"}),
    "costs": st.just({"false_negative": 2.5, "false_positive": 1.0}),
    "threshold": st.floats(0.01, 0.99),
    "fusion": st.sampled_from(["late", 3]),
    "seed": st.integers(0, 9),
    **dict.fromkeys(("columns_file", "schema", "root", "base"), PLACE),
    **dict.fromkeys(("sheet", "group", "time", "split", "weights", "positive"), NAME),
    **dict.fromkeys(("strict", "allow_network", "simple"), st.just(True)),
    **dict.fromkeys(("baselines", "samples"), st.just(False)),
    **{
        name: st.sampled_from(words.split())
        for name, words in {
            "encoding": "cp1252",
            "delimiter": "tab ; | ,",
            "decimal": ". ,",
            "on_error": "skip",
            "size": "tiny base",
            "device": "cpu",
            "metric": "auc",
            "adapt": "lora",
            "tune": "frozen",
        }.items()
    },
}


@st.composite
def asked(draw):
    names = draw(st.lists(st.sampled_from(sorted(SETTINGS)), unique=True, max_size=8))
    return {"target": draw(NAME)} | {name: draw(SETTINGS[name]) for name in names}


def page_of(asked, *, table="shop.csv", budget="20s", base=None):
    """Return what a bundle tells whose fit was asked for so."""
    config = FitConfig.of(budget=Budget.parse(budget), **asked)
    lineage = {"settings": {"target": 1}, "said": config.said(table, base)}
    return {"name": "m.plait", "lineage": lineage}


def asked_by(command, monkeypatch):
    """Return the arguments of `plait.fit` that a command of the shell comes to."""
    got = {}

    def fit(table, **given):
        got.update(given, table=table)
        raise UsageError("caught")

    with monkeypatch.context() as patch:
        patch.setattr(import_module("plait.recipes.fit"), "fit", fit)
        words = shlex.split(command)
        assert words[:2] == ["plait", "fit"]
        run([*words[1:], "-q"])
    assert got, command
    return got


@settings(max_examples=40, deadline=None)
@given(asked=asked(), budget=st.sampled_from(["20s", "90s", "2000 steps", "1.5s"]))
def test_the_command_asks_for_what_was_asked(asked, budget):
    data = page_of(asked, budget=budget)
    with pytest.MonkeyPatch.context() as patch:
        got = asked_by(again_command(data), patch)
    assert got.pop("table") == "shop.csv" and str(got.pop("out")) == "m.plait"
    if isinstance(got.get("columns"), str):
        got["columns"] = parse_overrides(got["columns"])
    assert Budget.parse(got["budget"]) == Budget.parse(budget)
    for name, value in asked.items():
        found = list(got[name]) if name == "exclude" else got[name]
        assert str(found) == str(value) if name not in ("columns", "costs") else found == value
    for name in ("progress", "began", "resume", "force", "budget"):
        got.pop(name, None)
    again = FitConfig.of(budget=Budget.parse(budget), **got)
    assert again.said("shop.csv", None) == data["lineage"]["said"]


def test_every_setting_of_fit_is_an_option_or_said_in_python():
    groups = (Rows, Network, Choice, Decision, Start)
    known = {name for group in groups for name in vars(group())} | {"target", "budget", "seed"}
    known |= {*ReadOptions.__annotations__, "samples", "licences"}
    lists = {"columns", "exclude", "encoders", "costs"}
    assert known - {*VALUES, *SWITCHES, *lists} == {"train", "scores", "licences"}


@pytest.mark.parametrize(
    "asked",
    [
        {"train": TrainConfig(batch_size=8)},
        {"scores": False},
        {"baselines": ["linear"]},
        {"size": {"dim": 64}},
        {"licences": [{"source": "a", "licence": "CC0"}]},
        {"columns": {"a": {"modality": None, "role": "id"}}},
    ],
)
def test_what_the_command_line_cannot_say_is_a_call(asked):
    call = again_command(page_of({"target": "t", **asked}))
    node = ast.parse(call, mode="eval").body
    assert isinstance(node, ast.Call) and not node.args and node.keywords[0].arg == "config"
    got = read_config(ast.literal_eval(node.keywords[0].value))
    assert got.pop("table") == "shop.csv" and got.pop("out") == "m.plait"
    assert {name: got[name] for name in asked} == asked


def test_a_table_in_memory_is_a_variable_and_a_base_in_memory_leaves_no_command(tmp_path):
    call = again_command(page_of({"target": "t"}, table=[{"a": 1}]))
    assert call.startswith("plait.fit(table, config={'target': 't'")
    base = Model.__new__(Model)
    base.path = None
    data = page_of({"target": "t", "base": base}, base=base)
    data["lineage"]["settings"]["base"] = "a key"
    assert again_command(data) == ""
    base.path = tmp_path / "space.plait"
    assert "--base space.plait" in again_command(page_of({"target": "t", "base": base}, base=base))


def test_a_bundle_tells_no_folders_of_its_maker(tmp_path):
    asked = {"target": "t", "root": tmp_path, "encoders": {"text": str(tmp_path / "mini")}}
    command = again_command(page_of(asked, table=str(tmp_path / "a b.csv")))
    assert str(tmp_path) not in command
    assert command.startswith("plait fit 'a b.csv' --encoder text=mini")


def test_a_bundle_that_tells_settings_only_gives_the_command_of_those():
    data = {"name": "m.plait", "lineage": {"table": {"name": "a b.csv"}, "settings": {
        "target": "x y", "budget": "20 seconds", "seed": 3, "size": "auto", "fusion": "late",
        "simple": True, "weights": "balanced", "metric": "auc", "exclude": "u, v",
        "decision": "false_negative=10.0, false_positive=1.0, positive=b",
        "encoders": "auto, image=none, text=mini",
        "rows": "group=who, time=None, split=None, on_error=skip"}}}  # fmt: skip
    assert again_command(data) == (
        "plait fit 'a b.csv' --exclude u --exclude v --encoder auto --encoder image=none "
        "--encoder text=mini --cost false_negative=10.0,false_positive=1.0 --simple "
        "--target 'x y' --budget 20s --fusion late --group who --on-error skip --metric auc "
        "--weights balanced --positive b --seed 3 --out m.plait"
    )
    assert again_command({}) == ""
