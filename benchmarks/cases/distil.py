"""Distillation: one small student of raw columns beside its teacher, a mix with encoders or not."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow.parquet as pq

import plait
from benchmarks.cases import fashion as clothes
from benchmarks.data import Split, halves
from benchmarks.data.adult import NUMBERS, adult
from benchmarks.data.adult import TARGET as INCOME
from benchmarks.data.backbones import encoders, minilm
from benchmarks.data.given import banking77
from benchmarks.data.series import series
from benchmarks.data.stickers import INPUTS, stickers
from benchmarks.data.stickers import TARGET as GROUP
from benchmarks.fits import fit_and_score
from benchmarks.rows import Row
from benchmarks.settings import Settings
from plait.bundle import size_mb
from plait.compress.distil import distil
from plait.compress.teacher import Teacher

TEACHER_BUDGET, STUDENT_BUDGET = "2m", "2m"
TIMED_ROWS, TIMES = 50, 3
SHARE = ">= 0.98 x peer"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A table, and what is asked of its student.

    Attributes:
        name: For the table.
        split: Makes the rows.
        target, columns: As for `plait.fit`.
        metric: That counts.
        options: Further arguments of the teacher's fit.
        megabytes: Asked of the student's bundle.
        seconds: Asked of the time from file to answer.
    """

    name: str
    split: Callable[[Settings], Split]
    target: str
    columns: Callable[[Split], Mapping[str, Any]]
    metric: str = "accuracy"
    options: Callable[[], Mapping[str, Any]] = field(default=dict)
    megabytes: str = "<= 0.1 x peer"
    seconds: str = ""


def run(settings: Settings) -> list[Row]:
    """Fit each teacher, distil it, and measure both on rows that neither saw."""
    if not settings.with_plait:
        return []
    return [row for case in CASES for row in measure(case, settings)]


def measure(case: Case, settings: Settings) -> list[Row]:
    """Return the rows of one table."""
    split = case.split(settings)
    columns = dict(case.columns(split))
    outcome = fit_and_score(
        split,
        target=case.target,
        columns=columns,
        budget=settings.budget_or(TEACHER_BUDGET),
        seed=settings.seed,
        **case.options(),
    )
    table = plait.read(split.train, columns={**columns, "split": "split"}, root=split.root)
    began = time.monotonic()
    student = distil(
        Teacher(outcome.model, table),
        budget=settings.budget_or(STUDENT_BUDGET),
        seed=settings.seed,
    )
    seconds = time.monotonic() - began
    said = {name: _answers(one, split) for name, one in _both(outcome.model, student).items()}
    scores = {name: one[0][case.metric] for name, one in said.items()}
    same = [a == b for a, b in zip(said["teacher"][1], said["student"][1], strict=True)]
    with tempfile.TemporaryDirectory() as folder:
        sizes, took = {}, {}
        for name, one in _both(outcome.model, student).items():
            path = one.save(Path(folder) / f"{name}.plait")
            sizes[name], took[name] = size_mb(path), milliseconds(path, split)
    row = Row(
        benchmark="distil",
        case=case.name,
        metric="share answered alike",
        seconds=seconds,
        seed=settings.seed,
    )
    beside = {
        case.metric: (scores, SHARE),
        "MB of the bundle": (sizes, case.megabytes),
        "ms from file to answer, of each of 50 rows": (took, case.seconds),
    }
    note = f"shipped: {student.summary()['shipped']}; teacher: {outcome.note}"
    rows = [
        replace(
            row,
            metric=metric,
            value=told["student"],
            peer="its teacher",
            peer_value=told["teacher"],
            target=target,
            note=note if metric == case.metric else "",
        )
        for metric, (told, target) in beside.items()
    ]
    return [*rows, replace(row, value=sum(same) / len(same))]


def milliseconds(path: Path, split: Split) -> float:
    """Return the median time to answer a row of a file, from its bytes on, nothing being cached."""
    model = plait.load(path)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.parquet"
        pq.write_table(split.test.slice(0, TIMED_ROWS), file)
        model.predict(plait.read(file, root=split.root))
        return 1000 * median(_timed(model, file, split) for _ in range(TIMES)) / TIMED_ROWS


def _timed(model: Any, file: Path, split: Split) -> float:
    with _no_cache():
        began = time.perf_counter()
        model.predict(plait.read(file, root=split.root))
        return time.perf_counter() - began


@contextmanager
def _no_cache() -> Iterator[None]:
    before = os.environ.get("PLAIT_CACHE")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PLAIT_CACHE"] = folder
        try:
            yield
        finally:
            os.environ.pop("PLAIT_CACHE")
            if before is not None:
                os.environ["PLAIT_CACHE"] = before


def _both(teacher: Any, student: Any) -> dict[str, Any]:
    return {"teacher": teacher, "student": student}


def _answers(model: Any, split: Split) -> tuple[dict[str, float], list[Any]]:
    """Return a model's metrics on the test rows, and what it predicts of each."""
    metrics = model.evaluate(split.test, root=split.root)["metrics"]
    return metrics, list(model.predict(split.test, root=split.root)["prediction"])


def _stickers(settings: Settings) -> Split:
    return halves(stickers(), target=GROUP, validation=0.0, seed=settings.seed)


def _questions(settings: Settings) -> Split:
    return halves(
        banking77(settings.data), target="label", validation=0.1, seed=settings.seed,
        quick=settings.quick,
    )  # fmt: skip


def _census(settings: Settings) -> Split:
    return halves(adult(), target=INCOME, validation=0.1, seed=settings.seed, quick=settings.quick)


def _motions(settings: Settings) -> Split:
    return halves(series("BasicMotions"), target="label", validation=0.2, seed=settings.seed)


def _census_columns(split: Split) -> dict[str, str]:
    inputs = [name for name in split.train.column_names if name != "split"]
    return {name: "number" if name in NUMBERS else "category" for name in inputs}


def _fixed(**columns: Any) -> Callable[[Split], Mapping[str, Any]]:
    return lambda split: columns


CASES = (
    Case(
        name="stickers, teacher with encoders",
        split=_stickers,
        target=GROUP,
        columns=_fixed(**INPUTS, **{GROUP: "category"}),
        options=lambda: {"encoders": encoders()},
        megabytes="<= 3",
        seconds="<= 0.05 x peer",
    ),
    Case(
        name="Banking77, teacher with an encoder",
        split=_questions,
        target="label",
        columns=_fixed(text="text", label="category"),
        options=lambda: {"encoders": {"text": str(minilm())}},
        seconds="<= 0.05 x peer",
    ),
    Case(
        name="Banking77",
        split=_questions,
        target="label",
        columns=_fixed(text="text", label="category"),
    ),
    Case(name="Adult", split=_census, target=INCOME, columns=_census_columns, metric="auc"),
    Case(
        name="BasicMotions",
        split=_motions,
        target="label",
        columns=_fixed(series="series", label="category"),
    ),
    Case(
        name="Fashion-MNIST",
        split=clothes.split_of,
        target="label",
        columns=_fixed(**clothes.COLUMNS),
    ),
)
