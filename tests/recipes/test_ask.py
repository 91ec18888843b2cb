"""Ask: one row by columns or modalities, its answer, and what cannot be asked."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest

import plait
from plait.cli import run
from plait.errors import CellError, ColumnError, UsageError

COLUMNS = {"question": "text", "size": "number", "answer": "category"}


def rows(num=160, seed=0):
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(num):
        size, large = float(rng.normal()), bool(rng.integers(2))
        asked = "is it very large" if large else "is it rather small"
        found.append({"question": asked, "size": size, "answer": "yes" if large else "no"})
    return found


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    path = tmp_path_factory.mktemp("ask") / "m.plait"
    plait.fit(plait.read(rows(), columns=COLUMNS), target="answer", budget="20s", simple=True,
              samples=False, out=path)  # fmt: skip
    return path


def test_a_question_goes_to_the_text_column(bundle):
    answer = plait.ask(bundle, "is it very large", size=0.3)
    assert len(answer) == 1 and answer["prediction"][0] == "yes"
    assert answer["confidence"][0] > 0.8
    same = plait.load(bundle).predict([{"question": "is it very large", "size": 0.3}])
    assert answer.to_dicts() == same.to_dicts()


def test_what_is_given_goes_by_column_or_by_modality(bundle):
    by_column = plait.ask(bundle, given={"question": "is it rather small", "size": 1.0})
    by_modality = plait.ask(bundle, given={"text": "is it rather small", "number": 1.0})
    assert by_column.to_dicts() == by_modality.to_dicts()
    assert by_column["prediction"][0] == "no"
    both = plait.ask(bundle, given={"number": 1.0, "size": 0.2, "text": "is it very large"})
    alone = plait.ask(bundle, "is it very large", size=0.2)
    assert both.to_dicts() == alone.to_dicts(), "a column's own name wins"


def test_a_question_of_few_that_recur_goes_to_its_column():
    """Two questions about many pictures are labels to a table, and questions to a person."""
    table = plait.read(rows(60), columns={**COLUMNS, "question": "category"})
    model = plait.fit(table, target="answer", simple=True, budget="5 steps")
    answer = plait.ask(model, "is it very large", size=0.3)
    assert answer["prediction"][0] == "yes" and not answer.notes
    assert "none of those that training had" in plait.ask(model, "who is it", size=0.3).notes[0]


def test_what_cannot_be_asked(bundle):
    with pytest.raises(UsageError, match="nothing was asked"):
        plait.ask(bundle)
    with pytest.raises(UsageError, match="no text column"):
        plait.ask(bundle, "is it large", text="again")
    with pytest.raises(ColumnError, match="no column or modality 'sise'") as caught:
        plait.ask(bundle, "is it large", sise=2)
    assert "did you mean 'size'" in str(caught.value)
    with pytest.raises(ColumnError, match="reads no image"):
        plait.ask(bundle, "is it large", image="a.png")
    with pytest.raises(CellError, match="number") as unread:
        plait.ask(bundle, "is it large", size="very")
    assert unread.value.row is None and unread.value.exit_code == 2
    with pytest.raises(UsageError, match="more than one") as several:
        table = plait.read([{**row, "more": row["question"]} for row in rows(60)],
                           columns={**COLUMNS, "more": "text"})  # fmt: skip
        plait.ask(plait.fit(table, target="answer", simple=True, budget="8s"), "is it large")
    assert "more" in str(several.value)


def test_the_command_answers_and_tells_what_it_was_asked(bundle, capsys):
    assert run(["ask", str(bundle), "is it very large", "--given", "size=0.1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["question"] == "is it very large" and found["prediction"] == "yes"
    assert 0 <= found["confidence"] <= 1
    assert run(["ask", str(bundle), "is it rather small"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "no"
    assert run(["ask", str(bundle), "x", "--image", "a.png", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"] == "ColumnError"


def test_questions_are_read_one_after_the_other(bundle, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("is it very large\n\nis it rather small\n"))
    assert run(["ask", str(bundle), "--given", "size=0", "--json"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["prediction"] for one in found] == ["yes", "no"]


def test_without_a_free_text_column_what_is_given_is_asked_once(bundle, capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", None)  # reading it would fail
    words = ["--given", "question=is it very large", "--given", "size=1", "--json"]
    assert run(["ask", str(bundle), *words]) == 0
    assert json.loads(capsys.readouterr().out)["prediction"] == "yes"
