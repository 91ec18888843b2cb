"""A delta: what was learned on a device beside a bundle, as sums, correction by correction."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from plait.display import brief
from plait.errors import BundleError, UsageError
from plait.model.rehearsal import Rehearsal

CORRECTED, NEW_CLASS = "correct", "class"
KINDS = (CORRECTED, NEW_CLASS)
"""What a correction is: answers put right, or examples of a class that is new."""

MAX_CORRECTIONS, MAX_NEW_CLASSES, MAX_LABEL = 5000, 100, 200
"""Of a delta; characters of a label."""


@brief
@dataclass(frozen=True)
class ClassSum:
    """Examples of a class, together.

    Attributes:
        label: Of the class.
        num: How many.
        total: float64 ``[near]``: the sum of those of their features by which a class is known.
    """

    label: str
    num: int
    total: np.ndarray


@brief
@dataclass(frozen=True)
class Correction:
    """What one call taught: all that later answers need of its rows, and not the rows.

    Attributes:
        id: Sixteen hexadecimal digits, drawn.
        kind: Of `KINDS`.
        num: Rows of the call.
        design: float64 ``[some, 1 + feature]``: its product with itself is the sum, over the rows,
            of the products of their features with themselves (a one before them). Not more than
            ``1 + feature`` rows.
        residuals: float64 ``[some, output]``: the product of `design` with it is the sum of the
            products of features with what was amiss. Both are times the root of the weight that
            the rows have.
        sums: By class, the first seen first; none of numbers.
    """

    id: str
    kind: str
    num: int
    design: np.ndarray
    residuals: np.ndarray
    sums: tuple[ClassSum, ...] = ()


@brief
@dataclass(frozen=True)
class Delta:
    """What was learned beside a bundle.

    Attributes:
        bundle: `plait.model.identity.model_digest` of the bundle.
        basis: `Rehearsal.digest` of the statistics that its features come from.
        target: Name of the target column.
        num_features, num_near, num_outputs: Of a row: features, those of them by which a class is
            known, and outputs of the bundle that are corrected.
        corrections: In the order in which they were taught.
        statistics: Where they are not the bundle's own, but made of rows that a person gave.
    """

    bundle: str
    basis: str
    target: str
    num_features: int
    num_near: int
    num_outputs: int
    corrections: tuple[Correction, ...] = ()
    statistics: Rehearsal | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes that examples were given of, the first seen first."""
        every = [one.label for correction in self.corrections for one in correction.sums]
        return tuple(dict.fromkeys(every))

    def beside(self, correction: Correction) -> Delta:
        """Return it with one more correction."""
        return replace(self, corrections=(*self.corrections, correction))

    def without(self, ids: Sequence[str]) -> Delta:
        """Return it without some corrections. Raises `UsageError` where it has one not."""
        known = [one.id for one in self.corrections]
        for name in ids:
            if name not in known:
                raise UsageError(
                    "the delta has no such correction",
                    expected="one of " + (", ".join(known[-8:]) or "none: nothing was learned"),
                    received=name,
                )
        kept = tuple(one for one in self.corrections if one.id not in ids)
        return replace(self, corrections=kept)


def new_id() -> str:
    """Return the id of a new correction."""
    return secrets.token_hex(8)


def shortened(design: np.ndarray, residuals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of the same sums of products, no more of them than columns: by QR."""
    if len(design) <= design.shape[1]:
        return design, residuals
    q, r = np.linalg.qr(design)
    return r, q.T @ residuals


def merge(first: Delta, second: Delta) -> Delta:
    """Return what two devices learned beside the same bundle, as if one had learned both.

    A correction that is in both counts once.

    Raises:
        BundleError: When they are of different bundles, or of different statistics.
    """
    require_alike(first, second)
    known = {one.id for one in first.corrections}
    more = tuple(one for one in second.corrections if one.id not in known)
    return replace(first, corrections=(*first.corrections, *more))


def require_alike(first: Delta, second: Delta) -> None:
    """Raise `BundleError` where two deltas are not of the same bundle, statistics and sizes."""
    for name, what in (
        ("bundle", "bundle"),
        ("basis", "statistics"),
        ("target", "target"),
        ("num_features", "number of features"),
        ("num_near", "number of features that a class is known by"),
        ("num_outputs", "number of outputs"),
    ):
        mine, theirs = getattr(first, name), getattr(second, name)
        if mine != theirs:
            raise BundleError(
                f"the delta is of another {what}",
                expected=f"{name} {str(mine)[:16]}",
                received=f"{name} {str(theirs)[:16]}",
                hint="a delta goes with the bundle beside which it was learned, and no other",
            )
