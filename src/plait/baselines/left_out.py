"""Kernel ridge regression of many columns at once: what each adds, for rows left out of the fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plait.baselines.sparse import SparseRows

STRENGTHS = np.logspace(-4, 1.5, 12)
CHUNK_FEATURES = 2048


@dataclass(frozen=True)
class Spectrum:
    """A centred Gram matrix by its eigenvalues, the largest first.

    Attributes:
        values: float64 ``[direction]``, all above 0.
        vectors: float64 ``[row, direction]``, orthonormal.
    """

    values: np.ndarray
    vectors: np.ndarray

    @classmethod
    def of(cls, gram: np.ndarray) -> Spectrum:
        """Decompose a centred Gram matrix, float64 ``[row, row]``."""
        values, vectors = np.linalg.eigh(gram)
        keep = np.flatnonzero(values > 1e-7 * max(float(values.max(initial=0.0)), 1e-12))[::-1]
        return cls(values[keep], vectors[:, keep])

    @classmethod
    def of_features(cls, features: np.ndarray) -> Spectrum:
        """Decompose the Gram matrix of centred features, ``[row, feature]``, without making it."""
        values, vectors = np.linalg.eigh((features.T @ features).astype(np.float64))
        keep = np.flatnonzero(values > 1e-7 * max(float(values.max(initial=0.0)), 1e-12))[::-1]
        turned = features @ (vectors[:, keep] / np.sqrt(values[keep])).astype(features.dtype)
        return cls(values[keep], turned)


@dataclass(frozen=True)
class Fit:
    """Ridge regression of centred targets for the strength that does best on rows left out.

    Attributes:
        dual: float64 ``[row, output]``: answers are ``K dual``.
        strength: What was added to the Gram matrix's diagonal.
        left_out: float64 ``[row, output]``: the answer for each row without its group.
    """

    dual: np.ndarray
    strength: float
    left_out: np.ndarray


def centred_gram(dense: np.ndarray, sparse: SparseRows) -> np.ndarray:
    """Return the products of all pairs of rows less their mean, float64 ``[row, row]``."""
    gram = (dense @ dense.T).astype(np.float64)
    for features in feature_chunks(sparse):
        part = sparse.dense(features)
        gram += part @ part.T
    means = gram.mean(axis=0)
    return np.asarray(gram - means - means[:, None] + means.mean())


def feature_chunks(sparse: SparseRows) -> list[np.ndarray]:
    """Return the features that occur, some at a time."""
    seen = np.flatnonzero(sparse.counts())
    return [seen[i : i + CHUNK_FEATURES] for i in range(0, len(seen), CHUNK_FEATURES)]


def blocks_of(groups: np.ndarray) -> list[np.ndarray]:
    """Return the rows of each group of more than one."""
    _, which, counts = np.unique(groups, return_inverse=True, return_counts=True)
    parts = np.split(np.argsort(which, kind="stable"), np.cumsum(counts)[:-1])
    return [rows for rows in parts if len(rows) > 1]


def fit_left_out(spectrum: Spectrum, targets: np.ndarray, blocks: Sequence[np.ndarray]) -> Fit:
    """Fit for a range of strengths; keep the one with the least squared error on rows left out.

    With ``G = (K + a I)^-1`` on all directions but the constant one, which is the mean's, and ``d =
    G y``, a row left out is answered ``y_i - d_i / G_ii``, and
    the rows of a group ``y_g - G_gg^-1 d_g`` (Rifkin and Lippert 2007, section 4; the mean of the
    targets is that of all rows).

    Args:
        spectrum: Of K.
        targets: float64 ``[row, output]`` of mean 0.
        blocks: Rows that are left out together.
    """
    values, vectors = spectrum.values, spectrum.vectors
    rotated = vectors.T @ targets
    beyond = targets - vectors @ rotated
    squares = vectors**2
    missing = 1.0 - 1.0 / len(targets) - squares.sum(axis=1)
    scale = max(float(values.sum()) / max(len(targets) - 1, 1), 1e-12)
    best: Fit | None = None
    least = np.inf
    for strength in STRENGTHS * scale:
        dual = vectors @ (rotated / (values + strength)[:, None]) + beyond / strength
        diagonal = squares @ (1 / (values + strength)) + missing / strength
        left_out = targets - dual / np.maximum(diagonal, 1e-12)[:, None]
        for rows in blocks:
            left_out[rows] = targets[rows] - _solved(spectrum, strength, rows, dual[rows])
        cost = float(((targets - left_out) ** 2).mean())
        if best is None or cost < least:
            best, least = Fit(dual, float(strength), left_out), cost
    if best is None:
        raise ValueError("no strength was tried")
    return best


def parts_left_out(
    grams: Sequence[np.ndarray], spectrum: Spectrum, fit: Fit, blocks: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """Return what each of several kernels adds to the answers of their sum for rows left out.

    The dual of the fit without row *i* is ``d - G_i d_i / G_ii``, hence what kernel ``K_c`` adds is
    ``(K_c d)_i - (K_c G)_ii d_i / G_ii``; of a group, the same with blocks. These sum to
    ``fit.left_out``.

    Args:
        grams: Centred, float64 ``[row, row]`` each; their sum is the fit's.
        spectrum: Of the sum.
        fit: By `fit_left_out` of the sum.
        blocks: As there.
    """
    inverse = _inverse(spectrum, fit.strength)
    share = fit.dual / np.maximum(np.diag(inverse), 1e-12)[:, None]
    solved = [np.linalg.solve(inverse[np.ix_(rows, rows)], fit.dual[rows]) for rows in blocks]
    found = []
    for gram in grams:
        whole = gram @ fit.dual
        part = whole - (gram * inverse).sum(axis=1)[:, None] * share
        for rows, one in zip(blocks, solved, strict=True):
            part[rows] = whole[rows] - (gram[rows] @ inverse[:, rows]) @ one
        found.append(part)
    return found


def parts_in_span(
    spans: Sequence[np.ndarray],
    whole: np.ndarray,
    spectrum: Spectrum,
    fit: Fit,
    blocks: Sequence[np.ndarray],
) -> list[np.ndarray]:
    """Return what `parts_left_out` does, of kernels ``F_c F^T`` that add up to ``F F^T``.

    With ``F^T G = (F^T F + a I)^-1 F^T``, what ``K_c`` adds to row i is ``F_c,i (F^T d - (F^T G)_i
    d_i / G_ii)``: no matrix of all pairs of rows is made.

    Args:
        spans: Centred features ``F_c``, ``[row, feature]`` each.
        whole: F, their sum.
        spectrum: Of ``F F^T``.
        fit: By `fit_left_out` of it.
        blocks: As there.
    """
    inner = (whole.T @ whole).astype(np.float64)
    inner[np.diag_indices_from(inner)] += fit.strength
    inverse = np.linalg.solve(inner, whole.T.astype(np.float64)).T
    diagonal = _diagonal(spectrum, fit.strength)
    share = fit.dual / np.maximum(diagonal, 1e-12)[:, None]
    solved = [_solved(spectrum, fit.strength, rows, fit.dual[rows]) for rows in blocks]
    over = whole.T @ fit.dual
    found = []
    for span in spans:
        added = span @ over
        part = added - np.einsum("ij,ij->i", span, inverse)[:, None] * share
        for rows, one in zip(blocks, solved, strict=True):
            part[rows] = added[rows] - (span[rows] @ inverse[rows].T) @ one
        found.append(part)
    return found


def _diagonal(spectrum: Spectrum, strength: float) -> np.ndarray:
    """Return the diagonal of ``(K + strength I)^-1`` on all directions but the constant one."""
    squares = spectrum.vectors**2
    missing = 1.0 - 1.0 / len(squares) - squares.sum(axis=1)
    return np.asarray(squares @ (1 / (spectrum.values + strength)) + missing / strength)


def _inverse(spectrum: Spectrum, strength: float) -> np.ndarray:
    """Return ``(K + strength I)^-1`` on all directions but the constant one."""
    return _block(spectrum, strength, np.arange(len(spectrum.vectors)))


def _solved(spectrum: Spectrum, strength: float, rows: np.ndarray, dual: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.solve(_block(spectrum, strength, rows), dual))


def _block(spectrum: Spectrum, strength: float, rows: np.ndarray) -> np.ndarray:
    """Return the rows and columns of the inverse that belong to some rows."""
    vectors, num = spectrum.vectors[rows], len(spectrum.vectors)
    inside = (vectors * (1 / (spectrum.values + strength) - 1 / strength)) @ vectors.T
    return np.asarray(inside + (np.eye(len(rows)) - 1 / num) / strength)
