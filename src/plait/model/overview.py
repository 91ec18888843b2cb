"""A model told in short: the JSON of ``plait fit``, a line for consoles, a table for notebooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from plait.display import MAX_ITEM, html_table, model_name, scores_text, with_interval
from plait.errors import shorten
from plait.results import direction_rows
from plait.types import Html

if TYPE_CHECKING:
    from plait.model.model import Model

NUM_INPUTS = 4


def summary(model: Model) -> dict[str, Any]:
    """Return the JSON shape of ``plait fit``."""
    metrics, energy = model.records.get("metrics", {}), model.records.get("energy", {})
    scored = metrics.get("test") or metrics.get("validation") or {}
    return {
        "bundle": None if model.path is None else str(model.path),
        "task": "embed" if model.parts is None else model.parts.target.task,
        **({"unit": scored["unit"]} if scored.get("unit") else {}),
        "shipped": metrics.get("shipped"),
        "metrics": scored.get("metrics", {}),
        "intervals": scored.get("intervals", {}),
        "retrieval": scored.get("retrieval", {}),
        **({"weighted": scored["weighted"]} if scored.get("weighted") else {}),
        **({"decision": scored["decision"]} if scored.get("decision") else {}),
        "baselines": metrics.get("baselines", []),
        "seconds": energy.get("seconds"),
        "num_parameters": metrics.get("num_parameters"),
        "peak_memory_mb": energy.get("peak_memory_mb"),
        "warnings": metrics.get("warnings", []),
        "notes": metrics.get("notes", []),
    }


def text_of_model(model: Model) -> str:
    """Return a line or two: target and inputs, what was shipped, its headline, where it lies."""
    inputs = [f"{name} ({_modality(model, name)})" for name in model.inputs[:NUM_INPUTS]]
    left = len(model.inputs) - len(inputs)
    names = ", ".join(shorten(name, 32) for name in inputs) + (f", {left} more" if left else "")
    told = summary(model)
    what = "the shared space of" if model.target is None else f"{model.target!r:.40} from"
    parts = [
        f"{what} {names}",
        shorten(model_name(told["shipped"] or ""), MAX_ITEM),
        scores_text(told["metrics"], told["intervals"]),
        "" if model.path is None else shorten(str(model.path), MAX_ITEM),
    ]
    return f"Model({'; '.join(part for part in parts if part)})"


def html_of_model(model: Model) -> Html:
    """Return the same as a fragment of a page, with what the simple models score."""
    told = summary(model)
    names = list(told["metrics"])
    title = "Shared space" if model.target is None else f"Model of {model.target}"
    inputs = ", ".join(f"{name} ({_modality(model, name)})" for name in model.inputs[:12])
    left = len(model.inputs) - 12
    note = f"reads {inputs}" + (f" and {left} more" if left > 0 else "")
    if model.target is None:
        columns, rows = direction_rows(told["retrieval"])
        return html_table(title, ["query -> item", *columns], rows[:10], note=note)
    parts = {model_name(told["shipped"]): told}
    parts |= {model_name(one["name"]): one for one in told["baselines"]}
    rows = [
        [name, *(_cell(part, metric) for metric in names)] for name, part in list(parts.items())[:8]
    ]
    return html_table(title, ["shipped, and simple models", *names], rows, note=note)


def _cell(part: dict[str, Any], metric: str) -> str:
    value = (part.get("metrics") or {}).get(metric)
    return with_interval(value, (part.get("intervals") or {}).get(metric))


def _modality(model: Model, name: str) -> str:
    codec = model.shown.get(name)
    return "column" if codec is None else codec.modality
