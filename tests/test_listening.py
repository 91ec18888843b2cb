"""Progress of verbs called from Python: shown where a person watches, silenced in every way."""

from __future__ import annotations

import inspect
import io
import sys
from types import SimpleNamespace

import pytest

import plait
import plait.progress
from plait import listening
from plait.listening import HINT, Line, listened, listener
from plait.model.model import Model
from plait.progress import SILENT, Bar, say


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch):
    """A terminal as standard error, outside pytest, with nothing told yet."""
    stream = Terminal()
    # Not sys itself: pytest puts its own standard error back before the test is called.
    fake = SimpleNamespace(stderr=stream, modules=sys.modules)
    monkeypatch.setattr(listening, "sys", fake)
    monkeypatch.setattr(plait.progress, "sys", fake)
    monkeypatch.setattr(listening, "_told", set())
    monkeypatch.setattr(listening, "PYTEST", "NOT_PYTEST")
    monkeypatch.delenv("PLAIT_QUIET", raising=False)
    return stream


@pytest.fixture
def notebook(monkeypatch, terminal):
    shell = type("ZMQInteractiveShell", (), {})()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    terminal.isatty = lambda: False
    return terminal


def what(progress):
    with listener(progress) as found:
        return found


def test_a_terminal_shows_a_bar_and_says_once_how_to_silence_it(terminal):
    assert isinstance(what(None), Bar)
    assert isinstance(what(None), Bar)
    assert terminal.getvalue().count(HINT) == 1


def test_every_verb_of_python_and_of_a_model_knows_the_same_progress():
    verbs = (plait.fit, plait.predict, plait.evaluate, plait.embed, plait.search, plait.inspect,
             plait.caption)  # fmt: skip
    methods = (getattr(Model, name) for name in ("predict", "evaluate", "embed", "search"))
    for verb in (*verbs, *methods):
        assert "progress" in inspect.signature(verb).parameters, verb
        assert hasattr(verb, "__wrapped__"), f"{verb} takes True and False as well"


def test_a_predicted_table_is_told_of_and_silent_when_asked(tmp_path):
    rows = [{"size": float(i % 7), "kind": "pq"[i % 2]} for i in range(40)]
    table = plait.read(rows, columns="size=number,kind=category")
    model = plait.fit(table, target="kind", simple=True, budget="3s", progress=False)
    told = Told()
    plait.predict(model, rows, progress=told)
    plait.predict(model, rows, out=tmp_path / "p.csv", progress=told)
    assert told.tasks == ["predicting", "predicting"] and told.done == 40
    for quiet in (False, None):
        assert len(model.predict(rows, progress=quiet)) == 40
        assert plait.evaluate(model, rows, progress=quiet)["rows"] == 40
        plait.inspect(rows, progress=quiet)


class Told:
    """Remembers what it is told."""

    def __init__(self):
        self.tasks, self.done = [], 0

    def task(self, name, total=None):
        self.tasks.append(name)

        def update(done, note=""):
            self.done = done

        return update


def test_progress_is_silenced_in_every_way(terminal, monkeypatch):
    assert what(False) is SILENT
    monkeypatch.setenv("PLAIT_QUIET", "1")
    assert what(None) is SILENT
    monkeypatch.delenv("PLAIT_QUIET")
    monkeypatch.setattr(listening, "PYTEST", "PYTEST_CURRENT_TEST")
    assert what(None) is SILENT
    monkeypatch.setattr(listening, "PYTEST", "NOT_PYTEST")
    terminal.isatty = lambda: False
    assert what(None) is SILENT
    assert terminal.getvalue() == ""


def test_an_object_is_taken_as_it_is(terminal):
    mine = Line(io.StringIO())
    assert what(mine) is mine
    assert HINT not in terminal.getvalue()


def test_a_notebook_rewrites_a_line_of_plain_text(notebook):
    with listener(None) as progress:
        assert isinstance(progress, Line)
    stream = io.StringIO()
    update = Line(stream, every_seconds=0.0).task("training", 4)
    update(1, "a long note")
    update(2)
    update(4)
    update(4)
    text = stream.getvalue()
    assert "\x1b" not in text and text.count("\n") == 1 and text.endswith("\n")
    first, second, third = text.rstrip("\n").split("\r")[1:]
    assert first.startswith("training · 25 %") and first.endswith("a long note")
    assert len(second) >= len(first), "the rest of the longer line is wiped"
    assert third.startswith("training · done")


def test_what_is_said_at_once_has_a_line_of_its_own_in_a_notebook():
    stream = io.StringIO()
    line = Line(stream, every_seconds=0.0)
    update = line.task("training", 4)
    update(1)
    say(line, "goes on from step 7")
    update(2)
    first, note, second = stream.getvalue().split("\r")[1:]
    assert first.startswith("training · 25 %") and second.startswith("training · 50 %")
    assert note.startswith("note: goes on from step 7") and note.endswith("\n")


def test_a_verb_gets_what_fits(terminal):
    @listened
    def verb(table, *, progress=None):
        return progress

    assert isinstance(verb("t"), Bar)
    assert verb("t", progress=False) is SILENT
    assert verb.__name__ == "verb"


def test_fit_is_silent_under_pytest(capsys):
    rows = [{"size": float(i * i % 7), "kind": "pq"[i % 2]} for i in range(20)]
    plait.fit(rows, target="kind", simple=True, budget="5s", scores=False)
    assert capsys.readouterr().err == ""


def test_in_a_notebook_the_line_never_stands_still_and_counts_down_the_budget():
    now, stream = [0.0], io.StringIO()
    line = Line(stream, every_seconds=0.0, clock=lambda: now[0])
    update = line.task("baselines", total=6)
    line._end = 20.0
    said = []
    for tenth in range(1, 101):
        now[0] = tenth / 10
        before = stream.getvalue()
        if tenth == 30:
            update(2, "linear")
        line.beat()
        if stream.getvalue() != before:
            said.append(now[0])
    assert max(b - a for a, b in zip([0.0, *said], said, strict=False)) <= 2.0
    assert "\rbaselines · 0:17 left · linear" in stream.getvalue()
    line.expect(20.0)
    line.close()
    assert line._heart is None
