"""Policies from recorded episodes of mixed quality, played in gymnasium beside imitation."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

import plait
from benchmarks.cases import beside
from benchmarks.data.episodes import episodes, make_episodes, returns
from benchmarks.peers.cloning import cloning_peers
from benchmarks.rows import Row
from benchmarks.settings import Settings

BUDGET = "4m"
NUM_PLAYED, QUICK_EPISODES = 40, 30
ASKED = {"target": "action", "group": "episode", "time": "step"}
FULL = 490.0
"""Of CartPole's 500, asked; of Pendulum the return that a tenth of the episodes exceeded."""


def run(settings: Settings) -> list[Row]:
    """Learn from each table of episodes, then play; all begin in the same states."""
    return [row for name in ("CartPole-v1", "Pendulum-v1") for row in _environment(name, settings)]


def _environment(name: str, settings: Settings) -> list[Row]:
    table = make_episodes(name, QUICK_EPISODES) if settings.quick else episodes(name)
    played = 5 if settings.quick else NUM_PLAYED
    totals = returns(table)
    decile = float(np.quantile(totals, 0.9))
    asked = FULL if name == "CartPole-v1" else decile
    peers = cloning_peers(table, name, episodes=played, seed=settings.seed)
    case = f"{name}, {len(totals)} episodes"
    row = Row(benchmark="actions", case=case, metric="mean return", seed=settings.seed)
    told = f"recorded: median {np.median(totals):.0f}, a tenth above {decile:.0f}"
    if not settings.with_plait:
        return beside(replace(row, note=told), peers, f">= {asked:.1f}")
    began = time.monotonic()
    model = plait.fit(
        plait.read(table), **ASKED, budget=settings.budget_or(BUDGET), seed=settings.seed,
        samples=False,
    )  # fmt: skip
    seconds = time.monotonic() - began
    result = plait.play(model, name, episodes=played, seed=settings.seed)
    low, high = result["interval"]
    shipped = model.summary()["shipped"]
    note = f"{played} episodes [{low:.0f}, {high:.0f}]; {told}; shipped: {shipped}"
    found = beside(row.scored(result["mean"], seconds, note), peers, f">= {asked:.1f}")
    wanted = float(np.median(totals))
    middling = plait.play(model, name, episodes=played, return_to_go=wanted, seed=settings.seed)
    other = replace(row, case=f"{name}, the median return {wanted:.0f} wanted")
    return [*found, other.scored(middling["mean"], seconds)]
