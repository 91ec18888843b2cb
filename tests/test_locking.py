"""Locks: one holder at a time, named to those who come later, free when its process is gone."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys

import pytest

from plait import locking
from plait.errors import BusyError
from plait.locking import Lock

HOLDS = """
import sys
from plait.locking import Lock
Lock(sys.argv[1]).take("a fit")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "lock"


def test_the_second_learns_who_holds_it(path):
    Lock(path).check()
    assert not path.exists()
    first = Lock(path)
    first.take("a fit")
    for attempt in (Lock(path).check, lambda: Lock(path).take("another")):
        with pytest.raises(BusyError, match="a fit is at work here") as caught:
            attempt()
        assert f"pid {os.getpid()}, host {socket.gethostname()}" in caught.value.received
        assert "since 2" in caught.value.received and caught.value.path == str(path.parent)
    first.release()
    Lock(path).check()
    second = Lock(path)
    second.take("another")
    assert second.kept and json.loads(path.read_text())["what"] == "another"
    second.release()


def test_a_killed_holder_holds_nothing(path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
    with pytest.raises(BusyError, match="a fit is at work") as caught:
        Lock(path).take("another")
    assert f"pid {holder.pid}" in caught.value.received
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    lock = Lock(path)
    lock.take("another")
    lock.release()


def test_a_removed_lock_file_locks_nothing(path, monkeypatch):
    first, second = Lock(path), Lock(path)
    first.take("the first")
    real, opened = Lock._open, []

    def open_before_it_is_removed(self):
        handle = real(self)
        if not opened:
            opened.append(handle)
            path.unlink()
            path.parent.rmdir()
            first.release()
        return handle

    monkeypatch.setattr(Lock, "_open", open_before_it_is_removed)
    second.take("the second")
    with pytest.raises(BusyError, match="the second is at work"):
        Lock(path).take("the third")
    second.release()


def test_a_file_system_without_locks_is_told(path, monkeypatch):
    monkeypatch.setattr(locking, "try_lock", lambda handle: None)
    lock = Lock(path)
    lock.take("a fit")
    assert not lock.kept
    lock.release()
