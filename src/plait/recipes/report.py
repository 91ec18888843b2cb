"""Report: a bundle or model in, one self-contained page out."""

from __future__ import annotations

import tempfile
from pathlib import Path

from plait.bundle import Bundle, size_mb
from plait.errors import UsageError
from plait.model.model import Model
from plait.report import render_report


def report(bundle: Model | Path | str, out: Path | str | None = None) -> Path:
    """Write the page of a bundle, or of a model, and return its path.

    Args:
        bundle: A bundle's folder, or its model.
        out: The page; default ``NAME.html`` beside the bundle.

    Raises `UsageError` when the model was never saved and `out` says nothing.
    """
    if not isinstance(bundle, Model):
        return write_report(bundle, out)
    if bundle.path is not None and Path(bundle.path).is_dir():
        return write_report(bundle.path, out)
    if out is None:
        raise UsageError(
            "the model was not saved, so the page has no place",
            expected="the page's path",
            hint="plait.report(model, out='report.html'), or model.save('name.plait') before",
        )
    with tempfile.TemporaryDirectory() as folder:
        return write_report(_copied(bundle, Path(folder)), out)


def _copied(model: Model, folder: Path) -> Path:
    """Write the model as a bundle into a folder; it keeps saying that it lies nowhere."""
    try:
        return model.save(folder / f"{'space' if model.target is None else 'model'}.plait")
    finally:
        model.path = None


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
