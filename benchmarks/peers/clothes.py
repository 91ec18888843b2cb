"""A small convolutional classifier of pictures, trained on real ones, that judges made ones."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

BATCH, RATE, DECAY = 128, 6e-3, 0.02


class Judge:
    """Tells classes of grey pictures.

    Args:
        pictures: uint8 ``[row, height, width]``, real ones.
        classes: int ``[row]``.
        epochs: Times that each is seen.
        seed: Of weights and order.
    """

    def __init__(
        self, pictures: np.ndarray, classes: np.ndarray, *, epochs: int, seed: int
    ) -> None:
        torch.manual_seed(seed)
        self._level, self._spread = float(pictures.mean()), float(pictures.std())
        self._network = nn.Sequential(
            nn.Conv2d(1, 32, 6, 2, 2), nn.ReLU(),
            nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(64, 128, 3, padding=1), nn.BatchNorm2d(128), nn.ReLU(),
            nn.AdaptiveAvgPool2d(3), nn.Flatten(), nn.Dropout(0.2),
            nn.Linear(1152, int(classes.max()) + 1),
        ).to(memory_format=torch.channels_last)  # fmt: skip
        values, truth = self._scaled(pictures), torch.from_numpy(classes.astype(np.int64))
        optimizer = torch.optim.AdamW(self._network.parameters(), lr=RATE, weight_decay=DECAY)
        steps = epochs * -(-len(values) // BATCH)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps)
        for _ in range(epochs):
            for rows in torch.randperm(len(values)).split(BATCH):
                seen = values[rows].to(memory_format=torch.channels_last)
                with torch.autocast("cpu", torch.bfloat16):
                    logits = self._network(seen).float()
                F.cross_entropy(logits, truth[rows], label_smoothing=0.05).backward()
                optimizer.step()
                schedule.step()
                optimizer.zero_grad()
        self._network.eval()

    @torch.no_grad()
    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        """Return the class of each picture, int64 ``[row]``."""
        found = [self._network(self._scaled(pictures[i : i + 500])).argmax(1) for i in
                 range(0, len(pictures), 500)]  # fmt: skip
        return torch.cat(found).numpy()

    def _scaled(self, pictures: np.ndarray) -> torch.Tensor:
        values = (pictures.astype(np.float32)[:, None] - self._level) / self._spread
        return torch.from_numpy(values.astype(np.float32))
