"""How values are drawn beyond temperature and seed: steps, guidance, what they begin at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from plait.data.decoding import read_cell
from plait.data.table import read
from plait.errors import CellError, TargetError, UsageError
from plait.modalities import Asked
from plait.model.asked import of_call
from plait.model.model import Model
from plait.types import Cell

MOST_STEPS, MOST_GUIDANCE = 1000, 30.0
SKETCH_STRENGTH = 0.6
"""How much of a sketch is made anew where nothing is said; of a masked picture all is."""

BEGIN, KEEP, BETWEEN = "begin", "keep", "between"
"""What a target may heed, beside the fields of `Asked` that have the same name."""


def drawn_from(
    model: Model,
    asked: Asked,
    *,
    steps: int | None = None,
    guidance: float | None = None,
    begin: Cell = None,
    strength: float | None = None,
    mask: Cell = None,
    between: bool = False,
) -> Asked:
    """Return how to draw, with what else is asked for.

    Args:
        model: Whose target is drawn.
        asked: Temperature and seed.
        steps: From noise to a value, 1 to `MOST_STEPS`; None for the target's own.
        guidance: How far what is given is heeded beyond what was learned: 1 as learned, 0 not at
            all, at most `MOST_GUIDANCE`.
        begin: A cell of the target's modality that values begin at; of a clip a picture too, which
            is its first frame, and stays.
        strength: How much of that is made anew, in (0, 1]; default .6, with what stays 1.
        mask: A cell of the target's modality that says where what is begun at is made anew.
        between: Whether values between two draws are wanted.

    Raises:
        TargetError: The target, or what ships for it, heeds no such thing.
        UsageError: Something is out of range.
        CellError: A cell cannot be read.
    """
    said: dict[str, Any] = {"steps": steps, "guidance": guidance, BEGIN: begin, KEEP: mask}
    wanted = [name for name, value in said.items() if value is not None]
    _check_heeded(model, [*wanted, *([BETWEEN] if between else ())])
    _check_ranges(steps, guidance, strength)
    if begin is None:
        if mask is not None or strength is not None:
            raise UsageError("nothing is said that values begin at", hint="name it with --begin")
        return replace(asked, steps=steps, guidance=guidance)
    codec: Any = model.target_codec
    try:
        first = _read(model, begin)
        keep = _kept(codec, first, None if mask is None else _read(model, mask))
    except CellError as error:
        raise of_call(error) from None
    default = SKETCH_STRENGTH if keep is None else 1.0
    return replace(
        asked,
        steps=steps,
        guidance=guidance,
        begin=codec.prepare(first),
        strength=default if strength is None else strength,
        keep=keep,
    )


def _kept(codec: Any, begun: Any, mask: Any | None) -> Any:
    """Return where a begun value stays: by a mask, or as its codec says without one."""
    if mask is not None:
        return codec.kept(mask, begun)
    stays = getattr(codec, "stays", None)
    return None if stays is None else stays(begun)


def _check_heeded(model: Model, wanted: list[str]) -> None:
    """Raise `TargetError` for what the target does not heed, or nothing but a network would."""
    generator = model.generator
    heeds = getattr(generator.target, "heeds", ()) if generator.config is not None else ()
    unknown = [name for name in wanted if name not in heeds]
    if unknown:
        raise TargetError(
            f"what ships heeds no {' and no '.join(unknown)}",
            expected=f"only {', '.join(heeds)}" if heeds else "none of these",
            received=f"{', '.join(wanted)}, for a {generator.target.modality}",
        ).of_call()


def _check_ranges(steps: int | None, guidance: float | None, strength: float | None) -> None:
    ranges: tuple[tuple[str, float | None, float, float], ...] = (
        ("steps", steps, 1, MOST_STEPS),
        ("guidance", guidance, 0.0, MOST_GUIDANCE),
        ("strength", strength, 0.01, 1.0),
    )
    for name, value, least, most in ranges:
        if value is not None and not least <= value <= most:
            raise UsageError(
                f"this is no number of {name}" if name == "steps" else f"this is no {name}",
                expected=f"{least:g} to {most:g}",
                received=f"{value:g}",
            )


def _read(model: Model, cell: Cell) -> Any:
    """Return a cell of the target's modality as Raw; its file beside the working directory."""
    codec = model.target_codec
    rows = read([{"x": cell}], root=Path.cwd(), columns={"x": codec.modality}, on_error="raise")
    found = read_cell(codec, rows.column("x")[0], rows.media())
    if found is None:
        raise CellError("this holds nothing", expected=f"a {codec.modality}", received=str(cell))
    return found
