"""Export: a bundle in, one that runs elsewhere out, which says what the first one says."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Unpack

from plait.bundle import size_mb
from plait.compress.parity import Parity, worst
from plait.data.table import read
from plait.errors import UsageError
from plait.fitting.setup.work import require_torch
from plait.listening import heard, listened
from plait.model.ensemble import Ensemble
from plait.model.model import Model, load
from plait.model.several import Several
from plait.progress import Progress
from plait.reading import ReadOptions
from plait.recipes.outputs import place_beside
from plait.recipes.remembered import with_statistics
from plait.web.page import write_page

ONNX, WEB = "onnx", "web"
KINDS = (ONNX, WEB)
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
    """Write a bundle whose networks are ONNX graphs, or a page that runs it; return what was done.

    Either answers as the bundle does, without torch: a bundle of graphs needs ``pip install
    'plait[edge]'`` and the extras of its modalities, a page (`plait.web.page.write_page`) a
    browser.
    Each graph is compared with its network, on the rows of a table or on rows that are made up:
    together, one by one, and with each column missing. A graph that says something else is refused.

    Args:
        bundle: A bundle in whose mix a network is, or its model; for a page also one of graphs.
        table: Rows to compare on; None makes some up. Where they have the target, what is written
            carries statistics of them, by which it can learn on a device.
        to: ``onnx``, or ``web``.
        out: The bundle, or the folder of the page, to write.
        runtime: Of a page: where ONNX Runtime Web is; see `plait.web.runtime.runtime_files`.
        seed: Of the rows that are made up, and of the choice among many.
        force: Whether a bundle at `out` is replaced; never the one that is read.
        progress: As for `plait.fit`.
        reading: How the table is read: the arguments of `plait.read`. With `allow_network` ONNX
            Runtime Web may be fetched.

    Returns:
        A dict: ``out``, ``graphs`` (how many), ``rows`` compared (0 of graphs that were compared
        before), whether these were ``made_up``, the largest ``difference``, the share of answers in
        ``agreement``, ``mb`` of what was written and ``mb_before`` of the bundle.

    Raises:
        UsageError: When there is no network to write, or `out` is taken.
        TargetError: When the target is generated, or there is none; or no browser can run it.
        ParityError: When a graph says something else than its network.
        ExtraError: Without ``plait[export]``.
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
    place = place_beside(out, model, force=force) if to == ONNX else Path(out)
    made_up = table is None
    graphs, parity = _as_graphs(model, table, to, seed, heard(progress), reading)
    if to == ONNX:
        graphs.save(place)
    else:
        fetched = bool(reading.get("allow_network"))
        write_page(graphs, place, runtime=runtime, allow_network=fetched)
    return {
        "to": to,
        "out": str(place),
        "graphs": len(graphs.ensemble.graphs),
        "rows": parity.num_rows,
        "made_up": made_up,
        "difference": parity.difference,
        "agreement": parity.agreement,
        "mb": size_mb(place),
        "mb_before": before,
    }


def _as_graphs(
    model: Model,
    table: Any,
    to: str,
    seed: int,
    progress: Progress,
    reading: ReadOptions,
) -> tuple[Model, Parity]:
    """Return a model whose networks are graphs, and their parity on rows; one of graphs as it is,
    where a page is made."""
    given = None if table is None else read(table, **reading)
    if to == WEB and isinstance(model.parts, Ensemble) and model.parts.graphs:
        if given is not None and model.parts.rehearsal is None:
            model = with_statistics(model, given)
        return model, worst([])
    require_torch()
    from plait.compress.exported import export as exported_model

    rows = None if given is None else model.as_table(given)
    found = exported_model(model, rows, seed=seed, progress=progress)
    return (found.model if given is None else with_statistics(found.model, given)), found.parity
