"""Simple experts: majority, neighbour, linear, boosted, and those on a base's vectors."""

from __future__ import annotations

from pathlib import Path

from plait.baselines.boosted import Boosted as Boosted
from plait.baselines.contract import Expert as Expert
from plait.baselines.linear import Linear as Linear
from plait.baselines.majority import Majority as Majority
from plait.baselines.neighbour import NearestNeighbour as NearestNeighbour
from plait.baselines.space_experts import Probe as Probe
from plait.baselines.space_experts import Prompts as Prompts
from plait.baselines.space_experts import Prototypes as Prototypes
from plait.baselines.spread import Spread as Spread
from plait.errors import BundleError

BASELINES: dict[str, type[Expert]] = {
    expert.name: expert for expert in (Majority, NearestNeighbour, Linear, Boosted)
}
"""Name -> expert for any target and table, from simple to strong."""

EXPERTS: dict[str, type[Expert]] = BASELINES | {
    expert.name: expert for expert in (Spread, Prototypes, Prompts, Probe)
}
"""All of them: also those that need rows without a target, or a base's vectors."""


def load_expert(name: str, folder: Path) -> Expert:
    """Read a saved expert. Raises `BundleError` for an unknown name."""
    if name not in EXPERTS:
        raise BundleError(
            "the bundle mixes in a model of an unknown kind",
            expected=", ".join(EXPERTS),
            received=name,
            path=folder,
            hint="use the version of plait that wrote it, or fit again",
        )
    return EXPERTS[name].load(folder)
