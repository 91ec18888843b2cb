"""Small tables of words, numbers, categories and vectors, and mixes of models that know them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import plait
from plait.baselines.features import FeatureMap
from plait.baselines.labelled_rows import LabelledRows
from plait.compress.exported_mix import mix_parity, with_whole
from plait.compress.one_graph.mix import one_graph
from plait.data.prepared import Prepared, fit_codecs, prepare_rows
from plait.model.ensemble import Ensemble

COLUMNS = {"note": "text", "size": "number", "kind": "category", "shape": "vector"}
WORDS = np.array(["red", "blue", "warm", "cold", "ripe", "old", "new", "soft"])
NUM_ROWS = 160


def cells(num=NUM_ROWS, seed=0, gaps=0.2):
    """Return rows some of whose cells are empty, and a score that they tell."""
    rng = np.random.default_rng(seed)
    words, size = rng.random((num, len(WORDS))) < 0.4, rng.normal(size=num)
    kind, shape = rng.integers(0, 3, num), rng.normal(size=(num, 4))
    score = words[:, 0] + size + (kind == 1) + 0.5 * shape[:, 0] + 0.1 * rng.normal(size=num)
    full = [
        {
            "note": " ".join(WORDS[some]) or "plain",
            "size": float(number),
            "kind": "abc"[which],
            "shape": vector.tolist(),
        }
        for some, number, which, vector in zip(words, size, kind, shape, strict=True)
    ]
    rows = [{n: None if rng.random() < gaps else v for n, v in row.items()} for row in full]
    return rows, score


TARGETS = {
    "category": lambda score: np.array(["low", "middle", "high"])[np.digitize(score, [0, 1.5])],
    "categories": lambda score: [
        [name for name, least in (("some", 0.0), ("much", 1.0)) if one > least] for one in score
    ],
    "number": lambda score: (100 + 7 * score).round(3),
}
"""Modality of the target -> what it is of rows of a score."""


@dataclass
class Known:
    """A table whose target is known, and its features."""

    prepared: Prepared
    features: FeatureMap
    rows: LabelledRows
    target: object

    def fitted(self, base_model):
        base_model.fit(self.rows, seed=0)
        return base_model

    def mix(self, base_models, weights=None, **more):
        share = 1 / len(base_models)
        return Ensemble(
            codecs={name: one.codec for name, one in self.prepared.columns.items()},
            target=self.target,
            weights=weights or dict.fromkeys(base_models, share),
            base_models=base_models,
            features=self.features,
            **more,
        )

    def parity(self, ensemble, *, plain=False, networks=()):
        """Return how far a mix and its graph are from each other on all rows."""
        found = one_graph(ensemble, networks, plain=plain)
        made = with_whole(ensemble, found.graph, found)
        return mix_parity(ensemble, made, self.prepared, np.arange(NUM_ROWS))


def known(modality, columns=tuple(COLUMNS), gaps=0.2):
    rows, score = cells(gaps=gaps)
    goals = TARGETS[modality](score)
    rows = [row | {"goal": goal} for row, goal in zip(rows, goals, strict=True)]
    table = plait.read(rows, columns=COLUMNS | {"goal": modality})
    every = np.arange(NUM_ROWS)
    codecs = fit_codecs(table, list(columns), every)
    target = fit_codecs(table, ["goal"], every, as_target=True)["goal"]
    prepared = prepare_rows(table, codecs)
    values = prepare_rows(table, {"goal": target}).columns["goal"]
    truth = target.truth([values[row] for row in every])
    features, matrices = FeatureMap.fit(prepared, list(columns), every)
    return Known(prepared, features, LabelledRows(matrices, truth, target), target)
