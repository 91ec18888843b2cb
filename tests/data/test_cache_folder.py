"""The cache folder: entries are whole or absent, old ones leave, errors say how to mend it."""

import os
import time

import pytest

from plait.data import cache
from plait.data.cache import cache_folder, default_cache, new_entry, prune
from plait.errors import StorageError


def put(folder, name, num_bytes, age_seconds):
    (folder / name).mkdir()
    (folder / name / "data.bin").write_bytes(b"x" * num_bytes)
    then = time.time() - age_seconds
    os.utime(folder / name, (then, then))


def test_the_place_can_be_chosen(monkeypatch, tmp_path):
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path / "here"))
    assert default_cache() == tmp_path / "here"
    monkeypatch.delenv("PLAIT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_cache() == tmp_path / "plait"


def test_an_entry_appears_whole_or_not_at_all(tmp_path):
    with new_entry(tmp_path, "a") as folder:
        (folder / "x").write_text("1")
        assert not (tmp_path / "a").exists()
    with pytest.raises(ZeroDivisionError), new_entry(tmp_path, "a") as folder:
        (folder / "x").write_text("2")
        raise ZeroDivisionError
    assert (tmp_path / "a/x").read_text() == "1"
    with new_entry(tmp_path, "a") as folder:
        (folder / "x").write_text("3")
    assert (tmp_path / "a/x").read_text() == "3"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_the_least_recently_used_leave_first(tmp_path):
    hour = 3600
    for name, age in [("new", 0), ("mid", 2 * hour), ("old", 9 * hour)]:
        put(tmp_path, name, 100, age)
    put(tmp_path, ".killed", 100, 48 * hour)
    put(tmp_path, ".working", 100, hour)
    assert {path.name for path in prune(tmp_path, max_bytes=250)} == {"old", ".killed"}
    assert {path.name for path in prune(tmp_path, max_bytes=0)} == {"mid"}


def test_a_folder_that_cannot_be_made_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="a file lies where a folder should be") as caught:
        cache_folder("tables", tmp_path / "file")
    assert "PLAIT_CACHE" in caught.value.hint


def test_many_entries_are_not_looked_at_again_and_again(tmp_path, monkeypatch):
    looks = []
    monkeypatch.setattr(cache, "prune", looks.append)
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    for number in range(50):
        for folder in (tmp_path / "a", tmp_path / "b"):
            with new_entry(folder, str(number)):
                pass
    assert looks == [tmp_path / "a", tmp_path / "b"]
    now[0] += cache.PRUNE_SECONDS
    with new_entry(tmp_path / "a", "later"):
        pass
    assert looks[2:] == [tmp_path / "a"]
