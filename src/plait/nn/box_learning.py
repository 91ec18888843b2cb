"""Boxes at the places of a map: which of them should say what, and how far off they are."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional as F

NUM_PLACES = 10
"""Places that learn to say one box, at most."""

SHARPNESS = 6.0
"""Exponent of the overlap beside the score where the best places of a box are looked for."""

LEAST_WORTH = 1e-4
"""Of a place that learns a box: one whose own box lies apart from it learns where to go."""

BOX_WEIGHT = 4.0
"""Of where a box lies beside what its place scores."""

EPSILON = 1e-7

Corners = Float[Tensor, "... 4"]
"""Left, top, right and bottom."""


class Said(NamedTuple):
    """What a detector says at each place of its map.

    Attributes:
        logits: Of each class.
        corners: Of the box there.
        places: Where that is, ``(x, y)``.
    """

    logits: Float[Tensor, "batch place class"]
    corners: Float[Tensor, "batch place 4"]
    places: Float[Tensor, "place 2"]


class TrueBoxes(NamedTuple):
    """True boxes, padded.

    Attributes:
        corners: Of each box, in the coordinates of what is said.
        labels: From 0.
        real: Whether there is such a box.
    """

    corners: Float[Tensor, "batch box 4"]
    labels: Int[Tensor, "batch box"]
    real: Bool[Tensor, "batch box"]


def overlap(first: Corners, second: Corners) -> Float[Tensor, ...]:
    """Return the intersection over union of boxes, 0 to 1, broadcast."""
    shared, whole, _ = _areas(first, second)
    return shared / (whole + EPSILON)


def generalised_overlap(first: Corners, second: Corners) -> Float[Tensor, ...]:
    """Return the overlap less the share of the hull that neither covers, -1 to 1 (Rezatofighi et
    al. 2019, equation 3): boxes apart from each other still learn which way to go."""
    shared, whole, hull = _areas(first, second)
    return shared / (whole + EPSILON) - (hull - whole) / (hull + EPSILON)


def _areas(first: Corners, second: Corners) -> tuple[Tensor, Tensor, Tensor]:
    inner = torch.minimum(first[..., 2:], second[..., 2:]) - torch.maximum(
        first[..., :2], second[..., :2]
    )
    outer = torch.maximum(first[..., 2:], second[..., 2:]) - torch.minimum(
        first[..., :2], second[..., :2]
    )
    shared = inner.clamp(min=0).prod(-1)
    sizes = [(one[..., 2:] - one[..., :2]).clamp(min=0).prod(-1) for one in (first, second)]
    return shared, sizes[0] + sizes[1] - shared, outer.clamp(min=0).prod(-1)


def box_losses(said: Said, true: TrueBoxes) -> Float[Tensor, " batch"]:
    """Return the loss of each row: of the scores, and of the boxes.

    A place inside of a box is the better for it the higher its score for the box's class and the
    closer its own box; the best ten learn it (Feng et al. 2021, "TOOD", section 3.2). Their scores
    should be the overlap of what they say, so that the best placed box is ranked first, and all
    other scores 0: the cross-entropy above what such a target has at least. The boxes' loss is one
    minus the generalised overlap, a mean for each true box.
    """
    worth, boxes = _assigned(said, true)
    labels = torch.gather(true.labels, 1, boxes)
    target = torch.zeros_like(said.logits)
    target.scatter_(2, labels[..., None], worth[..., None])
    scores = F.binary_cross_entropy_with_logits(said.logits, target, reduction="none")
    least = F.binary_cross_entropy(target, target, reduction="none")
    corners = torch.gather(true.corners, 1, boxes[..., None].expand(-1, -1, 4))
    gaps = 1 - generalised_overlap(said.corners, corners)
    weights = worth.clamp(min=EPSILON) * (worth > 0)
    per_box = torch.zeros_like(true.corners[..., 0]).scatter_add(1, boxes, weights)
    shares = weights / torch.gather(per_box, 1, boxes).clamp(min=EPSILON)
    return (scores - least).sum((1, 2)) + BOX_WEIGHT * (shares * gaps).sum(1)


@torch.no_grad()
def _assigned(
    said: Said, true: TrueBoxes
) -> tuple[Float[Tensor, "batch place"], Int[Tensor, "batch place"]]:
    """Return what each place's score should be, 0 where it is of no box, and which box it is of."""
    corners = true.corners[:, :, None]
    near = overlap(said.corners[:, None], corners)
    labels = true.labels[..., None].expand(-1, -1, said.logits.shape[1])
    scores = torch.gather(said.logits.transpose(1, 2).sigmoid(), 1, labels)
    able = _inside(said.places, true.corners) & true.real[..., None]
    fit = torch.where(able, scores.sqrt() * near**SHARPNESS + EPSILON, 0.0)
    num = min(NUM_PLACES, fit.shape[2])
    least = fit.topk(num, dim=2).values[..., -1:]
    fit = torch.where(fit >= least.clamp(min=EPSILON / 2), fit, 0.0)
    best, boxes = (torch.where(fit > 0, near, -1.0)).max(1)
    own = F.one_hot(boxes, fit.shape[1]).transpose(1, 2).bool() & (best >= 0)[:, None]
    fit = torch.where(own, fit, 0.0)
    highest = fit.amax(2, keepdim=True).clamp(min=EPSILON)
    closest = torch.where(own, near, 0.0).amax(2, keepdim=True)
    worth = (fit / highest * closest).amax(1).clamp(0.0, 1.0)
    return torch.where(best >= 0, worth.clamp(min=LEAST_WORTH), 0.0), boxes


def _inside(
    places: Float[Tensor, "place 2"], corners: Float[Tensor, "batch box 4"]
) -> Bool[Tensor, "batch box place"]:
    """Return which places lie in which box; the one nearest to its middle always does."""
    x, y = places[:, 0], places[:, 1]
    within = (
        (x > corners[..., 0:1]) & (x < corners[..., 2:3])
        & (y > corners[..., 1:2]) & (y < corners[..., 3:4])
    )  # fmt: skip
    middle = (corners[..., :2] + corners[..., 2:]) / 2
    distance = (places - middle[:, :, None]).square().sum(-1)
    nearest = F.one_hot(distance.argmin(2), len(places)).bool()
    found: Tensor = within | nearest
    return found
