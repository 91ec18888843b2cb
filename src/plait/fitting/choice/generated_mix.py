"""A mix of the network with a simple model, where what they generate are distributions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from plait.fitting.setup.problem import Problem
from plait.modalities import Asked, MixableTarget
from plait.model.ensemble import DEEP
from plait.model.generator import Generator
from plait.types import Arrays

MIX = "stack ("
"""How the name of a mix begins."""

SHARES = (0.15, 0.3, 0.45, 0.6, 0.75)
"""Of the network in a mix: those that are tried."""


Said = Mapping[str, Sequence[Arrays]]
"""Candidate -> a value for each of the same rows, in the target's layout."""


def values_of(
    problem: Problem,
    candidates: Mapping[str, Generator],
    rows: np.ndarray,
    known: Said | None = None,
) -> Said:
    """Return what each candidate says of the rows; a mix is made of what its parts say.

    Args:
        problem: Where the rows are.
        candidates: Name -> what might ship.
        rows: Row numbers.
        known: What some of them say, which are not asked again.
    """
    found: dict[str, Sequence[Arrays]] = dict(known or {})
    for name, one in sorted(candidates.items(), key=lambda item: item[0].startswith(MIX)):
        if name in found:
            continue
        if name.startswith(MIX) and isinstance(one.target, MixableTarget):
            parts = [found[DEEP], found[one.shipped]]
            found[name] = one.target.mixed(parts, [one.share, 1.0 - one.share])
        else:
            asked = Asked(temperature=one.temperature, apart=True)
            found[name] = one.values(problem.prepared, rows, asked)
    return {name: found[name] for name in candidates}


def with_mix(
    problem: Problem, candidates: Mapping[str, Generator], said: Said, rows: np.ndarray
) -> dict[str, Generator]:
    """Return the candidates with the best mix of the network and a simple model, if there is one.

    The simple model is the one that what is true of the rows surprises least; so is the share of
    the network. There is none where the target's values do not mix, or either surprises less alone.

    Args:
        problem: With a generated target.
        candidates: Name -> what might ship.
        said: What they say of the rows.
        rows: That nobody learned from.
    """
    codec, found = problem.goal, dict(candidates)
    simple = [name for name in candidates if name != DEEP]
    if not isinstance(codec, MixableTarget) or DEEP not in candidates or not simple:
        return found
    if not len(rows):
        return found
    column = problem.prepared.columns[str(problem.target)]
    true = [column[int(row)] or {} for row in rows]
    costs = {name: _surprise(codec, values, true) for name, values in said.items()}
    beside = min(simple, key=lambda name: costs[name])
    parts = [said[DEEP], said[beside]]
    tried = {
        share: _surprise(codec, codec.mixed(parts, [share, 1.0 - share]), true) for share in SHARES
    }
    share = min(tried, key=lambda one: tried[one])
    if tried[share] >= min(costs[DEEP], costs[beside]):
        return found
    network, other = found[DEEP], found[beside]
    mix = replace(
        network,
        shipped=beside,
        simple=other.simple,
        features=other.features,
        share=share,
        _drawer=network.drawer,
    )
    found[f"{MIX}{DEEP} {share:.2f} + {beside} {1.0 - share:.2f})"] = mix
    return found


def _surprise(codec: MixableTarget, said: Sequence[Arrays], true: Sequence[Arrays]) -> float:
    pairs = zip(said, true, strict=True)
    return float(np.mean([codec.surprise(one, other) for one, other in pairs]))
