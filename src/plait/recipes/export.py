"""Export: a bundle in, one that runs elsewhere out, which says what the first one says."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Unpack

from plait.bundle import size_mb
from plait.compress.parity import Parity, worst
from plait.data.table import Table, read
from plait.display import model_name
from plait.edge.needs import check_answers
from plait.errors import BundleError, GraphError, ParityError, UsageError
from plait.fitting.setup.work import require_torch
from plait.listening import heard, listened
from plait.model.ensemble import DEEP, Ensemble
from plait.model.loading import load
from plait.model.model import Model
from plait.model.several import Several
from plait.progress import Progress
from plait.reading import ReadOptions
from plait.recipes.export_times import ms_of_rows
from plait.recipes.outputs import place_beside
from plait.recipes.remembered import with_statistics
from plait.web.facts import check_can_be_page
from plait.web.page import write_page

ONNX, OPENVINO, WEB, SKLEARN = "onnx", "openvino", "web", "sklearn"
EXECUTORCH = "executorch"
KINDS = (ONNX, OPENVINO, EXECUTORCH, WEB, SKLEARN)
"""What a bundle can be written for."""


@listened
def export(
    bundle: Model | Path | str,
    table: Any = None,
    *,
    to: str = "onnx",
    out: Path | str,
    runtime: Path | str | None = None,
    seed: int = 0,
    force: bool = False,
    progress: Progress | bool | None = None,
    **reading: Unpack[ReadOptions],
) -> dict[str, Any]:
    """Write a bundle that runs elsewhere, or a page that runs it; return what was done.

    ``onnx`` and ``openvino``: a bundle whose whole mix is one graph: simple models, networks, their
    weights and the calibration; it answers without torch, by ``pip install 'plait[edge]'`` or
    ``'plait[openvino]'`` and the extras of its modalities. Features that a graph cannot make (of
    words, say) are its inputs, which codecs make: ``model.json`` names them. Where a model of the
    mix cannot be in a graph, ``onnx`` makes graphs of the networks alone, and a note says why.
    ``executorch``: a bundle whose networks are programs of ExecuTorch, files that its runtimes for
    phones and boards run; ``model.json`` names a program's inputs in their order. Simple models and
    the calibration stay outside of them, and a note says so: plait mixes them in. It needs
    ``'plait[executorch]'``, and in Python torch.
    ``web``: a page (`plait.web.page.write_page`), for a browser. ``sklearn``: a folder with the
    bundle as it is and a script that uses it as an estimator (`plait.sklearn.load`).

    What was written is compared with what it was made of, on the rows of a table or on rows that
    are made up: together, one by one, and with each column missing; a graph that says something
    else is refused. A row is timed by both.

    Args:
        bundle: A bundle of a predicted target, or its model; for a page also one of graphs.
        table: Rows to compare on; None makes some up. Where they have the target, what is written
            carries statistics of them, by which it can learn on a device.
        to: ``onnx``, ``openvino``, ``executorch``, ``web``, or ``sklearn``.
        out: The bundle, or the folder, to write.
        runtime: Of a page: where ONNX Runtime Web is; see `plait.web.runtime.runtime_files`.
        seed: Of the rows that are made up, and of the choice among many.
        force: Whether a bundle at `out` is replaced; never the one that is read.
        progress: As for `plait.fit`.
        reading: How the table is read: the arguments of `plait.read`. With `allow_network` ONNX
            Runtime Web may be fetched.

    Returns:
        A dict: ``out``, ``graphs`` (how many), ``whole`` (whether one answers for the whole mix),
        ``rows`` compared (0 where nothing was), whether these were ``made_up``, the largest
        ``difference``, the share of answers in ``agreement``, ``ms`` of a row by what was written
        and ``ms_before`` by the bundle (None where not timed), ``mb`` of what was written,
        ``mb_before`` of the bundle, and ``notes``.

    Raises:
        UsageError: When the bundle is of graphs already, or `out` is taken.
        TargetError: When the target is generated, or there is none; or no browser can run it.
        GraphError: When a model of the mix cannot be written as a graph, or an engine lacks an
            operator of it.
        ParityError: When a graph says something else than what it was made of.
        ExtraError: Without ``plait[export]``, ``plait[openvino]``, or ``plait[executorch]``.
    """
    if to not in KINDS:
        raise UsageError("unknown kind of export", expected=", ".join(KINDS), received=to)
    model = bundle if isinstance(bundle, Model) else load(bundle)
    if isinstance(model, Several):
        raise UsageError(
            "a bundle of several targets cannot be exported as one",
            expected="a bundle of one target",
            received=", ".join(model.targets),
            hint="plait fit TABLE --target COLUMN makes one of each",
        )
    before = None if model.path is None else size_mb(model.path)
    if to == SKLEARN:
        from plait.recipes.export_sklearn import write_sklearn

        place = write_sklearn(model, Path(out))
        return _told(to, place, model, worst([]), made_up=False) | {"mb_before": before}
    if to == WEB:
        check_can_be_page(model)
        place = Path(out)
    else:
        place = place_beside(out, model, force=force)
    given = None if table is None else read(table, **reading)
    rows = None if given is None else model.as_table(given)
    made, parity, notes = _as_graphs(model, rows, to, seed, heard(progress))
    if given is not None and isinstance(made.parts, Ensemble) and made.parts.rehearsal is None:
        made = with_statistics(made, given)
    times = dict[str, float | None]()
    if to == WEB:
        write_page(made, place, runtime=runtime, allow_network=bool(reading.get("allow_network")))
    else:
        made.save(place)
        times["ms"] = ms_of_rows(load(place), rows, seed)
        times["ms_before"] = ms_of_rows(model, rows, seed)
        notes += _slower(model, **times)
    told = _told(to, place, made, parity, made_up=rows is None)
    return told | {"mb_before": before, "notes": notes} | times


def _told(to: str, place: Path, made: Model, parity: Parity, *, made_up: bool) -> dict[str, Any]:
    parts = made.parts
    graphs = parts.graphs if isinstance(parts, Ensemble) else ()
    return {
        "to": to,
        "out": str(place),
        "graphs": len(graphs),
        "whole": isinstance(parts, Ensemble) and parts.whole is not None,
        "rows": parity.num_rows,
        "made_up": made_up,
        "difference": parity.difference,
        "agreement": parity.agreement,
        "ms": None,
        "ms_before": None,
        "mb": size_mb(place),
        "notes": [],
    }


def _as_graphs(
    model: Model, rows: Table | None, to: str, seed: int, progress: Progress
) -> tuple[Model, Parity, list[str]]:
    """Return a model that answers by graphs, its parity on rows, and what is to be said.

    One of graphs stays as it is, where a page is made. A page runs networks alone as they are.
    """
    parts = model.parts
    if to == WEB and isinstance(parts, Ensemble):
        if parts.graphs:
            return model, worst([]), []
        if set(parts.weights) == {DEEP} and not parts.evidence:
            return _networks(model, rows, seed, progress, [])
    if to == EXECUTORCH:
        return _programs(model, rows, seed, progress)
    from plait.compress.exported_mix import export_mix

    if isinstance(parts, Ensemble) and DEEP in parts.weights and not parts.graphs:
        require_torch()
    from plait.compress.openvino_graph import to_openvino

    convert = to_openvino if to == OPENVINO else None
    try:
        found = export_mix(model, rows, convert=convert, seed=seed, progress=progress)
    except (GraphError, ParityError) as error:
        if to != ONNX or not isinstance(parts, Ensemble) or DEEP not in parts.weights:
            raise
        why = f"networks alone are graphs, not the whole mix: {error.what} ({error.received})"
        return _networks(model, rows, seed, progress, [why])
    return found.model, found.parity, []


def _networks(
    model: Model, rows: Table | None, seed: int, progress: Progress, notes: list[str]
) -> tuple[Model, Parity, list[str]]:
    """Return a model whose networks are graphs, each by itself."""
    require_torch()
    from plait.compress.exported import export as exported_model

    found = exported_model(model, rows, seed=seed, progress=progress)
    return found.model, found.parity, notes


def _programs(
    model: Model, rows: Table | None, seed: int, progress: Progress
) -> tuple[Model, Parity, list[str]]:
    """Return a model whose networks are programs of ExecuTorch."""
    require_torch()
    from plait.compress.executorch_program import system_program, told_lengths
    from plait.compress.exported import export as exported_model

    found = exported_model(model, rows, write=system_program, seed=seed, progress=progress)
    parts = found.model.ensemble
    notes = [f"a program takes {told_lengths(parts.graphs)}; longer rows are refused"]
    outside = [model_name(name) for name in parts.weights_of_simple]
    outside += [] if parts.calibration is None else ["calibration"]
    if outside:
        notes.append(
            "programs are of the networks alone; what plait does beside them, without ExecuTorch: "
            + ", ".join(outside)
        )
    return found.model, found.parity, notes


def _slower(model: Model, ms: float | None, ms_before: float | None) -> list[str]:
    """Return a note where the bundle as it is answers sooner, without torch too."""
    try:
        check_answers(model)
    except BundleError:
        return []
    if ms is None or ms_before is None or ms <= ms_before:
        return []
    return [
        f"the bundle as it is answers a row sooner, without torch too: {ms_before:.2f} ms, this in "
        f"{ms:.2f} ms"
    ]
