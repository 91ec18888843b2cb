"""Streams: a text, piece by piece, while the network of a model writes it."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from plait.answer import Answer
from plait.errors import TargetError, UsageError
from plait.modalities import traits_of
from plait.model.asked_draws import asked_of
from plait.types import MadeFile

if TYPE_CHECKING:
    from plait.model.model import Model

Stream = Generator[str, None, Answer]
"""Pieces of a text; what it returns at its end is the whole answer."""


def stream(
    model: Model,
    row: Any,
    *,
    on_error: str | None = None,
    root: Any = None,
    temperature: float | None = None,
    seed: int = 0,
) -> Stream:
    """Return the pieces of the text for one row, each as soon as it is written.

    >>> for piece in model.stream({"image": "boot.png"}):   # doctest: +SKIP
    ...     print(piece, end="", flush=True)

    All together are the ``prediction`` of `Model.predict`, whose `Answer` is what the generator
    returns. What a simple model answers comes as one piece; of what is a file, such as a tune, no
    piece is text: the answer has it whole.

    Args:
        model: Whose target is written piece by piece: a text.
        row: One row, as `Model.predict` takes it.
        on_error, root, temperature, seed: As for `Model.predict`.

    Raises:
        TargetError: The target is not written piece by piece.
        UsageError: There is not one row.
    """
    asked, generator = asked_of(model, temperature, seed), model.predictor
    if asked is None or not traits_of(generator.target).piecewise:
        raise TargetError(
            "nothing is written piece by piece, so there is no stream",
            expected="a model whose target is text",
            received=f"'{model.target}', a {generator.target.modality}",
        )
    table = model.as_table(row, on_error=on_error, root=root)
    if table.num_rows != 1:
        raise UsageError("a stream is of one row", expected="1 row", received=str(table.num_rows))
    made = model.generator.stream(model.prepare(table, keep=False), 0, asked)
    return _pieces(model, made)


def _pieces(model: Model, made: Iterator[np.ndarray]) -> Stream:
    """Give what each value has more than the one before it."""
    answer, given = Answer(), ""
    for outputs in made:
        answer = Answer(model.predictor.answer(outputs))
        cell = answer["prediction"][0]
        if isinstance(cell, MadeFile):
            continue
        text = str(cell)
        if len(text) > len(given):
            yield text[len(given) :]
            given = text
    return answer
