"""What a sureness is worth by the columns that a row has: fewer than usual tell less."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from plait.data.prepared import Prepared
from plait.display import brief
from plait.model.calibration import with_input_columns
from plait.model.trust import LEAST_ROWS, Trust, trust_from

USUAL, MISSING, ALONE = range(3)
"""Which line a row's confidence is from."""


@brief
@dataclass(frozen=True)
class TrustByColumns:
    """Lines from a sureness to a confidence: of rows as they are, and of rows that lack columns.

    What a model says where columns are gone that training rows nearly always had is surer than it
    is right. So rows whose set of columns at least 20 held-out rows had go by those rows, rows that
    lack one of all columns by held-out rows of which one was hidden, all others by held-out rows of
    which one was left.

    Attributes:
        input_columns: Input column of the table -> the columns that it is read as.
        patterns: bool ``[pattern, input]``: the sets of columns that are usual.
        usual: Of rows as they are.
        missing, alone: Of rows with one column hidden, and with but one left; None where there is
            no such thing: then the next of them serves, at last the usual one.
    """

    input_columns: Mapping[str, Sequence[str]]
    patterns: np.ndarray
    usual: Trust
    missing: Trust | None = None
    alone: Trust | None = None

    @property
    def metric(self) -> str:
        """Which share of a row is foretold."""
        return self.usual.metric

    def lines(self, prepared: Prepared, rows: np.ndarray) -> np.ndarray:
        """Return which line the confidence of each row is from, int8 ``[row]``."""
        present = with_input_columns(prepared, self.input_columns, rows)
        usual = (present[:, None] == self.patterns).all(axis=2).any(axis=1)
        lacking = (~present).sum(axis=1)
        return np.select([usual, lacking <= 1], [USUAL, MISSING], ALONE).astype(np.int8)

    def of(self, sureness: np.ndarray, lines: np.ndarray) -> np.ndarray:
        """Return confidences, float64 ``[row]``; NaN where there is no sureness."""
        missing = self.missing or self.alone or self.usual
        alone = self.alone or missing
        every = [one.of(sureness) for one in (self.usual, missing, alone)]
        return np.choose(lines, every)

    def facts(self) -> dict[str, Any]:
        """Return JSON-ready data, which `trust_by_columns_from` reads."""
        lines = {"usual": self.usual, "missing": self.missing, "alone": self.alone}
        return {
            "input_columns": {name: list(columns) for name, columns in self.input_columns.items()},
            "patterns": self.patterns.tolist(),
            **{name: None if one is None else one.facts() for name, one in lines.items()},
        }


def trust_by_columns_from(facts: Mapping[str, Any]) -> TrustByColumns:
    """Rebuild what `TrustByColumns.facts` told."""
    names = list(facts["input_columns"])
    return TrustByColumns(
        input_columns={name: tuple(columns) for name, columns in facts["input_columns"].items()},
        patterns=np.array(facts["patterns"], bool).reshape(-1, len(names)),
        usual=trust_from(facts["usual"]),
        missing=trust_from(facts["missing"]) if facts["missing"] else None,
        alone=trust_from(facts["alone"]) if facts["alone"] else None,
    )


def usual_patterns(
    prepared: Prepared, input_columns: Mapping[str, Sequence[str]], rows: np.ndarray
) -> np.ndarray:
    """Return the sets of columns that at least 20 of the rows have, bool ``[pattern, input]``."""
    present = with_input_columns(prepared, input_columns, rows)
    patterns, counts = np.unique(present, axis=0, return_counts=True)
    return patterns[counts >= LEAST_ROWS]
