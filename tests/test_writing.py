"""Files and folders appear whole or not at all; what hinders it is said, with a way to mend it."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pyarrow as pa
import pytest
from safetensors import SafetensorError

from plait import writing
from plait.errors import StorageError, TableError
from plait.storing import storing
from plait.writing import PART, write_folder, write_text, write_whole


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_appears_whole(tmp_path):
    place = tmp_path / "new" / "page.html"
    with write_whole(place) as temporary:
        temporary.write_text("half")
        assert not place.exists() and temporary.parent == place.parent
        temporary.write_text("whole")
    assert place.read_text() == "whole" and names(place.parent) == ["page.html"]


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (OSError(errno.ENOSPC, "x"), "the disk is full"),
        (OSError(errno.EDQUOT, "x"), "the disk quota is used up"),
        (OSError(errno.EFBIG, "x"), "larger than it may"),
        (OSError(errno.EROFS, "x"), "the disk is read-only"),
        (OSError(errno.EMFILE, "x"), "too many files are open in this process"),
        (SafetensorError("I/O error: No space left on device (os error 28)"), "the disk is full"),
        (pa.ArrowException("[errno 28] no space"), "the disk is full"),
        (OSError("1000 requested and 512 written"), "the disk is full"),
    ],
)
def test_whatever_stops_it_the_earlier_file_stays(tmp_path, error, what):
    (tmp_path / "a.csv").write_text("earlier")
    with pytest.raises(StorageError, match=what) as caught, write_whole(tmp_path / "a.csv") as new:
        new.write_text("ha")
        raise error
    assert (tmp_path / "a.csv").read_text() == "earlier" and names(tmp_path) == ["a.csv"]
    assert caught.value.path == str(tmp_path / "a.csv") and caught.value.hint
    assert caught.value.exit_code == 1


def test_a_full_disk_says_how_much_is_needed_and_free(tmp_path):
    with pytest.raises(StorageError) as caught, write_folder(tmp_path / "m", num_bytes=2_500_000):
        raise OSError(errno.ENOSPC, "x")
    assert caught.value.expected == "2.5 MB of free space"
    assert "MB free" in caught.value.received and names(tmp_path) == []
    with pytest.raises(StorageError) as caught, write_folder(tmp_path / "m", num_bytes=12_345):
        raise OSError(errno.ENOSPC, "x")
    assert caught.value.expected == "13 kB of free space"


def test_errors_of_other_things_pass(tmp_path):
    for error in (KeyError("a"), OSError(errno.EACCES, "x", "/etc/shadow"), TableError("no rows")):
        with pytest.raises(type(error)) as caught, write_whole(tmp_path / "a.csv"):
            raise error
        assert caught.value is error
    assert names(tmp_path) == []


def test_another_file_in_the_same_folder_is_not_blamed_on_the_output(tmp_path):
    error = PermissionError(errno.EACCES, "x", str(tmp_path / "table.csv"))
    with pytest.raises(PermissionError), storing(tmp_path / "out.csv"):
        raise error


def test_a_closed_folder_is_told_of_whichever_part_it_stops(tmp_path):
    for name in (str(tmp_path), str(tmp_path / ".out.csv.0123.part"), str(tmp_path / "out.csv")):
        error = PermissionError(errno.EACCES, "x", name)
        said = "no permission to write here"
        with pytest.raises(StorageError, match=said) as caught, storing(tmp_path / "out.csv"):
            raise error
        assert caught.value.hint == "name a place that can be written to"


@pytest.mark.parametrize(
    ("make", "name", "what"),
    [
        (lambda p: p.mkdir(), "a", "a folder lies at the place of the file"),
        (lambda p: p.write_text(""), "a/b.csv", "a file lies where a folder should be"),
        (lambda p: None, "a" * 300, "the name is too long"),
    ],
)
def test_a_place_that_cannot_be_written_to(tmp_path, make, name, what):
    make(tmp_path / "a")
    with pytest.raises(StorageError, match=what):
        write_text(tmp_path / name, "x")
    assert names(tmp_path) == (["a"] if (tmp_path / "a").exists() else [])


def test_a_link_is_followed_and_a_pipe_is_written(tmp_path):
    (tmp_path / "real.txt").write_text("1")
    (tmp_path / "link.txt").symlink_to("real.txt")
    write_text(tmp_path / "link.txt", "2")
    assert (tmp_path / "link.txt").is_symlink() and (tmp_path / "real.txt").read_text() == "2"
    os.mkfifo(tmp_path / "pipe")
    found = []
    reader = threading.Thread(target=lambda: found.append((tmp_path / "pipe").read_text()))
    reader.start()
    write_text(tmp_path / "pipe", "through")
    reader.join()
    assert found == ["through"]


def test_new_files_have_the_permissions_of_any_new_file(tmp_path):
    (tmp_path / "plain").write_text("")
    write_text(tmp_path / "ours", "")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("at_once", [True, False], ids=["exchanged", "in two steps"])
def test_a_folder_takes_the_place_of_another(tmp_path, monkeypatch, at_once):
    if not at_once:
        monkeypatch.setattr(writing, "_exchange", lambda first, second: False)
    for content in ("1", "2"):
        with write_folder(tmp_path / "m") as new:
            (new / "x").write_text(content)
    assert (tmp_path / "m" / "x").read_text() == "2" and names(tmp_path) == ["m"]


def test_a_folder_is_never_absent_while_it_is_replaced(tmp_path):
    seen, stop = [], threading.Event()

    def watch():
        while not stop.is_set():
            seen.append((tmp_path / "m" / "x").exists())

    with write_folder(tmp_path / "m") as new:
        (new / "x").write_text("0")
    if not writing._exchange(tmp_path / "m", tmp_path / "m"):
        pytest.skip("this file system cannot exchange folders")
    watcher = threading.Thread(target=watch)
    watcher.start()
    for number in range(100):
        with write_folder(tmp_path / "m") as new:
            (new / "x").write_text(str(number))
    stop.set()
    watcher.join()
    assert seen and all(seen)


def test_many_writers_of_one_folder_do_no_harm(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "_sync", lambda path: None)
    failed = []

    def write(content):
        try:
            for _ in range(20):
                with write_folder(tmp_path / "m") as new:
                    (new / "x").write_text(content)
        except Exception as error:
            failed.append(error)

    writers = [threading.Thread(target=write, args=(text,)) for text in "abcd"]
    [one.start() for one in writers]
    [one.join() for one in writers]
    assert not failed and (tmp_path / "m" / "x").read_text() in "abcd"
    assert names(tmp_path) == ["m"]


KILLED = """
import os, signal, sys
from plait.writing import write_folder, write_whole
with write_whole(sys.argv[1]) as one, write_folder(sys.argv[2]) as two:
    one.write_text("half")
    (two / "x").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_goes_with_the_next_write(tmp_path):
    places = [str(tmp_path / "a.csv"), str(tmp_path / "m")]
    done = subprocess.run([sys.executable, "-c", KILLED, *places])
    assert done.returncode == -signal.SIGKILL
    assert [name.endswith(PART) for name in names(tmp_path)] == [True, True]
    with write_whole(tmp_path / "a.csv") as held:
        write_text(tmp_path / "a.csv", "whole")
        assert held.exists(), "the part of a living writer was taken for a left one"
        held.write_text("later")
    with write_folder(tmp_path / "m") as new:
        (new / "x").write_text("whole")
    assert (tmp_path / "a.csv").read_text() == "later" and names(tmp_path) == ["a.csv", "m"]


def test_numpy_says_nothing_of_a_full_disk_but_is_understood(tmp_path, small_files):
    with (
        pytest.raises(StorageError, match="disk is full|larger than it may"),
        write_folder(tmp_path / "m") as new,
        small_files(1000),
    ):
        np.zeros(10_000).tofile(new / "x")
    assert names(tmp_path) == []
