"""The command line: one thin file per verb, the same words as the Python API."""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

import plait
from plait.cli import (
    ask,
    bench,
    caption,
    compress,
    demo,
    doctor,
    embed,
    encoders,
    evaluate,
    export,
    fit,
    generate,
    inspect,
    play,
    predict,
    report,
    scale,
    search,
    tune,
    whence,
)
from plait.cli.failures import STOPPED, failure_of, flush_output

app = typer.Typer(
    name="plait",
    help="Any columns in, any column out: one small model from a table of mixed media.",
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

app.command(epilog=demo.EXAMPLE)(demo.demo)
app.command(epilog=doctor.EXAMPLE)(doctor.doctor)
app.command(epilog=encoders.EXAMPLE)(encoders.encoders)
app.command(epilog=inspect.EXAMPLE)(inspect.inspect)
app.command(epilog=fit.EXAMPLE)(fit.fit)
app.command(epilog=evaluate.EXAMPLE)(evaluate.evaluate)
app.command(epilog=predict.EXAMPLE)(predict.predict)
app.command(epilog=bench.EXAMPLE)(bench.bench)
app.command(epilog=play.EXAMPLE)(play.play)
app.command(epilog=ask.EXAMPLE)(ask.ask)
app.command(epilog=caption.EXAMPLE)(caption.caption)
app.command(epilog=generate.EXAMPLE)(generate.generate)
app.command(epilog=whence.EXAMPLE)(whence.whence)
app.command(epilog=embed.EXAMPLE)(embed.embed)
app.command(epilog=search.EXAMPLE)(search.search)
app.command(epilog=tune.EXAMPLE)(tune.tune)
app.command(epilog=scale.EXAMPLE)(scale.scale)
app.command(epilog=compress.EXAMPLE)(compress.compress)
app.command(epilog=export.EXAMPLE)(export.export)
app.command(epilog=report.EXAMPLE)(report.report)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 good, 1 the work failed, 2 the call was wrong, 130 stopped.

    With ``--json`` anywhere in the arguments, a failure is one JSON object on standard output;
    without, it is text on standard error.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    # The interpreter looks for garbage among all that torch loaded before it ends: most of a
    # second, and several where others keep the processor busy.
    atexit.register(gc.freeze)
    sys.exit(run(words))


def run(words: list[str]) -> int:
    """Run the command line on `words` and return its exit code."""
    try:
        code = app(words or ["--help"], prog_name="plait", standalone_mode=False)
        if code == STOPPED:  # what newer versions of typer make of Ctrl-C
            raise KeyboardInterrupt
        flush_output()
    except (Exception, KeyboardInterrupt) as error:
        failure = failure_of(error, words)
        if failure is None:
            raise
        failure.tell(as_json="--json" in words)
        return failure.exit_code
    return code if isinstance(code, int) else 0


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"plait {plait.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and stop."
        ),
    ] = False,
) -> Any:
    return None
