"""Boxes as tokens, one each; and boxes detected at the places of a picture's feature map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from plait.modalities.boxes.codec import BoxesCodec
from plait.modalities.boxes.matching import distinct, voted
from plait.modalities.boxes.together import SHARE_SEEN
from plait.modalities.target import Asked
from plait.nn.box_learning import Said, TrueBoxes, box_losses
from plait.nn.conditions import Conditions
from plait.nn.conv import ChannelNorm, ConvBlock
from plait.nn.feature_map import FeatureMap
from plait.nn.tokens import Tokens, point_positions
from plait.types import Arrays, ColumnBatch

BLANK_SIDE = 12
"""Places along each side of the map of a row whose columns offer none."""

VOTING_OVERLAP = 0.7
"""Boxes that overlap one that is said by so much have a say in where it lies."""

MOST_OVERLAP, MOST_SAID, MOST_LOOKED_AT, LEAST_SCORE = 0.6, 100, 500, 0.02
"""Between boxes of one class that are both said, how many are said, how many are compared, and how
sure the least is."""

SAYING, USUAL_PLACES = 5.0, 1000.0
"""Places that say a box in the end, and places of a map, about: so sure of each class is each place
before anything is learned."""

LARGEST_GAIN, LEAST_SIDE = 4.0, 2e-3
"""Of the logarithm of a side over the usual one; and a share of the picture that is no box."""


class Embed(nn.Module):
    """A token per box, of its class, place and size, and one that tells how many there are.

    Args:
        codec: Gives classes and the usual size of a picture.
        dim: Of the tokens.
    """

    def __init__(self, codec: BoxesCodec, dim: int) -> None:
        super().__init__()
        self.labels = nn.Embedding(len(codec.labels) + 2, dim)
        self.places = nn.Sequential(nn.Linear(7, dim), nn.SiLU(), nn.Linear(dim, dim))
        self.number = nn.Linear(1, dim)
        self.usual = (codec.width, codec.height)

    def forward(self, parts: dict[str, Tensor], lengths: dict[str, Tensor]) -> Tokens:
        labels = parts["labels"].long().clamp(max=self.labels.num_embeddings - 1)
        real = labels > 0
        usual = torch.tensor(self.usual, device=labels.device)
        size = torch.where(parts["size"] > 0, parts["size"], usual)
        corners = parts["corners"] / size.repeat(1, 2)[:, None]
        sides = corners[..., 2:] - corners[..., :2]
        told = torch.cat([corners, sides, parts["scores"][..., None]], -1).clamp(-4, 4)
        dtype = self.number.weight.dtype
        values = self.labels(labels) + self.places(told.to(dtype))
        number = real.sum(1, keepdim=True).to(dtype).log1p()
        found = point_positions(torch.cat([self.number(number)[:, None], values], 1))
        mask = torch.cat([torch.ones_like(real[:, :1]), real], 1)
        return found._replace(values=found.values * mask[..., None], mask=mask)


class Generate(nn.Module):
    """Says at each place of a map which class of thing is there, and how far its box reaches.

    A detector without anchors on one map (Tian et al. 2019, "FCOS"), whose scores tell how well its
    boxes lie (`plait.nn.box_learning`). What the other columns tell of a row is added at all places
    of the map. A row without a picture has a map of that alone, and says what is usual for it.

    Args:
        codec: Gives classes, and the usual size of a box and of a picture.
        dim: Of the tokens, and channels of the map.
    """

    num_queries = 1
    asks_for_map = True
    moving_loss = True
    most_per_step = 8  # each has a thousand places to learn from

    def __init__(self, codec: BoxesCodec, dim: int) -> None:
        super().__init__()
        self.codec = codec
        self.told = nn.Linear(dim, dim)
        self.blank = nn.Parameter(0.02 * torch.randn(dim))
        self.place = nn.Conv2d(4, dim, 1)
        self.blocks = nn.Sequential(ConvBlock(dim), ConvBlock(dim))
        self.norm = ChannelNorm(dim)
        self.labels = nn.Conv2d(dim, max(len(codec.labels), 1), 3, padding=1)
        self.sides = nn.Conv2d(dim, 4, 3, padding=1)
        for layer in (self.told, self.place, self.labels, self.sides):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
        boxes_of_class = codec.per_picture / max(len(codec.labels), 1)
        chance = min(SAYING * boxes_of_class / USUAL_PLACES, 0.1)
        nn.init.constant_(self.labels.bias, float(np.log(chance)))  # type: ignore[arg-type]

    def loss(self, conditions: Conditions, target: ColumnBatch) -> Float[Tensor, " batch"]:
        """Return the loss of each row, see `box_losses`, over the usual number of boxes."""
        found = self._map(conditions)
        said = self._said(conditions, found)
        true = self._true(found, target, said.logits.shape[2])
        return box_losses(said, true) / max(self.codec.per_picture, 1.0)

    def generate(
        self, conditions: Conditions, rngs: Sequence[np.random.Generator], asked: Asked
    ) -> list[Arrays]:
        """Say the boxes of each row, the surest first; by temperature 1 each as often as it is
        sure."""
        found = self._map(conditions)
        said = self._said(conditions, found)
        scores = said.logits.sigmoid().float().cpu().numpy()
        corners = said.corners.float().cpu().numpy()
        frames, sizes = (one.double().cpu().numpy() for one in (found.frame, found.size))
        made = []
        for row, rng in enumerate(rngs):
            boxes, labels, sure = self._chosen(scores[row], _in_picture(corners[row], frames[row]))
            if asked.temperature > 0:
                kept = rng.random(len(sure)) < sure ** (1 / asked.temperature)
                boxes, labels, sure = boxes[kept], labels[kept], sure[kept]
            size = sizes[row]
            if not (size > 0).all():
                size = np.array([self.codec.width, self.codec.height])
            made.append(self.codec.made(boxes * np.tile(size, 2), labels, sure, size))
        return made

    def _chosen(
        self, scores: np.ndarray, corners: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the boxes that are said, as shares of the picture, their labels from 1, and how
        sure each is; of scores ``[place, class]``."""
        places, labels = np.nonzero(scores >= LEAST_SCORE)
        sure = scores[places, labels]
        order = np.argsort(-sure, kind="stable")[:MOST_LOOKED_AT]
        places, labels, sure = places[order], labels[order], sure[order]
        boxes = corners[places].clip(0.0, 1.0)
        real = (boxes[:, 2:] - boxes[:, :2] > LEAST_SIDE).all(1)
        boxes, labels, sure = boxes[real], labels[real], sure[real]
        kept = distinct(boxes, labels, MOST_OVERLAP, MOST_SAID)
        return voted(boxes, labels, sure, kept, VOTING_OVERLAP), labels[kept] + 1, sure[kept]

    def _map(self, conditions: Conditions) -> FeatureMap:
        """Return the row's map, or an empty one where no column offers any."""
        if conditions.map is not None:
            return conditions.map
        pooled = conditions.pooled
        num, dim = pooled.shape[0], pooled.shape[-1]
        frame = torch.eye(2, 3, device=pooled.device).expand(num, -1, -1)
        return FeatureMap(
            pooled.new_zeros(num, dim, BLANK_SIDE, BLANK_SIDE),
            torch.zeros(num, dtype=torch.bool, device=pooled.device),
            frame,
            pooled.new_zeros(num, 2),
        )

    def _said(self, conditions: Conditions, found: FeatureMap) -> Said:
        height, width = found.values.shape[-2:]
        x = (torch.arange(width, device=found.values.device) + 0.5) / width
        y = (torch.arange(height, device=found.values.device) + 0.5) / height
        grid = torch.stack(torch.meshgrid(y, x, indexing="ij")).flip(0)
        waves = torch.cat([grid - 0.5, torch.cos(2 * torch.pi * grid)])
        told = self.told(conditions.pooled[:, 0])
        told = told + (~found.present)[:, None] * self.blank
        z = found.values + told[..., None, None].to(found.values.dtype)
        z = F.silu(self.norm(self.blocks(z + self.place(waves.to(z.dtype)[None]))))
        with torch.autocast(z.device.type, enabled=False):  # bf16 would round sides to a hundredth
            z = z.to(self.sides.weight.dtype)
            logits = self.labels(z).flatten(2).transpose(1, 2).float()
            reach = self.sides(z).flatten(2).transpose(1, 2).float()
        reach = reach.clamp(-LARGEST_GAIN, LARGEST_GAIN)
        usual = torch.tensor(self.codec.usual, device=z.device).repeat(2) / 2
        reach = reach.exp() * usual
        places = grid.flatten(1).T.float()
        corners = torch.cat([places - reach[..., :2], places + reach[..., 2:]], -1)
        return Said(logits, corners, places)

    def _true(self, found: FeatureMap, target: ColumnBatch, num_classes: int) -> TrueBoxes:
        """Return the true boxes on the canvas; those of classes that are not known, and those that
        hardly lie on it, are left out."""
        labels = target.parts["labels"].long()
        usual = torch.tensor([self.codec.width, self.codec.height], device=labels.device)
        own, size = found.size.float(), target.parts["size"].float()
        size = torch.where(size > 0, size, torch.where(own > 0, own, usual))
        shares = target.parts["corners"].float() / size.repeat(1, 2)[:, None]
        corners = _moved(shares, found.frame.float())
        seen = corners.clamp(0.0, 1.0)
        share = (seen[..., 2:] - seen[..., :2]).prod(-1) / (
            (corners[..., 2:] - corners[..., :2]).prod(-1).clamp(min=1e-9)
        )
        real = (labels > 0) & (labels <= num_classes) & (share >= SHARE_SEEN)
        return TrueBoxes(seen, (labels - 1).clamp(0, num_classes - 1), real)


def _moved(
    corners: Float[Tensor, "batch box 4"], frame: Float[Tensor, "batch 2 3"]
) -> Float[Tensor, "batch box 4"]:
    """Return the boxes around those that a map of the plane makes of boxes."""
    left, top, right, bottom = corners.unbind(-1)
    points = torch.stack([left, right, left, right, top, top, bottom, bottom], -1)
    points = points.unflatten(-1, (2, 4)).transpose(-1, -2)
    moved = points @ frame[:, None, :, :2].transpose(-1, -2) + frame[:, None, None, :, 2]
    return torch.cat([moved.amin(2), moved.amax(2)], -1)


def _in_picture(corners: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """Return boxes on a canvas as shares of the picture that lies on it."""
    back = np.linalg.inv(frame[:, :2])
    points = corners[:, [[0, 1], [2, 1], [0, 3], [2, 3]]] - frame[:, 2]
    moved = points @ back.T
    return np.concatenate([moved.min(1), moved.max(1)], axis=1)
