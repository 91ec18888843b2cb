"""Forked workers: results in order whatever their number, no process left, no wait for the dead."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys

import numpy as np
import pytest

from plait.data.workers import AHEAD, Workers
from plait.errors import CellError, PlaitError

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="forks")


@pytest.fixture(autouse=True)
def nobody_left():
    yield
    assert not multiprocessing.active_children()


def squared(number):
    return number**2, os.getpid()


@pytest.mark.parametrize("num", [1, 2, 3])
def test_results_come_in_order_from_other_processes(num):
    with Workers(squared, num) as workers:
        found = list(workers.map((f"of {n}", n) for n in range(40)))
    assert [(name, value) for name, (value, _) in found] == [(f"of {n}", n**2) for n in range(40)]
    assert len({pid for _, (_, pid) in found} - {os.getpid()}) == num


def test_what_needs_no_work_keeps_its_place():
    with Workers(squared, 2) as workers:
        found = [result for _, result in workers.map((n, None if n % 2 else n) for n in range(9))]
    assert [one and one[0] for one in found] == [0, None, 4, None, 16, None, 36, None, 64]


def test_tasks_are_looked_at_a_few_ahead():
    looked_at = []

    def tasks():
        for number in range(100):
            looked_at.append(number)
            yield number, number

    with Workers(squared, 2) as workers:
        for taken, _ in enumerate(workers.map(tasks())):
            assert len(looked_at) <= taken + 2 * AHEAD + 1


def test_large_tasks_and_results_do_not_wait_for_each_other():
    with Workers(lambda array: array + 1, 2) as workers:
        for number, found in workers.map((n, np.full(10**6, n, np.uint8)) for n in range(8)):
            assert found.shape == (10**6,) and (found == number + 1).all()


def test_an_error_is_raised_in_its_turn_as_it_is():
    def work(number):
        if number > 4:
            raise CellError("no such cell", hint="mend it", row=number)
        return number

    found = []
    with pytest.raises(CellError, match="no such cell") as caught, Workers(work, 2) as workers:
        found.extend(result for _, result in workers.map((n, n) for n in range(20)))
    assert found == [0, 1, 2, 3, 4]
    assert (caught.value.row, caught.value.hint) == (5, "mend it")


@pytest.mark.parametrize("num_tasks", [1, 30])
def test_a_killed_worker_is_an_error(num_tasks):
    def work(number):
        if number == num_tasks - 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    with pytest.raises(PlaitError, match="ended without a word"), Workers(work, 2) as workers:
        list(workers.map((n, n) for n in range(num_tasks)))


def test_a_worker_killed_while_it_waits_is_an_error():
    with pytest.raises(PlaitError, match="ended without a word"), Workers(squared, 1) as workers:
        for _ in workers.map((n, n) for n in range(30)):
            for process in multiprocessing.active_children():
                process.kill()
                process.join()


def test_workers_leave_an_interrupt_to_who_waits_for_them():
    def work(number):
        os.kill(os.getpid(), signal.SIGINT)
        return number

    with Workers(work, 2) as workers:
        assert [result for _, result in workers.map((n, n) for n in range(5))] == [0, 1, 2, 3, 4]


def test_an_interrupt_ends_all():
    with pytest.raises(KeyboardInterrupt), Workers(squared, 2) as workers:
        for _ in workers.map((n, n) for n in range(1000)):
            signal.raise_signal(signal.SIGINT)


def test_what_cannot_be_told_is_an_error():
    with (
        pytest.raises(RuntimeError, match="cannot be told"),
        Workers(lambda number: lambda: number, 1) as workers,
    ):
        list(workers.map([("a", 1)]))
