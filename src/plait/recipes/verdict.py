"""A fitted model judged in the sentence that its page begins with."""

from __future__ import annotations

from plait.model.model import Model
from plait.report.verdict import verdict
from plait.report.words import measured_in


def verdict_of(model: Model) -> str:
    """Return what the page says first: whether the model is worth using, in a sentence."""
    facts = {} if model.parts is None else model.parts.facts()
    told = {"target": model.target, "inputs": list(model.inputs), "headline": facts.get("headline")}
    unit = "" if model.parts is None else model.parts.judge.unit
    with measured_in(unit):
        return verdict({"model": told, "metrics": model.records.get("metrics") or {}})
