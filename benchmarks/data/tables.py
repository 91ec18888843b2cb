"""Tables of the benchmarks: made once into Parquet, cut into what is learned and what is tested."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.settings import QUICK_ROWS, cache_folder


@dataclass(frozen=True)
class Split:
    """A data set.

    Attributes:
        train: Rows to learn from; a column ``split`` says ``train`` or ``validation``.
        test: The official test rows, which no fit is shown.
        root: Folder of its media; None where cells hold everything.
    """

    train: pa.Table
    test: pa.Table
    root: Path | None = None


def cached(name: str, make: Callable[[], pa.Table]) -> pa.Table:
    """Return the table `name` from the cache, made by `make` the first time."""
    path = cache_folder() / "tables" / f"{name}.parquet"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        pq.write_table(make(), partial, row_group_size=8192)
        os.replace(partial, path)
    return pq.read_table(path)


def halves(
    table: pa.Table,
    *,
    target: str,
    validation: float,
    seed: int,
    quick: bool = False,
    root: Path | None = None,
) -> Split:
    """Cut a table by its column ``split``, and a validation part out of the training rows.

    Args:
        table: With a column ``split`` of ``train`` and ``test`` (and ``validation``: then that
            part stays as it is).
        target: Column whose classes the validation part has in the same shares.
        validation: Share of the training rows set aside to choose by.
        seed: Of that choice.
        quick: Whether to keep few rows of each part.
        root: Folder of the media.
    """
    is_test = pc.equal(table["split"], "test")
    train, test = table.filter(pc.invert(is_test)), table.filter(is_test)
    if quick:
        train, test = _some(train, seed), _some(test, seed)
    if "validation" not in train["split"].to_pylist():
        words = validation_words(train[target].to_pylist(), validation, seed)
        train = train.set_column(train.column_names.index("split"), "split", pa.array(words))
    return Split(train, test, root)


def validation_words(targets: list[object], share: float, seed: int) -> list[str]:
    """Return ``train`` or ``validation`` per row, every class in the same shares.

    Rows are sorted by target (ties at random), and every ``1 / share``-th is set aside.
    """
    rng = np.random.default_rng(seed)
    _, codes = np.unique(np.array([str(target) for target in targets]), return_inverse=True)
    if all(isinstance(target, int | float) for target in targets):
        codes = np.asarray(targets, np.float64)
    order = np.lexsort((rng.random(len(targets)), codes))
    words = np.full(len(targets), "train", dtype=object)
    if share > 0:
        step = 1 / share
        chosen = (np.arange(0, len(targets) - step / 2, step) + step / 2).astype(int)
        words[order[chosen]] = "validation"
    return [str(word) for word in words]


def check_sizes(name: str, table: pa.Table, num_train: int, num_test: int) -> pa.Table:
    """Return the table. Raises `ValueError` unless it has the official numbers of rows."""
    is_test = np.array(table["split"].to_pylist()) == "test"
    found = int((~is_test).sum()), int(is_test.sum())
    if found != (num_train, num_test):
        raise ValueError(f"{name}: expected {num_train} + {num_test} rows, received {found}")
    return table


def _some(table: pa.Table, seed: int) -> pa.Table:
    rows = np.random.default_rng(seed).permutation(table.num_rows)[:QUICK_ROWS]
    return table.take(np.sort(rows))
