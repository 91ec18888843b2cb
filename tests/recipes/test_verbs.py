"""The verbs in Python: the same words as on the command line, on bundles and on models."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pyarrow.parquet
import pytest

import plait
from plait.answer import Answer
from plait.errors import UsageError

ROWS = [
    {"size": float(i % 7), "shade": "xyz"[i % 3], "kind": "pq"[i % 7 > 3], "note": f"n{i % 5} a b"}
    for i in range(60)
]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    path = tmp_path_factory.mktemp("m") / "m.plait"
    table = plait.read(ROWS, columns="note=text,size=number")
    plait.fit(table, target="kind", budget="3 steps", size="tiny", out=path)
    return path


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    table = plait.read(ROWS, columns="note=text,size=number")
    return plait.fit(table, budget="3 steps", size="tiny", samples=False)


def test_predict_without_out_answers_in_memory(bundle):
    answer = plait.predict(bundle, ROWS)
    assert isinstance(answer, Answer) and len(answer) == 60
    model = plait.load(bundle)
    assert plait.predict(model, ROWS).to_dicts() == model.predict(ROWS).to_dicts()
    assert plait.predict(model, {"size": 1.0})[0]["prediction"] in "pq"


def test_predict_with_out_writes(bundle, tmp_path):
    result = plait.predict(plait.load(bundle), ROWS, out=tmp_path / "p.parquet")
    assert result["rows"] == 60
    assert pyarrow.parquet.read_table(tmp_path / "p.parquet").num_rows == 60


def test_predict_takes_classes_nobody_labelled(space):
    answer = plait.predict(space, ROWS, classes=["n1", "n2"])
    assert set(answer["prediction"]) <= {"n1", "n2"} and len(answer) == 60


def test_embed_without_out_gives_the_vectors(space, tmp_path):
    vectors = plait.embed(space, ROWS)
    assert vectors.dtype == np.float32 and np.array_equal(vectors, space.embed(ROWS))
    assert plait.embed(space, ROWS, out=tmp_path / "v.parquet")["rows"] == 60


def test_evaluate_gives_scores_of_the_same_json(bundle):
    scores = plait.evaluate(bundle, ROWS)
    assert "accuracy" in repr(scores) and len(repr(scores)) < 300
    assert "importance" not in scores
    told = plait.evaluate(plait.load(bundle), ROWS, importance=True)["importance"]
    assert {one["column"] for one in told} == {"size", "shade", "note"}


def test_importance_on_the_command_line(bundle, tmp_path):
    (tmp_path / "t.jsonl").write_text("\n".join(json.dumps(row) for row in ROWS))
    command = [
        sys.executable,
        "-m",
        "plait.cli",
        "evaluate",
        str(bundle),
        str(tmp_path / "t.jsonl"),
    ]
    done = subprocess.run([*command, "--importance", "--json"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    worth = json.loads(done.stdout)["importance"]
    assert worth[0]["column"] == "size" and worth[0]["shuffled"] > 0


def test_inspect_gives_findings():
    found = plait.inspect(ROWS, target="kind")
    assert found["num_rows"] == 60 and repr(found).startswith("Findings(60 rows, 4 columns")
    assert "<table" in found._repr_html_()


def test_search_gives_hits(space):
    hits = plait.search(space, ROWS, text="n1", top=2)
    assert len(hits["hits"]) == 2 and "of 60 rows" in repr(hits)


def test_report_of_a_bundle_and_of_a_model(bundle, space, tmp_path):
    page = plait.report(bundle, tmp_path / "a.html")
    assert page.read_text() == plait.report(plait.load(bundle), tmp_path / "b.html").read_text()
    assert plait.report(bundle) == bundle.with_suffix(".html")
    assert plait.report(space, tmp_path / "c.html").stat().st_size > 1000
    assert space.path is None
    with pytest.raises(UsageError, match="not saved") as caught:
        plait.report(space)
    assert "out=" in caught.value.hint


def test_a_verb_stays_a_verb_when_its_folder_is_loaded():
    import plait.report.page

    assert callable(plait.report)
    from plait.report import render_report

    assert callable(render_report)
    assert sys.modules["plait.report"].render_report is render_report
