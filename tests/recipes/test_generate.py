"""Generate: draws of one row, their files and notices, and what cannot be made."""

from __future__ import annotations

import json

import pytest

import plait
from plait.cli import run
from plait.errors import CellError, ColumnError, TargetError, UsageError
from plait.modalities import find_codec

TUNES = ("happy", "sad")


def rows(num=60):
    """Notes of which nothing tells the order: draws differ."""
    words = {"happy": ["sun and sea", "sea and sun"], "sad": ["rain on tin", "tin in rain"]}
    return [
        {"mood": TUNES[i % 2], "size": float(i % 7), "title": words[TUNES[i % 2]][i // 2 % 2]}
        for i in range(num)
    ]


COLUMNS = {"mood": "category", "size": "number", "title": "text"}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    path = tmp_path_factory.mktemp("made") / "titles.plait"
    table = plait.read(rows(), columns=COLUMNS)
    model = plait.fit(table, target="title", budget="150 steps", size="small", samples=False)
    model.save(path)
    return path


def test_draws_differ_and_the_first_is_the_one_made_alone(bundle):
    made = plait.generate(bundle, given={"mood": "happy"}, n=12, seed=1)["prediction"]
    again = plait.generate(bundle, mood="happy", n=12, seed=1)["prediction"]
    alone = plait.generate(bundle, mood="happy", seed=1)["prediction"]
    assert made == again and made[:1] == alone and len(made) == 12
    assert len(set(made)) > 1 or plait.load(bundle).generator.shipped != "deep"
    likeliest = plait.generate(bundle, mood="happy", n=3, temperature=0)["prediction"]
    assert len(set(likeliest)) == 1


def test_texts_recur_unless_they_are_to_differ(bundle, capsys):
    """There are two titles of a mood: what differs is soon at an end, and the rest comes again."""
    asked = {"given": {"mood": "happy"}, "n": 8, "seed": 1}
    usual = plait.generate(bundle, **asked)
    assert usual["prediction"] == plait.generate(bundle, **asked, distinct=False)["prediction"]
    apart = plait.generate(bundle, **asked, distinct=True)
    assert len(set(apart["prediction"])) >= len(set(usual["prediction"]))
    assert len(set(apart["prediction"])) == 8 or "values differ" in apart.notes[0]
    assert run(["generate", str(bundle), "--class", "happy", "--n", "3", "--distinct"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_from_nothing(bundle):
    assert len(plait.generate(bundle, n=2)["prediction"]) == 2


def test_rows_hold_what_was_given_and_where_they_are_from(bundle, tmp_path):
    out = tmp_path / "made.csv"
    done = plait.generate(bundle, given={"mood": "sad", "size": 2}, n=5, seed=3, out=out)
    table = plait.read(out)
    assert done["rows"] == 5 and table.num_rows == 5
    assert table.column("mood") == ["sad"] * 5 and set(table.column("title"))
    told = plait.whence(out)
    assert told["found"] and told["rows"] == 5 and told["seed"] == 3
    assert told["conditions"] == {"mood": "sad", "size": "2"} and len(told["bundle"]) == 64
    with pytest.raises(UsageError, match="exists already"):
        plait.generate(bundle, mood="sad", out=out)


def test_files_for_each_carry_a_manifest_that_knows_their_bytes(bundle, tmp_path):
    out = tmp_path / "title.txt"
    done = plait.generate(bundle, mood="happy", n=2, out=out, each=True)
    files = sorted(tmp_path.glob("title_*.txt"))
    assert [str(file) for file in files] == done["files"] and len(files) == 2
    assert plait.whence(files[1])["draw"] == 1 and plait.whence(files[1])["unaltered"]
    files[0].write_text("something else\n")
    told = plait.whence(files[0])
    assert not told["found"] and told["unaltered"] is False
    single = tmp_path / "one.txt"
    plait.generate(bundle, mood="happy", out=single)
    assert plait.whence(single)["where"] == "beside"
    first = single.read_bytes()
    plait.generate(bundle, mood="happy", out=single, force=True)
    assert single.read_bytes() == first, "the same seed, the same bytes"


@pytest.fixture(scope="module")
def judge():
    """What foretells the mood from a title."""
    columns = {name: COLUMNS[name] for name in ("mood", "title")}
    table = plait.read([{name: row[name] for name in columns} for row in rows()], columns=columns)
    return plait.fit(table, target="mood", simple=True, budget="5s", samples=False)


def test_a_judge_keeps_what_is_as_was_asked(bundle, judge, tmp_path):
    asked = {"given": {"mood": "sad"}, "n": 4, "seed": 2}
    drawn = plait.generate(bundle, given={"mood": "sad"}, n=12, seed=2)["prediction"]
    kept = plait.generate(bundle, **asked, judge=judge)
    assert set(kept["prediction"]) <= set(drawn) and len(kept) == 4
    assert set(kept["foretold"]) == {"sad"} and set(kept["inside"]) <= {True, False}
    out = tmp_path / "kept.csv"
    done = plait.generate(bundle, **asked, judge=judge, out=out)
    assert plait.read(out).column("foretold") == ["sad"] * 4
    assert any("chose among 12 draws" in note for note in done["notes"])
    with pytest.raises(ColumnError, match="which was not asked for"):
        plait.generate(bundle, size=2.0, judge=judge)


def test_what_cannot_be_made(bundle, tmp_path):
    with pytest.raises(ColumnError, match="no column or modality 'mode'"):
        plait.generate(bundle, mode="happy")
    with pytest.raises(CellError, match="number") as unread:
        plait.generate(bundle, size="large")
    assert unread.value.row is None
    with pytest.raises(UsageError, match="so many cannot be made"):
        plait.generate(bundle, n=0)
    with pytest.raises(UsageError, match="not written so") as wrong:
        plait.generate(bundle, mood="sad", out=tmp_path / "made.png")
    assert ".txt" in wrong.value.expected
    with pytest.raises(UsageError, match="do not go into one file") as several:
        plait.generate(bundle, n=2, out=tmp_path / "made.txt")
    assert "--each" in several.value.hint
    with pytest.raises(UsageError, match="no place"):
        plait.generate(bundle, each=True)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("said", [{"steps": 8}, {"guidance": 2.0}, {"begin": "a"}, {"walk": True}])
def test_what_a_text_does_not_heed(bundle, said):
    with pytest.raises(TargetError, match="what ships heeds no") as refused:
        plait.generate(bundle, mood="sad", n=2, **said)
    assert refused.value.exit_code == 2


def test_a_predicted_target_is_not_generated():
    table = plait.read(rows(), columns={**COLUMNS, "title": "category"})
    model = plait.fit(table, target="title", simple=True, budget="5s", samples=False)
    for said in ({}, {"target": "title"}):
        with pytest.raises(TargetError, match="generates nothing") as refused:
            plait.generate(model, mood="sad", **said)
        assert "category" in refused.value.received and refused.value.exit_code == 2


def test_the_commands(bundle, tmp_path, capsys):
    assert run(["generate", str(bundle), "--class", "happy", "--n", "2", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["made"]) == 2
    out = tmp_path / "t.csv"
    call = ["generate", str(bundle), "--class", "sad", "--number", "size=3", "--out", str(out)]
    assert run([*call, "--quiet"]) == 0
    assert str(out) in capsys.readouterr().out
    assert run(["whence", str(out)]) == 0
    assert "given mood" in capsys.readouterr().out
    other = tmp_path / "photo.png"
    other.write_bytes(find_codec("image")().example(__import__("numpy").random.default_rng(0)))
    assert run(["whence", str(other)]) == 0
    assert "not known" in capsys.readouterr().out
    assert run(["whence", str(tmp_path / "none.png")]) == 2
