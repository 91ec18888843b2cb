"""The files of a checkpoint: found locally or fetched with permission, read as data, never run.

Guarantees: nothing is fetched without ``allow_network``; weights are read from safetensors, or
from a pickle only by torch's ``weights_only`` loader, which builds tensors and runs nothing;
code that a checkpoint brings is ignored. Does not guarantee: that weights are what their author
says, nor that what a checkpoint computes is harmless or fair.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from plait.errors import ExtraError, PlaitError, UsageError

TEXT_FILES = ("*.json", "*.txt")
SAFE_FILES = ("*.safetensors",)
WHOLE = "model.safetensors"
"""All weights in one file."""

PICKLES = (".bin", ".pt", ".pth", ".ckpt")


class CheckpointError(PlaitError):
    """A pretrained checkpoint lacks a file, is of another kind, or does not fit together."""


def find_folder(where: str | Path, *, allow_network: bool) -> Path:
    """Return the local folder of a checkpoint: as given, or fetched from the hub.

    Raises:
        UsageError: No such folder, and the network is not allowed.
        CheckpointError: The hub has no such checkpoint, or cannot be reached.
    """
    path = Path(where).expanduser()
    if path.is_dir():
        return path.resolve()
    name = str(where)
    looks_local = name.startswith((".", "/", "~")) or name.count("/") != 1
    if looks_local or path.exists():
        raise UsageError(
            "there is no such checkpoint folder",
            expected="a folder with config.json, model.safetensors and its preprocessing",
            received=name,
            hint="give the folder, or a hub id such as sentence-transformers/all-MiniLM-L6-v2",
        )
    if not allow_network:
        raise UsageError(
            "a checkpoint is named by its hub id, and the network is not allowed",
            expected="a local folder",
            received=name,
            hint="pass --allow-network to fetch it, or download it first and give its folder",
        )
    return _fetch(name)


def _fetch(name: str) -> Path:
    try:
        from huggingface_hub import snapshot_download
    except ModuleNotFoundError:
        raise ExtraError("hf", "fetching a checkpoint from the hub") from None
    try:
        folder = Path(snapshot_download(name, allow_patterns=[*TEXT_FILES, *SAFE_FILES]))
        if not list(folder.rglob("*.safetensors")):
            folder = Path(snapshot_download(name, allow_patterns=[*TEXT_FILES, "*.bin"]))
    except Exception as error:
        raise CheckpointError(
            "the checkpoint cannot be fetched from the hub",
            expected="the id of a public checkpoint, and a connection",
            received=f"{type(error).__name__}: {error}",
            path=name,
            hint="check the id, or download the checkpoint elsewhere and give its folder",
        ) from None
    return folder


def read_json(path: Path, *, missing: str | None = None) -> Any:
    """Return a JSON file's content; None when absent, unless `missing` says what it is needed for.

    Raises `CheckpointError` when it is absent but needed, or not JSON.
    """
    if not path.is_file():
        if missing is None:
            return None
        raise CheckpointError(
            f"the checkpoint has no {path.name}", expected=missing, path=path.parent
        )
    try:
        return json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise CheckpointError(
            "a file of the checkpoint is not JSON", received=str(error), path=path
        ) from None


def read_settings(path: Path, *, missing: str) -> dict[str, Any]:
    """Return a JSON file's object. Raises `CheckpointError` when there is none."""
    found = read_json(path, missing=missing)
    if not isinstance(found, dict):
        raise CheckpointError(
            "a file of the checkpoint holds no settings",
            expected="a JSON object",
            received=f"a {type(found).__name__}",
            path=path,
        )
    return found


def inside(folder: Path, name: str) -> Path:
    """Return ``folder/name``. Raises `CheckpointError` when that leads out of the folder."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise CheckpointError(
            "the checkpoint names a path outside its folder", received=name, path=folder
        )
    return path


def weight_files(folder: Path) -> list[Path]:
    """Return the files of weights: safetensors where there are any, else pickles that are safe.

    Where there is a ``model.safetensors``, others beside it are copies in another precision.

    Raises:
        CheckpointError: There are none, or a pickle holds more than tensors.
    """
    safe = sorted(folder.glob("*.safetensors"))
    whole = [file for file in safe if file.name == WHOLE]
    if whole:
        return whole
    if safe:
        return safe
    pickles = sorted(
        file
        for file in folder.iterdir()
        if file.suffix in PICKLES and not file.name.startswith(("training_args", "optimizer"))
    )
    if not pickles:
        raise CheckpointError(
            "the checkpoint has no weights",
            expected="model.safetensors",
            received=", ".join(sorted(file.name for file in folder.iterdir())) or "an empty folder",
            path=folder,
        )
    for file in pickles:
        load_pickle(file)
    return pickles


def load_pickle(file: Path) -> dict[str, Any]:
    """Return the tensors of a pickle by torch's ``weights_only`` loader.

    Raises:
        CheckpointError: It holds anything but plain tensors.
    """
    import torch

    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise CheckpointError(
            "the weights are a pickle that cannot be loaded safely: it could run any code here",
            expected="model.safetensors, or a pickle of plain tensors (torch, weights_only=True)",
            received=lines[0],
            path=file,
            hint="where you trust the file, convert it on a machine that does not matter: load "
            "it there with torch and save its tensors with safetensors.torch.save_file",
        ) from None
    if not isinstance(state, dict):
        raise CheckpointError(
            "the weights are not a dictionary of tensors", received=type(state), path=file
        )
    return state


def load_tensors(files: list[Path], start: str = "") -> dict[str, Any]:
    """Return the tensors of some files of weights whose names begin with `start`.

    Raises `CheckpointError` when a file is damaged, or a pickle that is not safe.
    """
    return {
        name: tensor
        for file in files
        for name, tensor in _tensors(file).items()
        if name.startswith(start)
    }


def _tensors(file: Path) -> dict[str, Any]:
    if file.suffix != ".safetensors":
        return load_pickle(file)
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        found: dict[str, Any] = load_file(file)
    except SafetensorError as error:
        raise CheckpointError(
            "the file of weights is damaged", received=str(error), path=file
        ) from None
    return found


def hash_files(files: list[Path]) -> str:
    """Return a hash of the files' names and contents."""
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        digest.update(f"{file.name}|{content}|".encode())
    return digest.hexdigest()
