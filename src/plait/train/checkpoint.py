"""Checkpoints that survive kill -9: tensors and state in one file, replaced in one rename."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from plait.errors import BundleError
from plait.writing import write_whole

FILE = "training.safetensors"
HINT = "free some space and repeat the command with --resume: the last checkpoint is kept"


def save_checkpoint(folder: Path, tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> None:
    """Write tensors and JSON state as one file; a crash leaves the earlier one whole.

    Raises `StorageError` when there is no room: the earlier checkpoint stays.
    """
    plain = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    with write_whole(folder / FILE, hint=HINT) as temporary:
        save_file(plain, temporary, metadata={"state": json.dumps(state)})


def load_checkpoint(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """Return the tensors and state of a folder's checkpoint, or None when there is none.

    Raises `BundleError` when the file is damaged.
    """
    file = folder / FILE
    if not file.is_file():
        return None
    try:
        with safe_open(file, "pt") as opened:
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
            return tensors, json.loads(opened.metadata()["state"])
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise BundleError(
            "the checkpoint is damaged",
            received=str(error),
            path=file,
            hint="delete the folder and fit without --resume",
        ) from None


def pack(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors with ``prefix/`` before their names."""
    return {f"{prefix}/{name}": tensor for name, tensor in tensors.items()}


def unpack(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors below ``prefix/`` under their own names."""
    start = prefix + "/"
    return {k[len(start) :]: v for k, v in tensors.items() if k.startswith(start)}


def pack_optimizer(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return the optimizer's tensors, named by parameter number."""
    state = optimizer.state_dict()["state"]
    return {
        f"{number}/{key}": torch.as_tensor(value)
        for number, entry in state.items()
        for key, value in entry.items()
    }


def unpack_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Restore what `pack_optimizer` returned."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        number, key = name.split("/")
        state.setdefault(int(number), {})[key] = tensor
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
