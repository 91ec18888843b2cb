"""Behaviour cloning by scikit-learn's networks: of all episodes, and of the best tenth alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.data.episodes import COLUMNS, returns
from benchmarks.peers.result import PeerResult

BEST = 0.9
"""Quantile of the returns of the episodes that are imitated alone (Chen et al. 2021, "10 % BC")."""

HIDDEN, MOST_STEPS = (64, 64), 60_000


def cloning_peers(table: pa.Table, name: str, *, episodes: int, seed: int) -> list[PeerResult]:
    """Return the mean returns, in the environment, of two networks that imitate."""
    totals = returns(table)
    best = np.isin(np.array(table["episode"]), np.flatnonzero(totals >= np.quantile(totals, BEST)))
    found = []
    for who, kept in (("behaviour cloning", np.ones_like(best)), ("the best tenth cloned", best)):
        began = time.monotonic()
        policy = _clone(table.filter(pa.array(kept)), name, seed)
        mean = float(np.mean(play(policy, name, episodes=episodes, seed=seed)))
        found.append(PeerResult(who, mean, time.monotonic() - began))
    return found


def _clone(table: pa.Table, name: str, seed: int) -> Callable[[np.ndarray], Any]:
    """Return a policy that does what was done in such a state: the likeliest action, or the mean
    one."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    states = np.stack([np.array(table[one]) for one in COLUMNS[name]], axis=1)
    actions = np.array(table["action"])
    numbered = actions.dtype.kind in "iu"
    kind = MLPClassifier if numbered else MLPRegressor
    network = kind(hidden_layer_sizes=HIDDEN, early_stopping=True, max_iter=100, random_state=seed)
    model = make_pipeline(StandardScaler(), network).fit(states[:MOST_STEPS], actions[:MOST_STEPS])

    def policy(state: np.ndarray) -> Any:
        said = model.predict(state[None])[0]
        return int(said) if numbered else np.array([said], np.float32)

    return policy


def play(policy: Callable[[np.ndarray], Any], name: str, *, episodes: int, seed: int) -> np.ndarray:
    """Return the return of each episode, float64 ``[episode]``; they begin as plait's do."""
    import gymnasium

    env, found = gymnasium.make(name), []
    for episode in range(episodes):
        state, _ = env.reset(seed=seed + episode)
        total, done = 0.0, False
        while not done:
            state, reward, ended, cut, _ = env.step(policy(state))
            total, done = total + float(reward), ended or cut
        found.append(total)
    return np.array(found)
