"""A model as the files of a bundle, and from them again; all plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from plait.bundle import Bundle, to_json
from plait.data.schema import Schema
from plait.model.derived_columns import DerivedColumn
from plait.model.shared_space import SharedSpace
from plait.model.storage import (
    codecs_facts,
    codecs_from,
    load_derived_column,
    load_parts,
    load_space,
    space_facts,
    space_files,
)
from plait.model.versions import VERSIONS, check_versions

if TYPE_CHECKING:
    from plait.model.model import Model

OWN = frozenset({"model", "codecs", "schema", "manifest", "card"})
"""JSON files of a bundle that are no records."""

WHOLE_ROWS = "rows"
"""The task of a model of whole rows."""


def files_of(model: Model) -> dict[str, bytes]:
    """Return the files of a model's bundle: name -> content."""
    codecs = dict({} if model.parts is None else model.parts.codecs)
    if model.target is not None:
        codecs[model.target] = model.target_codec
    return {
        "schema.json": to_json(model.schema.to_dict()),
        "codecs.json": to_json({**codecs_facts(codecs), "shown": codecs_facts(model.shown)}),
        "card.md": model.card.encode(),
        "model.json": to_json(facts_of(model)),
        **({} if model.parts is None else model.parts.files()),
        **({} if model.shared is None else space_files(model.shared)),
        **{
            name: data
            for derived in model.derived_columns
            for name, data in derived.files().items()
        },
        **{f"{name}.json": to_json(value) for name, value in model.records.items()},
    }


def fields_from(bundle: Bundle, like: Model | None = None) -> dict[str, Any]:
    """Return the fields of the `Model` that a bundle holds.

    Args:
        bundle: Its files.
        like: A model of the same inputs, whose space and derived columns are taken: then the
            bundle need not hold them.

    Raises `BundleError` for one of another version; `KeyError`, `TypeError` or `ValueError` where
    its files do not fit together.
    """
    about = bundle.read_json("model.json")
    check_versions(about, bundle.path)
    stored = bundle.read_json("codecs.json")
    codecs = codecs_from(stored, bundle.path)
    target = about["target"]
    answer = codecs.pop(target) if target is not None else None
    input_columns = {name: tuple(columns) for name, columns in about["input_columns"].items()}
    shared: SharedSpace | None = None
    derived_columns: tuple[DerivedColumn, ...] = ()
    if like is not None:
        shared, derived_columns = like.shared, like.derived_columns
    elif about["space"]:
        shared = load_space(bundle, about["space"])
    every = {**({} if shared is None else shared.codecs), **codecs}
    for column in [column for columns in input_columns.values() for column in columns]:
        every[column]  # raises KeyError when the input columns name what no codec reads
    if like is None:
        facts = about["derived_columns"]
        derived_columns = tuple(load_derived_column(f, bundle, every, shared) for f in facts)
    return {
        "schema": Schema.from_dict(bundle.read_json("schema.json")),
        "input_columns": input_columns,
        "target": target,
        "parts": load_parts(bundle, about, codecs, answer),
        "shared": shared,
        "shown": codecs_from(stored["shown"], bundle.path),
        "derived_columns": derived_columns,
        "records": {k: v for k, v in bundle.read_all_json().items() if k not in OWN},
        "card": bundle.read_bytes("card.md").decode(),
        "path": bundle.path,
        "group": about.get("group"),
        "on_error": str(about.get("on_error", "raise")),
        **_in_time(about),
    }


def _in_time(about: Mapping[str, Any]) -> dict[str, Any]:
    """Return the field of what reads rows in time, loaded where a bundle has it."""
    if about.get("forecast"):
        from plait.model.forecast import Forecast

        return {"forecast": Forecast.from_dict(about["forecast"])}
    if about.get("recommendation"):
        from plait.model.recommendation import Recommendation

        return {"recommendation": Recommendation.from_dict(about["recommendation"])}
    if about.get("policy"):
        from plait.model.policy import Policy

        return {"policy": Policy.from_dict(about["policy"])}
    return {}


def facts_of(model: Model) -> dict[str, Any]:
    """Return what ``model.json`` tells of a model."""
    return {
        "target": model.target,
        "group": model.group,
        "inputs": list(model.inputs),
        "input_columns": {name: list(columns) for name, columns in model.input_columns.items()},
        **({"task": "embed"} if model.parts is None else model.parts.facts()),
        **({} if model.forecast is None else {"verb": "Forecasts"}),
        "forecast": None if model.forecast is None else model.forecast.to_dict(),
        "recommendation": None if model.recommendation is None else model.recommendation.to_dict(),
        "policy": None if model.policy is None else model.policy.to_dict(),
        "space": None if model.shared is None else space_facts(model.shared),
        "derived_columns": [derived.facts() for derived in model.derived_columns],
        "on_error": model.on_error,
        "versions": VERSIONS,
    }
