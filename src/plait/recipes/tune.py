"""Tune: a table in, the best settings of a fit out, and whether they pay, within a budget."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Unpack

from plait.data.table import Table, read
from plait.errors import ExtraError, TargetError, UsageError
from plait.fitting.setup.fit_config import GROUPS, FitConfig
from plait.fitting.setup.fit_options import FitOptions
from plait.fitting.setup.fit_settings import refuse_settings
from plait.fitting.setup.problem import Problem, make_problem
from plait.fitting.setup.targets import targets_of
from plait.fitting.setup.wanted_encoders import WantedEncoders
from plait.fitting.setup.windows import in_time
from plait.fitting.setup.work import require_torch
from plait.listening import heard, listened
from plait.model.model import Model
from plait.networks.config import choose_size
from plait.progress import SILENT, Progress, expect_end, say
from plait.reading import ReadOptions
from plait.recipes.fit import fit
from plait.recipes.outputs import check_bundle_place, check_output
from plait.recipes.unfinished import Unfinished
from plait.report.tuning_page import tuning_page
from plait.threads import few_threads
from plait.train.budget import Budget
from plait.tuning.plan import Plan, full_budget
from plait.tuning.run import Tune, told_so_far
from plait.tuning.search import OBJECTIVES, check_objectives
from plait.tuning.space import free_dimensions
from plait.writing import spare_folder, write_text


@listened
def tune(
    table: Any,
    *,
    target: str | None = None,
    budget: str | float | Budget = "1h",
    trials: int | None = None,
    objectives: Sequence[str] = tuple(OBJECTIVES),
    out: Path | str | None = None,
    page: Path | str | None = None,
    resume: bool = False,
    force: bool = False,
    progress: Progress | bool | None = None,
    began: float | None = None,
    **settings: Unpack[FitOptions],
) -> Model:
    """Return the best fit that a search of its settings finds, or the plain fit where none pays.

    A plain fit comes first. Settings are tried on folds of the rows that are not the test: many by
    short fits and one fold, ever fewer by longer fits and more folds (successive halving). What
    did best is judged once more beside the plain settings, on new folds: it is kept where the whole
    interval of the difference is a gain, else the plain fit is. Rows of the test choose nothing;
    they say in the end how both do. `model.records["tuning"]` tells of all.

    Args:
        table: Rows, or anything `plait.read` takes.
        target: Column to predict or to generate.
        budget: Of all: ``1h``, ``10m``. Both whole fits have a fifth of it each. Steps and epochs
            are of each whole fit.
        trials: Settings to try at most, the plain ones among them; None for as many as fit in.
        objectives: What is searched for, besides the ``score``: ``ms`` and ``mb`` of a bundle,
            ``wh`` of 1,000 answers. What is kept goes by the score; the others make the front.
        out: Bundle to write.
        page: ``.html`` page to write; None writes none.
        resume: Go on from what a tune to `out` that was stopped left.
        force: Whether what lies at `out` and `page` is replaced.
        progress: As for `plait.fit`.
        began: When the budget began, of `time.monotonic`; now by default.
        settings: Those of `plait.fit`: what is said is kept, all else of
            `plait.fitting.setup.dimensions` is searched. `metric` is what is searched by.

    Raises:
        ExtraError: Without ``plait[tune]``.
        UsageError: The budget is too short for two trials, or the rows are too few.
        TargetError: The target is of rows in time, or there are several.
    """
    budget, names = Budget.parse(budget), check_objectives(list(objectives))
    Plan.of(budget, trials)
    if find_spec("optuna") is None:
        raise ExtraError("tune", "plait tune")
    told = heard(progress)
    asked = FitConfig.of(target=target, budget=budget, **settings)
    _check(asked)
    if not asked.choice.simple:
        require_torch()
    if out is not None:
        check_bundle_place(out, asked.target, force=force)
    place = None if page is None else check_output(page, table, force=force)
    began = time.monotonic() if began is None else began
    expect_end(told, began + budget.amount if budget.timed else None)
    opened, problem = _opened(table, asked)
    said = _said(settings, asked)
    wants = WantedEncoders.of(None, full_budget(budget), simple=asked.choice.simple).looks
    modalities = [problem.codecs[name].modality for name in problem.columns]
    tuning = {
        "problem": problem, "fit": fit, "budget": budget, "trials": trials, "objectives": names,
        "dimensions": free_dimensions(said, modalities=modalities, wants_encoders=wants),
        "auto": choose_size("auto", len(problem.splits.train), modalities),
        "fixed": {"encoders": "auto" if wants else "none", **said},
        "time": asked.rows.time, "group": asked.rows.group, "weights": asked.rows.weights,
        "metric": asked.choice.metric, "seed": asked.seed, "progress": told,
        "began": began,
    }  # fmt: skip
    decides = asked.told(opened, None) | {"trials": trials, "objectives": ", ".join(names)}
    with few_threads(opened.num_rows):
        model = _run(tuning, out, decides, resume, told)
    if place is not None:
        write_text(place, tuning_page(model.records["tuning"], str(asked.target)))
    return model


def so_far(out: Path | str) -> str:
    """Return in words how far a tune to a bundle came that was stopped."""
    return told_so_far(Unfinished(out, {}, False).folder)


def _run(
    tuning: Mapping[str, Any],
    out: Path | str | None,
    decides: Mapping[str, Any],
    resume: bool,
    progress: Progress,
) -> Model:
    """Tune in a work folder, beside the bundle where there is to be one."""
    if out is None:
        if resume:
            raise UsageError("nothing to resume without --out", expected="the bundle's path")
        with spare_folder() as folder:
            return Tune(**tuning, folder=folder).run()
    unfinished = Unfinished(out, decides, resume, verb="tune", telling=told_so_far)
    with unfinished:
        for note in unfinished.notes:
            say(progress, note)
        model = Tune(**tuning, folder=unfinished.folder).run()
        model.save(out)
        unfinished.remove()
    return model


def _opened(table: Any, asked: FitConfig) -> tuple[Table, Problem]:
    """Open the table, and make it ready as the plain fit does: its splits are the fit's."""
    opened = read(table, **asked.reading)
    opened = opened.under(opened.policy.or_else("raise"))
    asked.check_goal(opened.schema)
    if len(targets_of(asked, list(opened.column_names))) != 1:
        raise _one_target(str(asked.target))
    if in_time(opened, asked)[2] is not None:
        raise TargetError(
            "settings of rows in time are not searched",
            expected="a target whose rows are answered one by one",
            received=f"'{asked.target}'",
            hint="plait fit measures what a forecast is made by",
        )
    with few_threads(opened.num_rows):
        problem = make_problem(
            opened, target=asked.target, exclude=asked.exclude, rows=asked.rows, seed=asked.seed,
            progress=SILENT, simple=True, base=asked.start.open_base(),
        )  # fmt: skip
    asked.check_against(problem.goal)
    return opened, problem


