"""Small models whose networks are graphs, for `web_check.py`: of the stickers, and of parcels."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import soundfile
import torch

import plait
from plait.compress.exported import system_graph
from plait.data.prepared import fit_codecs, prepare_rows
from plait.data.table import Table
from plait.demo import stickers
from plait.model.calibration import Calibration
from plait.model.ensemble import DEEP, Ensemble
from plait.model.model import Model
from plait.model.rehearsing import make_rehearsal
from plait.model.scales import scale_of
from plait.networks.config import SystemConfig
from plait.networks.system import System
from plait.train.budget import Budget
from plait.train.config import TrainConfig
from plait.train.data import TrainData
from plait.train.loop import train
from plait.train.supervised import Supervised

NUM_HELD_OUT, NUM_STICKERS, NUM_PARCELS = 24, 700, 600

Row = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """A model, and rows that it has not seen.

    Attributes:
        model: Whose network is a graph.
        rows: Column -> cell, None where it is missing.
    """

    model: Model
    rows: Sequence[Row]


def make_stickers(steps: int) -> Case:
    """Pictures, names and spoken names of things, by which their group is told."""
    columns = {"image": "image", "name": "text", "voice": "audio"}
    read = plait.read(stickers(), columns={**columns, "group": "category"})
    some = np.random.default_rng(0).permutation(read.num_rows)[:NUM_STICKERS].tolist()
    cells = {name: read.take(some).column(name) for name in (*columns, "group")}
    rows = [{name: cells[name][i] for name in cells} for i in range(NUM_STICKERS)]
    for row in rows:
        row["voice"] = None if row["voice"] is None else _as_wav(row["voice"])
    return _case(rows, columns, ("group", "category"), steps)


def make_parcels(steps: int) -> Case:
    """Parcels: size, day, carrier, marks, the course of a scale, by which the price is told."""
    rng, rows = np.random.default_rng(0), []
    for number in range(NUM_PARCELS):
        kilos, fast = rng.gamma(2.0, 2.0), bool(rng.integers(2))
        marks = [mark for mark in ("fragile", "cold", "heavy") if rng.random() < 0.4]
        course = kilos + rng.normal(0, 0.05, 20).cumsum()
        row: Row = {
            "kilos": f"{kilos:.2f}",
            "day": f"2026-{1 + number % 12:02d}-{1 + number % 28:02d}",
            "carrier": "express" if fast else str(rng.choice(["post", "van"])),
            "marks": ";".join(marks) or "[]",
            "scale": ", ".join(f"{value:.3f}" for value in course),
            "price": f"{3 + 1.5 * kilos + 6 * fast + 2 * len(marks) + rng.normal():.2f}",
        }
        rows.append({k: None if k != "price" and rng.random() < 0.1 else v for k, v in row.items()})
    kinds = ("number", "date", "category", "categories", "series")
    columns = dict(zip(("kilos", "day", "carrier", "marks", "scale"), kinds, strict=True))
    return _case(rows, columns, ("price", "number"), steps)


MODELS: Mapping[str, Callable[[int], Case]] = {"stickers": make_stickers, "parcels": make_parcels}


def _case(rows: list[Row], columns: Mapping[str, str], target: tuple[str, str], steps: int) -> Case:
    table = plait.read(rows[NUM_HELD_OUT:], columns={**columns, target[0]: target[1]})
    model = _model(table, list(columns), target[0], steps)
    return Case(model, [{name: row[name] for name in columns} for row in rows[:NUM_HELD_OUT]])


def _model(table: Table, columns: list[str], target: str, steps: int) -> Model:
    every = np.arange(table.num_rows)
    codecs = fit_codecs(table, columns, every)
    answer: Any = fit_codecs(table, [target], every, as_target=True)[target]
    prepared = prepare_rows(table, {**codecs, target: answer})
    truth = answer.truth([prepared.columns[target][row] for row in range(table.num_rows)])
    torch.manual_seed(0)
    system = System(codecs, answer, SystemConfig(dim=64, depth=2, num_heads=4))
    data = TrainData(
        prepared=prepared,
        columns=tuple(columns),
        codec=answer,
        truth=truth,
        rows=every,
        rows_validation=every[:0],
    )
    config = TrainConfig(batch_size=64)
    train(Supervised(system, data, config), budget=Budget(steps, "steps"), config=config)
    graph = system_graph(system.eval(), prepared, every, None)
    parts = Ensemble(codecs=codecs, target=answer, weights={DEEP: 1.0}, graphs=(graph,))
    parts.calibration = _calibration(columns, answer)
    outputs, points = parts.outputs_and_points(prepared, every)
    parts.rehearsal = make_rehearsal(answer, outputs, points, truth)
    return Model(
        schema=table.schema,
        input_columns={name: (name,) for name in columns},
        target=target,
        parts=parts,
        shown=codecs,
    )


def _calibration(columns: Sequence[str], answer: Any) -> Calibration:
    """Return a calibration that changes every answer, by which columns are there."""
    num, width = len(columns), 2 if answer.form.name == "number" else 1
    patterns = np.ones((2, num), bool)
    factors = np.stack([np.full(width, 0.8), np.full(width, 0.9)]).astype(np.float32)
    lacking = np.linspace(0.6, 1.4, num * width).reshape(num, width).astype(np.float32)
    names = {name: (name,) for name in columns}
    return Calibration(names, patterns, factors, np.full(2, 100), lacking, scale_of(answer))


def _as_wav(data: bytes) -> bytes:
    """Return a sound file as 16-bit WAV, at its own rate."""
    samples, rate = soundfile.read(io.BytesIO(data), dtype="float32")
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format="WAV", subtype="PCM_16")
    return buffer.getvalue()
