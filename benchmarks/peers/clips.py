"""A small convolutional classifier of clips, trained on real ones, that judges made ones."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

BATCH, RATE, DECAY = 64, 4e-3, 0.02
NUM_SEEN = 6
"""Frames of a clip, evenly spread, that it sees as channels of one picture."""


class ClipJudge:
    """Tells classes of clips.

    Args:
        clips: uint8 ``[row, frame, height, width, 3]``, real ones.
        classes: int ``[row]``.
        epochs: Times that each is seen.
        seed: Of weights and order.
    """

    def __init__(self, clips: np.ndarray, classes: np.ndarray, *, epochs: int, seed: int) -> None:
        torch.manual_seed(seed)
        self._network = nn.Sequential(
            nn.Conv2d(3 * NUM_SEEN, 48, 5, 2, 2), nn.BatchNorm2d(48), nn.ReLU(),
            nn.Conv2d(48, 96, 3, padding=1), nn.BatchNorm2d(96), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(96, 160, 3, padding=1), nn.BatchNorm2d(160), nn.ReLU(),
            nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Dropout(0.3),
            nn.Linear(2560, int(classes.max()) + 1),
        ).to(memory_format=torch.channels_last)  # fmt: skip
        values, truth = _seen(clips), torch.from_numpy(classes.astype(np.int64))
        optimizer = torch.optim.AdamW(self._network.parameters(), lr=RATE, weight_decay=DECAY)
        steps = epochs * -(-len(values) // BATCH)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps)
        for _ in range(epochs):
            for rows in torch.randperm(len(values)).split(BATCH):
                with torch.autocast("cpu", torch.bfloat16):
                    logits = self._network(values[rows]).float()
                F.cross_entropy(logits, truth[rows], label_smoothing=0.05).backward()
                optimizer.step()
                schedule.step()
                optimizer.zero_grad()
        self._network.eval()

    @torch.no_grad()
    def __call__(self, clips: np.ndarray) -> np.ndarray:
        """Return the class of each clip, int64 ``[row]``."""
        found = [self._network(part).argmax(1) for part in _seen(clips).split(200)]
        return torch.cat(found).numpy()


def _seen(clips: np.ndarray) -> torch.Tensor:
    """Return float32 ``[row, channel, height, width]``: shades about 0, frame after frame."""
    places = np.linspace(0, clips.shape[1] - 1, NUM_SEEN).round().astype(int)
    some = clips[:, places].astype(np.float32) / 127.5 - 1.0
    found = torch.from_numpy(np.ascontiguousarray(some.transpose(0, 1, 4, 2, 3))).flatten(1, 2)
    return found.contiguous(memory_format=torch.channels_last)
