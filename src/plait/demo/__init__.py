"""The bundled demo data: stickers, a small table of pictures, words and spoken names.

A row is an emoji. Columns: ``id``; ``image`` (64-pixel PNG bytes); ``name`` (its English name);
``tags`` (up to six words about it); ``voice`` (the name spoken by a speech synthesiser, Ogg Opus
bytes, 16 kHz mono); ``speaker`` (which synthetic voice); ``group`` (the target, eight classes);
``subgroup`` (gives the group away: leave it out of the inputs); ``split`` (train, validation or
test; test speakers are heard nowhere else). Picture, name, tags and voice are each missing in
about 15 % of the rows. ``scripts/make_stickers.py`` makes it.
"""

from __future__ import annotations

from pathlib import Path

from plait.errors import TableError


def stickers() -> Path:
    """Return the path of the bundled table. Raises `TableError` when it was not installed."""
    return _bundled("stickers.parquet")


def stickers_licence() -> str:
    """Return the licence and attribution of the stickers (CC BY-SA 4.0)."""
    return _bundled("stickers.LICENCE.txt").read_text(encoding="utf-8")


def _bundled(name: str) -> Path:
    path = Path(__file__).with_name(name)
    if not path.is_file():
        raise TableError(
            "the demo data is not there",
            expected=name,
            path=path.parent,
            hint="install plait again, or run scripts/make_stickers.py",
        )
    return path
