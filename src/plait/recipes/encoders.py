"""Encoders: the pretrained encoders that lie on this machine, with what they are and weigh."""

from __future__ import annotations

from typing import Any

from plait.encoders import FoundEncoder, find_encoders, suited
from plait.encoders.hashing import licence_of, weights_hash
from plait.encoders.places import VARIABLE, looks_nowhere, missing_folders
from plait.installation import install_command
from plait.modalities.text.word_vectors import bundled_words
from plait.results import Ranking

TEXT = "text"

NUM_DIGITS = 12
"""Of a hash, for people."""


def encoders() -> Ranking:
    """Return the pretrained encoders of this machine, those that plait can load first.

    Looked at are the folders of ``$PLAIT_ENCODERS``, the caches of Hugging Face and torch hub, and
    installed packages that carry weights; nothing is fetched, no package is imported, and of
    weights only hashes are taken. ``PLAIT_ENCODERS=none`` finds nothing.

    Returns:
        One dict each: ``name``, ``modalities``, ``architecture``, ``size_mb``, ``licence``,
        ``usable``, ``why_not``, ``found_in``, ``path``, ``hash`` (SHA-256 of the weights).
    """
    found = sorted(find_encoders(), key=lambda one: not one.is_usable)
    rows = [_row(one) for one in found]
    return Ranking(rows, title=_title(len(found)), shown=[_shown(row) for row in rows])


def notes() -> list[str]:
    """Return what a person should know of where encoders are looked for."""
    if looks_nowhere():
        return [f"${VARIABLE} is none: encoders are not looked for"]
    unread = [f"${VARIABLE} names {folder}, which is no folder" for folder in missing_folders()]
    if suited(find_encoders(), TEXT, (TEXT,)):
        return unread
    table = bundled_words()
    own = f"{len(table.words):,} English words that plait brings, by {table.source}"
    return [*unread, f"where no encoder of texts is at hand, {own}, are tried ({table.licence})"]


def _row(one: FoundEncoder) -> dict[str, Any]:
    told = one.to_dict() | {"hash": weights_hash(one) if one.is_usable else None}
    return told | ({"licence": licence_of(one)} if one.is_usable and licence_of(one) else {})


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": row["name"],
        "for": ", ".join(row["modalities"]) or None,
        "MB": row["size_mb"],
        "licence": row["licence"],
        "hash": (row["hash"] or "")[:NUM_DIGITS] or None,
        "found in": row["found_in"],
        "usable": "yes" if row["usable"] else f"no: {row['why_not']}",
    }


def _title(num: int) -> str:
    if num:
        return f"{num} pretrained encoders on this machine"
    return f"no pretrained encoders on this machine: {install_command('encoders')} brings two"
