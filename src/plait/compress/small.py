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
from plait.data.grouping import join_said, said_groups
from plait.energy import Meter
from plait.errors import UsageError
from plait.footprint import of_thousand, paid_back, with_energy
from plait.model.ensemble import DEEP
from plait.model.model import Model
from plait.progress import SILENT, Progress
from plait.train.budget import Budget

DISTIL_SHARE, PRUNE_SHARES = 0.6, {0.5: 0.15, 0.7: 0.15}
"""Of the budget: for the student; share of weights that is pruned -> what its recovery takes."""

MOST_COST = 2e-3
"""Of four bits: nats, or shares of the variance, that outputs may move; see `held_mixed`."""

LEAST_MORE = 0.05
"""Share of weights that a further pruning takes, at least."""

WHOLE, STUDENT = "as it is", "student"


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A variant and its numbers; see `plait.compress.limits.Measured`.

    Attributes:
        name: What was done.
        model: That answers so.
        mb, ms, ms_slow: Of its bundle; of one row, the median and one of a hundred.
        joules, method: Of the answer to one row, and how they are known.
        loss: Share of the score that it loses beside what was compressed.
        agreement: Share of answers that are those of what was compressed.
        dropped: Why it may not win; "" where it may.
    """

    name: str
    model: Model
    mb: float
    ms: float
    ms_slow: float
    joules: float
    method: str
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
            **of_thousand(self.joules, self.method),
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
    network_alone: bool = False,
    seed: int = 0,
    progress: Progress = SILENT,
    **settings: Any,
) -> Model:
    """Return the variant that is best within the limits; its record tells of all.

    What each loses is measured on rows of training: of a student, on those that chose it, which it
    had not learned from then; of what is pruned or held in fewer bits, beside what that was made
    of, to whose loss it is added. Rows of the test choose nothing: they say in the end what the
    best one lost.

    Args:
        teacher: What is compressed, and a table.
        limits: What may be lost.
        methods: Some of `METHODS`.
        budget: Of what learns.
        network_alone: Whether what ships must answer by networks alone, as browsers run it.
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
    meter, alike = Meter(tracked=True), Meter()  # what is paid back is counted as answers are
    work = _Work(teacher, methods, budget, seed, progress, settings)
    tried = [_alone(one) if network_alone else one for one in work.run()]
    able = [one for one in tried if not one.dropped]
    if not able:
        raise UsageError(
            "no variant answers by a network alone",
            expected="a student that is a network",
            hint="let one be distilled: --method all --network-alone",
        )
    best = limits.choose(able)
    chosen = next(one for one in able if one is best)
    model = chosen.model
    front = dict(zip(map(id, able), on_front(able), strict=True))
    told = [
        one.told() | {"chosen": one is chosen, "front": front.get(id(one), False)} for one in tried
    ]
    whole = tried[0]
    sizes = {"teacher": whole.mb, "student": chosen.mb, "share": chosen.mb / whole.mb}
    beside, scored = work.on_test(model)
    metrics = model.records["metrics"]
    energy = meter.as_dict()
    answers = {**of_thousand(chosen.joules, chosen.method), "ms": chosen.ms}
    model.card = with_energy(model.card, energy | {"answers": answers})
    model.records = {
        **model.records,
        "energy": energy | {"answers": answers},
        "metrics": metrics if scored is None else {**metrics, "test": scored},
        "compression": {
            **(model.records.get("compression") or {}),
            "methods": list(methods),
            "variants": told,
            "limits": limits.told(),
            "megabytes": sizes,
            "paid_back": paid_back(*alike.energy(), whole.joules, chosen.joules),
            "test": beside,
        },
    }
    return model


