"""Report: a bundle in, one self-contained page out."""

from __future__ import annotations

from pathlib import Path

from plait.bundle import Bundle, size_mb
from plait.recipes.outputs import check_output, write_text
from plait.report import render_report


def write_report(bundle: Path | str, out: Path | str | None = None, *, force: bool = False) -> Path:
    """Write the page of a bundle and return its path; default ``NAME.html`` beside the bundle.

    Raises `UsageError` when the page exists and `force` is not given.
    """
    out = Path(bundle).with_suffix(".html") if out is None else Path(out)
    place = check_output(out, bundle, force=force)
    opened = Bundle(bundle)
    data = opened.read_all_json()
    data["size_mb"] = size_mb(opened.path)
    data["name"] = opened.path.name
    write_text(place, render_report(data))
    return out
