"""Report: a bundle or model in, one self-contained page out."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from plait.bundle import Bundle, read_steadily, size_mb
from plait.errors import UsageError, as_path
from plait.model.model import Model
from plait.model.several import predicted
from plait.model.several_bundling import parts_of
from plait.model.versions import check_names
from plait.recipes.outputs import check_output
from plait.report import render_report, render_several
from plait.types import Html
from plait.writing import write_text


def report(
    bundle: Model | Path | str, out: Path | str | None = None, *, force: bool = False
) -> Path:
    """Write the page of a bundle, or of a model, and return its path.

    Args:
        bundle: A bundle's folder, or its model. ``model["answer"]``, one of several targets, has a
            page of its own.
        out: The page; default ``NAME.html`` beside the bundle.
        force: Whether a page that exists is replaced.

    Raises `UsageError` when the page exists, or `out` says nothing where the model was never saved
    or is one of several.
    """
    if not isinstance(bundle, Model):
        return write_report(bundle, out, force=force)
    if bundle.path is not None and Path(bundle.path).is_dir():
        if not _is_one_of_several(bundle):
            return write_report(bundle.path, out, force=force)
        if out is None:
            raise UsageError(
                f"the model of '{bundle.target}' is one of several in its bundle, whose page has "
                "the usual place",
                expected="the page's path",
                hint="plait.report(model, out='report.html')",
            )
    if out is None:
        raise UsageError(
            "the model was not saved, so the page has no place",
            expected="the page's path",
            hint="plait.report(model, out='report.html'), or model.save('name.plait') before",
        )
    with tempfile.TemporaryDirectory() as folder:
        return write_report(_copied(bundle, Path(folder)), out, force=force)


def _is_one_of_several(model: Model) -> bool:
    """Tell whether a saved model is one of those of its bundle."""
    about = Bundle(str(model.path)).read_json("model.json")
    return "targets" in about and model.target != about["target"]


def _copied(model: Model, folder: Path) -> Path:
    """Write the model as a bundle into a folder; it keeps saying where it lies, or that nowhere."""
    several = (model, *(predicted(model).values() if model.target else ()))
    places = [one.path for one in several]
    try:
        return model.save(folder / f"{'space' if model.target is None else 'model'}.plait")
    finally:
        for one, place in zip(several, places, strict=True):
            one.path = place


def write_report(bundle: Path | str, out: Path | str | None = None, *, force: bool = False) -> Path:
    """Write the page of a bundle and return its path; default ``NAME.html`` beside the bundle.

    A page has at most about 8 MB: media are thumbnails and compressed sounds, and what is kept of
    them is bounded where the bundle is made (in `fitting`: `records.samples`, `space.space_map`).

    Raises `UsageError` when the page exists and `force` is not given.
    """
    bundle = as_path(bundle, "a bundle")
    out = bundle.with_suffix(".html") if out is None else as_path(out, "a page")
    place = check_output(out, bundle, force=force)
    write_text(place, read_steadily(bundle, _page))
    return out


def _page(bundle: Bundle) -> Html:
    """Return the page of a bundle, of one target, of several, or of none."""
    if "targets" not in bundle.read_json("model.json"):
        return render_report(_told(bundle))
    told = {"size_mb": size_mb(bundle.path), "name": bundle.path.name}
    return render_several([part.read_all_json() | told for part in parts_of(bundle)])


def _told(bundle: Bundle) -> dict[str, Any]:
    """Return everything that a bundle tells, with its size and name.

    Raises `BundleError` when it tells it by other names than this plait's.
    """
    check_names(bundle.read_json("model.json"), bundle.path)
    told = {"size_mb": size_mb(bundle.path), "name": bundle.path.name}
    return bundle.read_all_json() | told
