"""Report: a bundle in, one self-contained page out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from plait.bundle import Bundle, read_steadily, size_mb
from plait.recipes.outputs import check_output
from plait.report import render_report
from plait.writing import write_text


def write_report(bundle: Path | str, out: Path | str | None = None, *, force: bool = False) -> Path:
    """Write the page of a bundle and return its path; default ``NAME.html`` beside the bundle.

    A page has at most about 8 MB: media are thumbnails and compressed sounds, and what is kept of
    them is bounded where the bundle is made (`plait.recipes.samples`, `plait.recipes.space_map`).

    Raises `UsageError` when the page exists and `force` is not given.
    """
    out = Path(bundle).with_suffix(".html") if out is None else Path(out)
    place = check_output(out, bundle, force=force)
    data = read_steadily(bundle, _told)
    write_text(place, render_report(data))
    return out


def _told(bundle: Bundle) -> dict[str, Any]:
    """Return everything that a bundle tells, with its size and name."""
    told = {"size_mb": size_mb(bundle.path), "name": bundle.path.name}
    return bundle.read_all_json() | told
