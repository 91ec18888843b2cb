"""Finds the pretrained encoders of this machine, in a fixed order of places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from plait.encoders.found import FoundEncoder
from plait.encoders.packages import carried
from plait.encoders.places import (
    hub_cache,
    in_hub_cache,
    in_named_folders,
    in_torch_cache,
    looks_nowhere,
)


def find_encoders() -> tuple[FoundEncoder, ...]:
    """Return what lies in ``$PLAIT_ENCODERS``, Hugging Face's cache, torch's, and packages.

    Nothing is fetched, and no weights are opened; ``PLAIT_ENCODERS=none`` finds nothing.
    """
    if looks_nowhere():
        return ()
    return tuple(_once(_everywhere()))


def named(found: Iterable[FoundEncoder], name: str) -> FoundEncoder | None:
    """Return the first usable encoder of a name, whole or its last part; None where none has it."""
    usable = [one for one in found if one.is_usable]
    whole = [one for one in usable if one.name == name]
    short = [one for one in usable if "/" not in name and one.name.rpartition("/")[2] == name]
    return next(iter([*whole, *short]), None)


def _everywhere() -> Iterator[FoundEncoder]:
    yield from in_named_folders()
    yield from in_hub_cache(hub_cache())
    yield from in_torch_cache()
    yield from carried()


def _once(found: Iterable[FoundEncoder]) -> Iterator[FoundEncoder]:
    """Give each place on disk once."""
    seen = set()
    for one in found:
        key = (one.path.resolve(), one.inner, one.weights)
        if key not in seen:
            seen.add(key)
            yield one
