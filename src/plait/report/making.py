"""Sections about the making: the columns, the splits, training, sources, and how to do it again."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from plait.display import model_name
from plait.footprint import energy_lines
from plait.report.again import again_command
from plait.report.chart import lines
from plait.report.scored import candidates, shipped_parts, test_of
from plait.report.text import (
    cell,
    copyable,
    escape,
    facts,
    fold,
    is_number,
    percent,
    plural,
    section,
    table,
)
from plait.report.words import TERMS, known_words
from plait.types import Html

MAX_COLUMNS, MAX_FOLDED = 40, 400
OFTEN = {"95 % interval": r"95\s?% interval|no interval:", "test rows": r"\btest rows?\b"}
"""Term that needs no tooltip -> what on a page it explains."""


def table_of(data: Mapping[str, Any]) -> Html:
    """Return what the columns are, and who learned from which rows."""
    schema, splits = data.get("schema") or {}, data.get("splits") or {}
    model = data.get("model") or {}
    columns = schema.get("columns") if isinstance(schema, Mapping) else schema
    targets = model.get("targets") or [model.get("target")]
    rows = [_column(one, targets, model.get("inputs")) for one in columns or []]
    sizes = {name: len(splits.get(name) or []) for name in ("train", "validation", "test")}
    moved, lineage = splits.get("moved") or [], data.get("lineage") or {}
    shown = table(rows[:MAX_COLUMNS], raw=["column", "missing", "is"], caption="Columns")
    if len(rows) > MAX_COLUMNS:
        every = table(
            rows[MAX_COLUMNS:MAX_FOLDED], raw=["column", "missing", "is"], caption="More columns"
        )
        shown += fold(plural(len(rows) - MAX_COLUMNS, "more column"), every)
    parts = [shown, "<h3>Who learned from what</h3>", _splits(sizes)]
    if told := _looked_at(data, sizes):
        parts.append(f"<p>{escape(told)}</p>")
    if splits.get("how"):
        parts.append(f"<p>Split {escape(splits['how'])}.</p>")
    skipped = lineage.get("num_skipped_cells")
    parts.append(
        f"<p>{plural(len(moved), 'group')} of near-duplicates kept from straddling the splits; "
        f"{plural(int(skipped or 0), 'unreadable cell')} skipped.</p>"
    )
    if moved:
        parts.append(fold("What was moved", table(moved[:50], caption="Near-duplicates moved")))
    if lineage.get("skipped_cells"):
        cells = [one for one in lineage["skipped_cells"] if isinstance(one, Mapping)]
        title = "Unreadable cells"
        parts.append(fold(f"{title}, the first {len(cells)}", table(cells, caption=title)))
    return section("The table", *parts)


def _column(column: Mapping[str, Any], targets: Sequence[Any], inputs: Any) -> dict[str, Any]:
    """Return a column's row; one that could be an input and is none, as with --exclude, says so."""
    name, kind = column.get("name"), column.get("modality") or column.get("role")
    mark = ' <span class="badge">target</span>' if name is not None and name in targets else ""
    idle = bool(inputs and column.get("modality")) and name not in (*inputs, *targets)
    return {
        "column": f"<b>{escape(name)}</b>{mark}",
        "is": f'<span class="kind">{escape(kind or "–")}</span>' + ", no input" * idle,
        "missing": share_drawn(column.get("share_missing", 0.0)),
        "why": column.get("why"),
    }


def share_drawn(share: Any) -> Html:
    """Return a share as text with a small bar."""
    if not is_number(share):
        return "–"
    return (
        f'<span class="drawn">{percent(share)}<span class="mini warn" aria-hidden="true">'
        f'<i style="width:{100 * min(1.0, share):.0f}%"></i></span></span>'
    )


def _splits(sizes: Mapping[str, int]) -> Html:
    total = sum(sizes.values())
    if not total:
        return facts(sizes)
    drawn = "".join(
        f'<i class="{name}" style="width:{100 * count / total:.2f}%"></i>'
        for name, count in sizes.items()
        if count
    )
    told = "".join(
        f'<li><i class="{name}"></i>{name}: <b>{count:,}</b> rows, {100 * count / total:.0f} %</li>'
        for name, count in sizes.items()
    )
    return (
        f'<div class="splits" aria-hidden="true">{drawn}</div><ul class="split-legend">{told}</ul>'
    )


def _looked_at(data: Mapping[str, Any], sizes: Mapping[str, int]) -> str:
    """Return how many of the rows were learned from and judged, where not all of them were."""
    parts, judged = shipped_parts(data), test_of(data).get("rows")
    said = []
    for one in candidates(data):
        learned = one.get("rows_learned")
        if one.get("name") in parts and is_number(learned) and learned < sizes["train"]:
            said.append(
                f"{model_name(one['name'])}: learned from {learned:,} of the "
                f"{plural(sizes['train'], 'training row')}."
            )
    if sizes["test"] and is_number(judged) and judged < sizes["test"]:
        said.append(f"Judged on {int(judged):,} of the {plural(sizes['test'], 'test row')}.")
    text = " ".join(said)
    return text[:1].upper() + text[1:]


