"""A few hundred damaged tables of every kind: a result, or an error that helps; nothing left."""

import tempfile
from pathlib import Path

import numpy as np
import pytest
from benchmarks.fuzzing.probe import try_case
from benchmarks.fuzzing.sources import KINDS, make

from plait.errors import TableError

NUM_EACH = 12


@pytest.mark.parametrize("place", range(len(KINDS)), ids=list(KINDS))
def test_damaged_sources_give_a_result_or_an_error_that_helps(place):
    for turn in range(NUM_EACH):
        result = try_case(7, place + turn * len(KINDS))
        assert result["finding"] is None, result


@pytest.mark.parametrize("kind", KINDS)
def test_a_case_is_the_same_every_time(kind, tmp_path):
    made = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        source = make(kind, folder, np.random.default_rng([3, 5]))
        # Sizes may differ by a byte: films carry a random number of their own.
        files = [path.relative_to(folder) for path in sorted(folder.rglob("*"))]
        made.append((source.how, source.is_cut, files))
    assert made[0] == made[1]


def broken(error):
    def reader(*_):
        raise error

    return reader


@pytest.mark.parametrize(
    ("reader", "finding"),
    [
        (broken(ZeroDivisionError("a bug")), "ZeroDivisionError: a bug"),
        (broken(MemoryError()), "MemoryError"),
        (broken(TableError("no")), "an error that helps nobody"),
        (lambda path, _: path.unlink(), None),
    ],
)
def test_what_is_wrong_is_found(reader, finding, monkeypatch):
    monkeypatch.setattr("plait.data.sources.opening.read_delimited", reader)
    found = try_case(7, list(KINDS).index("csv"))["finding"]
    assert found is not None and (finding is None or finding in found)


def test_a_lost_end_that_is_not_noticed_is_found(monkeypatch):
    place = list(KINDS).index("gz")
    cut = next(number for number in range(place, 5000, len(KINDS)) if _is_cut(number))
    assert try_case(7, cut)["finding"] is None
    monkeypatch.setattr("benchmarks.fuzzing.probe.read", lambda *_, **__: None)
    assert "lost its end" in try_case(7, cut)["finding"]


def _is_cut(number):
    with tempfile.TemporaryDirectory() as folder:
        return make("gz", Path(folder), np.random.default_rng([7, number])).is_cut
