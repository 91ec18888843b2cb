"""Versions of the code behind saved parts: one that would answer otherwise now is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plait.backbones.checkpoint import VERSION as ENCODERS
from plait.baselines.contract import VERSION as SIMPLE_MODELS
from plait.bundle import MANIFEST
from plait.errors import BundleError
from plait.installation import pip_install
from plait.model.backbone_reading import BackboneReading
from plait.model.ensemble import DEEP
from plait.networks.config import VERSION as NETWORKS

VERSIONS = {
    "networks": NETWORKS,
    "simple models": SIMPLE_MODELS,
    "pretrained encoders": ENCODERS,
}
"""What a bundle's ``model.json`` keeps; codecs have their own versions, kept with them."""


def check_versions(about: Mapping[str, Any], path: Path) -> None:
    """Raise `BundleError` when a saved part would answer otherwise than when it was judged.

    Args:
        about: What ``model.json`` tells.
        path: The bundle.
    """
    mix, space = about.get("mix") or {}, about.get("space") or {}
    kinds = [one.get("kind") for one in about["readings"]]
    used = {
        "networks": DEEP in mix or (space and not space["linear"]) or space.get("share", 0) > 0,
        "simple models": any(name != DEEP for name in mix) or space.get("linear"),
        "pretrained encoders": BackboneReading.kind in kinds,
    }
    found = about.get("versions") or {}
    for name, version in VERSIONS.items():
        if used[name] and found.get(name) != version:
            raise BundleError(
                f"the {name} of this plait answer otherwise than those of the one that wrote this",
                expected=f"version {version}",
                received="none" if name not in found else f"version {found[name]}",
                path=path,
                hint=how_to_open(path),
            )


def how_to_open(path: Path) -> str:
    """Return how to get from a bundle of another version to answers."""
    try:
        written = str(json.loads((path / MANIFEST).read_bytes())["plait"])
    except (OSError, ValueError, KeyError, TypeError):
        return "use the plait that wrote it, or fit again with this one"
    again = f"{pip_install()} 'plait=={written}'"
    return f"use the plait that wrote it ({again}), or fit again with this"
