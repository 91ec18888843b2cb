"""What a page is told of a model: how cells are prepared, answers made; all plain data."""

from __future__ import annotations

import dataclasses
import inspect
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plait.display import model_name
from plait.errors import TargetError
from plait.modalities import Codec, PredictiveTarget, find_codec
from plait.model.calibration import Calibration
from plait.model.decision import Decision
from plait.model.ensemble import DEEP, Ensemble
from plait.model.model import Model
from plait.model.several import Several
from plait.networks.feature_columns import tells_features
from plait.networks.graphs import graph_file
from plait.web.learning import learning_facts

FOLDER, ENTRY = "browser", "codec.js"
"""Of a modality's folder: what reads and prepares its cells in a browser, and its first file."""

HINT = "plait compress BUNDLE TABLE --network-alone makes one that is a network alone, as a graph"


def page_facts(model: Model) -> dict[str, Any]:
    """Return what the page's ``model.json`` tells.

    Raises `TargetError` for a model that a browser cannot run: see `check_runs_in_browsers`.
    """
    ensemble = check_runs_in_browsers(model)
    return {
        "target": model.target,
        "columns": [column_facts(name, ensemble.codecs[name]) for name in model.inputs],
        "answer": _answer(ensemble.target, ensemble.decision),
        "calibration": None if ensemble.whole is not None else _calibration(ensemble.calibration),
        "learning": None if ensemble.rehearsal is None else learning_facts(model),
        "graphs": [
            {"file": graph_file(number), "precision": graph.precision, "folded": graph.folded}
            for number, graph in enumerate(ensemble.graphs)
        ],
    }


def check_runs_in_browsers(model: Model) -> Ensemble:
    """Return what the model predicts with.

    Raises `TargetError` where it is more than graphs, reads what no browser can prepare, or answers
    what rows in time bring next.
    """
    parts = _check_suits(model)
    if parts.whole is not None:
        if parts.whole:
            column = parts.whole[0].column
            raise _refused(
                f"its graph is given features of '{column}', which no browser makes", HINT
            )
        return parts
    if set(parts.weights) != {DEEP}:
        simple = ", ".join(sorted(set(parts.weights) - {DEEP}))
        raise _refused(f"its answers need simple models: {simple}", HINT)
    if parts.evidence:
        raise _refused("its network is told what simple models say", HINT)
    if not parts.graphs:
        raise _refused("its network is not a graph", HINT)
    return parts


def check_can_be_page(model: Model) -> None:
    """Raise `TargetError` where a model, once its mix is a graph, would not run in a browser.

    It is told before anything is traced: which column binds, and which model reads it.
    """
    parts = _check_suits(model)
    if parts.graphs:
        check_runs_in_browsers(model)
        return
    scales = {} if parts.features is None else dict(parts.features.scales)
    simple = [name for name in parts.weights if name != DEEP]
    readers = {name: model_name(simple[0]) for name in scales} if simple else {}
    for evidence in parts.evidence:
        for name, scale in evidence.scales.items():
            scales.setdefault(name, scale)
            readers.setdefault(name, "what tells the network")
    for name, scale in scales.items():
        codec = parts.codecs[name]
        if name in readers and not tells_features(codec, scale.plan):
            raise _refused(
                f"{readers[name]} reads features of '{name}', a column of {codec.modality}, which "
                "no browser makes",
                HINT,
            )


def _check_suits(model: Model) -> Ensemble:
    """Return what a model predicts with. Raises `TargetError` where no browser can ask it."""
    parts = model.parts
    if isinstance(model, Several):
        raise _refused("it answers several targets", "in Python, write the page of model[TARGET]")
    if parts is None:
        raise _refused("it has no target", None)
    if not isinstance(parts, Ensemble):
        raise _refused(f"it makes a {parts.target.modality}", None)
    if model.in_time is not None:
        raise _refused("it answers what comes next of rows in time", None)
    derived = [one.input_column for one in model.derived_columns]
    if derived:
        raise _refused(
            f"a pretrained encoder, a base or a table of words reads {', '.join(derived)}", HINT
        )
    for name in model.inputs:
        if not browser_folder(parts.codecs[name].modality):
            modality = parts.codecs[name].modality
            raise _refused(
                f"no browser reads '{name}', a column of {modality}",
                f"fit without it: --columns {name}=ignore",
            )
    return parts


def browser_folder(modality: str) -> Path | None:
    """Return the folder of what reads a modality in browsers; None where it has none."""
    folder = Path(inspect.getfile(find_codec(modality))).with_name(FOLDER)
    return folder if (folder / ENTRY).is_file() else None


def _refused(why: str, hint: str | None) -> TargetError:
    return TargetError(
        "this model cannot be made a page",
        expected="a predicted target, answered by graphs whose inputs browsers make",
        received=why,
        hint=hint,
    )


def column_facts(name: str, codec: Codec) -> dict[str, Any]:
    """Return what the page is told of a column: how its cells are prepared."""
    parts = {
        key: {"shape": list(spec.shape), "dtype": spec.dtype} for key, spec in codec.layout.items()
    }
    return {
        "name": name,
        "modality": codec.modality,
        "codec": _plain(_fields(codec)),
        "parts": parts,
    }


def _answer(target: PredictiveTarget, decision: Decision | None) -> dict[str, Any]:
    """Return what answers are made by: the form of the outputs, labels, bounds, the decision."""
    labels = [str(label) for label in getattr(target, "labels", ())]
    found: dict[str, Any] = {
        "form": target.form.name,
        "labels": labels,
        "decision": None,
        "codec": {name: value for name, value in _fields(target).items() if name != "labels"},
        "bounds": list(getattr(target, "bounds", (-math.inf, math.inf))),
    }
    if decision is not None:
        place = labels.index(decision.positive)
        found["decision"] = {"place": place, "threshold": decision.threshold}
    plain: dict[str, Any] = _plain(found)
    return plain


def _calibration(calibration: Calibration | None) -> dict[str, Any] | None:
    """Return the factors, and the columns that its patterns are of, in their order."""
    if calibration is None:
        return None
    found: dict[str, Any] = _plain(calibration.facts())
    return {**found, "columns": list(calibration.input_columns)}


def _fields(codec: Any) -> dict[str, Any]:
    """Return a codec's fields, those at their default too."""
    return {field.name: getattr(codec, field.name) for field in dataclasses.fields(codec)}


def _plain(value: Any) -> Any:
    """Return JSON-ready data; what is not finite, such as an open bound, is null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
