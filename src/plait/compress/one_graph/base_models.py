"""Base models in a graph, each from the files that it is saved as."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from plait.baselines.base_models import (
    BaseModel,
    Boosted,
    LabelPropagation,
    Linear,
    Majority,
    NearestNeighbour,
    Probe,
    ProductOfExperts,
    Prompts,
    Prototypes,
    TableTrees,
    WithReducedModels,
)
from plait.baselines.contract import read_files
from plait.baselines.kinds import SETS
from plait.baselines.product_of_experts import FLOOR
from plait.baselines.reduced_models import columns_of
from plait.baselines.table_trees import INNER
from plait.compress.one_graph.builder import Builder
from plait.compress.one_graph.features import Features
from plait.compress.one_graph.linear import linear, majority, probe, prototypes
from plait.compress.one_graph.neighbours import label_propagation, neighbour
from plait.compress.one_graph.trees import boosted
from plait.display import model_name
from plait.errors import GraphError


def base_model(name: str, folder: Path, features: Features) -> str:
    """Return the outputs of a saved base model, reduced ones included, ``[batch, output]``.

    Raises `GraphError` for one that no graph holds.
    """
    if (folder / SETS).is_file():
        return _with_reduced_models(folder, features)
    return _whole(name, folder, features)


def _whole(name: str, folder: Path, features: Features) -> str:
    return _writer(name)(folder, features)


def _writer(name: str) -> Callable[[Path, Features], str]:
    if name not in WRITERS:
        raise GraphError(
            f"{model_name(name)} cannot be written as a graph",
            expected="a mix of " + ", ".join(model_name(known) for known in WRITERS),
            received=name,
            hint=f"fit without it: plait fit TABLE --baselines NAMES, none of them {name}",
        )
    return WRITERS[name]


def _table_trees(folder: Path, features: Features) -> str:
    columns = read_files(folder)[0]["columns"]
    return boosted(folder / INNER, features.only(columns))


def _product_of_experts(folder: Path, features: Features) -> str:
    """Return the outputs of a saved `ProductOfExperts`: what experts say of columns that are there.

    An expert whose column a row lacks counts nothing.
    """
    about, arrays = read_files(folder)
    builder, add, prior = features.builder, features.builder.add, arrays["prior"][None]
    input_columns, weights = about["input_columns"], arrays["weights"].astype(np.float32)
    total = features.row(arrays["prior"])
    if not about["members"]:
        return add("Softmax", total, axis=1)
    present = [features.present(names) for names in input_columns]
    heavy = builder.concat([present[one["input_column"]] for one in about["members"]])
    sets = {frozenset(found): place for place, found in enumerate(about["sets"])}
    own = [(found, place) for found, place in sets.items() if place]
    chosen = features.row(weights[0])
    if own:
        hits = which_set(builder, present, [found for found, _ in own])
        more = np.stack([weights[place] - weights[0] for _, place in own])
        chosen = add("Add", chosen, add("MatMul", hits, more))
    heavy = add("Mul", heavy, chosen)
    for number, one in enumerate(about["members"]):
        inside = features.only(input_columns[one["input_column"]])
        outputs = _whole(one["base_model"], folder / f"member.{number}", inside)
        told = add("Sub", add("Log", add("Max", outputs, FLOOR)), prior)
        share = builder.gather(heavy, np.array([number]))
        total = add("Add", total, add("Mul", told, share))
    return add("Softmax", total, axis=1)


def _with_reduced_models(folder: Path, features: Features) -> str:
    """Return the outputs of saved `WithReducedModels`: each row's by the model of its columns.

    All models answer every row, and one answer of each row is taken.
    """
    about = json.loads((folder / SETS).read_text(encoding="utf8"))
    builder, input_columns = features.builder, about["input_columns"]
    found = _whole(about["whole"], folder, features)
    if not about["routes"]:
        return found
    present = [features.present(names) for names in input_columns]
    hits = which_set(builder, present, [frozenset(one) for one, _ in about["routes"]])
    routes = np.array([place for _, place in about["routes"]])
    for place in np.unique(routes).tolist():
        own = np.flatnonzero(routes == place)
        mine = builder.summed(builder.gather(hits, own), 1, keep=True)
        reduced = about["reduced_models"][place]
        columns = columns_of(input_columns, frozenset(reduced["input_columns"]))
        folder_of = folder / f"reduced.{place}"
        answer = base_model(reduced["base_model"], folder_of, features.only(columns))
        found = builder.add("Where", builder.add("Greater", mine, 0.5), answer, found)
    return found


def check_writable(base_models: Mapping[str, BaseModel]) -> None:
    """Raise `GraphError` where one of some base models is none that a graph holds."""
    for name, one in base_models.items():
        inner = [name]
        if isinstance(one, WithReducedModels):
            inner += [reduced.base_model.name for reduced in one.reduced_models]
        for kind in inner:
            _writer(kind)


def which_set(builder: Builder, present: Sequence[str], sets: Sequence[frozenset[int]]) -> str:
    """Return which of some sets of input columns each row has, float32 ``[batch, set]``: 1 and 0.

    Args:
        builder: Of the graph.
        present: Of each input column, which rows have it, float32 ``[batch, 1]``.
        sets: Places of input columns.
    """
    inside = np.zeros((len(present), len(sets)), np.float32)
    for number, one in enumerate(sets):
        inside[sorted(one), number] = 1.0
    # As many as there are are in the set, less those that are not: its size, for that set alone.
    found = builder.add("MatMul", builder.concat(list(present)), 2 * inside - 1)
    hits = builder.add("Greater", found, (inside.sum(axis=0) - 0.5)[None])
    return builder.cast(hits, np.float32)


WRITERS: dict[str, Callable[[Path, Features], str]] = {
    Majority.name: majority,
    NearestNeighbour.name: neighbour,
    Linear.name: linear,
    Boosted.name: boosted,
    ProductOfExperts.name: _product_of_experts,
    LabelPropagation.name: label_propagation,
    Prototypes.name: prototypes,
    Prompts.name: prototypes,
    Probe.name: probe,
    TableTrees.name: _table_trees,
}
"""Base model -> what writes it into a graph."""
