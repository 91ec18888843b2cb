"""Versions of the code behind saved parts: one that would answer otherwise now is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plait.backbones.version import LANGUAGE_VERSION as LANGUAGE_MODELS
from plait.backbones.version import VERSION as ENCODERS
from plait.baselines.contract import VERSION as SIMPLE_MODELS
from plait.bundle import MANIFEST
from plait.errors import BundleError
from plait.installation import pip_install
from plait.model.derived_columns import BACKBONE
from plait.model.ensemble import DEEP
from plait.networks.config import VERSION as NETWORKS

NAMES = 2
"""Of what ``model.json`` and the records call things, and of the names of files: raised whenever
something that was saved has another name now."""

SEVERAL = f"{NAMES}, several targets"
"""The same of a bundle of several targets, by which a plait that knows none of these refuses it."""

VERSIONS = {
    "names": NAMES,
    "networks": NETWORKS,
    "simple models": SIMPLE_MODELS,
    "pretrained encoders": ENCODERS,
    "language models": LANGUAGE_MODELS,
}
"""What a bundle's ``model.json`` keeps; codecs have their own versions, kept with them."""


def check_versions(about: Mapping[str, Any], path: Path) -> None:
    """Raise `BundleError` when a saved part would answer otherwise than when it was judged.

    Args:
        about: What ``model.json`` tells.
        path: The bundle.
    """
    check_names(about, path)
    mix, space = about.get("mix") or {}, about.get("space") or {}
    kinds = [one.get("kind") for one in about["derived_columns"]]
    drawn = "rows" in about and DEEP not in mix
    used = {
        "networks": DEEP in mix or (space and not space["linear"]) or space.get("share", 0) > 0,
        "simple models": any(name != DEEP for name in mix) or space.get("linear") or drawn,
        "pretrained encoders": BACKBONE in kinds,
        "language models": about.get("language") is not None,
    }
    found = about.get("versions") or {}
    for name in used:
        if used[name] and found.get(name) != VERSIONS[name]:
            what = (
                f"the {name} of this plait answer otherwise than those of the one that wrote this"
            )
            raise _refused(what, name, found, path)


def check_names(about: Mapping[str, Any], path: Path) -> None:
    """Raise `BundleError` when a bundle calls what it holds by other names than this plait does.

    Args: as of `check_versions`.
    """
    found = about.get("versions") or {}
    known = SEVERAL if "targets" in about else NAMES
    if found.get("names") != known:
        what = "this plait names what a bundle holds otherwise than the one that wrote this"
        raise _refused(what, "names", found, path, known)


def _refused(
    what: str, name: str, found: Mapping[str, Any], path: Path, known: object = None
) -> BundleError:
    return BundleError(
        what,
        expected=f"version {VERSIONS[name] if known is None else known}",
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
    return f"use the plait that wrote it ({again}), or fit again with this one"
