"""What simple models and closed-form spaces do, from fit to report, with packages blocked or not.

``python simple_work.py "torch pandas"`` does it where these cannot be imported.
"""

from __future__ import annotations

import json
import sys
from typing import Any


class Blocker:
    """Makes importing packages fail as if they were not installed."""

    def __init__(self, packages: set[str]) -> None:
        self._packages = packages

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name.partition(".")[0] in self._packages:
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)


def rows(num: int) -> list[dict[str, Any]]:
    words = ["red", "blue", "old", "new", "soft", "worn"]
    return [
        {
            "note": f"a {words[i % 6]} {'boot' if i % 2 else 'hat'} {i * 7 % 10}",
            "size": round((i * 37 % 11) / 3 + i % 2, 3),
            "shelf": "AB"[i % 3 == 0],
            "kind": ("boot", "hat")[i % 2],
        }
        for i in range(num)
    ]


def work() -> dict[str, Any]:
    """Fit, predict, evaluate, report, embed, search and inspect in the current folder."""
    import plait

    columns = {"note": "text", "shelf": "category", "kind": "category"}
    table = plait.read(rows(48), columns=columns)
    settings: Any = {"simple": True, "budget": "20 steps", "samples": False}
    settings["baselines"] = ("majority", "linear")
    plait.fit(table, target="kind", out="m.plait", **settings)
    plait.fit(table, exclude=("kind",), out="s.plait", **settings)
    hits = plait.search("s.plait", rows(9), text="red boot", top=3)["hits"]
    return {
        "predicted": plait.predict("m.plait", rows(5)).columns,
        "scores": plait.evaluate("m.plait", plait.read(rows(20), columns=columns))["metrics"],
        "report": str(plait.report("m.plait", "m.html")),
        "vectors": plait.embed("s.plait", rows(3)),
        "classes": plait.predict("s.plait", rows(3), classes=["boot", "hat"]).columns,
        "hits": [hit["id"] for hit in hits],
        "inspected": [one["modality"] for one in plait.inspect(table)["columns"]],
    }


def as_json(found: dict[str, Any]) -> str:
    return json.dumps(found, default=lambda value: value.tolist())


def main() -> None:
    packages = set(sys.argv[1].split())
    sys.meta_path.insert(0, Blocker(packages))  # type: ignore[arg-type]
    found = work()

    import plait
    from plait.errors import ExtraError

    try:
        plait.fit(plait.read(rows(48)), target="kind", budget="20 steps")
    except ExtraError as error:
        found["refused"] = str(error)
    print(as_json(found))


if __name__ == "__main__":
    main()
