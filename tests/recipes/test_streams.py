"""Streams and beams of texts: what is written, in Python and by commands, and what is refused."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

import plait
from plait.cli import run
from plait.errors import TargetError, UsageError
from plait.networks.config import SystemConfig
from plait.train.config import TrainConfig

TINY = SystemConfig(dim=64, depth=1, num_heads=2, join=0)
QUICK = TrainConfig(learning_rate=5e-3, batch_size=32)
WORDS = ("Möwe", "red", "boat", "house", "日本", "sails", "sleeps", "anew")
COLUMNS = {"first": "category", "second": "category", "said": "text"}
ROW = {"first": "Möwe", "second": "boat"}


def rows(num=300, seed=0):
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(num):
        first, second, third = rng.choice(WORDS, 3)
        found.append({"first": first, "second": second, "said": f"{first} {second} — {third}."})
    return found


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    path = tmp_path_factory.mktemp("streams") / "said.plait"
    model = plait.fit(
        plait.read(rows(), columns=COLUMNS), target="said", budget="150 steps", size=TINY,
        train=QUICK, baselines=False, samples=False, out=path,
    )  # fmt: skip
    return model, path


@pytest.fixture(scope="module")
def simple():
    return plait.fit(
        plait.read(rows(80), columns=COLUMNS), target="said", budget="8s", simple=True,
        samples=False,
    )  # fmt: skip


@pytest.mark.parametrize("drawn", [{}, {"temperature": 1.0, "seed": 4}])
def test_pieces_together_are_the_prediction(written, drawn):
    model, _ = written
    pieces, stream = [], model.stream(ROW, **drawn)
    while True:
        try:
            pieces.append(next(stream))
        except StopIteration as end:
            answer = end.value
            break
    assert len(pieces) >= 4 and all(pieces)
    whole = model.predict(ROW, **drawn)
    assert "".join(pieces) == whole["prediction"][0]
    assert answer.to_dicts() == whole.to_dicts()


def test_what_a_simple_model_says_is_one_piece(simple):
    assert "".join(simple.stream(ROW)) == simple.predict(ROW)["prediction"][0]
    assert len(list(simple.stream(ROW))) == 1


def test_a_beam_of_one_is_greedy_and_every_door_has_beams(written):
    model, path = written
    asked = [{k: row[k] for k in ROW} for row in rows(40, seed=1)]
    greedy, wide = model.predict(asked), plait.predict(path, asked, beam=4)
    assert list(model.predict(asked, beam=1)["prediction"]) == list(greedy["prediction"])
    assert list(plait.load(path).predict(asked, beam=4)["prediction"]) == list(wide["prediction"])
    one = plait.ask(path, given=ROW, beam=4)
    assert one["prediction"][0] == model.predict([ROW], beam=4)["prediction"][0]


def test_what_is_neither_streamed_nor_searched(written, simple):
    model, _ = written
    with pytest.raises(UsageError, match="of one row"):
        model.stream([ROW, ROW])
    for beam in (0, 33):
        with pytest.raises(UsageError, match="no beam"):
            model.predict(ROW, beam=beam)
    with pytest.raises(UsageError, match="cannot be drawn so"):
        model.predict(ROW, beam=2, temperature=1.0)
    with pytest.raises(TargetError, match="piece by piece"):
        simple.predict(ROW, beam=2)
    table = plait.read(rows(80), columns={**COLUMNS, "said": "text"})
    labels = plait.fit(table, target="first", budget="8s", simple=True, samples=False)
    with pytest.raises(TargetError, match="no stream"):
        labels.stream({"said": "red boat"})
    with pytest.raises(TargetError, match="no beam"):
        labels.predict({"said": "red boat"}, beam=2)


GIVEN = ["--given", "first=Möwe", "--given", "second=boat"]


def test_on_a_terminal_the_command_writes_as_it_goes(written, capsys, monkeypatch):
    model, path = written
    assert run(["ask", str(path), *GIVEN]) == 0
    piped = capsys.readouterr().out
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    flushed = []
    monkeypatch.setattr(sys.stdout, "flush", lambda: flushed.append(1), raising=False)
    assert run(["ask", str(path), *GIVEN]) == 0
    assert capsys.readouterr().out == piped and len(flushed) >= 4
    assert piped.splitlines()[0] == model.predict(ROW)["prediction"][0]
    monkeypatch.setattr("plait.model.model.Model.stream", None)  # nothing is streamed from here on
    assert run(["ask", str(path), *GIVEN, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["prediction"] == piped.splitlines()[0]
    assert run(["ask", str(path), *GIVEN, "--beam", "4"]) == 0
    beam = model.predict(ROW, beam=4)["prediction"][0]
    assert capsys.readouterr().out.splitlines()[0] == beam


def test_an_interrupt_leaves_a_whole_line_and_no_traceback(written, capsys, monkeypatch):
    _, path = written

    def interrupted(*_, **__):
        yield "Möwe"
        raise KeyboardInterrupt

    monkeypatch.setattr("plait.model.model.Model.stream", interrupted)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert run(["ask", str(path), *GIVEN]) == 130
    said = capsys.readouterr()
    assert said.out == "Möwe\n" and said.err == "error: stopped\n"


def test_commands_take_a_beam(written, tmp_path, capsys):
    _, path = written
    table = tmp_path / "new.jsonl"
    table.write_text(json.dumps(ROW) + "\n")
    out = tmp_path / "out.jsonl"
    assert run(["predict", str(path), str(table), "--out", str(out), "--beam", "4"]) == 0
    said = json.loads(out.read_text())["prediction"]
    assert said == plait.load(path).predict(ROW, beam=4)["prediction"][0]
    assert run(["predict", str(path), str(table), "--out", str(out), "--beam", "99", "--json"]) == 2
    assert "beam" in capsys.readouterr().out
