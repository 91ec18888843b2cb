"""Names for columns that are added to those of a table."""

from __future__ import annotations

from collections.abc import Container


def free_name(name: str, taken: Container[str | None]) -> str:
    """Return a name that is not taken: with as many underscores behind it as that needs.

    >>> free_name("split", {"price"}), free_name("split", {"split", "split_"})
    ('split', 'split__')
    """
    while name in taken:
        name += "_"
    return name
