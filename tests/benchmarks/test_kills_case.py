"""A few kills and full disks, and that the case notices what it is there to notice."""

from __future__ import annotations

import pytest
from benchmarks.cases import kills
from benchmarks.crashes import FAILED, FINISHED, KILLED, NO_STORAGE, run_apart

from plait.errors import StorageError


def test_ends_are_told_apart(tmp_path):
    def fails(error):
        def work():
            raise error

        return work

    def waits():
        (tmp_path / "begun").write_text("")
        while True:
            pass

    assert run_apart(lambda: (tmp_path / "done").write_text("x")) == FINISHED
    assert (tmp_path / "done").exists()
    assert run_apart(fails(StorageError("full"))) == NO_STORAGE
    assert run_apart(fails(OSError(28, "full"))) == FAILED
    assert run_apart(waits, kill_after=0.05) == KILLED
    assert run_apart(lambda: (tmp_path / "x").write_text("x" * 999), most_bytes=100) == FAILED


def verb_that(work):
    found = kills.Verb(
        "report", "out.txt",
        lambda folder: (folder / "out.txt").write_text("earlier"), work,
        lambda path: path.read_text(),
    )  # fmt: skip
    return found


def test_a_half_written_and_a_left_file_are_faults(tmp_path):
    verb = verb_that(lambda folder, goes_on: (folder / "out.txt").write_text("whole"))
    verb.learn(tmp_path)
    assert verb.faults_after_a_crash(tmp_path) == []
    (tmp_path / "out.txt").write_text("who")
    assert verb.faults_after_a_crash(tmp_path) == ["report: half-written"]
    (tmp_path / "out.txt").unlink()
    assert "FileNotFoundError" in verb.faults_after_a_crash(tmp_path)[0]
    (tmp_path / ".left.part").write_text("")
    assert verb.faults_after_going_on(tmp_path, []) == ["report: left .left.part"]
    assert verb.faults_after_going_on(tmp_path, [".left.part"]) == []
    verb.work = lambda folder, goes_on: (folder / "out.txt").write_text(f"other {goes_on}")
    assert verb.faults_after_going_on(tmp_path, [".left.part"]) == ["report: another result"]


def test_a_verb_that_changes_nothing_measures_nothing(tmp_path):
    verb = verb_that(lambda folder, goes_on: None)
    with pytest.raises(RuntimeError, match="makes what was there before"):
        verb.learn(tmp_path)


@pytest.mark.slow
def test_one_crash_of_each_kind_loses_nothing():
    found = kills.measure_apart(1, 1, seed=1)
    for verbs in found.values():
        assert set(verbs) == {"fit", "report", "search"}
        for tally in verbs.values():
            assert tally["crashes"] >= 1 and tally["faults"] == []
