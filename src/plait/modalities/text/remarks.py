"""What is to be said of a text that is unlike others: too long, or a number or JSON."""

from __future__ import annotations

import json

MOST_PARSED = 20_000
"""Characters of what may be JSON."""


def remarks_on(text: str, most: int, *, target: bool) -> tuple[str, ...]:
    """Return what a text is, in words that follow "3 values of ...".

    >>> remarks_on("42", 99, target=True), remarks_on("a red boat", 99, target=True)
    (('are numbers, which are learned as text',), ())

    Args:
        text: As it is read.
        most: Characters that are read of a text.
        target: Whether it is to be learned.
    """
    found = [f"have {most:,} characters or more: what comes after is not read"]
    found = found if len(text) >= most - 1 else []  # a blank where it was cut is left out
    if target and _is_number(text):
        found.append("are numbers, which are learned as text")
    if target and _is_json(text):
        found.append("are lists or objects in JSON, which are learned as text")
    return tuple(found)


def longer_than(num: int, *, target: bool) -> str:
    """Return what is to be said of a text of more pieces than a network takes."""
    does = "writes" if target else "reads"
    return f"are longer than the {num:,} pieces that the network {does}: their ends are left out"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _is_json(text: str) -> bool:
    if text[:1] not in ("[", "{") or len(text) > MOST_PARSED:
        return False
    try:
        return isinstance(json.loads(text), list | dict)
    except (ValueError, RecursionError):
        return False
