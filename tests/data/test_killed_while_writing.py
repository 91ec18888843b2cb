"""Cache entries are whole or absent, however the process that wrote them ended."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from plait.data.cache import prune

WORK = Path(__file__).with_name("cache_work.py")


def run(how, folder):
    done = subprocess.run(
        [sys.executable, str(WORK), how, str(folder)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_killed_at_any_file_operation_the_next_run_finds_the_same(tmp_path):
    found = run("kills", tmp_path)
    assert len(found["after"]) > 20, "the work is expected to write more than that"
    assert [one["ended"] for one in found["after"][:-1]] == [-9] * (len(found["after"]) - 1)
    for one in found["after"]:
        assert one["result"] == found["expected"] and one["left"] == [], one


def test_several_that_fill_an_empty_cache_at_once_find_what_one_alone_finds(tmp_path):
    found = run("together", tmp_path)
    assert found["after"] == [found["expected"]] * 4
    assert not [name for name in found["entries"] if name.startswith(".")]


@pytest.fixture
def work(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(WORK.parent))
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path / "cache"))
    cache_work = pytest.importorskip("cache_work")
    from plait.data.sources import spool

    monkeypatch.setattr(spool, "MEMORY_BYTES", 100)
    path = cache_work.make_table(tmp_path)
    return lambda: cache_work.prepared_hash(path)


@pytest.mark.parametrize("cut", ["half", "a row", "empty", "gone"])
def test_a_cut_file_of_an_entry_is_noticed_and_the_entry_made_anew(work, tmp_path, cut):
    expected = work()
    files = [file for file in (tmp_path / "cache").rglob("*") if file.is_file()]
    assert {file.parent.parent.name for file in files} >= {"tables", "prepared", "fingerprints"}
    for file in files:
        content = file.read_bytes()
        rest = {"half": content[: len(content) // 2], "empty": b""}
        rest["a row"] = content[:-1].rpartition(b"\n")[0] + b"\n"
        file.unlink() if cut == "gone" else file.write_bytes(rest[cut])
        assert work() == expected, f"{file.parent.parent.name}/{file.name}"
        assert file.read_bytes() == content


def test_a_removed_entry_is_never_half_there(tmp_path, monkeypatch):
    entry = tmp_path / "entry"
    entry.mkdir()
    (entry / "part.bin").write_bytes(b"x")
    seen = []
    monkeypatch.setattr("shutil.rmtree", lambda path, **_: seen.append(entry.exists()))
    monkeypatch.setattr("plait.data.cache.RECENT_SECONDS", -1.0)
    assert prune(tmp_path, max_bytes=0) == [entry]
    assert seen == [False]
