"""Checks that a bundle answers on the edge as its model does, where there is nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from plait.edge import Edge, Learner
from plait.modalities import find_codec
from plait.model.model import Model
from plait.testing.apart import edge_rows
from plait.testing.examples import expect

TOLERANCE = 1e-6


def check_same_answers(model: Model, path: Path, modality: str) -> None:
    """The edge says what the model says, also of missing columns and unreadable cells.

    Args:
        model: Whose answers are right.
        path: Its bundle.
        modality: Of the column ``x``, of whose examples the rows are.
    """
    rows = edge_rows(modality)
    wanted = model.predict(rows, on_error="skip").to_dicts()
    here = Edge(model).predict(rows, on_error="skip").to_dicts()
    expect(here == wanted, f"{modality}: the edge answers otherwise than the model")
    if find_codec(modality).__module__.startswith("plait."):  # other folders are not known there
        check_alike(answers_apart(path, modality), wanted, modality)


def check_learns(model: Model, modality: str, path: Path) -> None:
    """The edge learns a class and an answer, keeps them in a file, and forgets them again.

    Args:
        model: Of a category; with nothing learned, its answers are right.
        modality: Of the column ``x``, of whose examples the rows are.
        path: Where the file is to be.
    """
    if model.ensemble.rehearsal is None:
        return  # a majority model looks at no column
    rows, learner = edge_rows(modality)[:6], Learner(Edge(model))
    wanted = model.predict(rows).to_dicts()
    expect(learner.predict(rows).to_dicts() == wanted, f"{modality}: answers before learning")
    learner.add_class("another", rows[:3], force=True)
    learner.correct(rows[3:], [wanted[3]["prediction"]] * 3, force=True)
    learned = learner.predict(rows).to_dicts()
    shares = [sum(v for k, v in row.items() if k.startswith("p_")) for row in learned]
    expect(np.allclose(shares, 1.0, atol=1e-5), f"{modality}: shares sum to {shares}")
    again = Learner(Edge(model), delta=learner.save(path))
    expect(again.predict(rows).to_dicts() == learned, f"{modality}: a delta was read otherwise")
    learner.undo(2)
    expect(learner.predict(rows).to_dicts() == wanted, f"{modality}: something is not forgotten")


def check_alike(found: list[dict[str, Any]], wanted: list[dict[str, Any]], modality: str) -> None:
    """Answers are the same, numbers within `TOLERANCE`."""
    expect(len(found) == len(wanted), f"{modality}: {len(found)} rows of {len(wanted)}")
    for row, (one, other) in enumerate(zip(found, json.loads(json.dumps(wanted)), strict=True)):
        expect(_is_alike(one, other), f"{modality}, row {row}: {one} on the edge, {other} here")


def answers_apart(
    path: Path, modality: str, python: Sequence[str] = (sys.executable,)
) -> list[dict[str, Any]]:
    """Return what a process of its own answers, in which `plait.testing.apart.ABSENT` is absent.

    Args:
        path: The bundle.
        modality: Of whose examples the rows are.
        python: The interpreter that answers, and its options.
    """
    words = [*python, "-m", "plait.testing.apart", str(path), modality]
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603
    expect(done.returncode == 0, f"{modality}: the edge failed alone: {done.stderr[-2000:]}")
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def _is_alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return bool(np.isclose(one, other, rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True))
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)
