"""How far a sample may be off, in closed form: standard errors, Student's t, Wilson's interval."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

LEVEL = 0.95
_NORMAL = NormalDist()


def share_interval(hits: np.ndarray, groups: np.ndarray | None = None) -> list[float]:
    """Return Wilson's 95 % interval of a share.

    >>> [round(end, 3) for end in share_interval(np.arange(10) < 10)]
    [0.722, 1.0]

    Args:
        hits: bool ``[row]``.
        groups: int ``[row]``: rows of one number are not independent.
    """
    share, num = float(hits.mean()), float(len(hits))
    z = _NORMAL.inv_cdf(0.5 + LEVEL / 2)
    if groups is not None:
        num_groups = len(np.unique(groups))
        num = _effective_size(hits, groups)
        z = student_quantile(0.5 + LEVEL / 2, num_groups - 1)
    return wilson(share, num, z)


def standard_error(values: np.ndarray, groups: np.ndarray | None = None) -> float:
    """Return the standard error of a mean over rows; infinite for a single row or group.

    With groups, that of the sum of each group's deviations (Cameron and Miller 2015, equation 11).

    Args:
        values: float ``[row]``.
        groups: int ``[row]``: rows of one number are not independent.
    """
    gaps = np.asarray(values, np.float64) - np.mean(values)
    num_rows = len(gaps)
    if groups is not None:
        gaps = np.bincount(np.unique(groups, return_inverse=True)[1].reshape(-1), gaps)
    num = len(gaps)
    if num < 2:
        return float("inf")
    return float((gaps @ gaps) * num / (num - 1)) ** 0.5 / num_rows


def student_quantile(level: float, freedom: int) -> float:
    """Return a quantile of Student's t, to three digits (Cornish-Fisher beyond 2 degrees).

    >>> round(student_quantile(0.975, 10), 2)
    2.23

    Args:
        level: In (0, 1).
        freedom: Degrees of freedom, 1 or more.
    """
    if freedom == 1:
        return float(np.tan(np.pi * (level - 0.5)))
    if freedom == 2:
        return float((2 * level - 1) / np.sqrt(2 * level * (1 - level)))
    z, v = _NORMAL.inv_cdf(level), float(freedom)
    terms = (
        z,
        (z**3 + z) / (4 * v),
        (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2),
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3),
    )
    return float(sum(terms))


def wilson(share: float, num: float, z: float) -> list[float]:
    """Return the ends of Wilson's interval of a share of `num` rows, `z` standard errors wide."""
    middle = (share + z * z / (2 * num)) / (1 + z * z / num)
    half = z / (1 + z * z / num) * (share * (1 - share) / num + z * z / (4 * num * num)) ** 0.5
    return [max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half))]


def _effective_size(hits: np.ndarray, groups: np.ndarray) -> float:
    """Return how many independent rows the clustered ones are worth."""
    _, which = np.unique(groups, return_inverse=True)
    num, num_groups, share = len(hits), int(which.max()) + 1, float(hits.mean())
    single = share * (1 - share) / num
    if single == 0:
        return float(num_groups)
    sums = np.bincount(which, hits - share)
    clustered = float((sums**2).sum()) / num**2 * num_groups / (num_groups - 1)
    return num / max(1.0, clustered / single)
