"""A process that answers on the edge, where all that a small installation lacks is not there."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from plait.testing.examples import example_table
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

UNREADABLE = b"\x00\xffgarbage\x13\x37" * 9


class Absent:
    """An import hook (`sys.meta_path`) that finds none of `ABSENT`."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Raise `ModuleNotFoundError` for what is to be absent; leave all else to others."""
        if name.partition(".")[0] in ABSENT:
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)


def edge_rows(modality: str) -> list[dict[str, Cell]]:
    """Return rows of a contract table: whole, without a value, a column or any, and unreadable."""
    rows = [{"x": row["x"], "size": row["size"]} for row in example_table(modality)[:6]]
    return [*rows, {"size": 1.0}, {"x": None, "size": None}, {"x": UNREADABLE, "size": 0.5}]


def main(arguments: Sequence[str]) -> int:
    """Write the answers of a bundle to a modality's rows as JSON; return 0."""
    import plait.edge

    path, modality = arguments
    answer = plait.edge.load(path).predict(edge_rows(modality), on_error="skip")
    found: list[dict[str, Any]] = answer.to_dicts()
    sys.stdout.write(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.meta_path.insert(0, Absent())
    sys.exit(main(sys.argv[1:]))
