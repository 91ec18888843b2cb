"""Boosted trees in a graph: as ONNX's operator of trees, or in plain operators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from plait.baselines.contract import is_many, read_files, saved_form
from plait.baselines.residuals import Residuals
from plait.baselines.trees import (
    CATEGORICAL,
    LEFT_BY_DEFAULT,
    NAN_IS_MISSING,
    ZERO_IS_MISSING,
    Nodes,
    Trees,
)
from plait.compress.one_graph.builder import TREES_DOMAIN, Builder
from plait.compress.one_graph.features import Features
from plait.compress.one_graph.plain_trees import plain_sums
from plait.compress.one_graph.quantiles import quantiles
from plait.errors import GraphError

LEQ, MEMBER, SUM, AS_IT_IS = 0, 6, 1, 0
"""Of the operator ``TreeEnsemble``, version 5 of ``ai.onnx.ml``: what a node asks, how leaves are
joined, what is made of the sums."""


@dataclass(frozen=True)
class Questions:
    """What each node of some trees asks.

    Attributes:
        place: int64 ``[node]``: of its feature, in the table.
        limit: float32 ``[node]``: values up to it go left.
        missing_left: bool ``[node]``: whether rows without the value go left.
        sets: Node -> the category numbers that go left; of nodes of categories.
    """

    place: np.ndarray
    limit: np.ndarray
    missing_left: np.ndarray
    sets: dict[int, np.ndarray]


def questions(nodes: Nodes, places: np.ndarray) -> Questions:
    """Return what nodes ask of a table of float32.

    A value of float32 is at most a limit of float64 just where it is at most the largest float32
    below, so that no row goes another way; nothing that is there is beyond all numbers.

    Args:
        nodes: Of trees.
        places: int64 ``[feature]``: where the trees' features are in the table.

    Raises `GraphError` where zeros count as missing.
    """
    named = (nodes.kind & CATEGORICAL) != 0
    if (nodes.kind & ZERO_IS_MISSING & np.where(named, 0, ZERO_IS_MISSING)).any():
        raise GraphError(
            "trees to which zeros are missing values cannot be written as a graph",
            expected="trees as plait grows them",
        )
    with np.errstate(over="ignore"):
        limit = nodes.threshold.astype(np.float32)
    limit = np.where(limit > nodes.threshold, np.nextafter(limit, np.float32(-np.inf)), limit)
    limit = np.minimum(limit, np.finfo(np.float32).max)
    by_nan = (nodes.kind & NAN_IS_MISSING) != 0
    left = np.where(by_nan, (nodes.kind & LEFT_BY_DEFAULT) != 0, nodes.threshold >= 0)
    sets = {int(node): _set_of(nodes, int(node)) for node in np.flatnonzero(named)}
    return Questions(places[nodes.feature], limit, left & ~named, sets)


def _set_of(nodes: Nodes, node: int) -> np.ndarray:
    """Return the category numbers that go left at a node."""
    first = nodes.first_word[node]
    words = nodes.words[first : first + nodes.num_words[node]].astype(np.uint32)
    return np.flatnonzero((words[:, None] >> np.arange(32, dtype=np.uint32)) & 1)


def boosted(folder: Path, features: Features) -> str:
    """Return the outputs of saved `Boosted`, float32 ``[batch, output]``."""
    about, arrays = read_files(folder)
    form, builder = saved_form(about), features.builder
    names = [f"trees.{number}.txt" for number in range(int(about["num_boosters"]))]
    several = [Trees((folder / name).read_text(encoding="utf8")) for name in names]
    constants = arrays["constants"]
    if is_many(form) and not several:
        return features.row(constants)
    table, places = features.tree(arrays["dense"], arrays["sparse"])
    found = _answers(builder, table, places, several)
    if is_many(form):
        chosen = np.zeros((len(several), len(constants)), np.float32)
        chosen[np.arange(len(several)), np.flatnonzero(np.isnan(constants))] = 1.0
        spread = builder.add("MatMul", found, chosen)
        return builder.add("Add", spread, np.nan_to_num(constants)[None])
    if not form.probable:
        return quantiles(builder, found, Residuals.from_arrays(arrays))
    if several[0].objective[0] == "binary":
        return builder.concat([builder.add("Sub", 1.0, found), found])
    return found


def _answers(builder: Builder, table: str, places: np.ndarray, several: Sequence[Trees]) -> str:
    """Return what boosters of one kind make of a table, side by side."""
    kinds = {one.objective for one in several}
    if len(kinds) != 1:
        raise GraphError(
            "trees of several objectives cannot be written as one graph",
            expected="one objective",
            received=", ".join(sorted(name for name, _ in kinds)),
        )
    name, slope = several[0].objective
    sums = (plain_sums if builder.plain else _sums)(
        builder, table, [(one, questions(one.nodes, places)) for one in several]
    )
    if name == "multiclass":
        return builder.add("Softmax", sums, axis=1)
    if name == "binary":
        return builder.add("Sigmoid", builder.add("Mul", sums, slope))
    return sums


def _sums(builder: Builder, table: str, several: Sequence[tuple[Trees, Questions]]) -> str:
    """Return the sums of leaves, float32 ``[batch, tree of a round]``, by ``TreeEnsemble``."""
    from onnx import numpy_helper

    laid, sets, told = _Laid(), list[np.ndarray](), dict[str, list[np.ndarray]]()
    for trees, asked in several:
        for name, values in laid.nodes_of(trees, asked).items():
            told.setdefault(name, []).append(values)
        sets += [asked.sets[node] for node in sorted(asked.sets)]
    joined = {name: np.concatenate(values) for name, values in told.items()}
    modes = joined.pop("nodes_modes").astype(np.uint8)
    floats = {n: joined.pop(n).astype(np.float32) for n in ("nodes_splits", "leaf_weights")}
    tensors = {name: numpy_helper.from_array(values, name) for name, values in floats.items()}
    if sets:
        ended = [np.append(one, np.nan).astype(np.float32) for one in sets]
        tensors["membership_values"] = numpy_helper.from_array(np.concatenate(ended))
    return builder.several(
        "TreeEnsemble",
        [table],
        1,
        domain=TREES_DOMAIN,
        nodes_modes=numpy_helper.from_array(modes),
        n_targets=laid.num_targets,
        aggregate_function=SUM,
        post_transform=AS_IT_IS,
        **tensors,
        **{name: values.astype(np.int64).tolist() for name, values in joined.items()},
    )[0]


class _Laid:
    """Counts nodes, leaves and targets of boosters that are laid one behind the other."""

    def __init__(self) -> None:
        self.num_nodes = self.num_leaves = self.num_targets = 0

    def nodes_of(self, trees: Trees, asked: Questions) -> dict[str, np.ndarray]:
        """Return the attributes of a booster's nodes and leaves.

        A tree without a split becomes a question both of whose answers are its leaf.
        """
        nodes, first_node, first_leaf = trees.nodes, self.num_nodes, self.num_leaves
        lone = ~nodes.roots[nodes.roots < 0]
        num = len(nodes.feature)
        left, right = (np.append(side, ~lone) for side in (nodes.left, nodes.right))
        modes = np.full(num + len(lone), LEQ)
        modes[list(asked.sets)] = MEMBER
        place = asked.place.max(initial=0) if num else 0
        roots = nodes.roots.copy()
        roots[nodes.roots < 0] = num + np.arange(len(lone))
        found = {
            "tree_roots": roots + first_node,
            "nodes_featureids": np.append(asked.place, np.full(len(lone), place)),
            "nodes_modes": modes,
            "nodes_splits": np.append(asked.limit, np.zeros(len(lone))),
            "nodes_missing_value_tracks_true": np.append(asked.missing_left, np.zeros(len(lone))),
            "leaf_targetids": nodes.tree_of_leaf % trees.per_round + self.num_targets,
            "leaf_weights": nodes.leaf,
        }
        for side, child in (("true", left), ("false", right)):
            found[f"nodes_{side}leafs"] = child < 0
            places = np.where(child < 0, ~child + first_leaf, child + first_node)
            found[f"nodes_{side}nodeids"] = places
        self.num_nodes += num + len(lone)
        self.num_leaves += len(nodes.leaf)
        self.num_targets += trees.per_round
        return found
