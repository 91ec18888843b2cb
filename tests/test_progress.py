"""Progress is a bar, lines or nothing, and says how long it will take."""

from __future__ import annotations

import io

import pytest

from plait.progress import SILENT, Lines, clock_time, describe, expect_end, open_progress


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


def test_while_there_is_an_end_no_two_seconds_pass_without_a_line():
    stream, clock = io.StringIO(), Clock()
    lines = Lines(stream, clock=clock)
    update = lines.task("baselines", total=6)
    lines._end = 20.0
    said = []
    for tenth in range(0, 181):
        clock.now = tenth / 10
        if tenth == 50:
            update(6, "linear")
        before = stream.getvalue()
        lines.beat()
        if stream.getvalue() != before or tenth == 50:
            said.append(clock.now)
    assert max(b - a for a, b in zip([0.0, *said], [*said, 18.0], strict=True)) <= 2.0
    assert "baselines · 0:18 left" in stream.getvalue().splitlines()[0]


def test_the_time_left_is_that_of_the_budget():
    stream, clock = io.StringIO(), Clock()
    lines = Lines(stream, clock=clock, every_seconds=1.0)
    update = lines.task("training", total=100)
    lines._end = 60.0
    clock.now = 30.0
    update(1)
    assert stream.getvalue() == "training · 0:30 left\n"


def test_beats_come_from_a_thread_until_closed():
    stream = io.StringIO()
    lines = Lines(stream, clock=Clock())
    assert lines._heart is None
    expect_end(lines, 5.0)
    assert lines._heart is not None and lines._heart._thread.is_alive()
    lines.close()
    assert lines._heart is None
    expect_end(SILENT, 5.0)
    expect_end(lines, None)
    assert lines._heart is None
