"""Fits what a checkpoint wants to see to a column, where that depends on the column."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from itertools import chain
from typing import Any, Protocol, runtime_checkable

import numpy as np

from plait.backbones.checkpoint import Checkpoint
from plait.backbones.preprocessing import Preparation
from plait.data.decoding import Decoder
from plait.data.table import Table
from plait.errors import CellError
from plait.modalities import find_codec
from plait.spacing import even_sample

MAX_ROWS = 500
"""That are looked at, evenly spread."""


@runtime_checkable
class FittedPreparation(Protocol):
    """A preparation that must know the column: how many channels its series have."""

    @property
    def dim(self) -> int:
        """Length of the vectors that follow."""

    def fit(self, raws: Iterable[Any]) -> Preparation:
        """Return it fitted to some of a column's values."""


def fitted_to(checkpoint: Checkpoint, table: Table, column: str, rows: np.ndarray) -> Checkpoint:
    """Return the checkpoint made ready for a column; itself where there is nothing to learn.

    Args:
        checkpoint: As it was opened.
        table: Whose column it is to read.
        column: Its name.
        rows: Training rows. Unreadable cells count as missing: whoever makes the vectors raises or
            counts them.
    """
    preparation = checkpoint.preparation
    if not isinstance(preparation, FittedPreparation):
        return checkpoint
    some = even_sample(rows, MAX_ROWS)
    codec = find_codec(checkpoint.modality)()
    with Decoder(codec, table.media(), _as_it_is, num_workers=table.policy.num_workers) as decoder:
        results = chain.from_iterable(decoder.decode(table.column(column, some)))
        raws = [one for one in results if one is not None and not isinstance(one, CellError)]
    fitted: Any = preparation.fit(raws)
    key = hashlib.sha256(f"{checkpoint.key}|{fitted.hash}".encode()).hexdigest()[:40]
    return replace(checkpoint, preparation=fitted, dim=fitted.dim, key=key)


def _as_it_is(raw: Any) -> Any:
    return raw
