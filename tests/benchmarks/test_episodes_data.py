"""The episodes of the benchmark: of mixed quality, the same each time; and the peers that play."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.data.episodes import MIXED, make_episodes, returns
from benchmarks.peers.cloning import play

pytest.importorskip("gymnasium")


@pytest.mark.parametrize("name", list(MIXED))
def test_episodes_are_of_mixed_quality_and_the_same_each_time(name: str) -> None:
    table = make_episodes(name, 20)
    assert table.equals(make_episodes(name, 20))
    found = returns(table).reshape(-1, 5).mean(axis=0)
    assert found.argmax() in (0, 1) and min(found[0], found[1]) > found[4], "four of each kind"
    steps, episode = np.array(table["step"]), np.array(table["episode"])
    assert (steps[1:][np.diff(episode) == 0] == steps[:-1][np.diff(episode) == 0] + 1).all()


def test_the_good_controller_keeps_the_pole_up() -> None:
    from benchmarks.data.episodes import balance

    assert play(balance, "CartPole-v1", episodes=3, seed=5).tolist() == [500.0] * 3
