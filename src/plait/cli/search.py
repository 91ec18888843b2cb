"""plait search: the rows of a table nearest to any text, picture, sound or other columns."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from plait.cli.groups import Group, Reading, grouped, place, switch, text, texts
from plait.cli.options import Force, Json, Quiet, Seed, Weight, pairs_of, weights_of
from plait.cli.show import emit, print_table, print_warnings, say_notes
from plait.errors import UsageError

EXAMPLE = """Examples:

plait search base.plait --table catalogue.csv --text "red boot" --top 5

plait search base.plait --table catalogue.csv --audio query.wav --where "price < 20"

plait search base.plait --table catalogue.csv --text boot --image a.jpg --weight text=2"""


def _cells(given: dict[str, Any]) -> dict[str, str]:
    named = pairs_of(given.pop("query"))
    cells = {**given, **named}
    return {name: cell for name, cell in cells.items() if cell is not None}


Query = Annotated[
    dict[str, str],
    Group(
        {
            "text": (text("Words to look for."), None),
            "image": (text("Picture to look for."), None),
            "audio": (text("Sound to look for."), None),
            "video": (text("Film to look for."), None),
            "query": (
                texts("Value of any column or modality: --query size=42; may be repeated."),
                None,
            ),
        },
        _cells,
    ),
]
"""What is looked for: the cells of one row, by column or modality."""

KeptIndex = Annotated[
    dict[str, Any],
    Group(
        {
            "index": (place("Folder in which to keep the index [default: the cache]"), None),
            "rebuild": (
                switch("--rebuild", "Embed all rows again, though an index is there."),
                False,
            ),
        }
    ),
]
"""Where the vectors of the table's rows are kept."""


@grouped
def search(
    bundle: Annotated[Path, typer.Argument(help="Bundle with a shared space.")],
    table: Annotated[
        str | None, typer.Option(help="Table to search; may be left out with a kept --index.")
    ] = None,
    *,
    query: Query,
    weight: Weight = None,
    top: Annotated[int, typer.Option(min=1, help="How many rows.")] = 10,
    where: Annotated[
        str | None, typer.Option(help='Keep rows for which this holds: "price < 20".')
    ] = None,
    kept: KeptIndex,
    page: Annotated[
        Path | None, typer.Option(help="Also write the hits as a page with pictures and sounds.")
    ] = None,
    force: Force = False,
    reading: Reading,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Find the rows nearest to a text, a picture, a sound, or several at once.

    The index is kept: the second search of a table is fast, and new rows are added to it.
    """
    from plait.progress import open_progress
    from plait.recipes.search import search as run_search

    if page is not None and table == "-":
        raise UsageError(
            "a page shows the table's rows, and standard input can be read only once",
            expected="a file with --page",
        )
    if page is not None:
        from plait.recipes.search_page import check_page, write_search_page

        check_page(bundle, table, page, force=force)
    asked: dict[str, Any] = {"weights": weights_of(weight), "where": where}
    # Searching draws no random numbers; --seed is there because every verb has it.
    with open_progress(quiet=quiet) as progress:
        result = run_search(
            bundle,
            table,
            query=query,
            top=top,
            progress=progress,
            reading=reading,
            **asked,
            **kept,
        )
        if page is not None:
            written = write_search_page(
                bundle, table, result, query, page, force=True, **asked, **reading
            )
            result["page"] = str(written)
    print_warnings(result)
    say_notes(result)
    emit(result, as_json=json, show=show)


def show(result: dict[str, Any]) -> None:
    """Print the hits with their plain cells."""
    rows = [
        {"rank": hit["rank"], "cosine": round(hit["score"], 3), "id": hit["id"]}
        | (hit.get("cells") or {})
        for hit in result["hits"]
    ]
    print_table(f"Nearest of {result['rows']:,} rows", rows)
    if result.get("page"):
        print(f"page: {result['page']}")
