"""The page of whole rows: whether made ones are like real ones, worth as much, and no copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from plait.display import model_name, number_text
from plait.modalities.paired_bars import MADE, TRUE, mark, paired_bars
from plait.report import making
from plait.report.hero import warned
from plait.report.matrix import shaded
from plait.report.text import escape, fold, number, plural, section, table
from plait.report.verdict import warnings
from plait.report.words import word
from plait.types import Html

OPEN_COLUMNS = 8
NAMES = {"real": "real rows", "made": "made rows", "independent": "independent columns"}


def is_whole_rows(data: Mapping[str, Any]) -> bool:
    """Tell whether a bundle makes whole rows."""
    return bool((data.get("metrics") or {}).get("made"))


def sections(data: Mapping[str, Any]) -> list[Html]:
    """Return what the page of a bundle of whole rows begins with, up to its making."""
    made = data["metrics"]["made"]
    return [
        _header(data, made),
        _worth(made),
        _columns(made),
        _associations(made),
        _privacy(made["privacy"]),
        _candidates(data),
    ]


def _header(data: Mapping[str, Any], made: Mapping[str, Any]) -> Html:
    metrics, columns = data["metrics"], (data.get("model") or {}).get("inputs") or []
    apart = (made.get("told_apart") or {}).get("made", {}).get("auc")
    value = "not measured" if apart is None else f"{apart:.2f}"
    told = warnings(data)
    notes = [str(note) for note in metrics.get("notes") or [] if note not in told]
    return (
        f'<header class="hero"><p class="brand">plait</p><h1><small>Makes</small> whole rows '
        f'<small class="from">of {escape(", ".join(columns)[:160])}</small></h1>'
        f'<div class="first"><div class="score"><p class="what">AUC of trees that tell made rows '
        f'from real ones (lower is better)</p><p class="large">{value}</p>'
        f'<p class="interval">0.5 is chance, 1 is told at a glance</p>'
        f'<p class="on">on {plural(int(made["held"]), "held-out row")}, and as many made ones</p>'
        f'</div><div class="beside"><p class="verdict">{escape(metrics.get("verdict", ""))}</p>'
        f"</div></div>{warned(told, notes)}</header>"
    )


def _worth(made: Mapping[str, Any]) -> Html:
    learned, apart = made.get("learned_from"), made.get("told_apart") or {}
    if not learned:
        why = (
            f"Not measured: {plural(int(made['held']), 'row')} held out tell too little of it, or "
        )
        why += "the time was up before."
        return section("What made rows are worth", f'<p class="none">{escape(why)}</p>')
    rows = [
        {
            "column": one["column"],
            "metric": word(one["metric"]).name,
            **{name: number_text(one[key]) for key, name in NAMES.items()},
            "made short of real": number_text(one["real"] - one["made"]),
        }
        for one in learned
    ]
    told = "; ".join(f"{NAMES[name]} {number(one['auc'])}" for name, one in apart.items())
    return section(
        "What made rows are worth",
        table(rows, caption="Each column predicted from the others in held-out rows"),
        f"<p>AUC of trees that tell them from held-out rows (0.5 is best): {escape(told)}.</p>",
        lead=f"Boosted trees learned to predict each column from {made['rows']:,} rows, and were "
        "asked about real rows that were held out. Made rows are worth what they teach.",
    )


def _columns(made: Mapping[str, Any]) -> Html:
    rows = [
        {
            "column": one["column"],
            "made rows": number_text(one["made"]),
            "as many training rows": number_text(one["real"]),
            "independent columns": number_text(one["independent"]),
        }
        for one in made["columns"]
    ]
    drawn = [
        f"<div><h3>{escape(one['column'])}</h3>"
        + "".join(paired_bars(bar["label"], bar["made"], bar["real"]) for bar in one["bars"])
        + "</div>"
        for one in made["columns"]
    ]
    shown = _side_by_side(drawn[:OPEN_COLUMNS])
    if len(drawn) > OPEN_COLUMNS:
        more = len(drawn) - OPEN_COLUMNS
        shown += fold(plural(more, "more column"), _side_by_side(drawn[OPEN_COLUMNS:]))
    return section(
        "Each column by itself",
        table(rows, caption="Total variation distance to held-out rows"),
        f"<p>{mark(MADE)} made rows, {mark(TRUE)} real rows that were held out.</p>",
        shown,
        lead="How far the shares of a column's values lie from those of held-out rows: 0 is equal, "
        "1 has nothing in common. Training rows are off by chance alone.",
    )


def _side_by_side(drawn: Sequence[Html]) -> Html:
    return f'<div class="pair">{"".join(drawn)}</div>'


def _associations(made: Mapping[str, Any]) -> Html:
    found = made["associations"]
    names = found["columns"]
    gap = ", ".join(f"{NAMES[key]} {number(found['gap'][key])}" for key in NAMES)
    return section(
        "Columns that go together",
        *(
            shaded(found[key], names, names, label=f"Cramér's V, {said}, in %")
            for key, said in (("held", "held-out real rows"), ("made", "made rows"))
        ),
        f"<p>Mean difference to held-out rows: {escape(gap)}.</p>",
        lead="How strongly each pair of columns is associated, from 0 to 100 %: both tables should "
        "look the same.",
    )


def _privacy(found: Mapping[str, Any]) -> Html:
    rows = [
        {
            "": name,
            "copies of training rows": f"{100 * found['copies' + key]:.2f} %",
            "distance to the nearest, median": number_text(found["median" + key]),
            "nearer than the nearest 5 % of held-out rows": f"{100 * found['near' + key]:.1f} %",
        }
        for name, key in (("made rows", ""), ("real rows held out", "_held"))
    ]
    return section(
        "Whose rows they are",
        table(rows, caption="Distance to the nearest training row"),
        lead=f"{found['rows']:,} made rows and {found['rows_held']:,} held-out real ones, each "
        f" compared with {found['among']:,} training rows by Gower's distance, from 0 (every "
        "value the same) to 1. Made rows should be no nearer than real ones. No proof of privacy.",
    )


def _candidates(data: Mapping[str, Any]) -> Html:
    metrics = data["metrics"]
    rows = [
        {
            "learned by": model_name(one["name"]),
            "log-likelihood of a held-out row, nats": number_text(value),
            "ships": "yes" if one["name"] == metrics.get("shipped") else "",
        }
        for one in metrics.get("candidates") or []
        for value in one["metrics"].values()
    ]
    return section(
        "What ships",
        table(rows, caption="Candidates on validation rows"),
        lead="What makes rows that nobody learned from likeliest ships.",
    ) + making.training(data)
