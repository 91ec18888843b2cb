"""What runs a network on a batch: named arrays in, named arrays out. Nothing here needs torch.

A batch's arrays are flat, as graphs of other runtimes want them: ``column:part:name`` is a part
``[batch, *shape]``, ``column:length:axis`` the lengths along a ragged axis ``[batch]``, and
``column:present:`` tells which rows have a value, bool ``[batch]``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np

from plait.modalities import Asked
from plait.types import Arrays, Batch, ColumnBatch

PART, LENGTH, PRESENT = "part", "length", "present"
OUTPUTS, VECTORS, LATENT = "outputs", "vectors", "latent"
"""Names of what runners give back, beside `PRESENT`."""


class Runner(Protocol):
    """A network, built and ready.

    A predictive one gives ``outputs``, canonical, float32 ``[batch, output]``, and where it can
    ``latent``, what its head answers from, float32 ``[batch, dim]``; one of a shared space
    ``vectors``, float32 ``[input, batch, dim]``, and ``present``, bool ``[input, batch]``.
    """

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a batch."""

    def __call__(self, arrays: Arrays) -> Arrays:
        """Return what the network says of a batch."""


class Drawer(Protocol):
    """A network that draws values of one target."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a batch."""

    def draw(
        self, arrays: Arrays, rngs: Sequence[np.random.Generator], asked: Asked
    ) -> Sequence[Arrays]:
        """Return a value per row, each drawn with a generator of its own."""

    def stream(self, arrays: Arrays, rng: np.random.Generator, asked: Asked) -> Iterator[Arrays]:
        """Give beginnings of the value of the only row, of what makes values piece by piece."""

    def losses(self, arrays: Arrays, wanted: ColumnBatch) -> np.ndarray:
        """Return the loss of each row's value, float64 ``[batch]``; 0 where it has none."""


def flat(batch: Mapping[str, ColumnBatch]) -> Arrays:
    """Return a batch's arrays by their flat names."""
    found: Arrays = {}
    for name, column in batch.items():
        found |= {f"{name}:{PART}:{key}": part for key, part in column.parts.items()}
        found |= {f"{name}:{LENGTH}:{axis}": part for axis, part in column.lengths.items()}
        found[f"{name}:{PRESENT}:"] = column.present
    return found


def nested(arrays: Arrays) -> Batch:
    """Return the batch that `flat` made flat.

    >>> column = ColumnBatch({"x": np.zeros(2)}, {}, np.ones(2, bool))
    >>> list(nested(flat({"a:b": column})))
    ['a:b']
    """
    batch: Batch = {}
    for name, array in arrays.items():
        column, kind, key = name.rsplit(":", 2)
        found = batch.setdefault(column, ColumnBatch({}, {}, None))
        if kind == PRESENT:
            found.present = array
        else:
            (found.parts if kind == PART else found.lengths)[key] = array
    return batch
