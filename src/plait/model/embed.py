"""Runs a space over many rows: a vector per source, or one per row."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from plait.data.prepared import Prepared
from plait.model.space import Space
from plait.model.system import to_tensors


@torch.inference_mode()
def embed_source(
    space: Space,
    source: str,
    prepared: Prepared,
    rows: Sequence[int] | np.ndarray,
    *,
    batch_size: int = 256,
    device: torch.device | str = "cpu",
) -> tuple[np.ndarray, np.ndarray]:
    """Return one source's unit vectors float32 ``[row, dim]`` and bool ``[row]``.

    Only the source's own stems run. Arguments as for `embed_sources`.
    """
    space.eval()
    rows, columns = np.asarray(rows, np.int64), space.sources[source]
    vectors = np.zeros((len(rows), space.config.dim), np.float32)
    present = np.zeros(len(rows), bool)
    places = [space.encoder.columns.index(name) for name in columns]
    for first in range(0, len(rows), batch_size):
        part = slice(first, min(first + batch_size, len(rows)))
        arrays = {name: prepared.columns[name].gather(rows[part]) for name in columns}
        batch = to_tensors(arrays, device)
        keep = torch.zeros(len(rows[part]), len(space.encoder.columns), dtype=torch.bool)
        keep[:, places] = torch.stack([batch[name].present for name in columns], 1).cpu()
        keep = keep.to(device)
        found = space.source_vectors(space.encoder.tokens(batch, columns), keep, source)
        there = keep.any(1)
        vectors[part] = (found * there[:, None]).float().cpu().numpy()
        present[part] = there.cpu().numpy()
    return vectors, present


@torch.inference_mode()
def embed_sources(
    space: Space,
    prepared: Prepared,
    rows: Sequence[int] | np.ndarray,
    *,
    batch_size: int = 256,
    device: torch.device | str = "cpu",
    progress: Callable[[int], object] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return unit vectors float32 ``[source, row, dim]`` and bool ``[source, row]``: who has it.

    Rows without a source hold zeros there.

    Args:
        space: The network; put into evaluation mode and left in it.
        prepared: Where the rows' arrays are.
        rows: Row numbers.
        batch_size: Rows at a time.
        device: Where `space` is.
        progress: Told how many rows are done.
    """
    space.eval()
    rows = np.asarray(rows, np.int64)
    shape = len(space.sources), len(rows)
    vectors = np.zeros((*shape, space.config.dim), np.float32)
    present = np.zeros(shape, bool)
    for first in range(0, len(rows), batch_size):
        places = slice(first, min(first + batch_size, len(rows)))
        arrays = {
            name: prepared.columns[name].gather(rows[places]) for name in space.encoder.columns
        }
        found, there = space(to_tensors(arrays, device))
        vectors[:, places] = (found * there[..., None]).float().cpu().numpy()
        present[:, places] = there.cpu().numpy()
        if progress is not None:
            progress(places.stop)
    return vectors, present
