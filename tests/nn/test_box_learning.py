"""Learning boxes at the places of a map: overlaps, who learns what, and what a loss rewards."""

from __future__ import annotations

import numpy as np
import torch

from plait.modalities.boxes.matching import overlaps
from plait.nn.box_learning import Said, TrueBoxes, box_losses, generalised_overlap, overlap


def some_boxes(num, seed):
    rng = np.random.default_rng(seed)
    low = rng.uniform(0, 0.6, (num, 2))
    return np.concatenate([low, low + rng.uniform(0.05, 0.4, (num, 2))], 1)


def test_overlaps_are_those_that_scores_use():
    first, second = some_boxes(5, 0), some_boxes(7, 1)
    found = overlap(torch.tensor(first)[:, None], torch.tensor(second)[None])
    np.testing.assert_allclose(found.numpy(), overlaps(first, second), atol=1e-5)
    apart = torch.tensor([[0.0, 0.0, 1.0, 1.0]]), torch.tensor([[2.0, 0.0, 3.0, 1.0]])
    assert float(generalised_overlap(*apart)[0]) == -np.float32(1 / 3)


def grid(side=8):
    middle = (torch.arange(side) + 0.5) / side
    y, x = torch.meshgrid(middle, middle, indexing="ij")
    return torch.stack([x.flatten(), y.flatten()], -1)


def said_of(corners, labels, sure=6.0, shift=0.0):
    """A detector that says one box at the place nearest to its middle, and nothing elsewhere."""
    places = grid()
    logits = torch.full((1, len(places), 2), -9.0)
    found = torch.cat([places - 0.05, places + 0.05], -1)[None].clone()
    for box, label in zip(corners, labels, strict=True):
        middle = (box[:2] + box[2:]) / 2
        place = int((places - middle).square().sum(-1).argmin())
        logits[0, place, label], found[0, place] = sure, box + shift
    return Said(logits, found, places)


def true_of(corners, labels):
    real = torch.ones(1, len(labels), dtype=torch.bool)
    return TrueBoxes(corners[None], torch.tensor([labels]), real)


def test_what_is_right_costs_less_than_what_is_wrong():
    corners = torch.tensor([[0.1, 0.1, 0.4, 0.5], [0.5, 0.4, 0.9, 0.8]])
    true = true_of(corners, [0, 1])
    right = float(box_losses(said_of(corners, [0, 1]), true))
    assert right < 0.1
    for wrong in (
        said_of(corners, [1, 0]),
        said_of(corners, [0, 1], shift=0.1),
        said_of(corners[:1], [0]),
        said_of(corners, [0, 1], sure=-9.0),
    ):
        assert float(box_losses(wrong, true)) > right + 0.3


def test_nothing_to_find_costs_what_is_said():
    empty = TrueBoxes(torch.zeros(1, 1, 4), torch.zeros(1, 1, dtype=torch.long),
                      torch.zeros(1, 1, dtype=torch.bool))  # fmt: skip
    corners = torch.tensor([[0.1, 0.1, 0.4, 0.5]])
    quiet, loud = said_of(corners, [0], sure=-9.0), said_of(corners, [0])
    assert float(box_losses(quiet, empty)) < 0.05 < 5 < float(box_losses(loud, empty))


def test_padding_changes_nothing():
    corners = torch.tensor([[0.1, 0.1, 0.4, 0.5], [0.5, 0.4, 0.9, 0.8]])
    said, true = said_of(corners, [0, 1], shift=0.03), true_of(corners, [0, 1])
    padded = TrueBoxes(
        torch.cat([true.corners, torch.zeros(1, 3, 4)], 1),
        torch.cat([true.labels, torch.zeros(1, 3, dtype=torch.long)], 1),
        torch.cat([true.real, torch.zeros(1, 3, dtype=torch.bool)], 1),
    )
    assert float(box_losses(said, padded)) == float(box_losses(said, true))
