"""Essen folk tunes: 8,514 songs in ABC, within the package music21.

Collected and encoded under Helmut Schaffrath, in ABC by Seymour Shlien; the package gives them for
non-commercial use. Fetched into the cache, never bundled. Read by plait's own parser.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.data.packages import pip_files
from benchmarks.data.tables import cached

PACKAGE = "music21==10.5.0"
FILES = "music21/corpus/essenFolksong/*.abc"
NUM_TUNES = 8514
REGIONS = ("Deutschland", "Luxemburg", "Lothringen", "China", "Jugoslawien", "Oesterreich",
           "Irland", "Niederlande", "Schweiz", "Ungarn", "Rumaenien", "Polen", "UdSSR",
           "Tschechoslowakei", "Tirol", "Daenemark", "Schweden", "Frankreich")  # fmt: skip
LEAST_KIND = 40
"""Tunes of a kind; rarer kinds are ``other``."""

MOST_APART = 64
"""Bits in which the codes of two tunes differ that are compared."""


def tunes() -> pa.Table:
    """Return ``tune`` (ABC), ``region``, ``kind``, ``metre``, ``key``, and ``group``, which
    near-duplicates share."""
    return cached("essen", _make)


def refused() -> dict[str, list[str]]:
    """Return what was said of tunes that could not be read -> their numbers in the collection."""
    from plait.errors import CellError
    from plait.modalities.music.abc_reading import read_abc

    found: dict[str, list[str]] = {}
    for number, text in _texts():
        try:
            read_abc(text)
        except CellError as error:
            found.setdefault(error.what, []).append(number)
    return found


def parts(table: pa.Table, seed: int) -> np.ndarray:
    """Return ``train``, ``validation`` or ``test`` for each tune: 85, 5 and 10 % of the groups."""
    groups = np.array(table["group"])
    names = np.unique(groups)
    order = np.random.default_rng(seed).permutation(len(names))
    tenth, few = len(names) // 10, len(names) // 20
    part = dict.fromkeys(names.tolist(), "train")
    for places, name in ((order[:tenth], "test"), (order[tenth : tenth + few], "validation")):
        part |= dict.fromkeys(names[places].tolist(), name)
    return np.array([part[group] for group in groups.tolist()])


def _texts() -> Iterator[tuple[str, str]]:
    """Give the number and the ABC text of each tune."""
    for path in sorted(pip_files(PACKAGE, FILES), key=lambda path: path.name):
        text = Path(path).read_text(encoding="latin-1")
        for place, one in enumerate(re.split(r"(?m)^(?=X:)", text)[1:], 1):
            yield f"{path.stem}/{place}", one


def _make() -> pa.Table:
    from plait.errors import CellError
    from plait.modalities.music.abc_reading import read_abc
    from plait.modalities.music.abc_writing import key_name
    from plait.modalities.music.sketch import fingerprint_tune

    rows, prints, num = [], [], 0
    for number, text in _texts():
        num += 1
        try:
            tune = read_abc(text)
        except CellError:
            continue
        metre = f"{tune.metres[0][1]}/{tune.metres[0][2]}" if tune.metres else "free"
        kind = re.sub(r"\W.*", "", _field(text, "R")).lower()
        body = re.sub(r"(?m)^(?:T|N|O|R|S):.*\n", "", text)
        rows.append({"number": number, "tune": body, "region": _region(_field(text, "O")),
                     "kind": kind, "metre": metre, "key": key_name(tune.key)})  # fmt: skip
        prints.append(fingerprint_tune(tune))
    if num != NUM_TUNES:
        raise ValueError(f"{PACKAGE} holds {num:,} Essen tunes, not {NUM_TUNES:,}")
    often = Counter(row["kind"] for row in rows)
    for row, group in zip(rows, _groups(prints), strict=True):
        row["kind"] = row["kind"] if often[row["kind"]] >= LEAST_KIND else "other"
        row["group"] = group
    return pa.Table.from_pylist(rows)


def _field(text: str, name: str) -> str:
    found = re.search(rf"(?m)^{name}:\s*(.*)$", text)
    return found[1].strip() if found else ""


def _region(origin: str) -> str:
    """Return the last region that an origin names."""
    found = [(origin.rfind(name), name) for name in REGIONS if name in origin]
    return max(found)[1] if found else "other"


def _groups(prints: list) -> list[int]:  # type: ignore[type-arg]
    """Return a number for each tune: that of the first one that it is linked to by being alike."""
    from plait.modalities.music.sketch import tunes_alike

    places = [place for place, one in enumerate(prints) if one is not None]
    codes = np.array([np.frombuffer(prints[place].code, np.uint64) for place in places])
    group = list(range(len(prints)))
    for i in range(len(places)):
        apart = np.bitwise_count(codes[i + 1 :] ^ codes[i]).sum(1)
        for j in (i + 1 + np.flatnonzero(apart <= MOST_APART)).tolist():
            one, other = places[i], places[j]
            if group[one] != group[other] and tunes_alike(prints[one].sketch, prints[other].sketch):
                group = [group[one] if mine == group[other] else mine for mine in group]
    return group
