"""What comes next: the items that each group of a table takes, and because of which before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from plait.answer import Answer
from plait.data.histories.plan import HISTORY, HistoryPlan
from plait.data.histories.rows import judging_histories, last_histories
from plait.data.table import Table
from plait.errors import UsageError
from plait.modalities import Asked
from plait.modalities.item.ranking import Ranking
from plait.model.made import raw_of
from plait.model.wants import Wants
from plait.progress import Progress

if TYPE_CHECKING:
    from plait.model.model import Model

TOP = 10
"""Items for each group, where nothing else is said."""

MOST_TOP = 1000
NUM_REASONS = 3


@dataclass(frozen=True)
class Recommendation:
    """What a model needs to tell what comes next.

    Attributes:
        plan: How interactions become histories.
    """

    plan: HistoryPlan

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready data."""
        return {"plan": self.plan.to_dict()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Recommendation:
        """Rebuild what `to_dict` gave."""
        return cls(HistoryPlan.from_dict(data["plan"]))

    def reads(self, table: Table) -> bool:
        """Tell whether a table is of interactions; it may also hold whole histories in its cells.

        >>> plait.predict(model, {"history": '[{"item": "tea"}]'})   # doctest: +SKIP
        """
        there, plan = set(table.column_names), self.plan
        named = bool({plan.item, plan.group, plan.time} & there)
        return named and not table.overlaps and plan.named(HISTORY) not in there

    def judging(self, model: Model, table: Table) -> Table:
        """Return the moments by which a model is judged; see `judging_histories`."""
        return judging_histories(table, self.plan, _titles(model))

    def answer(
        self, model: Model, table: Table, asked: Asked | None, progress: Progress, wants: Wants
    ) -> Answer:
        """Return what each group takes next; see `next_items`."""
        wants.only("top")
        top = TOP if wants.top is None else wants.top
        return next_items(model, table, self.plan, asked, progress, top)


def next_items(
    model: Model,
    table: Table,
    plan: HistoryPlan,
    asked: Asked | None,
    progress: Progress,
    top: int,
) -> Answer:
    """Return the next items of each group of a table: a row per group and item, the best first.

    Columns are the group, the ``rank`` from 1, the item, its ``title`` where items have any, its
    ``probability``, and ``because``: up to three items of the history that speak most for it, where
    what ships is a sum over them.

    Raises `UsageError` for a top that is none.
    """
    if not 1 <= top <= MOST_TOP:
        raise UsageError(
            "so many items cannot be ranked", expected=f"1 to {MOST_TOP:,}", received=top
        )
    codec: Any = model.target_codec
    moments, groups = last_histories(table, plan, _titles(model))
    made = raw_of(model.outputs_of(moments, asked=asked, progress=progress))
    columns: dict[str, list[Any]] = {plan.group: [], "rank": [], plan.item: []}
    columns |= {"title": []} if codec.titles else {}
    columns |= {"probability": [], "because": []}
    for group, ranking in zip(groups, made, strict=True):
        names = [str(name) for name in ranking.items[:top]]
        columns[plan.group] += [group.name] * len(names)
        columns["rank"] += range(1, len(names) + 1)
        columns[plan.item] += names
        if codec.titles:
            columns["title"] += [codec.title(name) for name in names]
        columns["probability"] += [float(f"{p:.4g}") for p in np.exp(ranking.scores[:top])]
        columns["because"] += _reasons(model, group.items[-plan.lookback :].tolist(), names)
    shown = columns if any(columns["because"]) else _without(columns, "because")
    return Answer(shown, (*moments.notes, *_unknown(groups, codec)))


def _unknown(groups: Sequence[Any], codec: Any) -> list[str]:
    """Return what to say of items in histories that neither training nor their table has."""
    names = [str(name) for group in groups for name in group.items]
    unseen = set(codec.unseen(Ranking.of(*set(names))))
    num = sum(name in unseen for name in names)
    told = f"{num:,} of {len(names):,} rows name an item of which nothing is known"
    return [told] if num else []


def _titles(model: Model) -> dict[str, str]:
    """Return what people call the items, by name; empty where that is their name."""
    codec: Any = model.target_codec
    return dict(zip(codec.items, codec.titles, strict=False))


def _reasons(model: Model, history: Sequence[str], items: Sequence[str]) -> list[str]:
    """Return what speaks for each item, ``tea; milk``; "" where nothing is known to."""
    codec: Any = model.target_codec
    reasons = getattr(model.generator.simple, "reasons", None)
    if reasons is None:
        return [""] * len(items)
    found = reasons(history, items, NUM_REASONS)
    return ["; ".join(codec.title(name) for name in names) for names in found]


def _without(columns: Mapping[str, list[Any]], name: str) -> dict[str, list[Any]]:
    return {key: values for key, values in columns.items() if key != name}
