"""The benchmarks, one file each: ``run(settings)`` returns the rows of one seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType

from benchmarks.peers.result import PeerResult
from benchmarks.rows import Row


def names() -> list[str]:
    """Return the names of all benchmarks: the files of this folder."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


def load(name: str) -> ModuleType:
    """Return a benchmark's module."""
    return import_module(f"benchmarks.cases.{name}")


def beside(row: Row, peers: Sequence[PeerResult], target: str) -> list[Row]:
    """Return `row` once per peer, each with the target; seconds are the peer's without plait."""
    return [
        replace(
            row,
            peer=peer.name,
            peer_value=peer.score,
            target=target,
            seconds=row.seconds if row.value is not None else peer.seconds,
        )
        for peer in peers
    ]
