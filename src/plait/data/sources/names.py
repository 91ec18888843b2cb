"""Cleans the names of columns: no blanks around them, and nothing in them that cannot be seen."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from plait.errors import visible

_UNSEEN = re.compile(r"[\x00-\x08\x0e-\x1b\x7f\u00ad\u200b\u2060\ufeff]")
"""Control characters, the soft hyphen, what has no width, the byte-order mark."""

_SPACES = re.compile(r"\s*[^\S ]\s*")
"""Blanks of which any is a line break, a tab, or one that does not break."""

_EDGES = re.compile(r"\A[\s\u200c-\u200f\u202a-\u202e]+|[\s\u200c-\u200f\u202a-\u202e]+\Z")
"""Around a name also joiners and marks of direction mean nothing."""


def clean(name: str) -> str:
    """Return a name as people see it: a line break or other strange blank within is one blank.

    >>> clean("\\ufeff unit\\xa0price\\r")
    'unit price'
    """
    if name.isprintable():
        return name.strip()
    return _EDGES.sub("", _SPACES.sub(" ", _UNSEEN.sub("", name)))


def clean_names(names: Sequence[str]) -> list[str]:
    """Return the names clean; different ones that would become equal stay as they are.

    A nameless column is called after its place.

    >>> clean_names(["price\\r", "kind", " kind", ""])
    ['price', 'kind', ' kind', 'column_3']
    """
    named = [name if clean(name) else f"column_{place}" for place, name in enumerate(names)]
    alike = _alike(named)
    return [name if len(alike[clean(name)]) > 1 else clean(name) for name in named]


def notes_on(written: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """Return what people should know of names that were read clean.

    Args:
        written: As the file has them.
        names: The same clean.
    """
    pairs = zip(written, names, strict=True)
    changed = [(one, name) for one, name in pairs if name != one and clean(one)]
    alike = [names for names in _alike(names).values() if len(names) > 1]
    notes = []
    if changed:
        some = ", ".join(f"'{visible(one)}' is '{name}'" for one, name in changed[:3])
        more = f", and {len(changed) - 3} more" if len(changed) > 3 else ""
        notes.append(f"names of columns are read without blanks and signs unseen: {some}{more}")
    if alike:
        shown = " and ".join(f"'{visible(name)}'" for name in alike[0])
        notes.append(f"columns {shown} have names that differ only by blanks or signs unseen")
    return tuple(notes)


def _alike(names: Sequence[str]) -> dict[str, list[str]]:
    """Return the different names by what they become when cleaned."""
    found: dict[str, list[str]] = defaultdict(list)
    for name in dict.fromkeys(names):
        found[clean(name)].append(name)
    return found
