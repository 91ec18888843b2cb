"""Makes a bundle small: students, pruned ones, fewer bits; measures each, and keeps the best."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from plait.compress.compared import compare
from plait.compress.distil import distil
from plait.compress.exported import export
from plait.compress.limits import Limits, on_front, why_dropped
from plait.compress.measured import Bench, Figures
from plait.compress.pruned import pruned_student
from plait.compress.settings import METHODS
from plait.compress.teacher import Teacher
from plait.compress.variants import variants
from plait.energy import Meter
from plait.errors import UsageError
from plait.model.ensemble import DEEP
from plait.model.model import Model
from plait.progress import SILENT, Progress
from plait.train.budget import Budget

DISTIL_SHARE, PRUNE_SHARES = 0.6, {0.5: 0.15, 0.7: 0.15}
"""Of the budget: for the student; share of weights that is pruned -> what its recovery takes."""

MOST_COST = 2e-3
"""Of four bits: nats, or shares of the variance, that outputs may move; see `held_mixed`."""

WHOLE, STUDENT = "as it is", "student"


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A variant and its numbers; see `plait.compress.limits.Measured`.

    Attributes:
        name: What was done.
        model: That answers so.
        mb, ms, ms_slow: Of its bundle; of one row, the median and one of a hundred.
        loss: Share of the score that it loses beside what was compressed.
        agreement: Share of answers that are those of what was compressed.
        dropped: Why it may not win; "" where it may.
    """

    name: str
    model: Model
    mb: float
    ms: float
    ms_slow: float
    loss: float
    agreement: float
    dropped: str = ""

    def told(self) -> dict[str, Any]:
        """Return its numbers, JSON-ready."""
        return {
            "name": self.name,
            "mb": self.mb,
            "ms": self.ms,
            "ms_slow": self.ms_slow,
            "loss": self.loss,
            "agreement": self.agreement,
            "dropped": self.dropped,
        }


def compress(
    teacher: Teacher,
    *,
    limits: Limits,
    methods: Sequence[str] = METHODS,
    budget: Budget,
    seed: int = 0,
    progress: Progress = SILENT,
    **settings: Any,
) -> Model:
    """Return the variant that is best within the limits; its record tells of all.

    What each loses is measured on rows of training: of a student, on those that chose it, which it
    had not learned from then; of what is pruned or held in fewer bits, beside what that was made
    of. Rows of the test choose nothing: they say in the end what the best one lost.

    Args:
        teacher: What is compressed, and a table.
        limits: What may be lost.
        methods: Some of `METHODS`.
        budget: Of what learns.
        seed: Of whatever is drawn.
        progress: Told of the work.
        settings: Of the students; see `plait.compress.settings.Distilling`.

    Raises `UsageError` where no variant is within the limits.
    """
    unknown = [name for name in methods if name not in METHODS]
    if unknown or not methods:
        raise UsageError(
            "there is no such way to compress",
            expected="some of " + ", ".join(METHODS),
            received=", ".join(unknown) or "none",
        )
    meter = Meter(None)
    work = _Work(teacher, methods, budget, seed, progress, settings)
    tried = list(work.run())
    able = [one for one in tried if not one.dropped]
    chosen = limits.choose(able)
    model = next(one.model for one in able if one is chosen)
    front = dict(zip(map(id, able), on_front(able), strict=True))
    told = [
        one.told() | {"chosen": one is chosen, "front": front.get(id(one), False)} for one in tried
    ]
    earlier = model.records.get("compression") or {}
    model.records = {**model.records, "energy": meter.as_dict()}
    model.records["compression"] = {
        **earlier,
        "methods": list(methods),
        "variants": told,
        "limits": limits.told(),
        "test": work.on_test(model),
    }
    return model


