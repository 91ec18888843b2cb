"""A process that answers on the edge, where all that a small installation lacks is not there."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from plait.testing.examples import GARBAGE, example_table
from plait.types import Cell

ABSENT = frozenset(
    {
        "jaxtyping",
        "lightgbm",
        "pandas",
        "pyarrow",
        "rich",
        "scipy",
        "sklearn",
        "threadpoolctl",
        "tokenizers",
        "torch",
        "transformers",
        "typer",
        "yaml",
    }
)
"""Modules of which a process of this file has none."""


class Present:
    """A finder of modules (`sys.meta_path`) that finds none of `ABSENT`, as if not installed.

    Args:
        finder: Finds all others.
    """

    def __init__(self, finder: Any) -> None:
        self._finder = finder

    def __getattr__(self, name: str) -> Any:
        return getattr(self._finder, name)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """Return where a module is; None where it is not, or is to be absent."""
        if name.partition(".")[0] in ABSENT:
            return None
        return self._finder.find_spec(name, path, target)


def edge_rows(modality: str) -> list[dict[str, Cell]]:
    """Return rows of a contract table: whole, without a value, a column or any, and unreadable."""
    rows = [{"x": row["x"], "size": row["size"]} for row in example_table(modality)[:6]]
    return [*rows, {"size": 1.0}, {"x": None, "size": None}, {"x": GARBAGE, "size": 0.5}]


def main(arguments: Sequence[str]) -> int:
    """Write the answers of a bundle to a modality's rows as JSON; return 0."""
    import plait.edge

    path, modality = arguments
    answer = plait.edge.load(path).predict(edge_rows(modality), on_error="skip")
    found: list[dict[str, Any]] = answer.to_dicts()
    sys.stdout.write(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.meta_path[:] = [Present(finder) for finder in sys.meta_path]
    sys.exit(main(sys.argv[1:]))