def training(data: Mapping[str, Any]) -> Html:
    """Return the training curve, the choice of fusion, and how encoders were tuned; "" of none."""
    metrics = data.get("metrics") or {}
    curve: Sequence[Mapping[str, Any]] = metrics.get("curve") or []
    parts = []
    if curve:
        series = {
            title: [(p.get("seconds"), p.get(name)) for p in curve if p.get(name) is not None]
            for title, name in (("training", "loss"), ("validation", "validation"))
        }
        kept: dict[str, Any] = {name: line for name, line in series.items() if line}
        if sum(map(len, kept.values())) > 1:
            drawn = lines(kept, label="Loss over time", x_name="seconds", y_name="loss ↓")
            parts += ["<h3>Loss over time</h3>", drawn]
    if metrics.get("fusion"):
        parts += ["<h3>Where the columns meet</h3>", table(metrics["fusion"], caption="Fusion")]
    if metrics.get("encoders"):
        parts.append("<h3>Pretrained encoders that were found</h3>")
        parts.append(table(encoder_rows(metrics["encoders"]), caption="Encoders"))
    if metrics.get("tuned"):
        parts.append("<h3>How the pretrained encoders learned</h3>")
        parts.append(table(metrics["tuned"], caption="Tuning"))
    how = metrics.get("training") or {}
    if how.get("steps"):
        parts += ["<h3>How it was trained</h3>", facts(how)]
    title = "Training of the network" if how.get("steps") else "Pretrained encoders"
    return section(title, *parts) if parts else ""


def encoder_rows(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return one row per column whose encoder was looked for: its gain, or why it is not used."""
    shown = ("column", "encoder", "licence", "by", "without", "with", "standard_error", "rows")
    return [
        {name.replace("_", " "): one.get(name) for name in shown}
        | {"used": "yes" if one.get("used") else f"no: {one.get('why')}"}
        for one in records
    ]


def making(data: Mapping[str, Any]) -> Html:
    """Return how to use and repeat it, and its licences, lineage and energy."""
    licences, lineage = data.get("licences") or [], data.get("lineage") or {}
    parts = ["<h3>Use it</h3>", *map(copyable, _uses(data))]
    again = again_command(data)
    if again:
        parts += ["<h3>Make it again</h3>", copyable(again)]
    parts += ["<h3>Sources and licences</h3>", table(licences, caption="Licences")]
    if lineage:
        about = {
            "made": lineage.get("made"),
            "table": (lineage.get("table") or {}).get("name"),
            **{n: _setting(v) for n, v in (lineage.get("settings") or {}).items()},
            **(lineage.get("versions") or {}),
        }
        known = {name: value for name, value in about.items() if value not in (None, "")}
        parts.append(fold("Settings and versions", facts(known)))
    if data.get("energy"):
        parts += ["<h3>What it cost</h3>", what_it_cost(data["energy"])]
    return section("How it was made", *parts)


def what_it_cost(energy: Mapping[str, Any]) -> Html:
    """Return what making it took and what answers take, in sentences and in numbers."""
    told = "".join(f"<p>{escape(line)}</p>" for line in energy_lines(energy))
    left_out = ("wh", "gco2e", "grams_per_kwh", "grid", "answers")
    return told + facts({k: v for k, v in energy.items() if v is not None and k not in left_out})


def _setting(value: Any) -> Any:
    """Return a setting in words: of a mapping written as text, its names and values.

    Of ``group=who, time=None`` what says something is kept.
    """
    text = str(value)
    if text in ("True", "False"):
        return text == "True"
    if (named := _named_settings(text)) is not None:
        return {name.replace("_", " "): one for name, one in named.items() if one is not None}
    parts = text.split(", ")
    if all("=" in part for part in parts) and any(part.endswith("=None") for part in parts):
        return ", ".join(part for part in parts if not part.endswith("=None"))
    return value


def _named_settings(text: str) -> dict[str, Any] | None:
    """Return the names and values of ``{'dim': 16}`` or ``Sizes(dim=16)``; None of other text."""
    try:
        if text.startswith("{"):
            return dict(ast.literal_eval(text))
        if re.fullmatch(r"\w+\(.*\)", text):
            call: Any = ast.parse(text, mode="eval").body
            return {one.arg: ast.literal_eval(one.value) for one in call.keywords}
    except (ValueError, SyntaxError, TypeError):
        return None
    return None


def _uses(data: Mapping[str, Any]) -> list[str]:
    name = shlex.quote(str(data.get("name") or "model.plait"))
    if (data.get("model") or {}).get("target") is None:
        return [f"plait search {name} --table table.csv --text 'words to look for'"]
    return [f"plait predict {name} new.csv --out predictions.csv"]


def glossary(page: Html) -> Html:
    """Return the meaning of every term that the page so far explains by a tooltip; "" of none."""
    words = {**{one.name: one.says for one in known_words().values()}, **TERMS}
    used = {name: says for name, says in words.items() if escape(says) in page}
    plain = re.sub(r"<[^>]*>", " ", page)
    used |= {name: TERMS[name] for name in OFTEN if re.search(OFTEN[name], plain)}
    items = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{cell(says, False)}</dd></div>"
        for name, says in sorted(used.items(), key=lambda item: item[0].lower())
    )
    return section("Words", f'<dl class="glossary">{items}</dl>') if items else ""
