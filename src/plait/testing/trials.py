"""A check of a search's trials: a setting is fitted to a fold and judged on rows held out."""

from __future__ import annotations

import json

import numpy as np

from plait.data.table import Table
from plait.recipes.fit import fit
from plait.testing.examples import expect
from plait.train.budget import Budget
from plait.tuning.folds import Fold
from plait.tuning.judged import FoldTrier, summary_of


def try_settings(table: Table, target: str, modality: str) -> None:
    """Fit simple models to three of four rows that have the target, and judge them by the rest."""
    known = [row for row, cell in enumerate(table.column(target)) if cell is not None]
    held = np.array(known[::4])
    learned = np.setdiff1d(np.arange(table.num_rows), held)
    trier = FoldTrier(fit, table, target, {"encoders": "none"}, None, None, 0)
    judged = trier({"simple": True}, Budget(6.0, "steps"), Fold("0", learned, held, held))
    told = json.loads(json.dumps(summary_of([judged], None)))
    expect(told["rows"] == len(held), f"{modality}: {told['rows']} rows judged of {len(held)}")
    expect(np.isfinite(told["score"]), f"{modality}: the score is {told['score']}")
    expect(min(told["mb"], told["ms"]) > 0, f"{modality}: {told['mb']} MB, {told['ms']} ms")
