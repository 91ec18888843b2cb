"""A tabular foundation model in a folder: settings and weights, opened without running any of it.

Guarantees and limits are those of `plait.backbones.folder`: weights are safetensors, or a pickle
that a person named, of which only tensors and plain values are read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from plait.backbones.architectures import TABICL, architecture_of
from plait.backbones.folder import (
    WHOLE,
    CheckpointError,
    find_folder,
    hash_files,
    load_pickle,
    load_tensors,
    read_json,
    weight_files,
)
from plait.backbones.licence import licence_of_folder
from plait.bundle import to_json

PUBLISHED = "tabicl-*.ckpt"
"""How the authors name their files: a pickle of settings and tensors."""

EXPECTED = (
    'config.json with {"model_type": "tabicl", ...} and model.safetensors, or the authors\' '
    f"{PUBLISHED}"
)


@dataclass(frozen=True, kw_only=True)
class TableModel:
    """A model that is told rows with their targets, and answers others at once (TabICL).

    Attributes:
        source: What the user named.
        folder: Where its files lie.
        settings: Of the network, as the package tabicl takes them.
        key: 40 hex digits of settings and weights.
        licence: As its card tells it; "" where it does not.
        file: The authors' pickle; None where the weights are safetensors.
    """

    source: str
    folder: Path
    settings: Mapping[str, Any] = field(repr=False)
    key: str
    licence: str = ""
    file: Path | None = None

    @property
    def max_classes(self) -> int:
        """Classes that it can tell apart; 0: it answers numbers."""
        return int(self.settings.get("max_classes", 10))

    def tensors(self) -> dict[str, Any]:
        """Return the weights. Raises `CheckpointError` when they are damaged."""
        if self.file is not None:
            found: dict[str, Any] = load_pickle(self.file)["state_dict"]
            return found
        return load_tensors(weight_files(self.folder))

    def files(self) -> dict[str, bytes]:
        """Return what a bundle keeps of it: its settings, and its weights as safetensors."""
        if self.file is None:
            weights = (self.folder / WHOLE).read_bytes()
        else:
            from safetensors.torch import save

            weights = save({name: one.contiguous() for name, one in self.tensors().items()})
        config = {"model_type": TABICL, **self.settings}
        return {"config.json": to_json(config), WHOLE: weights}


def open_table_model(where: str | Path, *, classes: bool) -> TableModel:
    """Open a folder's model of the kind that is needed: one for classes, or one for numbers.

    Raises:
        UsageError: No such folder.
        CheckpointError: It holds none, or none of this kind.
    """
    folder = find_folder(where, allow_network=False)
    found = list(_models(str(where), folder))
    for one in found:
        if bool(one.max_classes) == classes:
            return one
    kind = "classes" if classes else "numbers"
    raise CheckpointError(
        f"the folder holds no tabular foundation model of {kind}",
        expected=EXPECTED,
        received=f"one of {'numbers' if classes else 'classes'}"
        if found
        else ", ".join(sorted(file.name for file in folder.iterdir())) or "an empty folder",
        path=folder,
    )


def _models(source: str, folder: Path) -> Iterator[TableModel]:
    said = read_json(folder / "config.json")
    licence = licence_of_folder(folder)
    if isinstance(said, dict) and architecture_of(said) == TABICL:
        settings = {name: value for name, value in said.items() if name != "model_type"}
        key = _key(settings, weight_files(folder))
        yield TableModel(source=source, folder=folder, settings=settings, key=key, licence=licence)
        return
    for file in sorted(folder.glob(PUBLISHED)):
        told = load_pickle(file).get("config")
        if not isinstance(told, dict):
            raise CheckpointError(
                "the file is no checkpoint of TabICL", expected="its settings", path=file
            )
        key = _key(told, [file])
        yield TableModel(
            source=source, folder=folder, settings=told, key=key, licence=licence, file=file
        )


def _key(settings: Mapping[str, Any], files: list[Path]) -> str:
    text = to_json(dict(settings)).decode() + hash_files(files)
    return hashlib.sha256(text.encode()).hexdigest()[:40]
