"""Makes corrections of examples, and tells whether they are answered as they were taught."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from plait.edge.delta import ClassSum, Correction, Delta, shortened
from plait.edge.examples import Examples
from plait.edge.learned import Learned, with_one

WEIGHTS = (1.0, 2.0, 4.0, 8.0)
"""Rows that a corrected one may count as; the least is taken that is enough."""

ENOUGH = 0.9
"""Share of the rows that are to be answered as they were taught."""

HALF = 0.5
"""Of what was amiss with a number, so much may be left."""


def taught(
    number: str,
    kind: str,
    found: Examples,
    truth: np.ndarray,
    labels: Sequence[str],
    delta: Delta,
    weight: float,
) -> Correction:
    """Return the correction that examples make.

    Args:
        number: Its id.
        kind: Of `plait.edge.delta.KINDS`.
        found: The examples.
        truth: Their classes, by the places of their labels, or their numbers, ``[row]``.
        labels: The classes, those of the bundle first; () of numbers.
        delta: Tells the sizes.
        weight: Of each row.
    """
    if labels:
        known = truth < delta.num_outputs
        wanted = np.eye(delta.num_outputs)[truth[known]]
        told, amiss = found.features[known], wanted - found.outputs[known]
    else:
        told, amiss = found.features, (truth - found.outputs[:, 0])[:, None]
    root = float(np.sqrt(weight))
    design, residuals = shortened(root * with_one(told), root * amiss)
    near = found.features[:, : delta.num_near]
    sums = tuple(
        ClassSum(labels[i], int((truth == i).sum()), near[truth == i].sum(axis=0))
        for i in (dict.fromkeys(truth.tolist()) if labels else ())
    )
    return Correction(number, kind, len(found), design, residuals, sums)


def answered(learned: Learned, found: Examples, truth: np.ndarray) -> float:
    """Return the share of examples that are answered as they were taught."""
    outputs = learned.apply(found.features, found.outputs)
    if learned.rehearsal.unit is None:
        return float(np.mean(outputs.argmax(axis=1) == truth))
    before, after = (np.abs(one[:, 0] - truth) for one in (found.outputs, outputs))
    return float(np.mean(after <= HALF * before))
