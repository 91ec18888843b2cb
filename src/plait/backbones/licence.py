"""The licence of an encoder, where its card or its package tells it; never guessed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

MAX_CARD_CHARACTERS = 20_000

TEXTS = (
    ("Apache-2.0", r"apache (?:software )?license[, ]+(?:version )?2\.0"),
    ("MIT", r"\bmit license\b|permission is hereby granted, free of charge, to any person"),
    ("GPL-3.0", r"gnu general public license\s+version 3"),
    ("BSD", r"redistribution and use in source and binary forms"),
    ("CC-BY-NC-4.0", r"attribution-noncommercial 4\.0"),
    ("CC-BY-4.0", r"attribution 4\.0 international"),
)
"""Licence -> what its text is known by; the first that fits."""


PUBLISHED = {
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db": "Apache-2.0",
}
"""SHA-256 of weights -> the licence that they were published under: those of all-MiniLM-L6-v2,
which packages carry without their card."""


def licence_of_card(card: str | None) -> str:
    """Return ``license`` (or ``license_name``) of a model card's head; "" where none is told.

    >>> licence_of_card("---\\nlicense: apache-2.0\\n---\\n# A model")
    'apache-2.0'
    """
    head = re.match(r"---\s*\n(.*?)\n---", (card or "")[:MAX_CARD_CHARACTERS], re.DOTALL)
    if head is None:
        return ""
    told = dict(re.findall(r"^(license|license_name):[ \t]*(\S.*?)[ \t]*$", head[1], re.MULTILINE))
    named = str(told.get("license", ""))
    return _plain(str(told.get("license_name", named)) if named == "other" else named)


def licence_of_folder(folder: Path) -> str:
    """Return the licence that a checkpoint's card, or the file beside it, tells; "" for none."""
    return licence_of_card(_start(folder / "README.md")) or licence_of_text(
        _start(folder / "LICENSE")
    )


def _start(file: Path) -> str | None:
    """Return the first characters of a text file; None where it cannot be read."""
    try:
        with file.open(encoding="utf-8", errors="replace") as stream:
            return stream.read(MAX_CARD_CHARACTERS)
    except OSError:
        return None


def licence_of_text(text: str | None) -> str:
    """Return the name of a licence by its text; "" where it is none of `TEXTS`."""
    said = re.sub(r"\s+", " ", (text or "")[:MAX_CARD_CHARACTERS].lower())
    return next((name for name, pattern in TEXTS if re.search(pattern, said)), "")


def licence_of_metadata(
    expression: str | None, named: str | None, classifiers: Iterable[str]
) -> str:
    """Return the licence that a package's metadata tells; "" where it tells none."""
    for said in (expression, named):
        if said and said.strip().upper() not in ("", "UNKNOWN") and "\n" not in said.strip():
            return _plain(said)
    found = [one.rpartition("::")[2] for one in classifiers if one.startswith("License ::")]
    return _plain(found[0]) if found else ""


def _plain(said: str) -> str:
    return said.strip().strip("\"'")[:80]
