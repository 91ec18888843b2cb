"""Conditions: what a target's head sees of a batch of rows."""

from __future__ import annotations

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

from plait.nn.feature_map import FeatureMap
from plait.nn.reader import Letters
from plait.nn.time_line import TimeLine
from plait.nn.tokens import Tokens
from plait.types import Batch, ColumnBatch


class Offered(NamedTuple):
    """What inputs offer of their own to heads that ask for it, beside the trunk's few tokens.

    Attributes:
        map: See `Conditions`.
        line: See `Conditions`.
    """

    map: FeatureMap | None = None
    line: TimeLine | None = None


class Conditions(NamedTuple):
    """A batch of rows as the shared trunk gives them to a head.

    Attributes:
        tokens: The trunk's tokens, registers first: what a decoder cross-attends to where the mask
            is True.
        pooled: What the head's own queries gathered of them.
        inputs: The columns themselves, for heads that point at what they hold; a column that is
            hidden from the row is not present. None where a head is asked without.
        map: Where things are in the rows' pictures, for a head that asks for it, of all columns
            that offer it; None where none does, or nobody asks.
        line: What was when in the rows' sounds, place by place and finer than tokens, for a head
            that asks for it; None where no column offers it, or nobody asks.
        start: What a simple model says of the rows, in the target's layout, where the target's
            network begins at it; None where it does not.
        letters: What the column that a head asks for says letter by letter; None where it has no
            letters, or nobody asks.
    """

    tokens: Tokens
    pooled: Float[Tensor, "batch query dim"]
    inputs: Batch | None = None
    map: FeatureMap | None = None
    line: TimeLine | None = None
    start: ColumnBatch | None = None
    letters: Letters | None = None

    def take(self, rows: slice | Tensor) -> Conditions:
        """Return the tokens, the queries, the line and the letters of some of the rows, in this
        order."""
        line = None if self.line is None else TimeLine(*(part[rows] for part in self.line))
        said = None if self.letters is None else Letters(*(part[rows] for part in self.letters))
        tokens = Tokens(*(part[rows] for part in self.tokens))
        return Conditions(tokens, self.pooled[rows], line=line, letters=said)
