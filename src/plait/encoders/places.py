"""Where encoders may lie: folders that a person named, Hugging Face's cache, torch hub's."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from plait.backbones.efficientnet_folder import NAME as EFFICIENTNET
from plait.backbones.folder import PICKLES
from plait.encoders.describing import describe
from plait.encoders.files import FolderFiles, confined
from plait.encoders.found import FoundEncoder

VARIABLE = "PLAIT_ENCODERS"
"""Environment variable: folders to look into, or ``none`` to look nowhere."""

NOWHERE = "none"
MAX_FOLDERS, MAX_DEPTH = 2000, 3
"""Of a named folder: how many below it are looked at, and how deep."""

MAX_REPOSITORIES = 500
REPOSITORY = "models--"
HUB = "Hugging Face cache"
Folder = tuple[Path, Path, str, str]
"""A folder, what its links must not lead out of, its name, and where it was found."""

REVISION = re.compile(r"[0-9a-f]{7,64}")


def looks_nowhere() -> bool:
    """Tell whether the person wants nothing to be found."""
    return os.environ.get(VARIABLE, "").strip().lower() == NOWHERE


def named_folders() -> list[Path]:
    """Return the folders of ``$PLAIT_ENCODERS``."""
    said = os.environ.get(VARIABLE, "")
    return [Path(one).expanduser() for one in said.split(os.pathsep) if one.strip()]


def missing_folders() -> list[Path]:
    """Return those of them that are not there."""
    return [] if looks_nowhere() else [one for one in named_folders() if not one.is_dir()]


def hub_cache() -> Path:
    """Return Hugging Face's cache: ``$HF_HUB_CACHE``, ``$HF_HOME/hub``, or its usual place."""
    said = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    if said:
        return Path(said).expanduser()
    home = os.environ.get("HF_HOME")
    return (Path(home).expanduser() if home else _cache() / "huggingface") / "hub"


def torch_cache() -> Path:
    """Return torch's folder: ``$TORCH_HOME``, or its usual place."""
    said = os.environ.get("TORCH_HOME")
    return Path(said).expanduser() if said else _cache() / "torch"


def in_named_folders() -> Iterator[FoundEncoder]:
    """Give what lies in the folders of ``$PLAIT_ENCODERS``, and below them."""
    for one in _named():
        yield from _described(*one)


def in_hub_cache(cache: Path, place: str = HUB) -> Iterator[FoundEncoder]:
    """Give the newest snapshot of each model of a cache of Hugging Face's layout."""
    for one in _snapshots(cache, place):
        yield from _described(*one)


def folders_at_hand() -> Iterator[Folder]:
    """Give every folder of ``$PLAIT_ENCODERS`` and of Hugging Face's cache."""
    yield from _named()
    yield from _snapshots(hub_cache(), HUB)


def _named() -> Iterator[Folder]:
    for root in named_folders():
        if not root.is_dir():
            continue
        yield from _snapshots(root, f"${VARIABLE}")
        left = MAX_FOLDERS
        for folder in _below(root.resolve(), MAX_DEPTH):
            if left <= 0:
                break
            left -= 1
            yield folder, root, folder.name, f"${VARIABLE}"


def _snapshots(cache: Path, place: str) -> Iterator[Folder]:
    repositories = [one for one in _folders(cache) if one.name.startswith(REPOSITORY)]
    for repository in repositories[:MAX_REPOSITORIES]:
        snapshot = _snapshot(repository)
        if snapshot is not None:
            name = repository.name.removeprefix(REPOSITORY).replace("--", "/")
            yield snapshot, repository, name, place


def in_torch_cache() -> Iterator[FoundEncoder]:
    """Give the checkpoints of torch hub, and those of older sentence encoders beside them."""
    home = torch_cache()
    hub = home / "hub" / "checkpoints"
    if hub.is_dir():
        yield from _described(hub, hub, "efficientnet-lite0", "torch hub")
        yield from _bare_weights(hub)
    for folder in _folders(home / "sentence_transformers")[:MAX_REPOSITORIES]:
        name = folder.name.replace("sentence-transformers_", "sentence-transformers/", 1)
        yield from _described(folder, folder, name, "torch's cache")


def _bare_weights(folder: Path) -> Iterator[FoundEncoder]:
    """Give the files of weights that come without settings; plait has none of their networks."""
    files = FolderFiles(folder, folder)
    names = [name for name in files.sizes if Path(name).suffix in PICKLES and "/" not in name]
    for name in names[:MAX_REPOSITORIES]:
        if not name.startswith(EFFICIENTNET):
            yield FoundEncoder(
                name=name,
                place="torch hub",
                path=folder,
                weights=(name,),
                num_bytes=files.sizes[name],
                why_not="weights alone, without settings: plait has no network for them",
            )


def _described(folder: Path, root: Path, name: str, place: str) -> Iterator[FoundEncoder]:
    found = describe(FolderFiles(folder, root), name=name, place=place, path=folder)
    if found is not None:
        yield found


def _snapshot(repository: Path) -> Path | None:
    """Return the folder that ``refs/main`` names, else the newest; None where there is none."""
    root, snapshots = repository.resolve(), repository / "snapshots"
    try:
        with (repository / "refs" / "main").open("rb") as stream:
            revision = stream.read(100).decode("ascii", "replace").strip()
    except OSError:
        revision = ""
    named = confined(snapshots / revision, root) if REVISION.fullmatch(revision) else None
    if named is not None and named.is_dir():
        return named
    return max(_folders(snapshots), key=lambda one: one.stat().st_mtime, default=None)


def _below(folder: Path, depth: int) -> Iterator[Path]:
    """Give a folder and those below it; links to folders, hidden ones and caches are left out."""
    yield folder
    for one in _folders(folder) if depth else ():
        if not one.name.startswith((".", REPOSITORY)):
            yield from _below(one, depth - 1)


def _folders(folder: Path) -> list[Path]:
    """Return the folders right below one, by name, links left out."""
    try:
        with os.scandir(folder) as found:
            return sorted(Path(one.path) for one in found if one.is_dir(follow_symlinks=False))
    except OSError:
        return []


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
