"""What comes next on MovieLens-100k: the last film of each user, and films that nobody saw."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

import plait
from benchmarks.data.movielens import films, ratings
from benchmarks.peers.next_items import best_ease, best_knn
from benchmarks.peers.result import PeerResult
from benchmarks.rows import Row
from benchmarks.settings import Settings

BUDGET, COLD_BUDGET = "3m", "2m"
TARGET, COLD_TARGET = ">= 1.05 x peer", ">= 3.0 x peer"
CASE, COLD_CASE = "MovieLens-100k, the last film of each user", "films that nobody saw"
NUM_COLD, LEAST_RATINGS = 150, 20
"""Films that are left out of training, at random of those with so many ratings."""

CUT = 10
METRICS = {"recall_at_10": "HR@10", "ndcg_at_10": "NDCG@10"}
ASKED = {"target": "film", "group": "user", "time": "time"}


def run(settings: Settings) -> list[Row]:
    """Rank all films for each user beside EASE and item-kNN; then films left out of training."""
    table = ratings()
    if settings.quick:
        table = table.filter(pc.less(table["user"], 150))
    return [*_last_films(table, settings), *_cold_films(table, settings)]


def _last_films(table: pa.Table, settings: Settings) -> list[Row]:
    peers = _peers(table)
    rows = [
        Row(
            benchmark="items", case=CASE, metric=METRICS[name], peer=peer.name,
            peer_value=peer.score, target=TARGET, seconds=peer.seconds, seed=settings.seed,
        )
        for name in METRICS
        for peer in peers[name]
    ]  # fmt: skip
    if not settings.with_plait:
        return rows
    shown = table.filter(pc.not_equal(table["split"], "test"))
    model, seconds = _fit(shown, settings, BUDGET, split="split")
    scores = plait.evaluate(model, plait.read(table))["metrics"]
    note = f"shipped: {model.summary()['shipped']}"
    found = [
        replace(row, value=scores[name], seconds=seconds, note=note)
        for row in rows
        for name in METRICS
        if METRICS[name] == row.metric
    ]
    row = Row(benchmark="items", case=CASE, metric="", seed=settings.seed, seconds=seconds)
    told = {one["name"]: one["metrics"] for one in model.records["metrics"]["candidates"]}
    alone = [
        replace(row, case=f"{CASE}, {who} alone", metric="NDCG@10", value=told[name]["ndcg_at_10"],
                note="of the film before the last one, which fit chooses by")
        for name, who in (("deep", "the network"), ("blend", "the blend"))
        if name in told
    ]  # fmt: skip
    others = {"catalogue_coverage": "films recommended", "popularity_bias": "popularity bias"}
    return [*found, *alone, *(replace(row, metric=n, value=scores[m]) for m, n in others.items())]


def _cold_films(table: pa.Table, settings: Settings) -> list[Row]:
    """Rank the left-out films among themselves, for the last one that each user took of them."""
    counts = table["film"].value_counts().to_pylist()
    often = sorted(one["values"] for one in counts if one["counts"] >= LEAST_RATINGS)
    rng = np.random.default_rng(settings.seed)
    cold = np.sort(rng.choice(often, min(NUM_COLD, len(often) // 4), replace=False))
    is_cold = np.isin(np.array(table["film"]), cold)
    by_chance = CUT / len(cold)
    row = Row(
        benchmark="items", case=f"{COLD_CASE}, {len(cold)} by title and genre", metric="HR@10",
        peer="popularity, which is chance", peer_value=by_chance, target=COLD_TARGET,
        seed=settings.seed, note="ranked among themselves",
    )  # fmt: skip
    if not settings.with_plait:
        return [row]
    model, seconds = _fit(table.filter(pa.array(~is_cold)), settings, COLD_BUDGET, last=True)
    told, right = _cold_moments(table, is_cold)
    rankings = model.outputs_of(plait.read({"history": told}, columns={"history": "history"}))
    names = {str(one) for one in cold}
    hits = [
        wanted in [name for name in one.items if name in names][:CUT]
        for one, wanted in zip(rankings, right, strict=True)
    ]
    return [replace(row, value=float(np.mean(hits)), seconds=seconds)]


def _cold_moments(table: pa.Table, is_cold: np.ndarray) -> tuple[list[Any], list[str]]:
    """Return each user's history before the last cold film that the user took, and that film."""
    users, film, when = (np.array(table[name]) for name in ("user", "film", "time"))
    told, right = [], []
    for user in np.unique(users):
        own = np.flatnonzero(users == user)
        last = own[is_cold[own]]
        if not len(last):
            continue
        before = own[(own < last[-1]) & ~is_cold[own]]
        if len(before):
            told.append([{"item": int(film[r]), "time": int(when[r])} for r in before])
            right.append(str(film[last[-1]]))
    return told, right


def _fit(
    table: pa.Table,
    settings: Settings,
    budget: str,
    *,
    split: str | None = None,
    last: bool = False,
) -> tuple[Any, float]:
    if split is None:
        table = table.drop_columns(["split"])
    began = time.monotonic()
    model = plait.fit(
        plait.read(table), **ASKED, items=plait.read(films()), split=split, leave_last_out=last,
        budget=settings.budget_or(budget), seed=settings.seed, samples=False,
    )  # fmt: skip
    return model, time.monotonic() - began


def _peers(table: pa.Table) -> dict[str, list[PeerResult]]:
    """Return metric -> what EASE and item-kNN reach, who learn from all but the last films."""
    users, film = np.array(table["user"]), np.array(table["film"])
    names, places = np.unique(film, return_inverse=True)
    histories = [places[users == user] for user in np.unique(users)]
    last = np.array([one[-1] for one in histories])
    known = [one[:-1] for one in histories]
    found: dict[str, list[PeerResult]] = {name: [] for name in METRICS}
    for who, best in (("EASE", best_ease), ("item-kNN", best_knn)):
        began = time.monotonic()
        recall, ndcg = best(known, last, len(names))
        seconds = time.monotonic() - began
        for name, score in (("recall_at_10", recall), ("ndcg_at_10", ndcg)):
            found[name].append(PeerResult(who, score, seconds))
    return found
