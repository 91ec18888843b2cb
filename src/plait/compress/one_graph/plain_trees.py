"""Boosted trees in plain operators, for runtimes that know no trees: all nodes asked at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from plait.baselines.trees import Nodes, Trees
from plait.compress.one_graph.builder import Builder
from plait.errors import GraphError

if TYPE_CHECKING:
    from plait.compress.one_graph.trees import Questions

MOST_PATHS = 32_000_000
"""Numbers that tell which leaf lies on which side of which node, over all trees."""

NEVER = 1e4
"""A count of left turns that no row makes: of leaves that a tree does not have."""


def plain_sums(builder: Builder, table: str, several: Sequence[tuple[Trees, Questions]]) -> str:
    """Return the sums of leaves, float32 ``[batch, tree of a round]``.

    Every node is asked, and a leaf is reached where all nodes above it turn to its side: where the
    left turns above it less the right ones are as many as it has nodes above on whose left it lies
    (Nakandala et al. 2020, "A tensor compiler for unified machine learning prediction serving",
    section 4.1).

    Args:
        builder: Of the graph.
        table: float32 ``[batch, feature]``, NaN where missing.
        several: Boosters, and what their nodes ask.

    Raises `GraphError` where the trees are too many.
    """
    low = builder.add("Where", builder.add("IsNaN", table), float(-np.inf), table)
    high = builder.add("Where", builder.add("IsNaN", table), float(np.inf), table)
    return builder.concat([_sums(builder, (low, high), *one) for one in several])


def _sums(builder: Builder, tables: tuple[str, str], trees: Trees, asked: Questions) -> str:
    nodes, per_round, add = trees.nodes, trees.per_round, builder.add
    sides, turns, leaves, order = _paths(nodes)
    num_trees, num_nodes = order.shape
    turned = builder.gather(_left(builder, tables, asked), order.reshape(-1))
    turned = builder.reshaped(builder.cast(turned, np.float32), -1, num_trees, num_nodes)
    counts = add("MatMul", add("Transpose", turned, perm=[1, 0, 2]), sides)
    reached = builder.cast(add("Equal", counts, turns[:, None]), np.float32)
    told = builder.summed(add("Mul", reached, leaves[:, None]), 2)
    told = builder.reshaped(told, num_trees // per_round, per_round, -1)
    return add("Transpose", builder.summed(told, 0), perm=[1, 0])


def _left(builder: Builder, tables: tuple[str, str], asked: Questions) -> str:
    """Return which way rows turn at nodes, bool ``[batch, node + 1]``; at the last never left."""
    add, num = builder.add, len(asked.place)
    named = np.zeros(num, bool)
    named[list(asked.sets)] = True
    parts, order = list[str](), list[np.ndarray]()
    for missing, table in ((True, tables[0]), (False, tables[1])):
        some = np.flatnonzero(~named & (asked.missing_left == missing))
        if len(some):
            values = builder.gather(table, asked.place[some])
            parts.append(add("LessOrEqual", values, asked.limit[some][None]))
            order.append(some)
    for place in np.unique(asked.place[named]):
        some = np.flatnonzero(named & (asked.place == place))
        parts.append(_among(builder, tables[0], int(place), [asked.sets[int(i)] for i in some]))
        order.append(some)
    never = builder.add("Less", builder.gather(tables[1], np.array([0])), float(-np.inf))
    parts.append(never)
    places = np.empty(num + 1, np.int64)
    places[np.concatenate([*order, np.array([num])]).astype(np.int64)] = np.arange(num + 1)
    return builder.gather(builder.concat(parts), places)


def _among(builder: Builder, table: str, place: int, sets: Sequence[np.ndarray]) -> str:
    """Return whether the category of one feature is among each of some sets, bool ``[batch, set]``.

    Categories that are in no set, missing ones and those below 0 count as the last.
    """
    last = max(int(one.max(initial=-1)) for one in sets) + 1
    known = np.zeros((last + 1, len(sets)), np.uint8)
    for number, one in enumerate(sets):
        known[one, number] = 1
    value = builder.gather(table, np.array(place))
    inside = builder.add(
        "And",
        builder.add("Greater", value, -1.0),
        builder.add("Less", value, float(last)),
    )
    found = builder.cast(builder.add("Where", inside, value, float(last)), np.int64)
    row = builder.add("Gather", known, found, axis=0)
    return builder.cast(row, np.bool_)


def _paths(nodes: Nodes) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return of each tree, padded to the largest:

    on which side of each node each leaf lies, float32 ``[tree, node, leaf]`` (1 left, -1 right, 0
    beside), the left turns to each leaf and its value, ``[tree, leaf]``, and the nodes' places,
    int64 ``[tree, node]``.
    """
    num_trees, num_nodes = len(nodes.roots), len(nodes.feature)
    leaf_counts = np.bincount(nodes.tree_of_leaf, minlength=num_trees)
    first_leaf = np.cumsum(leaf_counts) - leaf_counts
    most = int(leaf_counts.max(initial=1))
    if num_trees * most * max(most - 1, 1) > MOST_PATHS:
        raise GraphError(
            "the mix has too many trees for a runtime that has no operator for them",
            expected=f"at most {MOST_PATHS:,} pairs of a tree's node and leaf",
            received=f"{num_trees:,} trees of up to {most} leaves",
            hint="plait export BUNDLE --to onnx has such an operator",
        )
    sides = np.zeros((num_trees, max(most - 1, 1), most), np.float32)
    turns = np.full((num_trees, most), NEVER, np.float32)
    leaves = np.zeros((num_trees, most), np.float32)
    order = np.full((num_trees, max(most - 1, 1)), num_nodes, np.int64)
    for tree, root in enumerate(nodes.roots.tolist()):
        above: list[tuple[int, list[tuple[int, int]]]] = [(root, [])]
        seen = 0
        while above:
            node, path = above.pop()
            if node < 0:
                leaf = ~node - first_leaf[tree]
                for own, side in path:
                    sides[tree, own, leaf] = side
                turns[tree, leaf] = sum(side > 0 for _, side in path)
                leaves[tree, leaf] = nodes.leaf[~node]
                continue
            order[tree, seen] = node
            above.append((int(nodes.left[node]), [*path, (seen, 1)]))
            above.append((int(nodes.right[node]), [*path, (seen, -1)]))
            seen += 1
    return sides, turns, leaves, order
