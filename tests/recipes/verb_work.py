"""Fits and searches that are done by several processes at once, or killed while they write.

Run as ``python verb_work.py FOLDER``: a process of its own, so that nothing is forked that has
threads. Prints what was found as JSON.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]
sys.path.insert(0, str(TESTS / "data"))

from cache_work import at_every_operation, together  # noqa: E402

VOLATILE = ("energy.json", "lineage.json", "metrics.json", "card.md")
"""Files of a bundle that tell times, and so differ between equal fits."""

COLUMNS = {"note": "text", "size": "number", "kind": "category"}


def rows(num: int = 60) -> list[dict[str, Any]]:
    words = ("red boot", "blue hat", "green coat")
    return [
        {"note": f"{words[i % 3]} number {i}", "size": i % 7 + i / 100, "kind": words[i % 3][:3]}
        for i in range(num)
    ]


def fit(out: Path, target: str | None) -> None:
    import plait

    plait.fit(
        plait.read(rows(), columns=COLUMNS), target=target, budget="20 steps", simple=True,
        baselines=("neighbour", "linear"), samples=False, out=out,
    )  # fmt: skip


def fitted(number: int, folder: Path) -> str:
    """Return a hash of the bundle of a fit to a place of its own."""
    from plait.bundle import Bundle

    place = folder / f"{os.getpid()}.plait"
    fit(place, "kind")
    bundle = Bundle(place)
    names = [name for name in bundle.names() if name not in VOLATILE]
    contents = b"".join(name.encode() + bundle.read_bytes(name) for name in names)
    return hashlib.sha256(contents).hexdigest()


def hits(base: Path, num: int, index: Path | None = None) -> str:
    import plait

    table = plait.read(rows(num), columns=COLUMNS)
    found = plait.search(base, table, text="red boot", top=5, index=index)
    return json.dumps([(hit["id"], round(hit["score"], 5)) for hit in found["hits"]])


def main() -> None:
    import plait.recipes.fit
    import plait.recipes.search  # noqa: F401  imported once, so that forks begin at their work

    folder = Path(sys.argv[1])
    cache, base = folder / "cache", folder / "base.plait"
    os.environ["PLAIT_CACHE"] = str(folder / "alone")
    fit(base, None)
    found: dict[str, Any] = {"fit alone": fitted(0, folder), "search alone": hits(base, 60)}
    found["small search alone"] = hits(base, 40)

    os.environ["PLAIT_CACHE"] = str(cache)
    found["fits"] = together(lambda: fitted(1, folder), folder)
    found["searches"] = together(lambda: hits(base, 60), folder)
    kept = folder / "kept.index"
    sizes = lambda: json.dumps([hits(base, num, kept) for num in (60, 40) * 4])  # noqa: E731
    found["one index"] = together(sizes, folder)
    found["killed"] = at_every_operation(lambda: hits(base, 60), cache, step=2)
    stock, place = folder / "stock", folder / "place"
    hits(base, 40, stock / "kept.index")
    found["killed while it replaced"] = at_every_operation(
        lambda: hits(base, 60, place / "kept.index"), place, step=2, earlier=stock
    )
    [index] = (cache / "search").iterdir()
    found["cut"] = []
    for file in sorted(index.iterdir()):
        file.write_bytes(file.read_bytes()[:-9])
        found["cut"].append([file.name, hits(base, 60)])
    print(json.dumps(found))


if __name__ == "__main__":
    main()
