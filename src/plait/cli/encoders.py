"""plait encoders: the pretrained encoders on this machine, and whether plait can load them."""

from __future__ import annotations

from typing import Any

from plait.cli.options import Json, Quiet, Seed
from plait.cli.show import emit, print_lines, print_table

EXAMPLE = """Examples:

plait encoders

PLAIT_ENCODERS=./models:/srv/models plait encoders --json

plait fit shop.csv --target category --encoder auto --encoder image=none"""


def encoders(seed: Seed = 0, json: Json = False, quiet: Quiet = False) -> None:
    """List the pretrained encoders on this machine: what they read, size, licence, hash.

    What reads table is a tabular foundation model, which answers whole rows.

    Looked at are the folders of $PLAIT_ENCODERS (none: nowhere), the caches of Hugging Face and
    torch hub, and installed packages that carry weights. Nothing is fetched.
    """
    from plait.recipes.encoders import encoders as find
    from plait.recipes.encoders import notes

    # Looking draws no random numbers; --seed is there because every verb has it.
    found = find()
    result = {"encoders": list(found), "notes": notes()}
    emit(result, as_json=json, show=lambda told: _show(told, found))


def _show(result: dict[str, Any], found: Any) -> None:
    """Print a line per encoder, and what a person should know."""
    if found:
        print_table(found.title, found.shown)
    else:
        print(found.title)
    print_lines("note", result["notes"])
