"""Cells decoded in processes: the same arrays and copies as in one, errors with their place."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from toys import LettersCodec

from plait import read
from plait.data import find_copies, fit_codecs, prepare_rows, prepare_table
from plait.data import pieces as pieces_module
from plait.data.fingerprints import fingerprints
from plait.data.pieces import MANY_ROWS, num_processes
from plait.errors import CellError, PlaitError
from plait.modalities import find_codec

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks")
NUM_ROWS, NUM_SLOW = 150, 50


@pytest.fixture(autouse=True)
def many_cores(monkeypatch):
    """Three cores; so few rows count as many that the tests are quick."""
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setattr(pieces_module, "MANY_ROWS", 100)
    yield
    assert not multiprocessing.active_children()


def under(table, num_workers, on_error="raise"):
    return table.under(replace(table.policy, num_workers=num_workers, on_error=on_error))


def pictures(folder, num=NUM_ROWS):
    """A table of pictures of three sizes; some are one picture in two formats, some missing."""
    rng, names = np.random.default_rng(0), []
    for number in range(num):
        height, width = [(28, 28), (20, 31), (31, 20)][number % 3]
        coarse = Image.fromarray(rng.integers(0, 256, (5, 5, 3), np.uint8))
        pixels = coarse.resize((width, height))
        names.append(f"{number}.png" if number % 11 else None)
        pixels.save(folder / f"{number}.png")
        if number % 10 == 0:
            pixels.save(folder / f"{number}.bmp")
            names[-1] = f"{number - 1}.png" if number else "0.bmp"
    return read({"x": names}, root=folder, columns="x=image")


def of_modality(modality, folder):
    if modality == "image":
        return pictures(folder)
    codec, rng = find_codec(modality)(), np.random.default_rng(0)
    cells = [codec.example(rng) for _ in range(15)]
    cells = [None if n % 9 == 8 else cells[n % len(cells)] for n in range(NUM_SLOW)]
    return read({"x": cells}, columns=f"x={modality}")


def values_of(prepared, name="x"):
    column = prepared.columns[name]
    return [
        None
        if value is None
        else {part: (array.dtype, array.tolist()) for part, array in value.items()}
        for value in (column[row] for row in range(len(column)))
    ]


@pytest.mark.parametrize("modality", ["image", "audio", "series", "text", "video"])
def test_any_number_of_workers_finds_the_same(modality, tmp_path, monkeypatch):
    monkeypatch.setattr(pieces_module, "MANY_ROWS", 40)
    table = of_modality(modality, tmp_path)
    codec = fit_codecs(table, ["x"], range(0, table.num_rows, 2))["x"]
    prepared, prints = [], []
    for num in (1, 2, 3):
        assert num_processes(under(table, num)) == (num if num > 1 else 0)
        place = tmp_path / f"cache{num}"
        prepared.append(prepare_table(under(table, num), {"x": codec}, cache=place))
        prints.append(fingerprints(under(table, num), {"x": codec}, cache=place)["x"])
    media = table.media()
    raws = [None if cell is None else codec.read(cell, media) for cell in table.column("x")]
    alone = [None if raw is None else codec.prepare(raw) for raw in raws]
    for one in prepared:
        for row, value in enumerate(alone):
            found = one.columns["x"][row]
            assert (found is None) == (value is None)
            for part in value or {}:
                assert found[part].dtype == value[part].dtype
                np.testing.assert_array_equal(found[part], value[part])
    for row, raw in enumerate(raws):
        mark = None if raw is None else codec.fingerprint(raw)
        assert {one.sketch(row) for one in prints} == {b"" if mark is None else mark.sketch}
        assert {one.codes[row].tobytes() for one in prints} == {
            bytes(32) if mark is None else mark.code
        }
    groups = [[rows.tolist() for _, rows in find_copies({"x": one}).groups] for one in prints]
    assert groups[0] and groups[0] == groups[1] == groups[2]
    held = prepare_rows(under(table, 2), {"x": codec})
    assert values_of(held) == values_of(prepared[0])


def test_columns_of_all_kinds_are_prepared_together(tmp_path):
    cells = {
        "size": [None if n % 7 == 0 else str(n) for n in range(NUM_ROWS)],
        "word": [f"w{n}" for n in range(NUM_ROWS)],
        "kind": ["ab"[n % 2] for n in range(NUM_ROWS)],
    }
    table = read(cells, columns="size=number,kind=category")
    codecs = fit_codecs(table, ["size", "kind"], range(NUM_ROWS))
    codecs = {"size": codecs["size"], "word": LettersCodec(), "kind": codecs["kind"]}
    said = []
    first = prepare_table(under(table, 1), codecs, cache=tmp_path / "1")
    second = prepare_table(under(table, 2), codecs, cache=tmp_path / "2", progress=said.append)
    assert said == [NUM_ROWS]
    for name in codecs:
        assert values_of(first, name) == values_of(second, name)


@pytest.mark.parametrize("num_workers", [1, 2])
def test_broken_pictures_in_the_middle(num_workers, tmp_path, cache):
    table = pictures(tmp_path)
    for number in (74, 97):
        (tmp_path / f"{number}.png").write_bytes(b"\x89PNG broken")
    codec = find_codec("image")(size_px=16)
    for make in (prepare_table, fingerprints, prepare_rows):
        with pytest.raises(CellError, match="cannot be decoded") as caught:
            make(under(table, num_workers), {"x": codec})
        assert (caught.value.column, caught.value.row) == ("x", 74)
        assert caught.value.path == str(tmp_path / "74.png")
        assert "--on-error skip" in caught.value.hint
    assert list((cache / "prepared").iterdir()) == list((cache / "fingerprints").iterdir()) == []
    skipping = under(table, num_workers, "skip")
    prepared = prepare_table(skipping, {"x": codec})
    assert [bad["row"] for bad in prepared.bad] == [74, 97]
    assert "no known picture format" in prepared.bad[0]["error"]
    codes = fingerprints(skipping, {"x": codec})["x"].codes.any(axis=1)
    missing = [row for row in range(NUM_ROWS) if not codes[row]]
    assert missing == sorted({74, 97, *(n for n in range(NUM_ROWS) if not n % 11 and n % 10)})


class Wild(LettersCodec):
    """Some words do something to the process that reads them."""

    def read(self, cell, media):
        if cell in ("SIGKILL", "SIGINT"):
            os.kill(os.getpid(), getattr(signal, cell))
        return super().read(cell, media)


def words(*special):
    found = [f"w{n}" for n in range(NUM_ROWS)]
    found[70 : 70 + len(special)] = special
    return under(read({"word": found}), 2)


def test_a_killed_worker_is_an_error_and_leaves_nothing(cache):
    for make in (prepare_table, fingerprints, prepare_rows):
        with pytest.raises(PlaitError, match="ended without a word") as caught:
            make(words("SIGKILL"), {"word": Wild()})
        assert "memory" in caught.value.hint
    assert list((cache / "prepared").iterdir()) == list((cache / "fingerprints").iterdir()) == []


def test_an_interrupt_that_reaches_a_worker_changes_nothing():
    table = words("SIGINT", "SIGINT")
    found = prepare_rows(table, {"word": Wild()})
    assert values_of(found, "word") == values_of(
        prepare_rows(table, {"word": LettersCodec()}), "word"
    )


def test_an_interrupt_here_ends_the_workers_and_leaves_nothing(cache):
    def stop(done):
        signal.raise_signal(signal.SIGINT)

    for make in (prepare_table, fingerprints):
        with pytest.raises(KeyboardInterrupt):
            make(words(), {"word": LettersCodec()}, progress=stop)
        assert not multiprocessing.active_children()
    assert list((cache / "prepared").iterdir()) == list((cache / "fingerprints").iterdir()) == []


def test_a_bug_in_a_worker_is_raised_as_it_is(monkeypatch):
    monkeypatch.setattr(LettersCodec, "prepare", lambda self, raw: {}[raw])
    with pytest.raises(KeyError, match="w0"):
        prepare_rows(words(), {"word": LettersCodec()})


def test_processes_are_for_many_rows_and_several_cores(monkeypatch):
    table = words()
    assert num_processes(table) == 2 and num_processes(under(table, 8)) == 3
    assert num_processes(under(table, 1)) == num_processes(table.take(range(99))) == 0
    found = []
    thread = threading.Thread(target=lambda: found.append(num_processes(table)))
    thread.start()
    thread.join()
    assert found == [0]
    monkeypatch.setattr(pieces_module, "can_fork", lambda: False)
    assert num_processes(table) == 0
    monkeypatch.undo()
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert num_processes(table) == 0 and MANY_ROWS > 512
