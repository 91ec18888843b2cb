"""A closed set of sequences as a prefix tree, all of whose members are scored at once."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


class PrefixTree:
    """Sequences of pieces that share their beginnings; piece 0 stands before and behind each.

    A node is a beginning, node 0 the empty one; an edge is a piece that may follow it, or the end.

    Args:
        sequences: Pieces of each member, all different.

    Attributes:
        pieces: int64 ``[node]``: the last piece of each beginning; 0 of the empty one.
        depth: int64 ``[node]``: how many pieces it has.
        among: bool ``[node, node]``: which beginnings each begins with, itself too.
        sources, nexts: int64 ``[edge]``: the node that an edge leaves, and its piece; 0 is the end.
        members: float32 ``[edge, member]``: 1 where a member goes along an edge.
    """

    def __init__(self, sequences: Sequence[Sequence[int]]) -> None:
        nodes: dict[tuple[int, ...], int] = {(): 0}
        edges: dict[tuple[int, int], int] = {}
        paths: list[list[int]] = []
        for sequence in sequences:
            path, here = [], 0
            for place, piece in enumerate(sequence):
                path.append(edges.setdefault((here, int(piece)), len(edges)))
                here = nodes.setdefault(tuple(sequence[: place + 1]), len(nodes))
            path.append(edges.setdefault((here, 0), len(edges)))
            paths.append(path)
        self.pieces = torch.tensor([node[-1] if node else 0 for node in nodes])
        self.depth = torch.tensor([len(node) for node in nodes])
        self.among: Bool[Tensor, "node node"] = torch.zeros(
            len(nodes), len(nodes), dtype=torch.bool
        )
        for node, number in nodes.items():
            self.among[number, [nodes[node[:place]] for place in range(len(node) + 1)]] = True
        self.sources = torch.tensor([source for source, _ in edges])
        self.nexts = torch.tensor([piece for _, piece in edges])
        self.members = torch.zeros(len(edges), len(sequences))
        for number, path in enumerate(paths):
            self.members[path, number] = 1.0

    def __len__(self) -> int:
        """Return how many nodes there are."""
        return len(self.pieces)

    def log_shares(self, logits: Float[Tensor, "batch edge"]) -> Float[Tensor, "batch member"]:
        """Return the log-probability of each member, of which all together are certain.

        At each node the edges that leave it share what is likely: what a decoder holds for any
        other piece counts for nothing.
        """
        logits, sources = logits.float(), self.sources.to(logits.device)
        index: Int[Tensor, "batch edge"] = sources.expand_as(logits)
        shape = (len(logits), len(self))
        most = logits.new_full(shape, -torch.inf).scatter_reduce(1, index, logits, "amax")
        apart = logits - most.gather(1, index)
        total = logits.new_zeros(shape).scatter_add(1, index, apart.exp())
        return (apart - total.gather(1, index).log()) @ self.members.to(logits.device)
