"""plait doctor: what this machine has and lacks, and the command that mends it."""

from __future__ import annotations

from typing import Any

import typer

from plait.cli.options import Json, Quiet, Seed
from plait.cli.show import emit

EXAMPLE = "Example: plait doctor"


def doctor(seed: Seed = 0, json: Json = False, quiet: Quiet = False) -> None:
    """Say what this machine has, lacks, and how to mend it.

    Exit code 1 when plait cannot work here; parts that are optional do not count.
    """
    from plait.recipes.doctor import examine

    # Looking draws no random numbers; --seed is there because every verb has it.
    result = examine()
    emit(result, as_json=json, show=show)
    if not result["healthy"]:
        raise typer.Exit(1)


def show(result: dict[str, Any]) -> None:
    """Print a line per finding: ok, lacks or note, what was found, and the command."""
    width = max(len(check["name"]) for check in result["checks"]) + 2
    for check in result["checks"]:
        print(f"{check['status']:<7}{check['name']:<{width}}{check['found']}")
        if check.get("mend"):
            print(f"{'':<7}{'':<{width}}hint: {check['mend']}")
    print("\nready" if result["healthy"] else "\nnot ready: mend the lines that say 'broken'")
