"""Makes a bundle small: students, pruned ones, fewer bits; measures each, and keeps the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from plait.compress.limits import Limits, on_front
from plait.compress.settings import METHODS
from plait.compress.teacher import Teacher
from plait.compress.trying import Tried, Trying
from plait.energy import Meter
from plait.errors import UsageError
from plait.fitting.records.records import with_scores
from plait.footprint import of_thousand, paid_back, with_energy
from plait.model.ensemble import DEEP
from plait.model.model import Model
from plait.progress import SILENT, Progress
from plait.report.model_verdict import verdict_of
from plait.train.budget import Budget


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
    had not learned from then; of what is pruned or held in fewer bits, on rows that it did learn
    from, as a share of what that was made of, of which it keeps so much. Rows of the test choose
    nothing: they say in the end what the best one lost, and a note says where that is more than was
    allowed.

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
    work = Trying(teacher, methods, budget, seed, progress, settings)
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
    metrics = _scored(model.records["metrics"], scored, beside, limits)
    energy = meter.as_dict()
    answers = {**of_thousand(chosen.joules, chosen.method), "ms": chosen.ms}
    model.card = with_scores(model.card, metrics, verdict_of(model, metrics))
    model.card = with_energy(model.card, energy | {"answers": answers})
    model.records = {
        **model.records,
        "energy": energy | {"answers": answers},
        "metrics": metrics,
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


def _scored(
    metrics: Mapping[str, Any],
    scored: Mapping[str, Any] | None,
    beside: Mapping[str, Any],
    limits: Limits,
) -> dict[str, Any]:
    """Return the metrics of what ships: its scores on rows of the test, and what is to be known."""
    notes = list(metrics.get("notes", []))
    if scored is None:
        notes.append(
            "no rows were set aside as a test: the scores are those before it was made smaller"
        )
        return {**metrics, "notes": notes}
    kept = beside.get("share")
    if limits.max_loss is not None and kept is not None and kept < 1.0 - limits.max_loss:
        notes.append(
            f"on rows of the test it keeps {kept:.1%} of the score of what was compressed, less "
            f"than the {1.0 - limits.max_loss:.1%} that was asked for, and that training rows told"
        )
    return {**metrics, "test": scored, "notes": notes}


def _alone(one: Tried) -> Tried:
    """Return a variant, dropped where its answers need more than networks."""
    ensemble = one.model.ensemble
    more = set(ensemble.weights) != {DEEP} or ensemble.evidence or one.model.derived_columns
    return replace(one, dropped="needs more than a network") if more and not one.dropped else one
