"""Compression: what distilling, pruning and fewer bits cost and save, alone and stacked."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import plait
from benchmarks.cases.distil import CASES, STUDENT_BUDGET, TEACHER_BUDGET, Case
from benchmarks.fits import fit_and_score
from benchmarks.rows import Row
from benchmarks.settings import Settings

NAMES = ("stickers, teacher with encoders", "Adult", "BasicMotions", "Banking77", "Fashion-MNIST")
ANY_LOSS = "90%"
"""All variants are looked at: the rows say what each loses."""

WHOLE, STUDENT = "as it is", "student"
FEW_BITS = re.compile(r"^student, (8 bits|4 and 8 bits|4 bits)$")
PRUNED = re.compile(r"^student, (\d+)% of its network pruned$")


def run(settings: Settings) -> list[Row]:
    """Fit each teacher, and compress it by all ways."""
    if not settings.with_plait:
        return []
    cases = {case.name: case for case in CASES}
    names = NAMES[1:3] if settings.quick else NAMES
    return [row for name in names for row in measure(cases[name], settings)]


def measure(case: Case, settings: Settings) -> list[Row]:
    """Return the rows of one table."""
    split = case.split(settings)
    columns = dict(case.columns(split))
    teacher = fit_and_score(
        split,
        target=case.target,
        columns=columns,
        budget=settings.budget_or(TEACHER_BUDGET),
        seed=settings.seed,
        **case.options(),
    ).model
    table = plait.read(split.train, columns={**columns, "split": "split"}, root=split.root)
    began = time.monotonic()
    small = plait.compress(
        teacher,
        table,
        max_loss=ANY_LOSS,
        budget=settings.budget_or(STUDENT_BUDGET),
        seed=settings.seed,
        progress=False,
    )
    seconds = time.monotonic() - began
    variants = small.records["compression"]["variants"]
    scores = [
        next(iter(one.evaluate(split.test, root=split.root)["metrics"].items()))
        for one in (teacher, small)
    ]
    (metric, before), (_, after) = scores
    row = Row(benchmark="compress", case=case.name, metric="", seconds=seconds, seed=settings.seed)
    ships = next(one for one in variants if one["chosen"])
    return [
        replace(row, metric=f"{metric} of what ships", value=after, peer="what was compressed",
                peer_value=before, note=ships["name"]),
        *_of(row, "distilled alone", _named(variants, STUDENT), variants[0], "<= 0.1 x peer"),
        *_of(row, "in fewer bits", _matching(variants, FEW_BITS), _named(variants, STUDENT),
             "<= 0.2 x peer"),
        *_of(row, "pruned", _matching(variants, PRUNED), _named(variants, STUDENT), ""),
        *_of(row, "all that ships", ships, variants[0], "<= 0.033 x peer"),
    ]  # fmt: skip


def _of(
    row: Row,
    name: str,
    one: Mapping[str, Any] | None,
    beside: Mapping[str, Any] | None,
    megabytes: str,
) -> list[Row]:
    """Return a variant's size and time beside another's."""
    if one is None or beside is None:
        return []
    note = f"{one['name']}: {one['loss']:.1%} of the score lost, {one['agreement']:.1%} alike"
    peer = beside["name"]
    return [
        replace(row, metric=f"MB {name}", value=one["mb"], peer=peer, peer_value=beside["mb"],
                target=megabytes, note=note),
        replace(
            row, metric=f"ms a row {name}", value=one["ms"], peer=peer, peer_value=beside["ms"]
        ),
    ]  # fmt: skip


def _named(variants: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any] | None:
    return next((one for one in variants if one["name"] == name), None)


def _matching(
    variants: Sequence[Mapping[str, Any]], pattern: re.Pattern[str]
) -> Mapping[str, Any] | None:
    """Return the smallest of the variants of a name, of those that may win."""
    found = [one for one in variants if pattern.match(one["name"]) and not one["dropped"]]
    return min(found, key=lambda one: one["mb"], default=None)
