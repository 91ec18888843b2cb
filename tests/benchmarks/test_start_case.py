"""The case of starting: what it times ends as it should, and sizes count every file once."""

from __future__ import annotations

import os

import pytest
from benchmarks.cases.start import Command, commands, shop, size_of, timed


def test_commands_that_end_otherwise_are_no_numbers(tmp_path):
    found = timed(
        Command("version", ("--version",), 1.0, said="plait "), tmp_path, dict(os.environ), 1
    )
    assert 0 < found.beside < found.seconds and found.cpu_seconds > 0
    with pytest.raises(RuntimeError, match="plait --version ended with 0"):
        timed(Command("version", ("--version",), 1.0, code=2), tmp_path, dict(os.environ), 1)


def test_every_command_has_a_bound_and_words_to_look_for():
    assert all(one.seconds > 0 and one.said for one in commands())
    assert {row["kind"] for row in shop(50, 0)} == {"boot", "sandal", "hat"}


def test_sizes_are_of_files_in_folders_too(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(bytes(30))
    (tmp_path / "c").write_bytes(bytes(4))
    assert (size_of(tmp_path), size_of(tmp_path / "c")) == (34, 4)
