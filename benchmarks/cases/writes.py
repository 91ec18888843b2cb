"""Texts by a frozen language model (SmolLM2-135M): stories, code, and Dutch speech in English."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.data.fillets import translated
from benchmarks.data.functions import functions, parses
from benchmarks.data.smollm2 import smollm2
from benchmarks.data.stories import stories
from benchmarks.data.tables import Split
from benchmarks.data.whisper import whisper_encoder
from benchmarks.fits import Outcome, fit_and_score
from benchmarks.peers.symbol_counts import ngram_nats
from benchmarks.rows import Row
from benchmarks.settings import Settings
from plait.train.config import TrainConfig

BUDGET, SIMPLE_BUDGET, CHECKS = "60 steps", "60s", TrainConfig(num_checks=3)
NUM_LEARNED, NUM_VALIDATION, NUM_TEST, NUM_QUICK = 480, 24, 48, 8
NUM_SAMPLES, SAMPLE_LETTERS, ORDER = 3, 300, 7
"""Texts that are shown while it runs, and the order of the peer's n-grams of letters."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """What is written from what.

    Attributes:
        name: For the table.
        table: Makes the rows.
        group: Column whose values lie in one part each, and which is no input.
        target: Column that is written.
        columns: Modality of each column but the group.
        encoders: As of `plait.fit`.
    """

    name: str
    table: Callable[[], pa.Table]
    group: str
    target: str
    columns: dict[str, Any]
    encoders: Callable[[], Any] = lambda: "none"


TASKS = (
    Task(
        name="stories of unseen campaigns",
        table=stories,
        group="campaign",
        target="goes_on",
        columns={"begins": "text", "goes_on": "text"},
    ),
    Task(
        name="functions of unseen modules",
        table=functions,
        group="module",
        target="body",
        columns={"asked": "text", "body": "text"},
    ),
    Task(
        name="Dutch speech of unseen levels, in English",
        table=translated,
        group="level",
        target="english",
        columns={"sound": "audio", "english": "text"},
        encoders=lambda: {"sound": str(whisper_encoder())},
    ),
)


def run(settings: Settings) -> list[Row]:
    """Let the language model and the best simple model write the same texts."""
    if not settings.with_plait:
        return []
    return [row for task in TASKS for row in measure(task, settings)]


def measure(task: Task, settings: Settings) -> list[Row]:
    """Return the rows of one task."""
    split = parts(task, settings)
    asked = {"target": task.target, "columns": task.columns, "seed": settings.seed}
    simple = fit_and_score(split, budget=SIMPLE_BUDGET, simple=True, **asked)
    done = fit_and_score(
        split,
        budget=settings.budget_or(BUDGET),
        decoder=smollm2(),
        baselines=False,
        scores=False,
        train=CHECKS,
        encoders=task.encoders(),
        **asked,
    )
    said = list(map(str, done.model.predict(split.test)["prediction"]))
    true = split.test[task.target].to_pylist()
    _show(task, split, said, true)
    told = done.model.records["metrics"]["training"]
    decoders = told.get("decoders", {})
    row = Row(
        benchmark="writes",
        case=f"{task.name}, {len(true)} rows",
        metric="",
        seed=settings.seed,
        seconds=done.seconds,
        peer=f"simple model ({simple.model.summary()['shipped']})",
        note=f"{told['steps']} steps; on rows held out: {decoders}",
    )
    rows = [
        replace(
            row,
            metric=metric,
            value=done.metrics[metric],
            peer_value=simple.metrics[metric],
            target=">= peer" if metric == "chrf" else "",
        )
        for metric in ("chrf", "bleu")
    ]
    if task.target == "body":
        rows.append(replace(row, metric="share that parses", **_parsing(split, said, simple)))
    rows.append(_bits(row, done, split, task.target))
    return rows


def parts(task: Task, settings: Settings) -> Split:
    """Return rows to learn from and to test by, of other groups each."""
    table, rng = task.table(), np.random.default_rng(settings.seed)
    table = table.take(rng.permutation(table.num_rows))
    of_row = np.array(table[task.group].to_pylist())
    groups = rng.permutation(np.unique(of_row))
    shares = np.cumsum([(of_row == group).mean() for group in groups])
    tested, validated = groups[shares <= 0.2], groups[(shares > 0.2) & (shares <= 0.3)]
    test, validation = np.isin(of_row, tested), np.isin(of_row, validated)
    most = NUM_QUICK if settings.quick else NUM_TEST
    learned = np.concatenate(
        [
            np.flatnonzero(~test & ~validation)[: NUM_QUICK * 4 if settings.quick else NUM_LEARNED],
            np.flatnonzero(validation)[: NUM_QUICK if settings.quick else NUM_VALIDATION],
        ]
    )
    told = np.where(validation[learned], "validation", "train")
    bare = table.drop_columns([task.group])
    return Split(
        bare.take(learned).append_column("split", pa.array(told)),
        bare.take(np.flatnonzero(test)[:most]),
    )


def _parsing(split: Split, said: list[str], simple: Outcome) -> dict[str, float]:
    """Return how many bodies are Python, those of the network and of the simple model."""
    asked = split.test["asked"].to_pylist()
    others = simple.model.predict(split.test)["prediction"]
    ours, theirs = (
        float(np.mean([parses(one, str(body)) for one, body in zip(asked, some, strict=True)]))
        for some in (said, others)
    )
    return {"value": ours, "peer_value": theirs}


def _bits(row: Row, done: Outcome, split: Split, target: str) -> Row:
    """Return what a character costs, beside counting alone that learned from the same texts."""
    true = split.test[target].to_pylist()
    letters = [np.array(list(map(ord, text))) for text in split.train[target].to_pylist()]
    told = [np.array(list(map(ord, text))) for text in true]
    length = sum(len(text) + 1 for text in true)
    return replace(
        row,
        metric="bits per character",
        value=None if done.cost is None else float(done.cost * len(true) / length / np.log(2)),
        peer=f"Kneser-Ney {ORDER}-gram of characters",
        peer_value=float(ngram_nats(letters, told, order=ORDER) / np.log(2)),
        target="<= peer",
    )


def _show(task: Task, split: Split, said: list[str], true: list[str]) -> None:
    """Print a few of the texts for whoever runs it."""
    text = [name for name, kind in task.columns.items() if kind == "text" and name != task.target]
    asked = split.test[text[0]].to_pylist() if text else [""] * len(said)
    for one in range(min(NUM_SAMPLES, len(said))):
        for label, what in (("asked", asked[one]), ("made", said[one]), ("true", true[one])):
            print(f"{label}: {what[:SAMPLE_LETTERS]!r}", file=sys.stderr)
    print(f"{task.name}: {time.strftime('%H:%M:%S')}", file=sys.stderr)
