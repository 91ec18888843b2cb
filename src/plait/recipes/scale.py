"""Scale: what pays next, more rows, a larger network or another column; measured, then foreseen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from plait.data.table import read
from plait.errors import TargetError
from plait.fitting.setup.fit_settings import Rows
from plait.fitting.setup.problem import make_problem
from plait.fitting.setup.timetable import Timetable
from plait.fitting.setup.work import require_torch
from plait.listening import heard, listened
from plait.modalities import PredictiveTarget
from plait.progress import Progress
from plait.reading import ReadOptions
from plait.recipes.outputs import check_output
from plait.report.scaling import scaling_page
from plait.scaling.law import fit_law
from plait.threads import few_threads
from plait.train.budget import Budget
from plait.writing import write_text

if TYPE_CHECKING:
    from plait.scaling.ladder import Run


@listened
def scale(
    table: Any,
    *,
    target: str,
    budget: str | float | Budget = "10m",
    group: str | None = None,
    time: str | None = None,
    split: str | None = None,
    out: Path | str | None = None,
    seed: int = 0,
    force: bool = False,
    progress: Progress | bool | None = None,
    **reading: Unpack[ReadOptions],
) -> dict[str, Any]:
    """Return what is foreseen to lower the loss: twice the rows, twice the network, another column.

    A ladder of small networks, of three sizes and of parts of the rows, is trained, and
    ``L(N, D) = E + A / N^a + B / D^b`` fitted to their losses on rows that none of them saw
    (Hoffmann et al. 2022). The largest network on all rows is not fitted: the law must foretell it.

    Args:
        table: Rows, or anything `plait.read` takes.
        target: Column to predict: a category, tags, a number.
        budget: Of all runs.
        group, time, split: As for `plait.fit`: which rows stay together, and what sets them aside.
        out: ``.html`` page to write; None writes none.
        seed: Of draws and weights.
        force: Whether a file at `out` is replaced.
        progress: As for `plait.fit`.
        reading: How the table is read: the arguments of `plait.read`.

    Returns:
        ``rows`` to learn from, ``runs`` (``size``, ``weights``, ``rows``, ``without``, ``loss``,
        ``steps``, ``seconds``), ``law`` (``E``, ``A``, ``a``, ``B``, ``b`` as logarithms where
        capital), ``foretold`` (``loss`` of the largest run, its ``interval``, ``measured``),
        ``options`` (``what``, ``gain`` as a share of the loss, ``interval``, ``price``; the best
        first), ``advice``.

    Raises:
        UsageError: Too few rows, or losses that tell no law.
        TargetError: The target is not predicted.
    """
    require_torch()
    from plait.scaling.advice import options, sentence
    from plait.scaling.ladder import Ladder

    told, budget = heard(progress), Budget.parse(budget)
    place = None if out is None else check_output(out, table, force=force)
    opened = read(table, **reading)
    timetable = Timetable.of(budget)
    with few_threads(opened.num_rows):
        problem = make_problem(
            opened,
            target=target,
            exclude=(),
            rows=Rows(group=group, time=time, split=split),
            seed=seed,
            progress=told,
            timetable=timetable,
        )
        if not isinstance(problem.goal, PredictiveTarget):
            raise TargetError(
                "how a loss scales is seen of predicted targets only",
                expected="a target that is a category, tags or a number",
                received=f"'{target}', a {problem.goal.modality}",
            )
        ladder = Ladder(problem, budget, seed, told)
        runs, without, largest = ladder.rungs(), ladder.without_each(), ladder.largest()
    foretold = fit_law([run.point for run in runs], seed=seed)
    best, low, high = foretold.foreseen(largest.point.weights, largest.point.rows)
    every = [*runs, largest]
    again = fit_law([run.point for run in every], seed=seed)
    found = options(again, every, without)
    names, least = ("E", "A", "a", "B", "b"), min(run.point.loss for run in every)
    result = {
        "target": target,
        "rows": ladder.num_rows,
        "runs": [_told(run) for run in [*every, *without]],
        "law": dict(zip(names, again.law.numbers, strict=True)),
        "foretold": {"loss": best, "interval": [low, high], "measured": largest.point.loss},
        "options": [one.told() for one in found],
        "advice": sentence(found, again, least),
        "notes": list(problem.notes),
    }
    if place is not None:
        write_text(place, scaling_page(result))
        result["out"] = str(place)
    return result


def _told(run: Run) -> dict[str, Any]:
    return {
        "size": run.size,
        "weights": int(run.point.weights),
        "rows": int(run.point.rows),
        "without": run.without,
        "loss": run.point.loss,
        "steps": run.steps,
        "seconds": round(run.seconds, 2),
    }
