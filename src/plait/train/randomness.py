"""The state of every source of random numbers of a process, as tensors for a checkpoint.

The loader needs none: its batches depend only on the seed, the epoch and their number.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

VERSION = 3
"""Of Python's own random state; unchanged since Python 3.2."""


def random_states() -> dict[str, Tensor]:
    """Return the states of torch on each device, of NumPy and of Python: name -> tensor."""
    name, keys, position, has_gauss, gauss = np.random.get_state(legacy=True)
    if name != "MT19937":
        raise ValueError(f"NumPy's global generator is a {name}, not the MT19937 it starts as")
    _, words, next_gauss = random.getstate()
    found = {
        "cpu": torch.get_rng_state(),
        "numpy": torch.from_numpy(np.asarray(keys).astype(np.int64)),
        "numpy-rest": torch.tensor([position, has_gauss, gauss], dtype=torch.float64),
        "python": torch.tensor(words, dtype=torch.int64),
        "python-rest": torch.tensor(
            [math.nan if next_gauss is None else next_gauss], dtype=torch.float64
        ),
    }
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        states = torch.cuda.get_rng_state_all()
        found |= {f"cuda-{number}": state for number, state in enumerate(states)}
    if torch.backends.mps.is_available():
        found["mps"] = torch.mps.get_rng_state()
    return found


def set_random_states(states: Mapping[str, Tensor]) -> None:
    """Put back what `random_states` returned; devices that are not here now are left alone."""
    torch.set_rng_state(states["cpu"])
    position, has_gauss, gauss = states["numpy-rest"].tolist()
    keys = states["numpy"].numpy().astype(np.uint32)
    np.random.set_state(("MT19937", keys, int(position), int(has_gauss), gauss))
    rest = float(states["python-rest"])
    words = tuple(states["python"].tolist())
    random.setstate((VERSION, words, None if math.isnan(rest) else rest))
    for number in range(torch.cuda.device_count() if torch.cuda.is_available() else 0):
        if f"cuda-{number}" in states:
            torch.cuda.set_rng_state(states[f"cuda-{number}"], number)
    if "mps" in states and torch.backends.mps.is_available():
        torch.mps.set_rng_state(states["mps"])
