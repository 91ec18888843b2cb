"""A fit of what comes next: interactions become moments, and what is known of items a catalogue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from plait.baselines.features import FeatureMap
from plait.data.decoding import read_cell
from plait.data.fitting import fit_codecs
from plait.data.histories.events import Events, item_names, read_events, share_of_repeats, titles_in
from plait.data.histories.plan import SPLIT, WHO, HistoryPlan, plan_histories
from plait.data.histories.rows import learning_histories
from plait.data.prepared import prepare_rows
from plait.data.schema import make_codec
from plait.data.table import Table, read
from plait.errors import (
    CellError,
    ColumnError,
    TableError,
    TargetError,
    UsageError,
    no_column,
)
from plait.fitting.setup.fit_config import FitConfig
from plait.fitting.setup.fit_settings import Rows, refuse_settings
from plait.fitting.setup.roles import check_apart, split_column
from plait.modalities import traits_of_modality
from plait.modalities.item.catalogue import packed
from plait.modalities.item.ranker import MOST_ITEMS
from plait.modalities.item.scoring import CUT

MOST_REPEATS = 0.05
"""Where training takes a thing again less often, what was taken before is not recommended."""

TITLES = ("title", "name")
"""Parts of the name of a column that says what people call an item."""

MOST_PICTURES = 200
"""Of the most frequent items: they are kept in the bundle."""

MOST_CONTENT = 256
"""Features of an item that its content is made of, at most: else projected at random."""


@dataclass(frozen=True)
class Catalogue:
    """What is known of items.

    Attributes:
        names: Of all items.
        titles: What people call each; empty where that is its name.
        content: Packed features; "" for none.
        pictures: What each looks like, "" for nothing; empty where nothing is known.
        notes: What a person should know.
    """

    names: tuple[str, ...]
    titles: tuple[str, ...] = ()
    content: str = ""
    pictures: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def is_asked(table: Table, asked: FitConfig) -> bool:
    """Tell whether what comes next is asked, by what was said or for nothing else can be meant.

    Items are named by a table of them, or by the target's modality; or the table has nothing but
    who took what, and when: no other column that the target could be told from.
    """
    wanted, rows, target = asked.recommending, asked.rows, asked.target
    if wanted.items is not None or wanted.leave_last_out:
        return True
    if target is None or target not in table.schema or asked.forecasting.horizon is not None:
        return False
    if rows.group is None or rows.time is None:
        return False
    said = {target, rows.group, rows.time, rows.split, rows.weights, *asked.exclude}
    alone = all(column.name in said for column in table.schema.values())
    return alone or traits_of_modality(table.schema[target].modality).sequel


def in_histories(table: Table, asked: FitConfig) -> tuple[Table, FitConfig, HistoryPlan]:
    """Return the table of moments and the settings to fit, and their plan.

    Raises:
        UsageError: What is needed is not said, or something is said that has no meaning.
        TableError, ColumnError: See `plan_histories`, `read_events` and `learning_histories`.
    """
    target, group, time = _check(table, asked)
    split = asked.rows.split or split_column(table.schema, asked.exclude)
    plan, of_items, untold = plan_histories(
        table,
        target,
        group=group,
        time=time,
        split=None if asked.recommending.leave_last_out else split,
        last_out=asked.recommending.leave_last_out,
        exclude=asked.exclude,
    )
    events, nameless = read_events(table, plan)
    counts = Counter(name for one in events for name in one.items[one.parts == 0].tolist())
    if len(counts) == 1:
        raise TargetError(
            "training takes one item only, so there is nothing to learn",
            expected="at least two items",
            received=next(iter(counts)),
            column=target,
        )
    about = _about(table, plan, of_items, asked, events)
    catalogue = make_catalogue(about, target, counts)
    repeats = share_of_repeats(events)
    settings = {
        "items": catalogue.names,
        "titles": catalogue.titles,
        "counts": tuple(counts.get(name, 0) for name in catalogue.names),
        "content": catalogue.content,
        "pictures": catalogue.pictures,
        "repeats": repeats >= MOST_REPEATS,
    }
    titles = dict(zip(catalogue.names, catalogue.titles, strict=False))
    notes = (*catalogue.notes, *_notes(events, nameless, untold, repeats))
    notes += (*_many(len(counts)), *_few(len(catalogue.names)))
    moments = learning_histories(table, plan, events, settings, titles, notes)
    rows = Rows(split=plan.named(SPLIT), group=plan.named(WHO))
    return moments, replace(asked, target=plan.goal, rows=rows, exclude=()), plan


def make_catalogue(about: Table | None, item: str, counts: Counter[str]) -> Catalogue:
    """Return what is known of items: of a table of them, and of training, in this order.

    Args:
        about: Rows of items; None where nothing is known beside the names.
        item: Its column of the names.
        counts: How often training took each.
    """
    often = [name for name, _ in sorted(counts.items(), key=lambda one: (-one[1], one[0]))]
    if about is None:
        return Catalogue(tuple(often))
    names = item_names(about, item)
    first: dict[str, int] = {}
    for row, name in enumerate(names):
        if name is not None:
            first.setdefault(name, row)
    others = [name for name in often if name not in first]
    every = (*first, *others)
    rows = np.array(list(first.values()), np.int64)
    columns = [column.name for column in about.schema.values() if column.name != item]
    title = next((c for c in columns if _is_title(about, c)), None)
    titles: tuple[str, ...] = ()
    if title is not None:
        said = titles_in(about.take(rows), title)
        titles = (*(t or n for t, n in zip(said, first, strict=True)), *others)
    content = np.zeros((len(every), 0), np.float32)
    if columns:
        known = features_of(about.take(rows), columns)
        content = np.zeros((len(every), known.shape[1]), np.float32)
        content[: len(known)] = known
    cold = sum(name not in counts for name in every)
    notes = [f"{cold:,} of {len(every):,} items were never taken in training"] if cold else []
    twice = sum(name is not None for name in names) - len(first)
    if twice:
        notes.append(f"{twice:,} rows of the table of items name one again: the first is taken")
    if others:
        notes.append(f"nothing is known of {len(others):,} items but who took them")
    pictures = pictures_of(about, columns, {name: first[name] for name in often if name in first})
    shown = tuple(pictures.get(name, "") for name in every) if pictures else ()
    return Catalogue(every, titles, packed(content), shown, tuple(notes))


def pictures_of(table: Table, columns: Sequence[str], rows: Mapping[str, int]) -> dict[str, str]:
    """Return what the first items look like, by name, where a column has pictures of them."""
    kinds = ((name, traits_of_modality(table.schema[name].modality)) for name in columns)
    column = next((name for name, traits in kinds if traits.pictured), None)
    if column is None:
        return {}
    codec, media, found = make_codec(table.schema[column]), table.media(), {}
    for name, row in list(rows.items())[:MOST_PICTURES]:
        try:
            raw = read_cell(codec, table.column(column, [row])[0], media)
        except CellError:
            continue
        if raw is not None:
            found[name] = codec.show(raw)
    return found


def features_of(table: Table, columns: Sequence[str]) -> np.ndarray:
    """Return the simple features of rows, float32 ``[row, feature]``, as points in a space."""
    rows = np.arange(table.num_rows)
    codecs = fit_codecs(table, columns, rows, features_only=True)
    prepared = prepare_rows(table.under(table.policy.or_else("skip")), codecs)
    _, matrices = FeatureMap.fit(prepared, columns, rows)
    return matrices.points(MOST_CONTENT)


def _about(
    table: Table,
    plan: HistoryPlan,
    of_items: Sequence[str],
    asked: FitConfig,
    events: Sequence[Events],
) -> Table | None:
    """Return a table of items: the one that was said, or of columns that are the same for each.

    The latter of what training took: that something will be taken is not known before.
    """
    items = asked.recommending.items
    if items is not None:
        about = read(items)
        if plan.item not in about.column_names:
            raise ColumnError(
                "the table of items does not name them as the table of who took them does",
                expected=f"a column '{plan.item}'",
                received=", ".join(about.column_names),
                hint=f"rename its column of items to {plan.item}",
            )
        return about
    learned = np.sort(np.concatenate([one.rows[one.parts == 0] for one in events]))
    if not of_items or not len(learned):
        return None
    first: dict[str, int] = {}
    for row, name in zip(learned, item_names(table.take(learned), plan.item), strict=True):
        first.setdefault(name, int(row))
    others = [n for n in table.column_names if n not in (plan.item, *of_items)]
    return table.take(list(first.values())).without(others)


def _is_title(table: Table, column: str) -> bool:
    words = traits_of_modality(table.schema[column].modality).words
    return words and any(part in column.lower() for part in TITLES)


def _notes(
    events: Sequence[Events], nameless: int, untold: Sequence[str], repeats: float
) -> list[str]:
    again = f"{100 * repeats:.1f} % of what training took had been taken before by the same"
    left = "so that it is recommended again" if repeats >= MOST_REPEATS else "so it is left out"
    notes = [f"{again}: {left}"]
    if nameless:
        notes.append(f"{nameless:,} rows name no item and tell nothing")
    if untold:
        told = ", ".join(untold)
        notes.append(f"not told, for of the next row they would not be known: {told}")
    tied = sum(int((np.diff(one.times) == 0).sum()) for one in events)
    every = sum(max(len(one) - 1, 0) for one in events)
    if tied > 0.01 * every:
        share = 100 * tied / max(every, 1)
        notes.append(f"{share:.0f} % of items are of the same time as the one before: table order")
    return notes


def _many(num: int) -> list[str]:
    """Return what to say where there are more items than are related to each other."""
    if num <= MOST_ITEMS:
        return []
    often = f"the {MOST_ITEMS:,} most frequent of {num:,} items"
    return [f"simple models relate {often}: rarer ones go by what is known of them"]


def _few(num: int) -> list[str]:
    """Return what to say where all items are among the best."""
    told = f"there are {num} items: all are among anybody's {CUT} best, so recall tells nothing"
    return [] if num > CUT else [told]


def _check(table: Table, asked: FitConfig) -> tuple[str, str, str]:
    """Return the columns of items, groups and times. Raises `UsageError`, `ColumnError`."""
    rows = asked.rows
    told = {
        "weights": rows.weights is not None,
        "base": asked.start.base is not None,
        "metric": asked.choice.metric is not None,
        "horizon": asked.forecasting.horizon is not None,
        "leave_last_out beside a split": asked.recommending.leave_last_out
        and rows.split is not None,
    }
    refuse_settings("what comes next has no use for these settings", told)
    named = {"target": asked.target, "group": rows.group, "time": rows.time}
    check_apart([*named.items()])
    missing = [name for name, column in named.items() if column is None]
    if missing:
        raise UsageError(
            "what comes next needs to know who took what, and when",
            expected="columns of items, of who took them, and of times",
            received="no " + ", no ".join(missing),
            hint="--target item --group user --time timestamp",
        )
    for column in (*named.values(), *filter(None, [rows.split])):
        if column not in table.column_names:
            raise no_column(str(column), table.column_names)
    if not table.num_rows:
        raise TableError("the table has no rows", expected="rows of who took what")
    return str(asked.target), str(rows.group), str(rows.time)
