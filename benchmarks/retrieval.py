"""Retrieval between pictures, words and voices of the stickers, beside closed-form peers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.data.backbones import encoders
from benchmarks.data.stickers import INPUTS, stickers
from benchmarks.peers.linear_maps import cca_scores, ridge_scores
from benchmarks.rows import Row
from benchmarks.settings import Settings

INPUT_COLUMNS = {"image": "image", "name": "text", "voice": "audio"}
TEST_SHARE, VALIDATION_SHARE = 0.2, 0.1
METRICS = ("r@1", "r@10", "median_rank")
PEERS = {"ridge": ridge_scores, "CCA": cca_scores}


@dataclass(frozen=True)
class Items:
    """Stickers cut by item.

    Attributes:
        learn: Rows to learn from, with a column ``split`` of ``train`` and ``validation``.
        test: A fifth of all, which no fit is shown.
    """

    learn: pa.Table
    test: pa.Table


def sticker_items(seed: int, *, quick: bool = False, extra: tuple[str, ...] = ()) -> Items:
    """Return the stickers' picture, name and voice, a fifth of the items set aside.

    Args:
        seed: Of the items.
        quick: Few items.
        extra: Further columns.
    """
    table = stickers().select([*INPUT_COLUMNS, *extra])
    order = np.random.default_rng(seed).permutation(table.num_rows)[: 300 if quick else None]
    num_test = round(TEST_SHARE * len(order))
    test, learn = np.sort(order[:num_test]), order[num_test:]
    words = np.full(len(learn), "train", object)
    words[: round(VALIDATION_SHARE * len(learn))] = "validation"
    rows = np.argsort(learn)
    found = table.take(pa.array(learn[rows])).append_column("split", pa.array(words[rows]))
    return Items(found, table.take(pa.array(test)))


def fit_space(learn: pa.Table, budget: str, seed: int, **options: Any) -> tuple[Any, float]:
    """Fit a shared space of the input columns that a table has; return the model and seconds.

    Without encoders among the `options` it is from scratch.
    """
    import plait

    kinds = {name: kind for name, kind in INPUTS.items() if name in learn.column_names}
    start = time.monotonic()
    table = plait.read(learn, columns={**kinds, "split": "split"})
    options = {"encoders": "none", **options}
    model = plait.fit(table, budget=budget, split="split", seed=seed, samples=False, **options)
    return model, time.monotonic() - start


def direction_rows(settings: Settings, budget: str) -> tuple[list[Row], dict[str, Any]]:
    """Return the rows of all six directions, and the models: from scratch, and frozen."""
    items = sticker_items(settings.seed, quick=settings.quick)
    budget = settings.budget_or(budget)
    rows: list[Row] = []
    scratch, seconds = fit_space(items.learn, budget, settings.seed)
    rows += _rows("from scratch", scratch.evaluate(items.test)["retrieval"], {}, seconds, settings)
    frozen, seconds = fit_space(items.learn, budget, settings.seed, encoders=encoders())
    peers = peer_scores(frozen, items, settings.seed)
    rows += _rows("frozen", frozen.evaluate(items.test)["retrieval"], peers, seconds, settings)
    return rows, {"from scratch": scratch, "frozen": frozen}


def peer_scores(model: Any, items: Items, seed: int) -> dict[str, dict[str, dict[str, float]]]:
    """Return peer -> direction -> metrics, on the features that the frozen model reads."""
    from plait.retrieval import match_ranks, retrieval_metrics

    features = {part: _features(model, table) for part, table in vars(items).items()}
    found: dict[str, dict[str, dict[str, float]]] = {name: {} for name in PEERS}
    for a in INPUT_COLUMNS:
        for b in INPUT_COLUMNS:
            if a == b:
                continue
            pairs = []
            for part in ("learn", "test"):
                x, has_x = features[part][a]
                y, has_y = features[part][b]
                pairs.append((x[has_x & has_y], y[has_x & has_y]))
            for name, peer in PEERS.items():
                queries, answers = peer(pairs[0], pairs[1], seed)
                ranks = match_ranks(queries, answers)
                found[name][f"{a}->{b}"] = retrieval_metrics(ranks)
    return found


def _features(model: Any, table: pa.Table) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return input column -> features ``[row, feature]`` and who has them: the frozen encoder's
    pooled vector where there is one, else the codec's simple features."""
    prepared = model.prepare(model.as_table(table))
    found = {}
    for input_column, columns in model.input_columns.items():
        column = prepared.columns[columns[-1]]
        values = [column[row] for row in range(prepared.num_rows)]
        present = np.array([value is not None for value in values])
        shown = [_pooled(column.codec, value) for value in values if value is not None]
        features = np.zeros((len(values), len(shown[0])))
        features[present] = shown
        found[input_column] = (features, present)
    return found


def _pooled(codec: Any, value: Mapping[str, np.ndarray]) -> np.ndarray:
    if codec.modality == "vector":
        return value["vectors"][0].astype(np.float64)
    return np.asarray(codec.features(value), np.float64)


def emergent_row(settings: Settings, budget: str, together: Any) -> Row:
    """Return the emergent pair: picture and voice never seen together, beside seen together.

    Args:
        settings: Seed, budget.
        budget: The usual one.
        together: The frozen model that saw them together.
    """
    items = sticker_items(settings.seed, quick=settings.quick)
    draw = np.random.default_rng(settings.seed).random(items.learn.num_rows) < 0.5
    apart = items.learn
    for name, gone in (("image", draw), ("voice", ~draw)):
        cells = [None if g else c for c, g in zip(apart[name].to_pylist(), gone, strict=True)]
        kept = pa.array(cells, apart[name].type)
        apart = apart.set_column(apart.column_names.index(name), name, kept)
    budget = settings.budget_or(budget)
    model, seconds = fit_space(apart, budget, settings.seed, encoders=encoders())
    values = []
    for one in (model, together):
        found = one.evaluate(items.test)["retrieval"]
        values.append(fmean(found[pair]["r@10"] for pair in ("image->voice", "voice->image")))
    return Row(
        benchmark="space",
        case="picture and voice never together",
        metric="R@10, mean of both directions",
        value=values[0],
        peer="trained together",
        peer_value=values[1],
        target=">= 0.6 x peer",
        seconds=seconds,
        seed=settings.seed,
        note="emergent: each row has a name and either a picture or a voice",
    )


def _rows(
    case: str,
    found: Mapping[str, Mapping[str, float]],
    peers: Mapping[str, Mapping[str, Mapping[str, float]]],
    seconds: float,
    settings: Settings,
) -> list[Row]:
    common: dict[str, Any] = {"benchmark": "space", "seconds": seconds, "seed": settings.seed}
    rows = []
    for direction, scores in found.items():
        for metric in METRICS:
            row = Row(
                case=f"stickers, {case}, {direction}",
                metric=metric,
                value=scores[metric],
                note=f"among {scores['n']}",
                **common,
            )
            rows += [row] if metric != "r@10" or not peers else _beside(row, peers, direction)
    for name in peers or {"": {}}:
        best = fmean(one["r@10"] for one in peers[name].values()) if name else None
        rows.append(
            Row(
                case=f"stickers, {case}, mean of six",
                metric="r@10",
                value=fmean(scores["r@10"] for scores in found.values()),
                peer=name,
                peer_value=best,
                target=">= 2 x peer" if name else "",
                **common,
            )
        )
    return rows


def _beside(row: Row, peers: Mapping[str, Any], direction: str) -> list[Row]:
    return [
        replace(row, peer=name, peer_value=found[direction]["r@10"])
        for name, found in peers.items()
    ]