class _Work:
    """Makes and measures variants, one after the other."""

    def __init__(
        self,
        teacher: Teacher,
        methods: Sequence[str],
        budget: Budget,
        seed: int,
        progress: Progress,
        settings: dict[str, Any],
    ) -> None:
        self._teacher, self._methods, self._budget = teacher, methods, budget
        self._seed, self._progress, self._settings = seed, progress, settings
        self._bench = Bench.of(teacher, seed=seed, progress=progress)

    def run(self) -> Iterator[Tried]:
        """Give the variants, what is compressed first."""
        model = self._teacher.model
        whole = self._bench.figures(model)
        yield _tried(WHOLE, model, whole, 0.0, 1.0)
        if "distil" not in self._methods:
            yield from self._of(WHOLE, model, whole, 0.0)
            return
        share = DISTIL_SHARE if "prune" in self._methods else 1.0
        student = distil(
            self._teacher,
            budget=self._budget.share(share),
            seed=self._seed,
            progress=self._progress,
            **self._settings,
        )
        found = self._bench.figures(student)
        held = student.records["compression"]["choice"]
        loss = 1.0 - float(held.get("share") or 0.0)
        yield _tried(STUDENT, student, found, loss, float(held.get("agreement", 0.0)))
        yield from self._of(STUDENT, student, found, loss)
        if "prune" in self._methods and DEEP in student.ensemble.weights:
            yield from self._pruned(student, found, loss)

    def on_test(self, model: Model) -> dict[str, Any]:
        """Return how a model does beside what was compressed, on rows of the test; {} without."""
        rows = self._teacher.test
        if not len(rows):
            return {}
        mine, truth = self._bench.outputs(model, rows)
        theirs, _ = self._bench.outputs(self._teacher.model, rows)
        return compare(self._teacher.ensemble.judge, mine, theirs, truth, np.arange(len(rows)))

    def _pruned(self, student: Model, figures: Figures, loss: float) -> Iterator[Tried]:
        for share, part in PRUNE_SHARES.items():
            model, gone = pruned_student(
                self._teacher,
                student,
                share,
                budget=self._budget.share(part),
                seed=self._seed,
                progress=self._progress,
            )
            found = self._bench.figures(model)
            name = f"{STUDENT}, {gone.share_gone:.0%} of its network pruned"
            more = loss + self._bench.loss(found, figures)
            yield _tried(name, model, found, more, self._bench.agreement(found))
            yield from self._of(name, model, found, more, graphs=True)

    def _of(
        self, name: str, model: Model, figures: Figures, loss: float, *, graphs: bool = False
    ) -> Iterator[Tried]:
        """Give a model as graphs, and in fewer and fewer bits."""
        if "quantize" not in self._methods:
            return
        base = _tried(name, model, figures, loss, self._bench.agreement(figures))
        if DEEP in model.ensemble.weights and not graphs:
            model = export(model, self._bench.table).model
            found = self._bench.figures(model)
            lost = loss + self._bench.loss(found, figures)
            as_graphs = _tried(
                f"{name}, as graphs", model, found, lost, self._bench.agreement(found)
            )
            yield replace(as_graphs, dropped=why_dropped(as_graphs, base))
            base = as_graphs
        made = {"": base}
        prepared = self._bench.prepared(model)
        every = variants(model, prepared, np.arange(prepared.num_rows), most_cost=MOST_COST)
        for one in every:
            found = self._bench.figures(one.model)
            lost = loss + self._bench.loss(found, figures)
            tried = _tried(
                f"{name}, {one.name}", one.model, found, lost, self._bench.agreement(found)
            )
            made[one.name] = tried
            why = why_dropped(tried, made[one.after], for_speed=one.for_speed)
            yield replace(tried, dropped=why)


def _tried(name: str, model: Model, figures: Figures, loss: float, agreement: float) -> Tried:
    return Tried(
        name=name,
        model=model,
        mb=figures.mb,
        ms=figures.ms,
        ms_slow=figures.ms_slow,
        loss=loss,
        agreement=agreement,
    )
