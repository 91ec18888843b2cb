"""Recipes that do nothing but remember how the command line called them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from plait.fitting.setup.config import read_config, write_config

SUMMARY = {
    "bundle": "shop.plait",
    "task": "classify",
    "shipped": "stack",
    "metrics": {"accuracy": 0.91, "log_loss": float("nan")},
    "baselines": [{"name": "majority", "metrics": {"accuracy": 0.5}, "seconds": 0.1}],
    "seconds": 12.5,
    "num_parameters": 210_000,
    "peak_memory_mb": 512.0,
    "notes": ["no row has all columns"],
}
SCORES = {
    "task": "classify",
    "rows": 40,
    "metrics": {"accuracy": 0.9},
    "intervals": {"accuracy": [0.85, 0.95]},
    "by_present": {"image+text": {"rows": 30, "metrics": {"accuracy": 0.93}}},
}
INSPECTION = {
    "name": "shop.csv",
    "num_rows": 40,
    "target": "kind",
    "columns": [
        {"name": "photo", "modality": "image", "role": "value", "share_missing": 0.1},
        {"name": "number", "modality": None, "role": "id", "why": "all different"},
        {"name": "kind", "modality": "category", "role": "value", "share_missing": 0.0},
    ],
    "duplicates": [{"column": "*", "num_groups": 1, "num_rows": 2, "rows": [3, 9]}],
    "identical_columns": [["price", "cost"]],
    "leaks": [{"column": "code", "score": 0.99, "reason": "tells the target alone"}],
    "class_counts": {"boot": 30, "hat": 10},
    "warnings": ["the column colour is constant"],
}
ANSWERS: dict[str, tuple[str, Any]] = {
    "fit": ("fit", SimpleNamespace(summary=lambda: SUMMARY)),
    "evaluate": ("evaluate", SCORES),
    "predict": ("predict", {"rows": 3, "out": "p.csv", "columns": ["prediction"]}),
    "report": ("write_report", Path("report.html")),
    "inspect": ("inspect", INSPECTION),
    "demo": ("run_demo", {"report": "report.html", "scores": [{"inputs": "all", "accuracy": 0.8}]}),
}


class Recipes:
    """Stands for plait.recipes; `calls` holds (verb, positional, keywords)."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
        self.error: BaseException | None = None

    def function(self, verb: str, answer: Any) -> Callable[..., Any]:
        def recipe(*args: Any, **kwargs: Any) -> Any:
            self.calls.append((verb, args, kwargs))
            if self.error is not None:
                raise self.error
            return answer

        return recipe


@pytest.fixture
def recipes(monkeypatch: pytest.MonkeyPatch) -> Recipes:
    """Put fakes in the place of every recipe that the commands import."""
    fakes = Recipes()
    for verb, (name, answer) in ANSWERS.items():
        module = ModuleType(f"plait.recipes.{verb}")
        setattr(module, name, fakes.function(verb, answer))
        monkeypatch.setitem(sys.modules, module.__name__, module)
    vars(sys.modules["plait.recipes.fit"]).update(
        read_config=read_config, write_config=write_config
    )
    judge = ModuleType("plait.report.model_verdict")
    judge.__dict__["summary_of"] = lambda model: {
        **model.summary(),
        "verdict": "Better than guessing.",
    }
    monkeypatch.setitem(sys.modules, judge.__name__, judge)
    return fakes
