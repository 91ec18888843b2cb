"""The index: vectors, ids and columns in; the nearest rows of a query, filtered, out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from plait.arrow import array
from plait.errors import UsageError
from plait.index.codes import unit_vectors
from plait.index.filters import kept_rows
from plait.index.graph import Graph
from plait.index.nearest import nearest_rows
from plait.index.rows import Rows, numbers_in
from plait.index.storage import Stored, load_index, save_index
from plait.progress import SILENT, Progress

if TYPE_CHECKING:
    from jaxtyping import Float32, Shaped

KINDS = ("auto", "exact", "hnsw")
EXACT_ROWS = 50_000
"""Up to here ``auto`` scans: 1 ms a query at 128 dimensions, and a graph takes 10 s to build."""


@dataclass(frozen=True)
class Hits:
    """The nearest rows of each query, best first.

    Attributes:
        ids: Of each query's rows; fewer than asked for where no more rows pass the filter.
        scores: Their cosines in [-1, 1], float32, as many.
    """

    ids: list[list[str]]
    scores: list[np.ndarray]


class Index:
    """Vectors kept as int8, searched by a scan of all (``exact``) or by an HNSW graph (``hnsw``).

    ``exact`` scores every row, ``hnsw`` those that the graph leads to; both score float queries
    against int8 rows, whose cosines are off by about 0.001. A scan needs no usearch.
    Made by `build` or `load`. Searches may run in several threads, changes may not run beside them.
    """

    def __init__(self, rows: Rows, graph: Graph | None, *, key: str, auto: bool) -> None:
        self._rows = rows
        self._graph = graph
        self._auto = auto
        self.key = key

    @classmethod
    def build(
        cls,
        vectors: Shaped[np.ndarray, "row dim"],
        ids: Sequence[str],
        *,
        key: str,
        attributes: pa.Table | None = None,
        kind: str = "auto",
        progress: Progress = SILENT,
    ) -> Index:
        """Index vectors.

        Args:
            vectors: Finite numbers, of any length but 0; only their direction counts.
            ids: A name per row, all different.
            key: Hash of the model and preprocessing that made the vectors.
            attributes: Columns to filter by: text, numbers, truth values, dates.
            kind: ``exact``, ``hnsw``, or ``auto``: exact up to `EXACT_ROWS` rows.
            progress: Told of the work.

        Raises:
            UsageError: No vectors, a vector without direction, repeated ids, unequal numbers.
            ExtraError: A graph is asked for and usearch is not installed.
        """
        if kind not in KINDS:
            raise UsageError(
                f"there is no kind of index '{kind}'", expected="one of " + ", ".join(KINDS)
            )
        rows = Rows.of(vectors, ids, attributes)
        if not len(rows):
            raise UsageError(
                "there is nothing to index", expected="one vector at least", received="no vectors"
            )
        index = cls(rows, None, key=key, auto=kind == "auto")
        if kind == "hnsw" or index._wants_graph():
            index._graph = _graph_of(rows, progress)
        return index

    @property
    def num_rows(self) -> int:
        """Number of rows."""
        return len(self._rows)

    @property
    def dim(self) -> int:
        """Width of the vectors."""
        return self._rows.codes.dim

    @property
    def kind(self) -> str:
        """``exact`` or ``hnsw``."""
        return "exact" if self._graph is None else "hnsw"

    @property
    def ids(self) -> list[str]:
        """The names of all rows, in the order in which they were added."""
        return self._rows.ids.to_pylist()

    def search(
        self, queries: Shaped[np.ndarray, "query dim"], k: int, *, where: str | None = None
    ) -> Hits:
        """Return the `k` nearest rows of each query.

        Args:
            queries: Finite numbers, of any length but 0.
            k: How many, from 1.
            where: Which rows count; see `plait.index.filters`. None: all.

        Raises:
            UsageError: Another dimension, a query without direction, `k` below 1, an index that
                was emptied, or a filter that cannot be read or does not fit the columns.
        """
        units = self._checked(queries, k)
        allowed = None if where is None else kept_rows(where, self._rows.attributes)
        found = nearest_rows(units, k, self._rows, self._graph, allowed)
        ids = [self._rows.ids.take(array(rows)).to_pylist() for rows, _ in found]
        return Hits(ids, [scores for _, scores in found])

    def add(
        self,
        vectors: Shaped[np.ndarray, "row dim"],
        ids: Sequence[str],
        attributes: pa.Table | None = None,
        *,
        progress: Progress = SILENT,
    ) -> None:
        """Add rows under new ids, with the columns that the index has; see `build`.

        An ``auto`` index that grows beyond `EXACT_ROWS` gets a graph. Nothing changes on an error.
        """
        new = Rows.of(vectors, ids, attributes, first_key=self._rows.next_key)
        joined = self._rows.joined(new)
        if self._graph is not None:
            self._graph.add(new.keys, new.codes.values, progress)
        self._rows = joined
        if self._graph is None and self._wants_graph():
            self._graph = _graph_of(self._rows, progress)

    def delete(self, ids: Sequence[str]) -> None:
        """Delete rows. Raises `UsageError`, and deletes none, when an id is not in the index."""
        positions = self._rows.positions(ids)
        if (positions < 0).any():
            raise UsageError(
                "an id to delete is not in the index",
                received=str(ids[int(np.argmax(positions < 0))]),
            )
        if not len(positions):
            return
        if self._graph is not None:
            self._graph.remove(np.unique(self._rows.keys[positions]))
        self._rows = self._rows.without(positions)

    def save(self, folder: Path | str) -> None:
        """Write the index as a folder, whole or not at all; an older index there is replaced.

        Raises:
            BundleError: Something else than an index lies there.
        """
        save_index(folder, Stored(self._rows, self._graph, self.key, self._auto))

    @classmethod
    def load(cls, folder: Path | str, *, key: str) -> Index:
        """Open a saved index: its files are mapped, and read where a search needs them.

        Args:
            folder: Where it was saved.
            key: Of the model and preprocessing that the queries come from.

        Raises:
            BundleError: No index, a damaged one, or one with another key.
        """
        stored = load_index(folder, key=key)
        return cls(stored.rows, stored.graph, key=key, auto=stored.auto)

    def _wants_graph(self) -> bool:
        return self._auto and self.num_rows > EXACT_ROWS

    def _checked(
        self, queries: Shaped[np.ndarray, "query dim"], k: int
    ) -> Float32[np.ndarray, "query dim"]:
        found = numbers_in(queries)
        if found.shape[1] != self.dim:
            raise UsageError(
                "the queries have another dimension than the index",
                expected=f"[query, {self.dim}]",
                received=str(list(found.shape)),
                hint="embed the queries with the model that made the index",
            )
        if k < 1:
            raise UsageError("k is too small", expected="1 or more", received=str(k))
        if not self.num_rows:
            raise UsageError("the index is empty", expected="one row at least", hint="add rows")
        return unit_vectors(found)


def _graph_of(rows: Rows, progress: Progress) -> Graph:
    graph = Graph(rows.codes.dim)
    graph.add(rows.keys, rows.codes.values, progress)
    return graph
