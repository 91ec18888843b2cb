"""Describes the machine that numbers were measured on."""

from __future__ import annotations

import datetime
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.peers.result import num_threads

MATRIX_FLAGS = ("amx_bf16", "amx_int8", "avx512_bf16", "avx512_vnni", "avx512f", "avx2", "asimd")
PACKAGES = ("plait", "torch", "numpy", "pyarrow", "scikit-learn", "lightgbm", "rdkit")


def describe_machine() -> dict[str, Any]:
    """Return the CPU, its cores and matrix instructions, versions, and the day (UTC)."""
    cpu = _cpu_facts()
    return {
        "cpu": cpu.get("model name") or platform.processor() or platform.machine(),
        "cores": num_threads(),
        "flags": [flag for flag in MATRIX_FLAGS if flag in cpu.get("flags", "").split()],
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
    }


def machine_line(machine: dict[str, Any]) -> str:
    """Return the description as one line of prose."""
    flags = ", ".join(machine["flags"]) or "no matrix instructions known"
    versions = ", ".join(f"{name} {number}" for name, number in machine["packages"].items())
    cores = f"{machine['cores']} core{'s' * (machine['cores'] != 1)}"
    return f"{machine['cpu']}, {cores} ({flags}); {versions}; {machine['date']}"


def _cpu_facts() -> dict[str, str]:
    """Return the first processor's entries of /proc/cpuinfo; nothing where there is none."""
    path = Path("/proc/cpuinfo")
    if not path.is_file():
        return {}
    first = path.read_text(encoding="utf-8").split("\n\n")[0]
    pairs = (line.partition(":") for line in first.splitlines())
    facts = {name.strip(): value.strip() for name, _, value in pairs}
    return {"flags": facts.get("Features", ""), **facts}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
