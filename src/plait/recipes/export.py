"""Export: a bundle in, one that runs elsewhere out, which says what the first one says."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Unpack

from plait.bundle import size_mb
from plait.data.table import read
from plait.errors import UsageError
from plait.listening import heard, listened
from plait.model.model import Model, load
from plait.model.several import Several
from plait.progress import Progress
from plait.reading import ReadOptions
from plait.recipes.outputs import place_beside

KINDS = ("onnx",)
"""What a bundle can be written for."""


@listened
def export(
    bundle: Model | Path | str,
    table: Any = None,
    *,
    to: str = "onnx",
    out: Path | str,
    seed: int = 0,
    force: bool = False,
    progress: Progress | bool | None = None,
    **reading: Unpack[ReadOptions],
) -> dict[str, Any]:
    """Write a bundle whose networks are ONNX graphs, and return what was done.

    It answers as the first one does, without torch: ``pip install 'plait[edge]'`` is all that it
    needs, and the extras of its modalities. Each graph is compared with its network, on the rows of
    a table or on rows that are made up: together, one by one, and with each column missing. A graph
    that says something else is refused.

    Args:
        bundle: A bundle in whose mix a network is, or its model.
        table: Rows to compare on; None makes some up.
        to: ``onnx``.
        out: The bundle to write.
        seed: Of the rows that are made up, and of the choice among many.
        force: Whether a bundle at `out` is replaced; never the one that is read.
        progress: As for `plait.fit`.
        reading: How the table is read: the arguments of `plait.read`.

    Returns:
        A dict: ``out``, ``graphs`` (how many), ``rows`` compared, whether these were ``made_up``,
        the largest ``difference``, the share of answers in ``agreement``, ``mb`` of the bundle and
        ``mb_before``.

    Raises:
        UsageError: When there is no network to write, or `out` is taken.
        TargetError: When the target is generated, or there is none.
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
    place = place_beside(out, model, force=force)
    before = None if model.path is None else size_mb(model.path)
    rows = None if table is None else model.as_table(read(table, **reading))
    from plait.compress.exported import export as exported_model

    found = exported_model(model, rows, seed=seed, progress=heard(progress))
    found.model.save(place)
    return {
        "out": str(place),
        "graphs": len(found.model.ensemble.graphs),
        "rows": found.parity.num_rows,
        "made_up": found.made_up,
        "difference": found.parity.difference,
        "agreement": found.parity.agreement,
        "mb": size_mb(place),
        "mb_before": before,
    }
