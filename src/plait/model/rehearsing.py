"""Makes the statistics by which a bundle can learn on a device: of rows with their truth."""

from __future__ import annotations

import numpy as np

from plait.modalities import PredictiveTarget
from plait.model.rehearsal import Rehearsal, halved_rows, scores_of
from plait.model.rehearsal_draws import (
    FEW_ROWS,
    Axes,
    drawn_examples,
    probabilities_of,
    quantiles_of,
)

MAX_ROWS = 2000
"""Rows that statistics are made of: an even sample where there are more."""

LEAST_ROWS = 20
MAX_CLASSES = 256

MAX_SCORE_FEATURES, MAX_POINT_FEATURES = 16, 64
"""Features that are made of what a model answers, and of points."""

ROWS_PER_FEATURE = 4
LEAST_SHARE = 1e-6
"""Directions of less than this share of the largest variance are noise of the arithmetic."""

LEAST_VARIANCE = 1e-12
"""Below it nothing varies."""

RIDGE = 1e-3
"""Share of a direction's variance that lies within classes, at least."""


TITLE = "## What it carries to learn on a device"
REMEMBERED = (
    "`rehearsal.safetensors` holds statistics of {rows} rows: a mean for each class, one covariance"
    " for all, and {draws} examples that were drawn from these by a generator of random numbers. No"
    " row is in it. `plait learn` puts answers right by it, and checks that nothing is forgotten."
)
"""What a card tells."""


def can_be_learned(target: PredictiveTarget) -> bool:
    """Tell whether a device can learn a target: classes of which a row has one, or a number."""
    form = target.form
    return form.exclusive or not form.probable


def with_told(card: str, found: Rehearsal | None) -> str:
    """Return a card, with what it has to tell of statistics."""
    if found is None or TITLE in card:
        return card
    told = REMEMBERED.format(rows=int(found.counts.sum()), draws=len(found.draws))
    return f"{card}\n{TITLE}\n\n{told}\n"


def make_rehearsal(
    target: PredictiveTarget, outputs: np.ndarray, points: np.ndarray, truth: np.ndarray
) -> Rehearsal | None:
    """Return the statistics of rows; None of few rows, very many classes, or another target.

    Features are main directions of points and of scores (at most 64 and 16), whitened by what is
    left of them once each class's mean is taken away (Fisher 1936); those of points, which come
    first, are turned to the axes of the classes' means. The covariance is drawn towards its
    diagonal, the more the fewer rows there are for it (Ledoit and Wolf 2004 set that weight by the
    data, which is not done here).

    Args:
        target: Fitted codec.
        outputs: What the model says of the rows, ``[row, output]``; best by models that did not
            learn from them.
        points: Of the same rows, ``[row, dim]``.
        truth: As the target's codec stacks it.
    """
    known = target.form.known(truth) & np.isfinite(outputs).all(1) & np.isfinite(points).all(1)
    outputs, points, truth = outputs[known], points[known], truth[known]
    classes = target.form.exclusive
    if not can_be_learned(target) or len(truth) < LEAST_ROWS:
        return None
    if classes and outputs.shape[1] > MAX_CLASSES:
        return None
    unit = None if classes else float(np.float32(max(float(np.std(truth)), 1e-12)))
    scores = scores_of(outputs, unit)
    which = truth.astype(np.int64) if classes else np.zeros(len(truth), np.int64)
    num = outputs.shape[1] if classes else 1
    raw = np.concatenate([scores, points.astype(np.float64)], axis=1)
    axes = _axes(raw, scores.shape[1])
    means, counts = _means((raw - axes.centre) @ axes.projection.T, which, num)
    middle = means[counts > 0].mean(axis=0)
    centre = (axes.centre + axes.projection.T @ middle).astype(np.float32)
    found = (raw - centre) @ axes.projection.T
    means, _ = _means(found, which, num)
    whiten = _whitening(found, found - means[which], int((counts > 0).sum()))
    transform = halved_rows(_turn(means[counts > 0] @ whiten.T, axes) @ whiten @ axes.projection)
    means, counts = _means((raw - centre) @ transform.T.astype(np.float64), which, num)
    own = (means[counts > 0, : axes.num_near] ** 2).mean(axis=0)
    drawn = drawn_examples(axes, raw, truth, counts, unit)
    return Rehearsal(
        transform=transform,
        centre=centre,
        means=_halved(means),
        counts=counts.astype(np.int32),
        spread=_halved((own + own.mean()) / 2),
        draws=_halved((drawn.raw - centre) @ transform.T.astype(np.float64)),
        outputs=probabilities_of(drawn.scores) if classes else quantiles_of(drawn.scores * unit),
        truth=drawn.truth,
        unit=unit,
    )


def _axes(raw: np.ndarray, num_scores: int) -> Axes:
    """Return the main directions of scores and of points, each ``[feature, score + dim]``."""
    centre = raw.mean(axis=0)
    scores, points = np.split(raw - centre, [num_scores], axis=1)
    most = max(len(raw) // ROWS_PER_FEATURE, 2)
    of_scores = _directions(scores, min(MAX_SCORE_FEATURES, most))
    of_points = _directions(points, min(MAX_POINT_FEATURES, most))
    found = np.zeros((len(of_scores) + len(of_points), raw.shape[1]))
    found[: len(of_points), num_scores:] = of_points
    found[len(of_points) :, :num_scores] = of_scores
    return Axes(centre, found, num_scores, len(of_points) or len(found))


def _directions(rows: np.ndarray, most: int) -> np.ndarray:
    """Return the main directions of centred rows, largest variance first, ``[direction, dim]``."""
    if not rows.shape[1]:
        return np.zeros((0, 0))
    values, vectors = np.linalg.eigh(rows.T @ rows / len(rows))
    order = np.argsort(-values)[:most]
    order = order[values[order] > LEAST_SHARE * max(float(values.max()), LEAST_VARIANCE)]
    return np.asarray(vectors[:, order].T)


def _means(rows: np.ndarray, which: np.ndarray, num: int) -> tuple[np.ndarray, np.ndarray]:
    """Return each class's mean, drawn to zero where it is from few rows, and its rows."""
    counts = np.bincount(which, minlength=num)
    sums = np.zeros((num, rows.shape[1]))
    np.add.at(sums, which, rows)
    return sums / (counts + FEW_ROWS)[:, None], counts


def _whitening(rows: np.ndarray, rest: np.ndarray, num_classes: int) -> np.ndarray:
    """Return what makes the covariance of rows about their class's mean one, ``[dim, dim]``.

    It is triangular: what comes first is made of what came first alone.

    Args:
        rows: ``[row, dim]``.
        rest: The same, each row's class's mean taken away.
        num_classes: Of the rows.
    """
    num, dim = rest.shape
    covariance = rest.T @ rest / max(num - num_classes, 1)
    diagonal = np.diag(np.diag(covariance))
    share = dim / (dim + num)
    covariance = (1 - share) * covariance + share * diagonal
    covariance += np.diag(RIDGE * rows.var(axis=0) + LEAST_VARIANCE)
    return np.asarray(np.linalg.inv(np.linalg.cholesky(covariance)))


def _turn(means: np.ndarray, axes: Axes) -> np.ndarray:
    """Return what turns the near features to the axes of the classes' means, the widest first."""
    near, found = means[:, : axes.num_near], np.eye(means.shape[1])
    found[: axes.num_near, : axes.num_near] = np.linalg.eigh(near.T @ near)[1][:, ::-1].T
    return found


def _halved(array: np.ndarray) -> np.ndarray:
    """Return numbers of half precision, as float32."""
    return array.astype(np.float16).astype(np.float32)
