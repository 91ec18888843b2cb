"""What tells one model from another: a hash of all that its answers come from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from plait.bundle import MANIFEST, Bundle, is_bundle
from plait.model.bundling import OWN, files_of
from plait.model.kept_answers import ANSWERS

if TYPE_CHECKING:
    from plait.model.model import Model

UNANSWERED = frozenset({MANIFEST, "card.md", ANSWERS})
"""Files that no answer comes from, beside the records."""


def model_digest(model: Model) -> str:
    """Return SHA-256 of the files that a model's answers come from, in hexadecimal digits.

    A bundle's copy has the same one, whatever became of its card and its records. A model that was
    not saved is asked for its files.
    """
    if model.path is not None and is_bundle(model.path):
        files: Mapping[str, str] = {
            name: str(entry["sha256"])
            for name, entry in Bundle(model.path).manifest["files"].items()
        }
    else:
        contents = files_of(model)
        files = {name: hashlib.sha256(one).hexdigest() for name, one in contents.items()}
    found = hashlib.sha256()
    for name in sorted(filter(_answers, files)):
        found.update(f"{name} {files[name]}\n".encode())
    return found.hexdigest()


def _answers(name: str) -> bool:
    """Tell whether answers come from a file."""
    record = "/" not in name and name.endswith(".json") and name.removesuffix(".json") not in OWN
    return not record and name not in UNANSWERED
