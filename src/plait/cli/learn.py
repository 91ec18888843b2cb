"""plait learn: corrections and new classes, learned beside a bundle on the device."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from plait.cli.groups import Reading, grouped
from plait.cli.options import Json, Quiet, Seed
from plait.cli.show import emit, print_facts, print_table

EXAMPLE = """Examples:

plait learn fish.plait right.csv --out mine.delta     (rows with the right answer in its column)

plait learn fish.plait sunfish.csv --new sunfish --out mine.delta

plait learn fish.plait --out mine.delta --undo 3f0c9a52d1b7e864

plait learn fish.plait --out mine.delta --merge hers.delta

plait predict fish.plait new.csv --delta mine.delta"""


@grouped
def learn(
    bundle: Annotated[Path, typer.Argument(help="Bundle that runs on a small machine.")],
    examples: Annotated[
        str | None, typer.Argument(help="Table with the right answers in the target's column.")
    ] = None,
    out: Annotated[
        Path, typer.Option(help="The delta: what was learned. One that exists learns on.")
    ] = Path("mine.delta"),
    new: Annotated[
        list[str] | None,
        typer.Option(help="Class that the bundle does not know, in the examples; may be repeated."),
    ] = None,
    undo: Annotated[
        list[str] | None, typer.Option(help="Id of a correction to forget; may be repeated.")
    ] = None,
    merge: Annotated[
        list[Path] | None,
        typer.Option(help="Delta of another device beside the same bundle; may be repeated."),
    ] = None,
    rehearsal: Annotated[
        str | None,
        typer.Option(help="Table with the target, where the bundle has no statistics of its own."),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(help="File of the key that signs the delta; written where there is none."),
    ] = None,
    max_cost: Annotated[
        float | None,
        typer.Option(
            help="What learning may cost of what is known: 0.02 is two examples of a hundred "
            "[default: 0.02, of numbers 0.05 of the error]."
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Learn it whatever it costs of what is known.")
    ] = False,
    *,
    reading: Reading,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Learn from corrected rows and from examples of new classes, beside a bundle.

    The bundle stays as it is: what is learned goes into a small file, which predict takes with
    --delta. It is computed at once, without training. Examples of what was known are asked before
    and after: what would cost too many of them is refused. Each correction has an id, by which it
    is forgotten again.
    """
    # Learning draws no random numbers; --seed is there because every verb has it.
    from plait.recipes.learn import learn as run_learn

    result = run_learn(
        bundle,
        examples,
        out=out,
        new=new or (),
        undo=undo or (),
        merge=merge or (),
        rehearsal=rehearsal,
        key=key,
        max_cost=max_cost,
        force=force,
        **reading,
    )
    emit(result, as_json=json, show=_show_briefly if quiet else show)


def _show_briefly(result: dict[str, Any]) -> None:
    """Print where the delta is."""
    print(result["out"])


def show(result: dict[str, Any]) -> None:
    """Print what was learned, what it costs, and where it is."""
    check = result["check"]
    print_table("Learned now", result["lessons"])
    print_table("The delta holds", result["corrections"])
    print_facts(
        {
            "delta": result["out"],
            "bytes": result["bytes"],
            "signed": result["signed"],
            "new classes": ", ".join(result["new_classes"]) or None,
            f"{check['metric']} of {check['examples']} known examples": f"{check['before']:.4g} "
            f"before, {check['after']:.4g} after",
            "cost of what is known": f"{check['cost']:.2%} (limit {check['limit']:.2%})",
        }
    )
