"""Stories told in campaigns of Battle for Wesnoth (Debian wesnoth-1.16-*, GPL-2+: fetched)."""

from __future__ import annotations

import re

import pyarrow as pa

from benchmarks.data.packages import apt_folder
from benchmarks.data.tables import cached

CAMPAIGNS = ("did", "dm", "dw", "ei", "l", "low", "nr", "sof", "sota", "sotbe", "thot", "tsg")
TOLD = re.compile(r'\b(?:story|message)\s*=\s*_\s*"((?:[^"]|"")*)"')
SENTENCE = re.compile(r"(?<=[.!?])[\s’”]+(?=[A-Z‘“])")
LEAST_LETTERS, MOST_LETTERS = 60, 260
"""Of what follows the first sentence."""


def stories() -> pa.Table:
    """Return columns ``campaign``, ``begins`` (a sentence) and ``goes_on``: about 1,000 rows."""
    return cached("wesnoth-stories", _make)


def cut(text: str) -> tuple[str, str]:
    """Return the first sentence of a text, and what follows it.

    >>> cut("It rained. Nobody came.")
    ('It rained.', 'Nobody came.')
    """
    found = SENTENCE.search(text)
    if found is None:
        return text, ""
    return text[: found.end()].strip(), text[found.end() :].strip()


def _make() -> pa.Table:
    columns: dict[str, list[str]] = {"campaign": [], "begins": [], "goes_on": []}
    for campaign in CAMPAIGNS:
        known = set[str]()
        for file in sorted(apt_folder(f"wesnoth-1.16-{campaign}").rglob("*.cfg")):
            for text in TOLD.findall(file.read_text(encoding="utf-8", errors="replace")):
                begins, goes_on = cut(plain(text))
                if LEAST_LETTERS <= len(goes_on) <= MOST_LETTERS and goes_on not in known:
                    known.add(goes_on)
                    columns["campaign"].append(campaign)
                    columns["begins"].append(begins)
                    columns["goes_on"].append(goes_on)
    return pa.table(columns)


def plain(text: str) -> str:
    """Return a text of a campaign's file without marks of its layout."""
    return " ".join(re.sub(r"<[^<>]*>", "", text.replace('""', '"')).split())
