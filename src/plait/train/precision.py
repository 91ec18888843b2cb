"""Chooses the number format: by measurement, or where no clock may decide, by what is there."""

from __future__ import annotations

import hashlib
import platform
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch

from plait.data.cache import HINT, cache_folder
from plait.writing import write_text

GAIN_NEEDED = 1.15

WIDE_PARAMETERS = 1_000_000
"""A CPU gains from bf16 from about so many parameters on; below, casting costs more."""

WIDE_CHANNELS = 32
"""With AMX, networks that are convolutions over maps of so many channels gain at any size; those
along lines, whose lengths vary from step to step, do not (docs/log.md, 2026-12-01)."""


def autocast(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """Return the context in which forward passes run: bf16 autocast, or none for ``float32``."""
    if precision == "bfloat16":
        return torch.autocast(device.type, torch.bfloat16)
    return nullcontext()


def remembered_precision(step: Callable[[str], object], device: torch.device, work: str) -> str:
    """Return `choose_precision`, measured once per machine and kind of work.

    The verdict is kept in the cache folder, so that two runs of the same work on one machine
    compute the same numbers.

    Args:
        step, device: See `choose_precision`.
        work: Names what is timed: sizes, batch, columns.
    """
    machine = f"{platform.processor()} {platform.node()} {torch.__version__} {device}"
    key = hashlib.sha256(f"{machine} {torch.get_num_threads()} {work}".encode()).hexdigest()[:16]
    file = cache_folder("precision") / key
    if not file.is_file():
        write_text(file, choose_precision(step, device), hint=HINT)
    return file.read_text(encoding="utf8")


def settled_precision(module: torch.nn.Module, device: torch.device) -> str:
    """Return ``bfloat16`` or ``float32`` by what the device can and how large the network is.

    Nothing is timed: the same work on the same machine always computes the same numbers, however
    busy it is.
    """
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
    if device.type != "cpu" or not cpu_has_bf16():
        return "float32"
    trained = sum(one.numel() for one in module.parameters() if one.requires_grad)
    trained += num_frozen(module)
    convolved = sum(
        one.weight.numel()
        for one in module.modules()
        if isinstance(one, torch.nn.Conv2d) and one.in_channels >= WIDE_CHANNELS
    )
    gains = trained >= WIDE_PARAMETERS or (2 * convolved > trained and cpu_has_amx())
    return "bfloat16" if gains else "float32"


def num_frozen(module: torch.nn.Module) -> int:
    """Return how many weights are at work in a module that are no part of it."""
    return int(getattr(module, "num_frozen", 0))


def choose_precision(step: Callable[[str], object], device: torch.device) -> str:
    """Return ``bfloat16`` or ``float32``, whichever runs `step` faster here.

    GPUs with bf16 take it unasked. On a CPU, bf16 pays only with AMX or AVX512-BF16 and large
    enough layers, so one real training step is timed in each format, best of two, and bf16 must
    win by 15 %.

    Args:
        step: Runs one forward and backward pass in the named precision, leaving no trace.
        device: Where it runs.
    """
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported() else "float32"
    if device.type != "cpu" or not cpu_has_bf16():
        return "float32"
    seconds = {}
    for precision in ("float32", "bfloat16"):
        step(precision)
        seconds[precision] = min(_timed(step, precision) for _ in range(2))
    return min(
        ("bfloat16", "float32"),
        key=lambda name: seconds[name] * (GAIN_NEEDED if name == "bfloat16" else 1.0),
    )


def cpu_has_bf16() -> bool:
    """Tell whether the CPU multiplies bf16 in hardware (AVX512-BF16 or AMX)."""
    return _has("avx512_bf16", "amx_bf16")


def cpu_has_amx() -> bool:
    """Tell whether the CPU multiplies tiles of bf16 (AMX)."""
    return _has("amx_bf16")


def _has(*flags: str) -> bool:
    """Tell whether the CPU has any of these abilities, and torch uses what they need."""
    if "AVX512" not in torch.backends.cpu.get_cpu_capability():
        return False
    try:
        with open("/proc/cpuinfo", encoding="utf8") as file:
            text = file.read(20_000)
    except OSError:
        return False
    return any(flag in text for flag in flags)


def _timed(step: Callable[[str], object], precision: str) -> float:
    start = time.perf_counter()
    step(precision)
    return time.perf_counter() - start
