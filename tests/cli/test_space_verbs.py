"""The verbs of the shared space, run for real: fit, embed, search, zero-shot, evaluate."""

from __future__ import annotations

import json

import numpy as np
import pyarrow.csv
import pyarrow.parquet
import pytest

import plait
from plait.cli import run

KINDS = ("boot", "hat", "coat")
SIZE = "tiny"


def write_table(path, num=36, with_kind=False):
    rng = np.random.default_rng(0)
    lines = ["item_id,size,note,price" + (",kind" if with_kind else "")]
    for i in range(num):
        note = "" if i % 7 == 6 else f"{KINDS[i % 3]} of lot {i}"
        line = f"item-{i},{3 * (i % 3) + 0.1 * rng.normal():.3f},{note},{i}.5"
        lines.append(line + (f",{KINDS[i % 3]}" if with_kind else ""))
    path.write_text("\n".join(lines) + "\n")
    return str(path)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A bundle made by the command line, its table, and what was printed."""
    import contextlib
    import io

    folder = tmp_path_factory.mktemp("verbs")
    table, bundle = write_table(folder / "t.csv"), str(folder / "base.plait")
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = run([
            "fit", table, "--exclude", "price", "--out", bundle, "--budget", "12 steps",
            "--size", SIZE, "--columns", "note=text", "--json", "--quiet",
        ])  # fmt: skip
    assert code == 0
    return bundle, table, out.getvalue()


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path / "cache"))


def answer(words, capsys, code=0):
    """Run a command with --json and return its one object."""
    capsys.readouterr()
    assert run([*words, "--json", "--quiet"]) == code
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1 and err == ""
    return json.loads(out)


def test_fit_without_a_target_prints_its_retrieval(made, capsys, tmp_path):
    summary = json.loads(made[2])
    assert summary["task"] == "embed" and summary["bundle"] == made[0]
    assert set(summary["retrieval"]) == {"size->note", "note->size"}
    table = write_table(tmp_path / "again.csv", 20)
    words = [
        "fit",
        table,
        "--exclude",
        "price",
        "--budget",
        "3 steps",
        "--size",
        SIZE,
        "--out",
        "x.plait",
        "--quiet",
    ]
    assert run(words) == 0
    out = capsys.readouterr().out
    assert "query -> item" in out and "r@1" in out and "next: plait report x.plait" in out


def test_evaluate_prints_every_direction(made, capsys):
    bundle, table, _ = made
    assert run(["evaluate", bundle, table, "--json", "--quiet"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert 0 < found["learned_rows"] < 36 and "the scores are too good for them" in err
    assert set(found["retrieval"]) == {"size->note", "note->size"}
    assert set(found["retrieval"]["size->note"]) >= {"r@1", "r@5", "r@10", "median_rank", "n"}
    assert run(["evaluate", bundle, table]) == 0
    out = capsys.readouterr().out
    assert "size->note" in out and "median_rank" in out and "36" in out


def test_embed_writes_vectors(made, capsys):
    bundle, table, _ = made
    done = answer(["embed", bundle, table, "--out", "v.parquet", "--weight", "note=2"], capsys)
    dim = plait.load(bundle).space.dim
    assert (done["rows"], done["empty"], done["dim"]) == (36, 0, dim)
    found = pyarrow.parquet.read_table("v.parquet")
    assert found.column_names == ["id", "vector"] and found["id"][4].as_py() == "item-4"
    expected = plait.load(bundle).embed(plait.read(table), weights={"note": 2.0})
    np.testing.assert_allclose(np.array(found["vector"].to_pylist()), expected, atol=1e-5)
    assert run(["embed", bundle, table]) == 0
    assert f"36 rows -> vectors.parquet ({dim} numbers each)" in capsys.readouterr().out


def test_search_prints_the_nearest_rows(made, capsys):
    bundle, table, _ = made
    words = ["search", bundle, "--table", table, "--text", "hat of lot 4", "--top", "3"]
    found = answer(words, capsys)
    assert [hit["rank"] for hit in found["hits"]] == [1, 2, 3] and found["rows"] == 36
    assert found["hits"][0]["cells"]["item_id"] == found["hits"][0]["id"]
    named = answer(["search", bundle, "--table", table, "--query", "note=hat of lot 4",
                    "--top", "3"], capsys)  # fmt: skip
    assert named["hits"] == found["hits"]
    assert run(words) == 0
    out = capsys.readouterr().out
    assert "Nearest of 36 rows" in out and "cosine" in out and found["hits"][0]["id"] in out


def test_search_takes_filters_weights_and_a_kept_index(made, capsys):
    bundle, table, _ = made
    search = ["search", bundle, "--query", "size=3", "--text", "hat", "--weight", "text=0.5"]
    kept = answer([*search, "--table", table, "--where", "price < 9", "--index", "i"], capsys)
    assert {hit["id"] for hit in kept["hits"]} <= {f"item-{i}" for i in range(9)}
    alone = answer([*search, "--where", "price < 9", "--index", "i"], capsys)
    assert [h["id"] for h in alone["hits"]] == [h["id"] for h in kept["hits"]]
    again = answer([*search, "--table", table, "--index", "i", "--rebuild"], capsys)
    assert again["rows"] == 36 and len(again["hits"]) == 10


def test_search_writes_a_page(made, capsys, tmp_path):
    bundle, table, _ = made
    words = ["search", bundle, "--table", table, "--text", "hat", "--page", "hits.html"]
    assert answer(words, capsys)["page"] == "hits.html"
    assert "cosine" in (tmp_path / "hits.html").read_text()
    assert run([*words, "--force"]) == 0
    assert "page: hits.html" in capsys.readouterr().out


def test_predict_with_classes(made, capsys):
    bundle, table, _ = made
    words = ["predict", bundle, table, "--classes", "boot, hat ,coat", "--out", "p.csv"]
    done = answer([*words, "--template", "{}", "--template", "{} of lot 1"], capsys)
    assert done["columns"][-5:] == ["prediction", "confidence", "p_boot", "p_hat", "p_coat"]
    found = pyarrow.csv.read_csv("p.csv").to_pylist()
    assert {row["prediction"] for row in found} <= set(KINDS)
    assert np.allclose([r["p_boot"] + r["p_hat"] + r["p_coat"] for r in found], 1, atol=1e-4)


def test_fit_from_a_base(made, capsys, tmp_path):
    table = write_table(tmp_path / "labelled.csv", with_kind=True)
    words = ["fit", table, "--target", "kind", "--base", made[0], "--adapt", "lora",
             "--exclude", "price", "--budget", "3 steps", "--columns", "note=text",
             "--no-baselines", "--out", "m.plait"]  # fmt: skip
    assert answer(words, capsys)["task"] == "classify"
    assert plait.load("m.plait").records["metrics"]["training"]["adapt"] == "lora"
    assert answer(["predict", "m.plait", made[1], "--out", "p.csv"], capsys)["rows"] == 36


CALLS = [
    (["search", "B", "--text", "x"], 2, "nothing to search"),
    (["search", "B", "--table", "T"], 2, "nothing was asked for"),
    (["search", "B", "--table", "T", "--audio", "a.wav"], 2, "no column or modality 'audio'"),
    (["search", "B", "--table", "T", "--text", "x", "--weight", "size=2"], 2, "no part of the"),
    (["search", "B", "--table", "T", "--text", "x", "--weight", "text"], 2, "COLUMN=NUMBER"),
    (["search", "B", "--table", "T", "--query", "note"], 2, "NAME=VALUE"),
    (["search", "B", "--table", "T", "--text", "x", "--top", "0"], 2, "--top"),
    (["search", "B", "--table", "T", "--text", "x", "--where", "price <"], 2, "cannot be read"),
    (["search", "B", "--text", "x", "--index", "i", "--page", "p.html"], 2, ""),
    (["embed", "B", "T", "--out", "v.csv"], 2, "unknown kind of output file"),
    (["embed", "B", "T", "--weight", "colour=1"], 2, "a weight does not fit"),
    (["embed", "nothing.plait", "T"], 2, "nothing at this path"),
    (["embed", "T", "T"], 1, "no manifest"),
    (["embed", "B", "nothing.csv"], 2, "the table does not exist"),
    (["search", "B", "--table", "nothing.csv", "--text", "x"], 2, "the table does not exist"),
    (["inspect", "nothing.csv"], 2, "the table does not exist"),
    (["inspect", "B"], 2, "this is a bundle, not a table"),
    (["inspect", "T", "--schema", "nothing.yaml"], 2, "the schema cannot be read"),
    (["inspect", "T", "--root", "nothing"], 2, "the root is not a folder"),
    (["fit", "nothing.csv", "--target", "size"], 2, "the table does not exist"),
    (["predict", "B", "T", "--classes", "boot"], 2, "cannot be told apart"),
    (["predict", "B", "T", "--classes", "a,b", "--template", "x"], 2, "no place for the class"),
    (["predict", "B", "T", "--template", "a {}"], 2, "templates are for classes"),
    (["predict", "B", "T"], 1, "fitted without a target"),
    (["fit", "T", "--target", "note", "--encoder", "text"], 2, "NAME=VALUE"),
    (["fit", "T", "--target", "size", "--base", "B", "--adapt", "half"], 2, "none of auto"),
    (["fit", "T", "--target", "size", "--base", "nothing.plait"], 2, "nothing at this path"),
]


@pytest.mark.parametrize(("words", "code", "message"), CALLS)
def test_what_goes_wrong_has_its_exit_code(words, code, message, made, capsys):
    words = [{"B": made[0], "T": made[1]}.get(word, word) for word in words]
    assert run([*words, "--quiet"]) == code
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: ") and message in err
    told = answer(words, capsys, code)
    assert message in told["what"] or message in str(told) and "error" in told


def test_an_index_of_another_model_is_exit_code_1(made, capsys, tmp_path):
    bundle, table, _ = made
    answer(["search", bundle, "--table", table, "--text", "x", "--index", "i"], capsys)
    other = ["fit", table, "--exclude", "price", "--budget", "2 steps", "--size", SIZE,
             "--columns", "note=text", "--out", "o.plait"]  # fmt: skip
    answer(other, capsys)
    told = answer(["search", "o.plait", "--text", "x", "--index", "i"], capsys, 1)
    assert told["error"] == "BundleError" and told["expected"] and told["received"]
