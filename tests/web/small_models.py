"""Small models whose networks are graphs, made by hand: what a page needs of one."""

from __future__ import annotations

import numpy as np

import plait
from plait.data.prepared import fit_codecs
from plait.model.ensemble import DEEP, Ensemble
from plait.model.model import Model
from plait.networks.graphs import SavedGraph

COLUMNS = {"note": "text", "size": "number", "shop": "category", "tags": "categories"}
TARGETS = {"kind": "category", "price": "number", "words": "categories"}


def table():
    """Return rows of a few columns, with gaps."""
    rows = [
        {
            "note": None if i % 5 == 0 else f"a {'red' if i % 2 else 'blue'} boat, number {i}",
            "size": None if i % 7 == 0 else f"{i / 4}",
            "shop": ["north", "south", "east"][i % 3],
            "tags": "a;b" if i % 2 else "c",
            "kind": "good" if i % 4 == 0 else "bad",
            "price": f"{10 + i}",
            "words": "x;y" if i % 3 else "z",
        }
        for i in range(40)
    ]
    return plait.read(rows, columns=COLUMNS | TARGETS)


def small_model(target="kind", **changes):
    """Return a model of one of the `TARGETS` with a graph that nobody has to run."""
    read = table()
    rows = np.arange(read.num_rows)
    codecs = fit_codecs(read, list(COLUMNS), rows)
    answer = fit_codecs(read, [target], rows, as_target=True)[target]
    settings = {
        "codecs": codecs,
        "target": answer,
        "weights": {DEEP: 1.0},
        "graphs": (SavedGraph(columns=tuple(codecs), model=b"a graph"),),
    }
    return Model(
        schema=read.schema,
        input_columns={name: (name,) for name in codecs},
        target=target,
        parts=Ensemble(**settings | changes),
        shown=codecs,
    )
