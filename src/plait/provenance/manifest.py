"""A manifest beside made files, in the words of C2PA: what they are, by their hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from plait.provenance.notice import KEY, SOURCE_TYPE, Notice, notice_from

ENDING = ".manifest.json"
MOST_MANIFEST_BYTES = 64 * 2**20


def manifest_path(out: Path) -> Path:
    """Return where the manifest of a file lies, or of a folder or several files named after it.

    >>> manifest_path(Path("a/cars.png")).name
    'cars.png.manifest.json'
    """
    return out.with_name(out.name + ENDING)


def manifest_of(files: Mapping[str, bytes], notices: Sequence[Notice]) -> str:
    """Return the manifest of files, each with the notice in its place.

    The assertions are those of C2PA's specification 2.1 for the action ``c2pa.created`` with
    IPTC's source type. Nothing is signed, and ``signature`` says so: it tells where a file is from
    to who believes it, and proves nothing.

    Args:
        files: Name -> bytes, as written.
        notices: One for each.
    """
    agent = {"name": KEY, "version": notices[0].version}
    created = {
        "action": "c2pa.created",
        "digitalSourceType": SOURCE_TYPE,
        "softwareAgent": agent,
    }
    made = [
        {"name": name, "sha256": hashlib.sha256(content).hexdigest(), KEY: notice.facts()}
        for (name, content), notice in zip(files.items(), notices, strict=True)
    ]
    return json.dumps(
        {
            "claim_generator_info": [agent],
            "signature": None,
            "assertions": [
                {"label": "c2pa.actions.v2", "data": {"actions": [created]}},
                {"label": f"{KEY}.files", "data": made},
            ],
        },
        indent=1,
    )


def told_of(text: str, name: str, content: bytes) -> tuple[Notice, str] | None:
    """Return the notice of the file with these bytes, and its name when it was made: of several
    equal ones that of this name, else the first. None of others, and where the text is none."""
    digest = hashlib.sha256(content).hexdigest()
    alike = [
        one for one in _files_in(text) if isinstance(one, dict) and one.get("sha256") == digest
    ]
    for one in sorted(alike, key=lambda one: one.get("name") != name):
        if notice := notice_from(json.dumps({KEY: one.get(KEY)})):
            return notice, str(one.get("name"))
    return None


def _files_in(text: str) -> list[Any]:
    try:
        assertions = json.loads(text)["assertions"]
        found = next(one["data"] for one in assertions if one["label"] == f"{KEY}.files")
    except (ValueError, KeyError, TypeError, StopIteration, RecursionError):
        return []
    return found if isinstance(found, list) else []
