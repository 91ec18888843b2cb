"""Splits by a column that says of each row where it belongs."""

from __future__ import annotations

import numpy as np

from plait.data.allotting import NOWHERE, TEST, TRAIN, VALIDATION
from plait.data.table import Table
from plait.errors import TableError
from plait.types import is_missing

WORDS = {
    "train": TRAIN,
    "training": TRAIN,
    "validation": VALIDATION,
    "val": VALIDATION,
    "valid": VALIDATION,
    "dev": VALIDATION,
    "test": TEST,
    "out": NOWHERE,
}
"""What a cell may say; rows that are ``out`` are in no part."""


def read_splits(table: Table, column: str) -> np.ndarray:
    """Return the split of each row, int8 ``[row]``, `NOWHERE` for those that are out.

    Raises `TableError` at the first other word.
    """
    split = np.zeros(table.num_rows, np.int8)
    for first, cells in table.batches([column]):
        for place, cell in enumerate(cells[column]):
            number = WORDS.get(str(cell).strip().lower())
            if number is None:
                raise TableError(
                    "the split column holds something else than a split",
                    expected="train, validation (or val, dev), test or out in every row",
                    received="nothing" if is_missing(cell) else cell,
                    column=column,
                    row=first + place,
                )
            split[first + place] = number
    if not (split == TRAIN).any():
        raise TableError(
            "the split column names no training rows", expected="rows with train", column=column
        )
    return split
