"""Random convolution features of series: MiniRocket's proportions and Hydra's competitions."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

KERNEL_LENGTH = 9
KERNELS_PER_GROUP = 8
NUM_FIXED_KERNELS = 84
GOLDEN_RATIO = 0.6180339887498949
FLAT = 2e-6
"""Responses below this, as a share of the largest value that is convolved, are rounding."""

NUM_BIASES_AND_GROUPS = ((59, 64), (30, 32), (12, 16))
"""Per detail level (0 is the finest): biases per fixed kernel, and groups of competing kernels."""


@dataclass(frozen=True, eq=False)
class Block:
    """Kernels of one dilation over one view of a series.

    Attributes:
        differenced: Whether they see first differences instead of the values.
        dilation: Steps between two taps.
        subsets: float32 ``[group, channel]`` of 0 and 1: the channels that each group adds up.
        kernels: float32 ``[group, kernel, tap]``; every kernel sums to 0.
        num_biases: Proportions taken per kernel; 0 where kernels compete instead.
    """

    differenced: bool
    dilation: int
    subsets: np.ndarray
    kernels: np.ndarray
    num_biases: int


@lru_cache(maxsize=16)
def make_blocks(num_steps: int, num_channels: int, detail: int = 0) -> tuple[Block, ...]:
    """Draw the kernels for series of about `num_steps`: the same ones for the same arguments.

    Half of each family sees the values and half their first differences (Tan et al. 2022,
    "MultiRocket", section 3.1; Dempster et al. 2023, "Hydra", section 3.2).
    """
    num_biases, num_groups = NUM_BIASES_AND_GROUPS[detail]
    rng = np.random.default_rng([num_steps, num_channels, detail])
    blocks: list[Block] = []
    for differenced, share in ((False, num_biases // 2), (True, num_biases - num_biases // 2)):
        blocks += _fixed_blocks(rng, differenced, num_steps, num_channels, share)
    for differenced in (False, True):
        blocks += _competing_blocks(rng, differenced, num_steps, num_channels, num_groups // 2)
    return tuple(blocks)


def fit_biases(series: Sequence[np.ndarray], blocks: Sequence[Block]) -> str:
    """Return the biases of all kernels as base64 of float16 ``[kernel * bias]``, block by block.

    Each kernel's biases are quantiles of its response to one random training series, at places
    of a low-discrepancy sequence (Dempster et al. 2021, "MiniRocket", section 3.2.3).

    Args:
        series: float32 ``[channel, time]`` each; at most 32 of them are used per block.
    """
    rng = np.random.default_rng(0)
    place = itertools.count(1)
    found = []
    for block in blocks:
        if not block.num_biases:
            continue
        chosen = rng.choice(len(series), min(32, len(series)), replace=False)
        responses = [_halves(_respond(_view(series[i], block), block), block) for i in chosen]
        for kernel in range(NUM_FIXED_KERNELS):
            response = responses[rng.integers(len(responses))][kernel % 2][kernel // 2]
            levels = [next(place) * GOLDEN_RATIO % 1.0 for _ in range(block.num_biases)]
            found.append(np.quantile(response, levels))
    biases = np.clip(np.concatenate(found), -6e4, 6e4).astype("<f2")
    return base64.b64encode(biases.tobytes()).decode()


def default_biases(blocks: Sequence[Block]) -> str:
    """Return biases for series never seen: normal quantiles of the response to white noise."""
    from statistics import NormalDist

    num = sum(block.num_biases for block in blocks) * NUM_FIXED_KERNELS
    places = np.arange(1, num + 1) * GOLDEN_RATIO % 1.0
    table = np.array([NormalDist(0.0, 18**0.5).inv_cdf(p) for p in np.linspace(0.001, 0.999, 999)])
    biases = np.interp(places, np.linspace(0.001, 0.999, 999), table).astype("<f2")
    return base64.b64encode(biases.tobytes()).decode()


def transform(series: np.ndarray, blocks: Sequence[Block], biases: str) -> np.ndarray:
    """Return float32 ``[feature]`` of a series ``[channel, time]``.

    Proportions of positive values for the fixed kernels; for competing kernels the square root of
    how strongly each won with the largest response and of how often with the smallest.

    Sources: Dempster et al. 2021, "MiniRocket: A Very Fast (Almost) Deterministic Transform";
    Dempster et al. 2023, "Hydra: Competing Convolutional Kernels", equations 2 and 3.
    """
    bias_of_block = iter(_decode_biases(biases, tuple(block.num_biases for block in blocks)))
    features = []
    for block in blocks:
        response = _respond(_view(series, block), block)
        if block.num_biases:
            whole, inner = _halves(response, block)
            bias = next(bias_of_block)
            features += [_proportions(whole, bias[0::2]), _proportions(inner, bias[1::2])]
        else:
            features += _wins(response)
    return np.concatenate(features)


def _fixed_kernels() -> np.ndarray:
    """All 84 kernels of nine weights -1 and 2, with three 2s each."""
    kernels = np.full((NUM_FIXED_KERNELS, KERNEL_LENGTH), -1.0, np.float32)
    for row, taps in enumerate(itertools.combinations(range(KERNEL_LENGTH), 3)):
        kernels[row, list(taps)] = 2.0
    return kernels


def _fixed_blocks(
    rng: np.random.Generator, differenced: bool, num_steps: int, num_channels: int, share: int
) -> Iterator[Block]:
    """Spread `share` biases per kernel over at most 16 dilations, dense among small ones."""
    num = min(share, 16)
    reach = np.log2(max((num_steps - 1) / (KERNEL_LENGTH - 1), 1.0))
    dilations, counts = np.unique((2 ** np.linspace(0, reach, num)).astype(int), return_counts=True)
    num_biases = counts * share // num
    num_biases[: share - num_biases.sum()] += 1
    num_groups = 1 if num_channels == 1 else 12
    for dilation, count in zip(dilations, num_biases, strict=True):
        sizes = (2 ** rng.uniform(0, np.log2(min(num_channels, 9) + 1), num_groups)).astype(int)
        kernels = _fixed_kernels()[rng.permutation(NUM_FIXED_KERNELS)]
        grouped = kernels.reshape(num_groups, -1, KERNEL_LENGTH)
        yield Block(
            differenced, int(dilation), _subsets(rng, sizes, num_channels), grouped, int(count)
        )


def _competing_blocks(
    rng: np.random.Generator, differenced: bool, num_steps: int, num_channels: int, num_groups: int
) -> Iterator[Block]:
    """Groups of random kernels for the dilations 1, 2, 4, ... that fit the series."""
    reach = int(np.log2(max((num_steps - 1) / (KERNEL_LENGTH - 1), 1.0)))
    for dilation in 2 ** np.arange(reach + 1):
        kernels = rng.normal(size=(num_groups, KERNELS_PER_GROUP, KERNEL_LENGTH))
        kernels -= kernels.mean(-1, keepdims=True)
        kernels /= np.abs(kernels).sum(-1, keepdims=True)
        if num_channels == 1:
            kernels = kernels.reshape(1, -1, KERNEL_LENGTH)
        size = min(num_channels, max(2, min(8, num_channels // 2)))
        subsets = _subsets(rng, np.full(len(kernels), size), num_channels)
        yield Block(differenced, int(dilation), subsets, kernels.astype(np.float32), 0)


def _subsets(rng: np.random.Generator, sizes: np.ndarray, num_channels: int) -> np.ndarray:
    subsets = np.zeros((len(sizes), num_channels), np.float32)
    for row, size in zip(subsets, sizes, strict=True):
        row[rng.choice(num_channels, min(int(size), num_channels), replace=False)] = 1.0
    return subsets


def _view(series: np.ndarray, block: Block) -> np.ndarray:
    if not block.differenced:
        return series
    return np.diff(series, axis=1) if series.shape[1] > 1 else np.zeros_like(series)


def _respond(view: np.ndarray, block: Block) -> np.ndarray:
    """Convolve a view ``[channel, time]``, zero-padded, to ``[kernel, time]``.

    Where the series is flat, all kernels answer nought: else the rounding of a processor would tell
    which of them wins there.
    """
    mixed = block.subsets @ view
    num_groups, num_steps = mixed.shape
    reach = KERNEL_LENGTH // 2 * block.dilation
    padded = np.pad(mixed, ((0, 0), (reach, reach)))
    starts = np.arange(KERNEL_LENGTH) * block.dilation
    taps = np.stack([padded[:, start : start + num_steps] for start in starts], axis=1)
    response = (block.kernels @ taps).reshape(-1, num_steps)
    response[np.abs(response) <= FLAT * np.abs(mixed).max()] = 0.0
    return response


def _halves(response: np.ndarray, block: Block) -> tuple[np.ndarray, np.ndarray]:
    """Return even kernels over the padded series, odd ones over the part that needs no padding."""
    reach = KERNEL_LENGTH // 2 * block.dilation
    inner = response[1::2]
    if response.shape[1] > 2 * reach:
        inner = inner[:, reach : response.shape[1] - reach]
    return response[0::2], inner


def _proportions(response: np.ndarray, biases: np.ndarray) -> np.ndarray:
    """Return the share of the time that each kernel's response exceeds each of its biases."""
    counts = np.empty(biases.shape, np.float32)
    for i in range(biases.shape[1]):
        above = np.packbits(response > biases[:, i, None], axis=1)
        counts[:, i] = np.bitwise_count(above).sum(axis=1)
    return counts.ravel() / response.shape[1]


def _wins(response: np.ndarray) -> list[np.ndarray]:
    competing = response.reshape(-1, KERNELS_PER_GROUP, response.shape[1])
    largest = competing.max(axis=1, keepdims=True)
    smallest = competing.min(axis=1, keepdims=True)
    strength = np.where(competing == largest, competing, 0.0).sum(axis=-1)
    times = np.bitwise_count(np.packbits(competing == smallest, axis=-1)).sum(axis=-1)
    return [np.sqrt(np.maximum(part, 0.0)).astype(np.float32).ravel() for part in (strength, times)]


@lru_cache(maxsize=16)
def _decode_biases(text: str, num_biases: tuple[int, ...]) -> tuple[np.ndarray, ...]:
    flat = np.frombuffer(base64.b64decode(text), "<f2").astype(np.float32)
    sizes = [num * NUM_FIXED_KERNELS for num in num_biases if num]
    parts = np.split(flat, np.cumsum(sizes)[:-1])
    shares = [num for num in num_biases if num]
    return tuple(
        part.reshape(NUM_FIXED_KERNELS, num) for part, num in zip(parts, shares, strict=True)
    )
