"""Columns of a batch whose tokens, maps and lines were made already, for several networks."""

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
        line: As `Encoder.lines` gives it; None where the column offers none.
        letters: As `Encoder.letters` gives them; None where the column has none.
    """

    tokens: Any = None
    map: Any = None
    line: Any = None
    letters: Any = None

    def take(self, places: Tensor) -> Embedded:
        """Return some of the rows."""
        tokens = Tokens(*(part[places] for part in self.tokens))
        of_map, of_line, of_letters = (
            None if whole is None else type(whole)(*(part[places] for part in whole))
            for whole in (self.map, self.line, self.letters)
        )
        return Embedded(
            {}, {}, self.present[places],
            tokens=tokens, map=of_map, line=of_line, letters=of_letters,
        )  # fmt: skip
