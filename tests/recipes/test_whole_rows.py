"""Whole rows: learned from planted tables, made as the truth is, or refused."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import plait
from plait.cli import run
from plait.errors import CellError, SchemaError, TableError, TargetError, UsageError
from plait.report.again import words_of

KIND = {"north": 0.5, "south": 0.3, "west": 0.2}


def table(num=1500, seed=0):
    """Rows of which much is known.

    ``crop`` follows ``place`` in nine of ten rows; ``yield`` is missing in eight of ten rows of the
    west, and nowhere else; ``price`` is 0 in six of ten rows; ``double`` is twice ``size``.
    """
    rng = np.random.default_rng(seed)
    place = rng.choice(list(KIND), num, p=list(KIND.values()))
    usual = {"north": "rye", "south": "wine", "west": "rice"}
    crop = [usual[p] if rng.random() < 0.9 else "hay" for p in place]
    size = rng.integers(10, 90, num)
    price = np.where(rng.random(num) < 0.6, 0, rng.lognormal(3, 1, num).round(2))
    lost = (place == "west") & (rng.random(num) < 0.8)
    return [
        {
            "place": place[i],
            "crop": crop[i],
            "size": int(size[i]),
            "double": int(2 * size[i]),
            "price": f"€ {price[i]:,.2f}",
            "yield": None if lost[i] else int(rng.integers(1, 30)),
            "day": f"{1 + i % 28:02d}/{1 + i % 12:02d}/2023",
            "note": f"field {i} seen by walker number {rng.integers(10**6)} in the rain",
        }
        for i in range(num)
    ]


@pytest.fixture(scope="module")
def fields(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fields")
    model = plait.fit(table(), whole_rows=True, simple=True, out=folder / "fields.plait")
    return model.path


@pytest.fixture(scope="module")
def made(fields):
    return plait.generate(fields, n=3000, seed=1).columns


def shares(values):
    kinds, counts = np.unique([str(one) for one in values], return_counts=True)
    return dict(zip(kinds.tolist(), (counts / counts.sum()).tolist(), strict=True))


def test_shares_and_conditional_shares_are_those_of_the_table(made):
    found = shares(made["place"])
    assert all(found[name] == pytest.approx(share, abs=0.06) for name, share in KIND.items())
    of_south = [c for c, p in zip(made["crop"], made["place"], strict=True) if p == "south"]
    assert shares(of_south)["wine"] == pytest.approx(0.9, abs=0.05)


def test_cells_are_missing_where_they_are_in_the_table(made):
    lost = np.array([one is None for one in made["yield"]])
    west = np.array([one == "west" for one in made["place"]])
    assert None not in made["size"] and None not in made["place"]
    assert lost[west].mean() == pytest.approx(0.8, abs=0.08) and lost[~west].mean() < 0.03


def test_cells_are_written_as_in_the_table(made):
    assert all(re.fullmatch(r"€ [\d,]+\.\d\d", one) for one in made["price"])
    assert (np.array(made["price"]) == "€ 0.00").mean() == pytest.approx(0.6, abs=0.05)
    assert all(re.fullmatch(r"\d\d/\d\d/2023", one) for one in made["day"])
    assert all(isinstance(one, int) and 10 <= one < 90 for one in made["size"])
    assert "note" not in made


def test_what_is_given_is_in_every_row_and_tells_of_the_others(fields):
    found = plait.generate(fields, given={"crop": "wine", "size": "40"}, n=400, seed=2).columns
    assert set(found["crop"]) == {"wine"} and set(found["size"]) == {40}
    assert shares(found["place"])["south"] > 0.93
    assert (np.abs(np.array(found["double"]) - 80) <= 4).mean() > 0.85


def test_the_same_seed_makes_the_same_rows_and_the_first_is_the_one_made_alone(fields):
    one, again = (plait.generate(fields, n=40, seed=3).columns for _ in range(2))
    assert one == again
    assert {k: v[:1] for k, v in one.items()} == plait.generate(fields, seed=3).columns
    assert one != plait.generate(fields, n=40, seed=4).columns


def test_files_tell_where_each_row_is_from_and_are_read_as_the_table(fields, tmp_path):
    for name in ("made.csv", "made.jsonl", "made.parquet"):
        done = plait.generate(fields, given={"place": "west"}, n=30, seed=1, out=tmp_path / name)
        back = plait.read(tmp_path / name)
        assert done["rows"] == back.num_rows == 30 and set(back.column("place")) == {"west"}
        told = plait.whence(tmp_path / name)
        assert told["found"] and told["rows"] == 30 and told["conditions"] == {"place": "west"}
    scores = plait.evaluate(fields, tmp_path / "made.csv")
    assert scores["metrics"]["log_likelihood"] < 0 and scores["rows"] == 30


def test_what_was_judged_is_told_and_drawn(fields):
    model = plait.load(fields)
    metrics = model.records["metrics"]
    made = metrics["made"]
    assert {one["name"] for one in metrics["candidates"]} >= {"independent_columns"}
    assert made["told_apart"]["made"]["auc"] < made["told_apart"]["independent"]["auc"]
    learned = {one["column"]: one for one in made["learned_from"]}
    assert learned["crop"]["made"] > learned["crop"]["real"] - 0.05
    assert learned["crop"]["independent"] < 0.7
    assert made["privacy"]["copies"] < made["privacy"]["copies_held"] + 0.02
    assert any("note (a text)" in note for note in metrics["notes"])
    page = plait.report(fields).read_text()
    for words in ("What made rows are worth", "Columns that go together", "Whose rows they are"):
        assert words in page
    assert "--whole-rows" in words_of({"table": "x.csv", "out": "x.plait", "whole_rows": True})


def test_the_command_line_learns_and_makes_rows(fields, tmp_path, capsys):
    out = tmp_path / "made.csv"
    assert (
        run(["generate", str(fields), "--given", "place=south", "-n", "5", "--out", str(out)]) == 0
    )
    assert len(out.read_text().splitlines()) == 6
    capsys.readouterr()
    assert run(["generate", str(fields), "-n", "2", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["made"]) == 2
    assert run(["generate", str(fields), "-n", "2"]) == 0
    assert "crop" in capsys.readouterr().out


@pytest.mark.parametrize(("around", "ships"), [(99, None), (4, "deep")])
def test_sums_are_kept_and_any_part_of_them_tells_the_rest(around, ships):
    """``total`` is ``a + b``; counted around a clock of 4, no pair of the columns is associated."""
    a, b = np.random.default_rng(0).integers(0, 4, (2, 1500))
    total = (a + b) % around
    rows = [dict(zip("abt", map(int, one), strict=True)) for one in zip(a, b, total, strict=True)]
    columns = dict.fromkeys("abt", "number")
    model = plait.fit(rows, whole_rows=True, budget="200 steps", columns=columns)
    assert ships in (None, model.records["metrics"]["shipped"])
    found = plait.generate(model, n=300).columns
    right = [(x + y) % around == z for x, y, z in zip(*found.values(), strict=True)]
    assert np.mean(right) > 0.93
    given = plait.generate(model, given={"t": 5 % around, "b": 3}, n=100).columns
    assert np.mean([one == 2 for one in given["a"]]) > 0.9


def test_verbs_that_need_a_target_refuse_whole_rows(fields):
    for verb in (plait.predict, plait.search):
        with pytest.raises(TargetError):
            verb(fields, table(30))
    with pytest.raises(TargetError, match="plait generate"):
        plait.ask(fields, crop="rye")


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        ({"given": {"crop": "gold"}}, CellError, "nothing was learned of 'crop' being gold"),
        ({"given": {"size": "many"}}, CellError, "number"),
        ({"given": {"category": "rye"}}, UsageError, "several columns are of category"),
        ({"n": 0}, UsageError, "so many cannot be made"),
        ({"beam": 3}, UsageError, "drawn column by column"),
        ({"temperature": -1.0}, UsageError, "cannot be drawn so"),
        ({"out": "made.png"}, UsageError, "whole rows are not written so"),
    ],
)
def test_calls_that_mean_nothing_are_refused(fields, call, error, match):
    with pytest.raises(error, match=match):
        plait.generate(fields, **call)


def test_numbers_beyond_what_was_learned_are_noted(fields, tmp_path):
    done = plait.generate(fields, given={"size": 500}, n=2, out=tmp_path / "made.csv")
    assert "beyond what was learned from (10 to 89)" in done["notes"][0]


def test_what_cannot_be_learned_is_refused():
    texts = [{"note": f"a long text about the matter number {i} and more"} for i in range(60)]
    with pytest.raises(SchemaError, match="no column that rows can be made of"):
        plait.fit(texts, whole_rows=True, simple=True, columns={"note": "text"})
    with pytest.raises((TableError, SchemaError)):
        plait.fit([{"a": 1, "b": 2}], whole_rows=True, simple=True)
    with pytest.raises(TableError, match="too few rows"):
        plait.fit(table(12), whole_rows=True, simple=True)
    with pytest.raises(UsageError, match="whole rows have no target"):
        plait.fit(table(60), whole_rows=True, target="crop")
