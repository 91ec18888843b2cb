"""Report: a bundle in, one self-contained page out."""

from __future__ import annotations

from pathlib import Path

from plait.bundle import Bundle, size_mb
from plait.report import render_report


def write_report(bundle: Path | str, out: Path | str | None = None) -> Path:
    """Write the page of a bundle and return its path; default ``NAME.html`` beside the bundle."""
    opened = Bundle(bundle)
    out = opened.path.with_suffix(".html") if out is None else Path(out)
    data = opened.read_all_json()
    data["size_mb"] = size_mb(opened.path)
    data["name"] = opened.path.name
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(render_report(data), encoding="utf8")
    return out
