"""The dimensions that are free for a table and what a person said, and points in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from plait.encoders import find_encoders
from plait.errors import UsageError
from plait.fitting.setup.dimensions import (
    DIMENSIONS,
    ENCODERS,
    NETWORK,
    NONE,
    Dimension,
    Point,
    Value,
)

STAY = 0.5
"""Chance that a dimension keeps its usual value in a point that nothing is known for yet."""


MOST_DRAWS = 20
"""For each point that is wanted."""


class Suggesting(Protocol):
    """A trial that suggests values, as Optuna's does."""

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any: ...

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float: ...


def free_dimensions(
    said: Mapping[str, Any], *, modalities: Iterable[str], wants_encoders: bool
) -> list[Dimension]:
    """Return the dimensions that are to be searched.

    What a person said is not searched, nor what is not there: without a network its settings,
    without an encoder on this machine for any input whether it is used.

    Args:
        said: Settings of `plait.fit` that were said.
        modalities: Of the input columns.
        wants_encoders: Whether encoders are looked for where nothing is said.

    Raises `UsageError` where nothing is left to search.
    """
    fixed = set(said)
    found = []
    for one in DIMENSIONS:
        group = one.name.partition(".")[0]
        if one.name in fixed or group in fixed:
            continue
        if one.of == NETWORK and said.get("simple"):
            continue
        if one.name == "simple" and _needs_network(said):
            continue
        if one.of == ENCODERS and not (wants_encoders and _has_encoders(modalities)):
            continue
        if one.name == "baselines" and said.get("simple"):
            one = replace(one, choices=tuple(name for name in one.choices if name != NONE))
        found.append(one)
    if not found:
        raise UsageError(
            "every setting is said, so there is nothing to search",
            expected="some of " + ", ".join(one.name for one in DIMENSIONS),
            received=", ".join(sorted(fixed)),
        )
    return found


def suggest(trial: Suggesting, dimensions: Sequence[Dimension]) -> dict[str, Value]:
    """Return the point that a trial suggests: without a network none of its dimensions."""
    found: dict[str, Value] = {}
    for one in dimensions:
        if one.of == NETWORK and found.get("simple"):
            continue
        if one.choices:
            found[one.name] = trial.suggest_categorical(one.name, one.choices)
        else:
            found[one.name] = trial.suggest_float(one.name, one.low, one.high, log=one.log)
    return found


def first_points(dimensions: Sequence[Dimension], num: int, seed: int) -> list[dict[str, Value]]:
    """Return points to begin with: about half of each one's values are the usual ones.

    A point that differs from the usual one in everything at once tells little. None comes twice;
    there may be fewer of few dimensions.
    """
    rng = np.random.default_rng([seed, 11])
    found: list[dict[str, Value]] = []
    for _ in range(MOST_DRAWS * num):
        if len(found) == num:
            break
        stays = rng.random(len(dimensions)) < STAY
        drawn = {one.name: _drawn(one, rng) for one in dimensions}
        point = {
            one.name: one.usual if stay else drawn[one.name]
            for one, stay in zip(dimensions, stays, strict=True)
        }
        if point.get("simple"):
            point = {one.name: point[one.name] for one in dimensions if one.of != NETWORK}
        changed = any(point.get(one.name, one.usual) != one.usual for one in dimensions)
        if changed and point not in found:
            found.append(point)
    return found


def _drawn(one: Dimension, rng: np.random.Generator) -> Value:
    if one.choices:
        return one.choices[int(rng.integers(len(one.choices)))]
    if one.log:
        return float(np.exp(rng.uniform(np.log(one.low), np.log(one.high))))
    return float(rng.uniform(one.low, one.high))


def _needs_network(said: Mapping[str, Any]) -> bool:
    """Tell whether something was said that simple models alone cannot do."""
    if said.get("baselines") is False or said.get("decoder") is not None:
        return True
    return any(said.get(name) in ("lora", "full") for name in ("adapt", "tune"))


def _has_encoders(modalities: Iterable[str]) -> bool:
    wanted = set(modalities)
    return any(one.is_usable and wanted & set(one.modalities) for one in find_encoders())


def in_words(point: Point) -> str:
    """Return a point in words: what differs from the usual; ``plain`` where nothing does.

    >>> in_words({"size": "tiny", "fusion": "auto"})
    'size tiny'
    """
    usual = {one.name: one.usual for one in DIMENSIONS}
    parts = [
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in point.items()
        if value != usual.get(name)
    ]
    return ", ".join(parts) or "plain"
