"""The front ends that there are, by name."""

from __future__ import annotations

from plait.errors import FrontEndError, UsageError, nearest_name
from plait.front_ends.contract import FrontEnd
from plait.front_ends.screen import Screen
from plait.front_ends.speech import Speech

_KNOWN: dict[str, FrontEnd] = {}


def add_front_end(front_end: FrontEnd) -> None:
    """Let verbs find a front end by its name, instead of what had that name before."""
    _KNOWN[front_end.name] = front_end


def front_ends() -> tuple[FrontEnd, ...]:
    """Return all front ends, whether or not they can be used here."""
    return tuple(_KNOWN.values())


def front_end_named(name: str, language: str | None = None) -> FrontEnd:
    """Return a front end that can be used.

    Raises:
        UsageError: There is none of that name.
        FrontEndError: It lacks a package or weights; the hint tells how to get them.
    """
    found = _KNOWN.get(name)
    if found is None:
        near = nearest_name(name, _KNOWN)
        raise UsageError(
            "unknown kind of words",
            expected=" or ".join(f"{one.name} ({one.purpose})" for one in front_ends()),
            received=name,
            hint=f"did you mean '{near}'?" if near else None,
        )
    ready = found.readiness(language)
    if ready.lacks:
        raise FrontEndError(
            f"{found.purpose} cannot be read here", received=ready.lacks, hint=ready.mend
        )
    return found


for _one in (Speech(), Screen()):
    add_front_end(_one)
