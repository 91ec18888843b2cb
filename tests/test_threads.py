"""BLAS takes one thread on small tables, in fit and wherever features are made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import plait
from plait.threads import ROWS_PER_THREAD, few_threads

threadpoolctl = pytest.importorskip("threadpoolctl")


def num_threads() -> list[int]:
    return [
        pool["num_threads"]
        for pool in threadpoolctl.threadpool_info()
        if "blas" in pool["user_api"]
    ]


@pytest.fixture
def three_threads() -> Iterator[None]:
    with threadpoolctl.threadpool_limits(3, user_api="blas"):
        yield


@pytest.mark.parametrize(
    ("num_rows", "expected"),
    [(0, 1), (ROWS_PER_THREAD, 1), (2 * ROWS_PER_THREAD, 2), (100 * ROWS_PER_THREAD, 3)],
)
def test_threads_grow_with_rows_up_to_what_there_were(
    three_threads: None, num_rows: int, expected: int
) -> None:
    with few_threads(num_rows):
        assert set(num_threads()) == {expected}
    assert set(num_threads()) == {3}


def test_a_small_table_is_learned_from_by_one_thread(
    three_threads: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from plait.recipes import fit

    seen: list[int] = []
    learn = fit._learn

    def watched(*given: Any) -> Any:
        seen.extend(num_threads())
        return learn(*given)

    monkeypatch.setattr(fit, "_learn", watched)
    rng = np.random.default_rng(0)
    table = {"x": rng.normal(size=60).tolist(), "y": rng.integers(0, 2, 60).tolist()}
    plait.fit(table, target="y", columns={"y": "category"}, simple=True, budget="1 epochs")
    assert set(seen) == {1}
    assert max(num_threads()) == 3
