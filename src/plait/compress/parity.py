"""Whether a model and what was made of it say the same of the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plait.errors import ParityError
from plait.modalities import PredictiveTarget

MOST_DIFFERENCE, LEAST_AGREEMENT = 1e-3, 0.999
"""Of a graph and what it was made of: more than the first, or less than the second, is refused."""


@dataclass(frozen=True, kw_only=True)
class Parity:
    """How far outputs of the same rows are from each other.

    Attributes:
        difference: Largest absolute difference: of probabilities, or of numbers in units of their
            standard deviation.
        agreement: Share of rows whose answers are the same: the most probable class, the set of
            labels; of numbers, those within a hundredth of a standard deviation.
        num_rows: That were compared.
    """

    difference: float
    agreement: float
    num_rows: int

    def require(self, what: str, received: str, of: str = "the network") -> Parity:
        """Return itself. Raises `ParityError` where the two do not say the same.

        Args:
            what: Was made.
            received: Where it differs.
            of: Of what it was made.
        """
        if self.difference <= MOST_DIFFERENCE and self.agreement >= LEAST_AGREEMENT:
            return self
        raise ParityError(
            f"{what} does not say what {of} says, so it is not written",
            expected=f"outputs within {MOST_DIFFERENCE:g}, answers that agree on "
            f"{LEAST_AGREEMENT:.1%} of rows or more",
            received=f"{self.difference:.2g} apart, {self.agreement:.2%} agree {received}",
            hint="this is a fault of plait or of its exporter: please report it",
        )


def compare(target: PredictiveTarget, first: np.ndarray, second: np.ndarray) -> Parity:
    """Return the parity of canonical outputs ``[row, output]`` of the same rows.

    Args:
        target: Codec of the target.
        first: The outputs to be met: their spread is the unit of numbers.
        second: Others.
    """
    if not len(first):
        return Parity(difference=0.0, agreement=1.0, num_rows=0)
    gaps = np.abs(second.astype(np.float64) - first)
    if target.form.exclusive:
        same = first.argmax(1) == second.argmax(1)
    elif target.form.probable:
        same = ((first >= 0.5) == (second >= 0.5)).all(1)
    else:
        spread = float(first[:, 0].std()) or 1.0
        gaps = gaps / spread
        same = gaps[:, 0] <= 0.01
    return Parity(difference=float(gaps.max()), agreement=float(same.mean()), num_rows=len(first))


def worst(several: Sequence[Parity]) -> Parity:
    """Return the largest difference and the mean agreement of several comparisons."""
    num_rows = sum(one.num_rows for one in several)
    agreeing = sum(one.agreement * one.num_rows for one in several)
    return Parity(
        difference=max((one.difference for one in several), default=0.0),
        agreement=agreeing / num_rows if num_rows else 1.0,
        num_rows=num_rows,
    )
