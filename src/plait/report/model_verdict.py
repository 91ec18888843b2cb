"""A fitted model judged in the sentence that its page begins with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plait.model.model import Model
from plait.model.several import Several
from plait.report.verdict import verdict
from plait.report.words import brought_along, measured_in


def summary_of(model: Model) -> dict[str, Any]:
    """Return a model's summary with its verdict; of several targets with that of each."""
    found = model.summary()
    if not isinstance(model, Several):
        return found | {"verdict": found.get("verdict") or verdict_of(model)}
    for name, one in model.models.items():
        found["targets"][name]["verdict"] = verdict_of(one)
    return found


def verdict_of(model: Model, metrics: Mapping[str, Any] | None = None) -> str:
    """Return what the page says first: whether the model is worth using, in a sentence.

    Args:
        model: Fitted.
        metrics: What the fit measured, where the model's records do not hold it yet.
    """
    measured = (model.records.get("metrics") or {}) if metrics is None else metrics
    facts = {} if model.parts is None else model.parts.facts()
    told = {"target": model.target, "inputs": list(model.inputs), "headline": facts.get("headline")}
    unit = "" if model.parts is None else model.parts.judge.unit
    with brought_along(measured.get("words") or {}), measured_in(unit):
        return verdict({"model": told, "metrics": measured})
