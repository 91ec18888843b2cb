"""Makes the pages that are looked at: reports, searches and inspections of small tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import page_tables
import plait
from plait.data.table import Table, read
from plait.demo import stickers
from plait.recipes.demo import LEFT_OUT, LICENCES, TARGET
from plait.recipes.inspect import inspect
from plait.recipes.report import write_report
from plait.recipes.search import search
from plait.recipes.search_page import write_search_page

FITS: dict[str, tuple[Callable[[], Any], dict[str, Any]]] = {
    "clinic": (page_tables.clinic, {"target": "days"}),
    "plant": (page_tables.plant, {"target": "state"}),
    "kitchen": (page_tables.kitchen, {"target": "tags"}),
    "desk": (page_tables.desk, {"target": "topic"}),
    "shop": (page_tables.shop, {"target": "kind", "on_error": "skip"}),
    "shelf": (
        page_tables.ratings,
        {"target": "film", "group": "user", "time": "when", "items": page_tables.films()},
    ),
}
INSPECTED = {"shop": "kind", "clinic": "days", "plant": "state"}


def make_pages(out: Path, *, budget: str = "30s", only: Sequence[str] | None = None) -> list[Path]:
    """Return the pages, made anew; bundles that are in `out` already are not fitted again.

    Args:
        out: Folder of bundles and pages.
        budget: Of each fit.
        only: Names of the pages to make; all by default.
    """
    out.mkdir(parents=True, exist_ok=True)
    makers: dict[str, Callable[[Path], Path]] = {
        name: partial(_report, out, name, budget) for name in (*FITS, "stickers", "space")
    }
    for name, target in INSPECTED.items():
        makers[f"inspect-{name}"] = partial(_inspection, name, target)
    makers["search-stickers"] = partial(_search, out, budget, {"text": "red fruit"}, None)
    two = {"text": "love", "image": _picture_of("cat face")}
    makers["search-both"] = partial(_search, out, budget, two, {"text": 2.0})
    wanted = [name for name in makers if only is None or name in only]
    return [makers[name](out / f"{name}.html") for name in wanted]


def _report(out: Path, name: str, budget: str, page: Path) -> Path:
    return write_report(_bundle(out, name, budget), page, force=True)


def _bundle(out: Path, name: str, budget: str) -> Path:
    bundle = out / f"{name}.plait"
    if bundle.exists():
        return bundle
    if name in FITS:
        table, settings = FITS[name]
        plait.fit(table(), budget=budget, out=bundle, **settings)
    else:
        target = TARGET if name == "stickers" else None
        left_out = LEFT_OUT if target else (*LEFT_OUT, TARGET)
        settings = {"exclude": left_out, "split": "split", "budget": budget, "licences": LICENCES}
        plait.fit(_stickers(), target=target, out=bundle, **settings)
    return bundle


def _stickers() -> Table:
    return read(stickers(), columns={"voice": "audio"})


def _picture_of(name: str) -> Any:
    table = _stickers()
    return table.column("image")[table.column("name").index(name)]


def _inspection(name: str, target: str, page: Path) -> Path:
    inspect(FITS[name][0](), target=target, page=page)
    return page


def _search(
    out: Path,
    budget: str,
    query: dict[str, Any],
    weights: dict[str, float] | None,
    page: Path,
) -> Path:
    bundle, table = _bundle(out, "space", budget), _stickers()
    where = 'split == "test"'
    found = search(bundle, table, query=query, weights=weights, top=12, where=where)
    return write_search_page(bundle, table, found, query, page, weights=weights, where=where)
