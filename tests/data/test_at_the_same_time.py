"""Processes that build the same at the same time do each other no harm."""

from __future__ import annotations

import subprocess
import sys
import threading

import numpy as np
import pytest

import plait
from plait.data.prepared import fit_codecs, prepare_table
from plait.index.index import Index

BUILDS = """
import sys
import plait
from plait.data.prepared import fit_codecs, prepare_table
rows = [{"note": f"some words number {i % 90}"} for i in range(3000)]
table = plait.read(rows, columns={"note": "text"})
codecs = fit_codecs(table, ["note"], range(3000))
print("ready", flush=True)
sys.stdin.readline()
for _ in range(5):
    prepared = prepare_table(table, codecs)
    values = (prepared.columns["note"][row] for row in range(0, 3000, 100))
    print(sum(int(part.sum()) for value in values for part in value.values()))
"""


def test_one_cache_entry_is_built_by_several_processes(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path / "cache"))
    words = [sys.executable, "-c", BUILDS]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    builders = [subprocess.Popen(words, text=True, **pipes) for _ in range(3)]
    for one in builders:
        assert one.stdout.readline() == "ready\n"
    ends = []
    for one in builders:
        one.stdin.write("\n")
        one.stdin.flush()
    for one in builders:
        out, err = one.communicate(timeout=120)
        assert one.returncode == 0, err
        ends.append(out)
    assert len(set(ends)) == 1 and len(set(ends[0].split())) == 1
    entries = [path.name for path in (tmp_path / "cache" / "prepared").iterdir()]
    assert len(entries) == 1 and not entries[0].startswith(".")


def sum_of(prepared):
    values = (prepared.columns["note"][row] for row in range(prepared.num_rows))
    return sum(int(part.sum()) for value in values for part in value.values())


def in_threads(work, num=4):
    failed = []

    def guarded(number):
        try:
            work(number)
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(num)]
    [one.start() for one in threads]
    [one.join() for one in threads]
    assert not failed, failed


def test_a_damaged_entry_is_built_again_by_all_who_find_it(tmp_path):
    rows = [{"note": f"some words number {i % 40}"} for i in range(400)]
    table = plait.read(rows, columns={"note": "text"})
    codecs = fit_codecs(table, ["note"], range(400))
    expected = sum_of(prepare_table(table, codecs, cache=tmp_path))
    [entry] = (tmp_path / "prepared").iterdir()

    together = threading.Barrier(4, timeout=60)

    def work(number):
        for _ in range(10):
            if together.wait() == 0:
                (entry / "meta.json").unlink()  # damaged: all find out and build it anew
            together.wait()
            assert sum_of(prepare_table(table, codecs, cache=tmp_path)) == expected

    in_threads(work)
    assert [path.name for path in (tmp_path / "prepared").iterdir()] == [entry.name]


@pytest.mark.parametrize("kind", ["exact", "hnsw"])
def test_one_index_is_saved_and_loaded_by_several(tmp_path, kind):
    if kind == "hnsw":
        pytest.importorskip("usearch")
    vectors = np.random.default_rng(0).normal(size=(60, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    names = [f"row {i}" for i in range(60)]

    def work(number):
        for _ in range(8):
            Index.build(vectors, names, key="m", kind=kind).save(tmp_path / "rows.index")
            found = Index.load(tmp_path / "rows.index", key="m")
            assert found.search(vectors[:1], 1).ids == [["row 0"]]

    in_threads(work, 3)
    assert [path.name for path in tmp_path.iterdir()] == ["rows.index"]
