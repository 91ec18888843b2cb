"""The bundle of several targets: what they share once, and a folder of its own for each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors.numpy import load, save

from plait.bundle import Bundle, to_json
from plait.model.bundling import files_of
from plait.model.ensemble import WEIGHTS
from plait.model.storage import space_files
from plait.model.versions import SEVERAL, VERSIONS, check_names

if TYPE_CHECKING:
    from plait.model.model import Model

TRUNK, FOLDER = "trunk.safetensors", "targets"
"""The file of the weights that the targets' networks share, and the folder of what each has."""

COMMON = ("lineage", "licences", "energy")
"""Records that are of the fit, and not of a target."""

NUMBER = re.compile(r"^\d+\.")
"""Of a network among those whose mean ships, before the names of its weights."""

SHARED_PARTS = ("encoder.", "trunk.")
"""Beginnings of the names of weights that several targets may share."""


def files_of_several(
    target: str | None, models: Mapping[str, Model], records: Mapping[str, Any]
) -> dict[str, bytes]:
    """Return the files of the bundle of several targets: name -> content.

    Args:
        target: All of them, as one text.
        models: Target -> its model.
        records: What is told of the fit.
    """
    about = {
        "target": target,
        "targets": list(models),
        "versions": {**VERSIONS, "names": SEVERAL},
    }
    files = {"model.json": to_json(about)}
    files |= {f"{name}.json": to_json(value) for name, value in records.items()}
    shared: dict[str, np.ndarray] = {}
    for place, model in enumerate(models.values()):
        own = {name: value for name, value in model.records.items() if name not in COMMON}
        of_target = files_of(replace(model, records=own))
        if place:
            of_target = {n: data for n, data in of_target.items() if n not in _of_inputs(model)}
        if WEIGHTS in of_target:
            of_target[WEIGHTS] = _without_shared(of_target[WEIGHTS], shared)
        files |= {f"{FOLDER}/{place}/{name}": data for name, data in of_target.items()}
    return {**files, TRUNK: save(shared)} if shared else files


def parts_of(bundle: Bundle) -> Iterator[Bundle]:
    """Give the bundle of each target, from one whose hashes were checked.

    Raises `BundleError` for a bundle of another version.
    """
    about = bundle.read_json("model.json")
    check_names(about, bundle.path)
    shared = bundle.read_arrays(TRUNK) if TRUNK in bundle else {}
    records = {
        name: bundle.read_json(f"{name}.json") for name in COMMON if f"{name}.json" in bundle
    }
    for place in range(len(about["targets"])):
        yield _Part(bundle, f"{FOLDER}/{place}/", shared, records)


class _Part(Bundle):
    """One target's files of a bundle, with what it shares with the others.

    Args:
        whole: The bundle, whose files were checked.
        folder: Where the target's are, with a slash behind.
        shared: Weights: number of a network, a dot, name.
        records: Of the fit.
    """

    def __init__(
        self,
        whole: Bundle,
        folder: str,
        shared: Mapping[str, np.ndarray],
        records: Mapping[str, Any],
    ) -> None:
        files = {name: whole.manifest["files"][name] for name in whole.names(folder)}
        files = {name.removeprefix(folder): entry for name, entry in files.items()}
        self.path = whole.path / folder
        self.manifest = {**whole.manifest, "files": files}
        self._shared, self._records = shared, records

    def read_arrays(self, name: str) -> dict[str, np.ndarray]:
        found = super().read_arrays(name)
        if name != WEIGHTS:
            return found
        numbered = any(NUMBER.match(key) for key in found)
        shared = {key if numbered else NUMBER.sub("", key): a for key, a in self._shared.items()}
        return {**shared, **found}

    def read_all_json(self) -> dict[str, Any]:
        return {**super().read_all_json(), **self._records}


def _of_inputs(model: Model) -> set[str]:
    """Return the names of the files that every model of the same inputs would write alike."""
    names = set() if model.shared is None else set(space_files(model.shared))
    return names.union(*(derived.files() for derived in model.derived_columns))


def _without_shared(weights: bytes, shared: dict[str, np.ndarray]) -> bytes:
    """Return weights without those that are shared; those of the first to have any become so.

    The only network of a generated target has no number: it is that of number 0.
    """
    own, first = {}, not shared
    for name, array in load(weights).items():
        key = name if NUMBER.match(name) else f"0.{name}"
        if first and NUMBER.sub("", key).startswith(SHARED_PARTS):
            shared[key] = array
        if key not in shared or not np.array_equal(shared[key], array):
            own[name] = array
    return save(own)
