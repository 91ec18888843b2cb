"""Progress is a bar, lines or nothing, and says how long it will take."""

from __future__ import annotations

import io

import pytest

from plait.progress import Lines, clock_time, describe, open_progress


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_lines_come_every_ten_seconds_and_at_the_end():
    stream, clock = io.StringIO(), Clock()
    update = Lines(stream, clock=clock).task("training", total=100)
    for second in range(0, 101):
        clock.now = float(second)
        update(second, note="loss 0.5")
    update(100)
    lines = stream.getvalue().splitlines()
    assert lines[0] == "training · 10 % · 1:30 left · loss 0.5"
    assert lines[-1] == "training · done in 1:40 · loss 0.5"
    assert len(lines) == 10


@pytest.mark.parametrize(
    ("done", "total", "seconds", "expected"),
    [
        (0, 10, 5.0, "0 %"),
        (5, 10, 5.0, "50 % · 0:05 left"),
        (20, 10, 5.0, "done in 0:05"),
        (7, None, 65.0, "7 · 1:05"),
        (3, 0, 1.0, "3 · 0:01"),
    ],
)
def test_describe(done, total, seconds, expected):
    assert describe(done, total, seconds) == expected


def test_hours_are_written_out():
    assert clock_time(3723) == "1:02:03"


def test_quiet_says_nothing(capsys):
    with open_progress(quiet=True) as progress:
        progress.task("training", 10)(10, "done")
    assert capsys.readouterr() == ("", "")


def test_without_a_terminal_lines_go_to_stderr(capsys):
    with open_progress() as progress:
        progress.task("training", 10)(10, "accuracy 0.9")
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "training · done in 0:00 · accuracy 0.9\n"


def test_a_terminal_gets_a_bar(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with open_progress() as progress:
        progress.task("training", 10)(5, "accuracy 0.9")
    err = capsys.readouterr().err
    assert "training" in err and "50%" in err and "accuracy 0.9" in err
