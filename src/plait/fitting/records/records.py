"""What a bundle tells about its making: lineage, licences, and the model card."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

import plait
from plait.baselines.contract import BaseModel
from plait.baselines.in_context import table_models_in
from plait.data.prepared import Prepared
from plait.data.schema import Column, Schema
from plait.display import model_name
from plait.fitting.setup.problem import Problem
from plait.model.backbone_column import BackboneColumn
from plait.model.model import Model
from plait.model.word_column import WordColumn

SCORES, KNOWN = "| metric | value | 95 % interval |", "## What to know"
"""Lines of a card: the head of its table, and of its notes."""


def make_lineage(
    problem: Problem, settings: Mapping[str, Any], said: Mapping[str, Any]
) -> dict[str, Any]:
    """Return where the model comes from: table, settings, what was said, versions, machine.

    The table is that of the person: rows that a model made lie behind its own.
    """
    table = problem.table.real
    return {
        "made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "table": {
            "name": table.name,
            "rows": table.num_rows,
            "columns": list(table.column_names),
            "key": table.key,
        },
        "settings": {name: value for name, value in settings.items() if value is not None},
        "said": dict(said),
        "versions": {
            "plait": plait.__version__,
            "python": platform.python_version(),
            **versions_of("torch", "numpy"),
        },
        "machine": {"system": platform.system(), "processor": platform.machine()},
        "skipped_cells": problem.prepared.bad[:100],
        "num_skipped_cells": len(problem.prepared.bad),
    }


def counted(schema: Schema, prepared: Prepared) -> Schema:
    """Return the schema with the share of missing cells as all rows that were read have it.

    Cells that could not be read are none of them.
    """
    return Schema(tuple(_counted(column, prepared) for column in schema.columns))


def _counted(column: Column, prepared: Prepared) -> Column:
    read = prepared.columns.get(column.name)
    if read is None or column.role != "value":
        return column
    num_missing = int(np.count_nonzero(~np.asarray(read.present, bool))) - read.num_bad
    return replace(column, share_missing=round(num_missing / max(prepared.num_rows, 1), 4))


def versions_of(*packages: str) -> dict[str, str]:
    """Return package -> version of those that are installed."""
    found = {}
    for name in packages:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def make_licences(
    problem: Problem,
    stated: Sequence[Mapping[str, str]],
    model: Model,
    base_models: Iterable[BaseModel] = (),
) -> list[dict[str, str]]:
    """Return the licence of every source: as stated by the table or caller, else "not stated".

    Pretrained encoders, tabular foundation models among the `base_models`, and the language model
    that writes, whose weights lie in the bundle, are sources too.
    """
    found = [dict(entry) for entry in stated]
    found = found or [{"source": problem.table.name, "licence": "not stated"}]
    encoders = {
        one.name: one.checkpoint for one in model.derived_columns if isinstance(one, BackboneColumn)
    }
    found += [
        {"source": f"pretrained encoder {name}", "licence": one.licence or "not told"}
        for name, one in encoders.items()
    ]
    tables = [one.table for one in model.derived_columns if isinstance(one, WordColumn)]
    found += [
        {"source": f"words by {one.source}", "licence": one.licence or "not told"}
        for one in {table.key: table for table in tables}.values()
    ]
    found += [
        {
            "source": f"tabular foundation model {Path(one.source).name}",
            "licence": one.licence or "not told",
        }
        for one in table_models_in(base_models)
    ]
    language = getattr(model.parts, "language", None)
    if language is not None:
        told = language.licence or "not told"
        found.append({"source": f"language model {language.name}", "licence": told})
    return found


def make_space_card(problem: Problem, metrics: Mapping[str, Any]) -> str:
    """Return the model card of a shared space as Markdown."""
    lines = [
        f"# Model card: the shared space of {', '.join(problem.inputs)}",
        "",
        f"Learned without labels by {model_name(metrics['shipped'])} from "
        f"{len(problem.splits.train)} rows of {problem.table.name}. Every column, and every row, "
        "gets a vector of one space.",
        "",
        f"How rows were split: {problem.splits.how}.",
        "",
        "| query -> item | R@1 | R@10 | median rank | among |",
        "|---|---|---|---|---|",
    ]
    for name, one in metrics["test"]["retrieval"].items():
        lines.append(
            f"| {name} | {_share(one, 'r@1')} | {_share(one, 'r@10')} | {one['median_rank']:g} "
            f"| {one['n']} |"
        )
    lines += [*_warned(metrics), "", KNOWN, ""]
    lines += [f"- {note}" for note in metrics["notes"]] or ["- nothing noted"]
    return "\n".join([*lines, ""])


def _share(one: Mapping[str, Any], name: str) -> str:
    ends = " to ".join(f"{end:.3f}" for end in one["intervals"].get(name, ()))
    return f"{one[name]:.3f}" + (f" ({ends})" if ends else "")


def make_card(problem: Problem, metrics: Mapping[str, Any], verdict: str) -> str:
    """Return the model card (Mitchell et al. 2019) as Markdown, the verdict first."""
    scored = metrics.get("test") or metrics.get("validation") or {}
    lines = [
        f"# Model card: {problem.target} from {', '.join(problem.inputs)}",
        "",
        f"Task: {problem.goal.task}. Shipped: {model_name(metrics['shipped'])}. "
        f"Learned from {len(problem.splits.train)} rows of {problem.table.name}.",
        "",
        f"How rows were split: {problem.splits.how}.",
        "",
        f"**{verdict}**",
        "",
        *_score_lines(scored),
    ]
    decision = scored.get("decision")
    if decision:
        at, half = decision["at_threshold"], decision["at_half"]
        lines += [
            "",
            f"A row counts as '{decision['positive']}' from {decision['threshold']:.3f} on: "
            f"{decision['how']}. Recall {at['recall']:.3f} (at 0.5: {half['recall']:.3f}), "
            f"precision {at['precision']:.3f} ({half['precision']:.3f}), mean cost "
            f"{at['cost']:.3f} ({half['cost']:.3f}).",
        ]
    lines += [*_warned(metrics), "", "## What to know", ""]
    lines += [f"- {note}" for note in metrics.get("notes", [])] or ["- nothing noted"]
    lines += [
        "",
        "Not measured: fairness between groups, robustness to other cameras, speakers or sites.",
        "",
    ]
    return "\n".join(lines)


def with_scores(card: str, metrics: Mapping[str, Any], verdict: str) -> str:
    """Return a model card with other scores, verdict and notes: those of a model made of it."""
    scored = metrics.get("test") or metrics.get("validation") or {}
    lines = card.splitlines()
    table, known = lines.index(SCORES), lines.index(KNOWN)
    after = next(place for place in range(table, len(lines)) if not lines[place])
    rest = next(place for place in range(known + 2, len(lines)) if not lines[place])
    said = next(place for place in range(table) if lines[place].startswith("**"))
    notes = [f"- {note}" for note in metrics.get("notes", [])] or ["- nothing noted"]
    found = [
        *lines[:said], f"**{verdict}**", *lines[said + 1 : table], *_score_lines(scored),
        *lines[after:known], KNOWN, "", *notes, *lines[rest:], "",
    ]  # fmt: skip
    return "\n".join(found)


def _score_lines(scored: Mapping[str, Any]) -> list[str]:
    intervals, lines = scored.get("intervals", {}), [SCORES, "|---|---|---|"]
    for name, value in scored.get("metrics", {}).items():
        ends = " to ".join(f"{end:.4f}" for end in intervals.get(name, ()))
        lines.append(f"| {name} | {value:.4f} | {ends or 'not computed'} |")
    return lines


def _warned(metrics: Mapping[str, Any]) -> list[str]:
    """Return the card's section of warnings; nothing where there is none."""
    texts = [f"- {one['text']}" for one in metrics.get("warnings") or []]
    return ["", "## What to check", "", *texts] if texts else []
