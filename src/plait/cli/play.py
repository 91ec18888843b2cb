"""plait play: a policy in an environment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from plait.cli.options import Force, Json, Quiet, Seed, Temperature
from plait.cli.show import emit, print_facts, say_notes, text_of

EXAMPLE = """Examples:

plait play policy.plait CartPole-v1 --episodes 20 --out play.gif

plait play policy.plait Pendulum-v1 --return-to-go -150 --out play.html"""


def play(
    bundle: Annotated[Path, typer.Argument(help="Bundle of a policy that plait fit wrote.")],
    environment: Annotated[
        str, typer.Argument(help="Name of an environment that gymnasium knows.")
    ],
    *,
    episodes: Annotated[int, typer.Option(help="So many are played.")] = 20,
    return_to_go: Annotated[
        float | None,
        typer.Option(help="The return to reach [default: a high one of training]."),
    ] = None,
    temperature: Temperature = None,
    out: Annotated[
        Path | None,
        typer.Option(help=".gif: a film of the first episode; .html: a page with all returns."),
    ] = None,
    force: Force = False,
    seed: Seed = 0,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Let a policy act in an environment, and tell the return of each episode.

    The values of an observation go to the policy's columns, in the order of the table that it was
    learned from.
    """
    from plait.progress import bars_on_terminal
    from plait.recipes.play import play as run_play

    with bars_on_terminal(quiet=quiet) as progress:
        result = run_play(
            bundle,
            environment,
            episodes=episodes,
            return_to_go=return_to_go,
            temperature=temperature,
            seed=seed,
            out=out,
            force=force,
            progress=progress,
        )
    say_notes(result)
    emit(result, as_json=json, show=show)


def show(result: dict[str, Any]) -> None:
    """Print the mean return with its interval, that of each episode, and what was recorded."""
    ends = result["interval"]
    between = f" [{text_of(ends[0])}, {text_of(ends[1])}]" if ends else ""
    print_facts(
        {
            "mean return": f"{text_of(result['mean'])}{between}",
            "episodes": result["episodes"],
            "returns": result["returns"],
            "wanted": result["return_to_go"],
            "recorded, median": result["median_recorded"],
            "recorded, best tenth above": result["best_recorded"],
            "out": result["out"],
        }
    )