def _alone(one: Tried) -> Tried:
    """Return a variant, dropped where its answers need more than networks."""
    ensemble = one.model.ensemble
    more = set(ensemble.weights) != {DEEP} or ensemble.evidence or one.model.derived_columns
    return replace(one, dropped="needs more than a network") if more and not one.dropped else one


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
        self._figures: dict[str, Figures] = {}

    def run(self) -> Iterator[Tried]:
        """Give the variants, what is compressed first."""
        whole = self._measured(WHOLE, self._teacher.model, None)
        yield whole
        if "distil" not in self._methods:
            yield from self._in_fewer_bits(whole)
            return
        share = DISTIL_SHARE if "prune" in self._methods else 1.0
        student = distil(
            self._teacher,
            budget=self._budget.share(share),
            seed=self._seed,
            progress=self._progress,
            **self._settings,
        )
        held = student.records["compression"]["choice"]
        found = replace(
            self._measured(STUDENT, student, None),
            loss=1.0 - float(held.get("share") or 0.0),
            agreement=float(held.get("agreement", 0.0)),
        )
        yield found
        yield from self._in_fewer_bits(found)
        if "prune" in self._methods and DEEP in student.ensemble.weights:
            yield from self._pruned(found)

    def on_test(self, model: Model) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """Return how a model does beside what was compressed, on rows of the test, and its scores
        there; {} and None without a test."""
        rows = self._teacher.test
        if not len(rows):
            return {}, None
        prepared, truth = self._bench.prepared_test(model, rows)
        every = np.arange(len(rows), dtype=np.int32)
        mine = model.outputs(prepared)
        theirs = self._teacher.outputs(rows)
        group, table = self._teacher.model.group, self._teacher.table.take(rows)
        known = group is not None and group in table.column_names
        groups = join_said(said_groups(table, str(group)), every) if known else every
        scored = model.score_rows(prepared, every, truth, groups=groups, outputs=mine)
        return compare(self._teacher.ensemble.judge, mine, theirs, truth, groups), scored

    def _pruned(self, student: Tried) -> Iterator[Tried]:
        before = 0.0
        for share, part in PRUNE_SHARES.items():
            model, gone = pruned_student(
                self._teacher,
                student.model,
                share,
                budget=self._budget.share(part),
                seed=self._seed,
                progress=self._progress,
            )
            if gone.share_gone < before + LEAST_MORE:
                return  # all units that may go are gone
            before = gone.share_gone
            name = f"{STUDENT}, {gone.share_gone:.0%} of its network pruned"
            found = self._measured(name, model, student)
            yield found
            yield from self._in_fewer_bits(found)

    def _in_fewer_bits(self, base: Tried) -> Iterator[Tried]:
        """Give a model as graphs, and in fewer and fewer bits."""
        if "quantize" not in self._methods:
            return
        name, model = base.name, base.model
        ensemble = model.ensemble
        if DEEP in ensemble.weights and not ensemble.graphs:
            model = export(model, self._bench.table).model
            found = self._measured(f"{name}, as graphs", model, base)
            yield replace(found, dropped=why_dropped(found, base))
            base = found
        made = {"": base}
        prepared = self._bench.prepared(model)
        every = variants(model, prepared, np.arange(prepared.num_rows), most_cost=MOST_COST)
        for one in every:
            found = self._measured(f"{name}, {one.name}", one.model, base)
            made[one.name] = found
            why = why_dropped(found, made[one.after], for_speed=one.for_speed)
            yield replace(found, dropped=why)

    def _measured(self, name: str, model: Model, base: Tried | None) -> Tried:
        """Return a variant and its numbers.

        Args:
            name: What was done.
            model: That answers so.
            base: What it was made of without seeing further rows, whose loss and agreement it
                begins at; None where it stands for itself. Answers that differ from those of its
                base count as differing from what was compressed.
        """
        found = self._bench.figures(model)
        self._figures[name] = found
        loss, agreement = 0.0, 1.0
        if base is not None:
            before = self._figures[base.name]
            loss = base.loss + self._bench.loss(found, before)
            agreement = max(base.agreement + self._bench.alike(found, before) - 1.0, 0.0)
        return Tried(
            name=name,
            model=model,
            mb=found.mb,
            ms=found.answered.ms,
            ms_slow=found.answered.ms_slow,
            joules=found.answered.joules,
            method=found.answered.method,
            loss=loss,
            agreement=agreement,
        )