def _check(asked: FitConfig) -> None:
    """Refuse what cannot be searched, before the table is opened. Raises `UsageError`."""
    if asked.target is None:
        raise UsageError(
            "there is no target, so no setting is better than another",
            expected="--target, the column to predict",
        )
    asked.check()
    refuse_settings(
        "a search of settings has no use for this",
        {
            "whole_rows": asked.choice.whole_rows,
            "label_curve": asked.choice.label_curve,
            "augment": asked.choice.augment is not None,
            "horizon": asked.forecasting.horizon is not None,
            "items": asked.recommending.items is not None,
            "reward": asked.acting.reward is not None,
        },
        "leave it out; plait fit knows it",
    )


def _one_target(target: str) -> TargetError:
    return TargetError(
        "settings are searched for one target at a time",
        expected="one column",
        received=target,
        hint="tune one of them; its settings may be said to a fit of all",
    )


def _said(settings: Mapping[str, Any], asked: FitConfig) -> dict[str, Any]:
    """Return the settings of fits that were said, as `plait.fit` takes them."""
    usual = {one.name: one.default for kind in GROUPS.values() for one in fields(kind)}
    reading = set(ReadOptions.__annotations__)
    said = {
        name: value
        for name, value in settings.items()
        if name not in reading and name not in ("seed", "exclude") and value != usual.get(name)
    }
    return said | ({"exclude": asked.exclude} if asked.exclude else {})
