"""Results that show themselves: scores, hits and findings as dicts, rankings as lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from plait.answer import frame_of
from plait.display import (
    NUM_SHOWN,
    first_rows,
    html_table,
    named_in_unit,
    scores_text,
    text_rows,
    with_interval,
)
from plait.types import Html

if TYPE_CHECKING:
    import pandas as pd

NUM_PATTERNS = 6
"""Sets of present columns that a notebook shows of scores."""


class Scores(dict[str, Any]):
    """What `evaluate` found: the dict that ``--json`` prints, with a short repr."""

    def __repr__(self) -> str:
        if "targets" in self:
            return "\n".join(f"{name}: {one!r}" for name, one in self["targets"].items())
        rows = f"{self.get('rows', 0):,} rows"
        if "retrieval" in self:
            named = [f"{k} R@1 {v.get('r@1', 0.0):.3f}" for k, v in self["retrieval"].items()][:3]
            return f"Scores({rows}: {'; '.join(named) or 'no directions'})"
        told = scores_text(self.get("metrics", {}), self.get("intervals", {}), 4)
        return f"Scores({self.get('task')}, {rows}: {told})"

    def _repr_html_(self) -> Html:
        if "targets" in self:
            return "".join(one._repr_html_() for one in self["targets"].values())
        if "retrieval" in self:
            return _retrieval_html(self)
        parts = {"all rows": self, **dict(list(self.get("by_present", {}).items())[:NUM_PATTERNS])}
        names = list(self.get("metrics", {}))
        rows = [[key, part.get("rows"), *_cells(part, names)] for key, part in parts.items()]
        left = len(self.get("by_present", {})) - NUM_PATTERNS
        note = "rows by the columns that are present; 95 % intervals"
        note += f"; {left} more patterns" if left > 0 else ""
        heads = [named_in_unit(name, self.get("unit", "")) for name in names]
        found = html_table(
            f"Scores: {self.get('task')}", ["rows with", "rows", *heads], rows, note=note
        )
        classes = self.get("per_class") or []
        if classes:
            shown, more = first_rows(len(classes))
            columns = list(classes[0])
            rows = [[classes[i].get(name) for name in columns] for i in shown]
            found += html_table("By class", columns, rows, note=more)
        decision = self.get("decision")
        if decision:
            both = [(decision["threshold"], decision["at_threshold"]), (0.5, decision["at_half"])]
            rows = [[threshold, *values.values()] for threshold, values in both]
            title = f"Deciding for '{decision['positive']}'"
            found += html_table(title, ["threshold", *both[0][1]], rows, note=decision["how"])
        return found


class Hits(dict[str, Any]):
    """What `search` found: the dict that ``--json`` prints, with a short repr."""

    def __repr__(self) -> str:
        hits = self.get("hits", [])
        best = ", ".join(f"{hit['id']} {hit['score']:.3f}" for hit in hits[:3])
        more = f", ... {len(hits)} hits" if len(hits) > 3 else ""
        return f"Hits(of {self.get('rows', 0):,} rows: {best or 'none'}{more})"

    def _repr_html_(self) -> Html:
        hits = self.get("hits", [])
        shown, note = first_rows(len(hits))
        columns = list(hits[0].get("cells", {}))[:NUM_PATTERNS] if hits else []
        rows = [
            [hit["rank"], hit["id"], hit["score"], *(hit.get("cells", {}).get(c) for c in columns)]
            for hit in (hits[i] for i in shown)
        ]
        title = f"{len(hits)} hits among {self.get('rows', 0):,} rows"
        return html_table(title, ["rank", "id", "score", *columns], rows, note=note)


class Findings(dict[str, Any]):
    """What `inspect` found: the dict that ``--json`` prints, with a short repr."""

    def __repr__(self) -> str:
        return f"Findings({self._counted()})"

    def _repr_html_(self) -> Html:
        columns = list(self.get("columns", []))
        shown, note = first_rows(len(columns), 3 * NUM_SHOWN)
        rows = [
            [
                one.get("name"),
                one.get("modality") or one.get("role"),
                f"{one.get('share_missing', 0.0):.0%}",
                one.get("why"),
            ]
            for one in (columns[i] for i in shown)
        ]
        title = f"Inspected: {self._counted()}"
        found = html_table(title, ["column", "is", "missing", "why"], rows, note=note)
        warnings = [[text] for text in self.get("warnings", [])]
        return found + (html_table("Warnings", ["what"], warnings) if warnings else "")

    def _counted(self) -> str:
        rows, columns = self.get("num_rows", 0), len(self.get("columns", []))
        return f"{rows:,} rows, {columns} columns, {len(self.get('warnings', []))} warnings"


class Ranking(list[dict[str, Any]]):
    """Rows in an order that means something: a list of dicts that shows itself.

    Args:
        rows: The dicts.
        title: One line for people.
        shown: The same rows for people, with fewer and joined cells; default `rows`.
    """

    def __init__(
        self,
        rows: Iterable[Mapping[str, Any]] = (),
        *,
        title: str = "",
        shown: Sequence[Mapping[str, Any]] | None = None,
    ) -> None:
        super().__init__(dict(row) for row in rows)
        self.title = title
        self._shown = list(self) if shown is None else [dict(row) for row in shown]

    @property
    def shown(self) -> list[dict[str, Any]]:
        """The rows as people see them."""
        return list(self._shown)

    def to_pandas(self) -> pd.DataFrame:
        """Return a DataFrame. Raises `UsageError` where pandas is not installed."""
        names = list(dict.fromkeys(name for row in self for name in row))
        return frame_of({name: [row.get(name) for row in self] for name in names})

    def __repr__(self) -> str:
        names, rows, note = self._view(6)
        table = text_rows(names, rows) if rows else "nothing"
        return "\n".join(filter(None, (self.title, table, note)))

    def _repr_html_(self) -> Html:
        names, rows, note = self._view(2 * NUM_SHOWN)
        return html_table(self.title, names, rows, note=note)

    def _view(self, num: int) -> tuple[list[str], list[list[Any]], str]:
        shown, note = first_rows(len(self._shown), num)
        names = list(dict.fromkeys(name for row in self._shown for name in row))
        return names, [[self._shown[i].get(name) for name in names] for i in shown], note


def _cells(part: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    metrics, intervals = part.get("metrics", {}), part.get("intervals", {})
    return [with_interval(metrics.get(name), intervals.get(name)) for name in names]


def _retrieval_html(scores: Mapping[str, Any]) -> Html:
    directions = scores["retrieval"]
    names, rows = direction_rows(directions)
    shown, note = first_rows(len(rows))
    title = f"Retrieval: {scores.get('rows', 0):,} rows"
    return html_table(title, ["query -> item", *names], [rows[i] for i in shown], note=note)


def direction_rows(
    directions: Mapping[str, Mapping[str, Any]],
) -> tuple[list[str], list[list[str]]]:
    """Return the names of the metrics of retrieval, and a row of cells for each direction."""
    names = [name for name in next(iter(directions.values()), {}) if name != "intervals"]
    return names, [
        [key, *(with_interval(one.get(n), (one.get("intervals") or {}).get(n)) for n in names)]
        for key, one in directions.items()
    ]
