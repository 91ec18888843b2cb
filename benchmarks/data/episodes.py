"""Episodes of mixed quality in gymnasium's CartPole-v1 and Pendulum-v1, by scripted controllers.

One controller knows the task, another does it carelessly: it lets the cart run away, or swings the
pendulum round and round. At each step, by a chance that is its episode's own, what is done is any
action at all instead. Seeded, so that the tables are the same everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.data.tables import cached

MIXED = {
    "CartPole-v1": ((True, 0.3), (True, 0.5), (False, 0.1), (False, 0.3), (True, 1.0)),
    "Pendulum-v1": ((True, 0.5), (True, 0.65), (False, 0.3), (False, 0.5), (True, 1.0)),
}
"""Whether the good controller acts, and the chance of any action instead: of the first episode, of
the second, and so on, round and round."""

NUM_EPISODES = {"CartPole-v1": 400, "Pendulum-v1": 300}
COLUMNS = {
    "CartPole-v1": ("position", "velocity", "angle", "angular_velocity"),
    "Pendulum-v1": ("cosine", "sine", "angular_velocity"),
}
LARGEST_TORQUE, GRAVITY = 2.0, 10.0


def episodes(name: str) -> pa.Table:
    """Return ``episode``, ``step``, the state's numbers, ``action`` and ``reward``."""
    return cached(f"episodes_{name.lower()}", lambda: make_episodes(name, NUM_EPISODES[name]))


def make_episodes(name: str, num: int, *, seed: int = 0) -> pa.Table:
    """Let the environment's controller act in so many episodes."""
    import gymnasium

    env = gymnasium.make(name)
    env.action_space.seed(seed)
    rng, rows = np.random.default_rng(seed), list[dict[str, Any]]()
    for episode in range(num):
        good, chance = MIXED[name][episode % len(MIXED[name])]
        control = CONTROLLERS[name][0 if good else 1]
        state, _ = env.reset(seed=seed * 100_000 + episode)
        done, step = False, 0
        while not done:
            action = control(state)
            if rng.random() < chance:
                action = env.action_space.sample()
            told = {one: float(n) for one, n in zip(COLUMNS[name], state, strict=True)}
            state, reward, ended, cut, _ = env.step(action)
            rows.append({
                "episode": episode, "step": step, **told,
                "action": np.asarray(action).item(), "reward": float(reward),
            })  # fmt: skip
            done, step = ended or cut, step + 1
    return pa.Table.from_pylist(rows)


def balance(state: np.ndarray) -> int:
    """Push a cart under its pole, and back to the middle."""
    position, velocity, angle, turning = state
    return int(0.1 * position + 0.3 * velocity + 3.0 * angle + 0.7 * turning > 0)


def run_away(state: np.ndarray) -> int:
    """Keep a pole up that leans outwards, on a cart that goes ever farther from the middle."""
    position, velocity, angle, turning = state
    leaning = 0.06 * np.sign(position + 0.3 * velocity)
    return int(3.0 * (angle - leaning) + 0.7 * turning > 0)


def swing_up(state: np.ndarray) -> np.ndarray:
    """Give a pendulum the energy of standing, then hold it there."""
    cosine, sine, turning = state
    angle = np.arctan2(sine, cosine)
    if cosine > 0.8:
        torque = -(16.0 * angle + 4.0 * turning)
    else:
        energy = turning**2 / 6 + GRAVITY / 2 * cosine
        torque = 2.0 * np.sign(turning if turning else 1.0) * np.sign(GRAVITY / 2 - energy)
    return np.array([np.clip(torque, -LARGEST_TORQUE, LARGEST_TORQUE)], np.float32)


def spin(state: np.ndarray) -> np.ndarray:
    """Swing a pendulum round and round."""
    return np.array([LARGEST_TORQUE if state[2] >= 0 else -LARGEST_TORQUE], np.float32)


CONTROLLERS: dict[str, tuple[Callable[[np.ndarray], Any], ...]] = {
    "CartPole-v1": (balance, run_away), "Pendulum-v1": (swing_up, spin),
}  # fmt: skip
"""The good one, and the careless one."""


def returns(table: pa.Table) -> np.ndarray:
    """Return the sum of rewards of each episode, float64 ``[episode]``."""
    return np.bincount(np.array(table["episode"]), np.array(table["reward"]))
