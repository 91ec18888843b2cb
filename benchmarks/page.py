"""Writes measured tables into README.md, between the markers of their benchmark."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from benchmarks.machine import machine_line
from benchmarks.rows import Row, markdown_table, medians

README = Path(__file__).with_name("README.md")


def section(result: dict[str, Any]) -> str:
    """Return a result (see `benchmarks.__main__`) as a table and a line on how it was measured."""
    rows = medians(Row.from_dict(fields) for fields in result["rows"])
    seeds = len({fields["seed"] for fields in result["rows"]})
    how = f"`{result['command']}`, {seeds} seed{'s' * (seeds > 1)}; "
    return f"{markdown_table(rows)}\n\n{how}{machine_line(result['machine'])}"


def update_page(name: str, text: str, page: Path = README) -> None:
    """Replace what lies between ``<!-- results: NAME -->`` and ``<!-- /results: NAME -->``.

    Raises:
        ValueError: The page lacks the markers.
    """
    begin, end = f"<!-- results: {name} -->", f"<!-- /results: {name} -->"
    old = page.read_text(encoding="utf-8")
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(old):
        raise ValueError(f"{page} lacks the markers {begin} and {end}")
    new = pattern.sub(lambda _: f"{begin}\n{text}\n{end}", old)
    page.write_text(new, encoding="utf-8")
