"""Columns of a batch whose tokens and maps were made already, for several networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from plait.nn.tokens import Tokens
from plait.types import ColumnBatch


@dataclass
class Embedded(ColumnBatch):
    """A column of a batch whose tokens were made already, for several networks of one encoder.

    Attributes:
        tokens: As `Encoder.tokens` gives them.
        map: As `Encoder.maps` gives it; None where the column offers none.
    """

    tokens: Any = None
    map: Any = None

    def take(self, places: Tensor) -> Embedded:
        """Return some of the rows."""
        tokens = Tokens(*(part[places] for part in self.tokens))
        found = None if self.map is None else type(self.map)(*(one[places] for one in self.map))
        return Embedded({}, {}, self.present[places], tokens=tokens, map=found)
