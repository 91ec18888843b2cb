"""Columns that a table lacks are said, with the name they may have; strict makes them an error."""

import json

import pytest

import plait
from plait.cli import run
from plait.data.cache import default_cache
from plait.errors import CellError, ColumnError
from plait.model.columns import missing_columns, notes_on
from plait.networks.config import SystemConfig

ROWS = [
    {"size": 0.1 * i + 3 * (i % 2), "note": f"a {'red' if i % 2 else 'blue'} thing", "kind": k}
    for i, k in enumerate(["p", "q"] * 15)
]
TOLD = {
    "budget": "2 steps",
    "size": SystemConfig(dim=16, depth=1, num_heads=2),
    "baselines": False,
    "samples": False,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    table = plait.read(ROWS, columns="size=number,note=text,kind=category")
    plait.fit(table, target="kind", out=folder / "m.plait", on_error="skip", **TOLD)
    plait.fit(table, out=folder / "base.plait", **TOLD)
    return folder


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "renamed.csv").write_text("size,Notes,kind\n1.5,a red thing,p\n4.5,a thing,zebra\n")
    (tmp_path / "bad.csv").write_text("size,note,kind\nmany,a red thing,p\n4.5,a blue thing,q\n")


def test_names_by_hand():
    assert missing_columns(["note", "price"], ["price", "Note ", "colour"]) == [
        {"column": "note", "did_you_mean": "Note "}
    ]
    assert missing_columns(["note"], ["colour"]) == [{"column": "note", "did_you_mean": None}]
    assert missing_columns(["note", "notes"], ["notes"])[0]["did_you_mean"] is None
    many = missing_columns([f"m{i}" for i in range(40)], [])
    assert len(notes_on(many)) == 13 and notes_on(many)[-1].startswith("and 28 more")


CALLS = {
    "predict": ["predict", "m.plait", "renamed.csv", "--out", "p.csv"],
    "evaluate": ["evaluate", "m.plait", "renamed.csv"],
    "embed": ["embed", "base.plait", "renamed.csv", "--out", "v.parquet"],
    "search": ["search", "base.plait", "--table", "renamed.csv", "--query", "size=1"],
}


def words(made, verb):
    return [str(made / word) if word.endswith(".plait") else word for word in CALLS[verb]]


@pytest.mark.parametrize("verb", CALLS)
def test_every_verb_says_what_is_missing(verb, made, capsys):
    assert run([*words(made, verb), "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["missing_columns"] == [{"column": "note", "did_you_mean": "Notes"}]
    assert "no column 'note', which the model reads" in err and "id you mean 'Notes'?" in err


@pytest.mark.parametrize("verb", ["predict", "evaluate"])
def test_a_missing_column_that_matters_is_warned_of_first_with_its_worth(
    verb, made, capsys, monkeypatch
):
    model = plait.load(made / "m.plait")
    scores = {("size", "note"): (0.9, 0.3), ("size",): (0.9, 0.8)}
    subsets = [{"columns": columns, "metrics": {"accuracy": accuracy, "log_loss": loss}}
               for columns, (accuracy, loss) in scores.items()]  # fmt: skip
    model.records["metrics"]["subsets"] = subsets
    monkeypatch.setattr(f"plait.recipes.{verb}.load", lambda path: model)
    assert run(words(made, verb)) == 0
    first = capsys.readouterr().err.splitlines()[0]
    assert first.startswith("warning: the table has no column 'note'")
    worth = "; without it, log_loss was 0.8 on rows set aside, with it 0.3. "
    assert first.endswith(f"which the model reads{worth}Did you mean 'Notes'?")
    subsets[1]["metrics"] = {"accuracy": 0.9, "log_loss": 0.2}
    assert run([*words(made, verb), *["--force"] * (verb == "predict")]) == 0
    told = capsys.readouterr().err
    assert "warning: " not in told and "note: the table has no column 'note'" in told


@pytest.mark.parametrize("verb", ["predict", "evaluate", "embed"])
def test_strict_makes_it_an_error_of_the_call(verb, made, capsys):
    assert run([*words(made, verb), "--strict", "--json"]) == 2
    told = json.loads(capsys.readouterr().out)
    assert (told["error"], told["expected"]) == ("ColumnError", "note")
    assert "did you mean 'Notes'?" in told["hint"]


def test_a_table_of_other_columns_is_an_error_of_the_call(made):
    with pytest.raises(ColumnError, match="none of the columns") as caught:
        plait.load(made / "m.plait").predict([{"colour": "red"}])
    assert caught.value.exit_code == 2


def test_a_missing_target_is_an_error_of_the_call(made, capsys, tmp_path):
    (tmp_path / "t.csv").write_text("size,note,Kind\n1,a red thing,p\n")
    assert run(["evaluate", str(made / "m.plait"), "t.csv"]) == 2
    assert "did you mean 'Kind'?" in capsys.readouterr().err


def test_labels_that_training_never_saw_are_counted(made, capsys):
    assert run([*words(made, "evaluate"), "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["unseen_labels"] == {"rows": 1, "labels": {"zebra": 1}}
    assert "1 of 2 rows have a label that training never saw: 'zebra' (1)" in err


def test_known_labels_are_not_said(made, capsys, tmp_path):
    (tmp_path / "t.csv").write_text("size,note,kind\n1,a red thing,p\n2,a blue thing,\n")
    assert run(["evaluate", str(made / "m.plait"), "t.csv", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["unseen_labels"] == {"rows": 0, "labels": {}}
    assert err == ""


def test_a_bundle_remembers_what_an_unreadable_cell_does(made, capsys):
    model = plait.load(made / "m.plait")
    assert model.on_error == "skip"
    call = ["predict", str(made / "m.plait"), "bad.csv", "--out", "p.csv"]
    assert run([*call, "--on-error", "raise", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["column"], told["row"]) == ("size", 0)
    assert run(call) == 0
    assert run(["evaluate", str(made / "m.plait"), "bad.csv"]) == 0
    assert run(["embed", str(made / "base.plait"), "bad.csv", "--out", "v.parquet"]) == 1


def test_one_row_leaves_nothing_on_disk(made):
    model, base = plait.load(made / "m.plait"), plait.load(made / "base.plait")
    before = set(default_cache().rglob("*"))
    rows = [{"size": 3, "note": "a secret thing", "kind": "p"}]
    model.predict(rows)
    model.evaluate(rows * 3)
    base.embed(rows)
    assert set(default_cache().rglob("*")) == before


def test_an_error_names_the_row_of_the_whole_table(made):
    rows = [{"size": 1.0}] * 1100 + [{"size": "many"}]
    with pytest.raises(CellError) as caught:
        plait.load(made / "m.plait").predict(rows, on_error="raise")
    assert caught.value.row == 1100
