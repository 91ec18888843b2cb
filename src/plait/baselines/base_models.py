"""Base models: majority, neighbour, linear, boosted, in context, and those on a base's vectors."""

from __future__ import annotations

from pathlib import Path

from plait.baselines.boosted import Boosted as Boosted
from plait.baselines.contract import BaseModel as BaseModel
from plait.baselines.in_context import InContext as InContext
from plait.baselines.label_propagation import LabelPropagation as LabelPropagation
from plait.baselines.linear import Linear as Linear
from plait.baselines.majority import Majority as Majority
from plait.baselines.neighbour import NearestNeighbour as NearestNeighbour
from plait.baselines.product_of_experts import ProductOfExperts as ProductOfExperts
from plait.baselines.reduced_models import SETS
from plait.baselines.reduced_models import ReducedModel as ReducedModel
from plait.baselines.reduced_models import WithReducedModels as WithReducedModels
from plait.baselines.space_base_models import Probe as Probe
from plait.baselines.space_base_models import Prompts as Prompts
from plait.baselines.space_base_models import Prototypes as Prototypes
from plait.baselines.table_trees import TableTrees as TableTrees
from plait.errors import BundleError

BASELINES: dict[str, type[BaseModel]] = {
    base_model.name: base_model for base_model in (Majority, NearestNeighbour, Linear, Boosted)
}
"""Name -> base model for any target and table, from simple to strong."""

BASE_MODELS: dict[str, type[BaseModel]] = BASELINES | {
    base_model.name: base_model
    for base_model in (
        ProductOfExperts,
        LabelPropagation,
        Prototypes,
        Prompts,
        Probe,
        TableTrees,
        InContext,
    )
}
"""All of them: also for several input columns, rows without a target, a base's vectors, a tabular
foundation model."""


def load_base_model(name: str, folder: Path) -> BaseModel:
    """Read a saved base model, reduced ones included. Raises `BundleError` for an unknown name."""
    if (folder / SETS).is_file():
        return WithReducedModels.load(folder)
    return load_whole(name, folder)


def load_whole(name: str, folder: Path) -> BaseModel:
    """Read a saved base model without reduced ones. Raises `BundleError` for an unknown name."""
    if name not in BASE_MODELS:
        raise BundleError(
            "the bundle mixes in a model of an unknown kind",
            expected=", ".join(BASE_MODELS),
            received=name,
            path=folder,
            hint="use the version of plait that wrote it, or fit again",
        )
    return BASE_MODELS[name].load(folder)
