"""A small convolutional classifier of pictures, trained on real ones, that judges made ones."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

BATCH, RATE, DECAY, MOST_SHIFT = 128, 4e-3, 0.05, 1


class Judge:
    """Tells classes of grey pictures: five convolutions, with mirror images and shifts by a pixel.

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
            nn.Conv2d(1, 32, 6, 2, 2), *_after(32),
            nn.Conv2d(32, 64, 3, padding=1, bias=False), *_after(64),
            nn.Conv2d(64, 64, 3, padding=1, bias=False), *_after(64), nn.MaxPool2d(2),
            nn.Conv2d(64, 128, 3, padding=1, bias=False), *_after(128),
            nn.Conv2d(128, 128, 3, padding=1, bias=False), *_after(128),
            nn.AdaptiveAvgPool2d(3), nn.Flatten(), nn.Dropout(0.3),
            nn.Linear(1152, int(classes.max()) + 1),
        ).to(memory_format=torch.channels_last)  # fmt: skip
        values, truth = self._scaled(pictures), torch.from_numpy(classes.astype(np.int64))
        optimizer = torch.optim.AdamW(self._network.parameters(), lr=RATE, weight_decay=DECAY)
        steps = epochs * -(-len(values) // BATCH)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, steps)
        for _ in range(epochs):
            for rows in torch.randperm(len(values)).split(BATCH):
                seen = _varied(values[rows]).to(memory_format=torch.channels_last)
                with torch.autocast("cpu", torch.bfloat16):
                    logits = self._network(seen).float()
                F.cross_entropy(logits, truth[rows], label_smoothing=0.05).backward()
                optimizer.step()
                schedule.step()
                optimizer.zero_grad()
        self._network.eval()

    @torch.no_grad()
    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        """Return the class of each picture, int64 ``[row]``: of itself and its mirror image."""
        found = []
        for at in range(0, len(pictures), 500):
            values = self._scaled(pictures[at : at + 500])
            both = self._network(torch.cat([values, values.flip(-1)])).softmax(1)
            found.append(sum(both.chunk(2)).argmax(1))  # type: ignore[arg-type]
        return torch.cat(found).numpy()

    def _scaled(self, pictures: np.ndarray) -> torch.Tensor:
        values = (pictures.astype(np.float32)[:, None] - self._level) / self._spread
        return torch.from_numpy(values.astype(np.float32))


def _after(width: int) -> tuple[nn.Module, nn.Module]:
    return nn.BatchNorm2d(width), nn.ReLU()


def _varied(values: torch.Tensor) -> torch.Tensor:
    """Return pictures of which half are mirrored, all shifted alike by at most a pixel."""
    turned = (torch.rand(len(values)) < 0.5)[:, None, None, None]
    shift = torch.randint(-MOST_SHIFT, MOST_SHIFT + 1, (2,)).tolist()
    return torch.where(turned, values.flip(-1), values).roll(shift, (2, 3))
