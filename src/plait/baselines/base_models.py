"""Base models: majority, neighbour, linear, boosted, in context, and those on a base's vectors."""

from __future__ import annotations

from plait.baselines.boosted import Boosted as Boosted
from plait.baselines.contract import BaseModel as BaseModel
from plait.baselines.in_context import InContext as InContext
from plait.baselines.kinds import load_base_model as load_base_model
from plait.baselines.kinds import name_kinds
from plait.baselines.label_propagation import LabelPropagation as LabelPropagation
from plait.baselines.linear import Linear as Linear
from plait.baselines.majority import Majority as Majority
from plait.baselines.neighbour import NearestNeighbour as NearestNeighbour
from plait.baselines.product_of_experts import ProductOfExperts as ProductOfExperts
from plait.baselines.reduced_models import ReducedModel as ReducedModel
from plait.baselines.reduced_models import WithReducedModels as WithReducedModels
from plait.baselines.space_base_models import Probe as Probe
from plait.baselines.space_base_models import Prompts as Prompts
from plait.baselines.space_base_models import Prototypes as Prototypes
from plait.baselines.table_trees import TableTrees as TableTrees

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

name_kinds(BASE_MODELS, WithReducedModels)
