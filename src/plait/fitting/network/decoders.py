"""The decoder of a generated target: plait's own or a language model, whichever writes better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from plait.backbones.language import MOST, LanguageCheckpoint
from plait.errors import TargetError
from plait.fitting.candidates.simple_generators import Simple
from plait.fitting.network.decoding import Decoder, train_decoder
from plait.fitting.setup.problem import Problem
from plait.fitting.setup.work import Work
from plait.modalities import Asked, GeneratedTarget
from plait.model.judges import PairJudge
from plait.model.made import made_of
from plait.networks.generate_rows import generated_rows
from plait.spacing import even_sample
from plait.types import Arrays

OWN_PART, LEAST_FOR_BOTH = 0.25, 120.0
"""Of the time that is left, what plait's own decoder may take beside a language model, and the
seconds that must be left for both."""

MOST_COMPARED, MOST_MEASURED = 1000, 2000
"""Rows by which decoders are compared, and texts by which it is told how long they are, at most."""

LONG_SHARE = 0.99
"""Of the training texts, which are no longer than what is written may be."""


@dataclass(frozen=True)
class _Measured:
    """A decoder, and what it says of rows held out."""

    decoder: Decoder
    said: Sequence[Arrays] = ()
    score: float | None = None
    cost: float = np.inf


def train_decoders(problem: Problem, work: Work, simple: Simple, *, aside: float = 0.0) -> Decoder:
    """Train the network of a generated target; where a language model was named, with it, and where
    there is time also with plait's own decoder: of both the better one by rows held out.

    Arguments are those of `train_decoder`.
    """
    if work.language is None or work.simple or work.trained is not None:
        return train_decoder(problem, work, simple, aside=aside)
    left = work.timetable.left(aside)
    both = left is None or left >= LEAST_FOR_BOTH
    own = Decoder()
    if both:
        apart = None if work.folder is None else work.folder / "own"
        part = replace(work, folder=apart)
        own = train_decoder(problem, part, simple, aside=aside, part=OWN_PART)
    model = work.language.load()
    model.most = _longest(problem, model)
    checkpoint = replace(work.language, most=model.most)
    by_language = train_decoder(problem, work, simple, aside=aside, language=model)
    if by_language.network is None:
        return own if own.network is not None else by_language
    return _better(problem, own, replace(by_language, language=checkpoint), model)


def _longest(problem: Problem, model: Any) -> int:
    """Return how many tokens what is written may have: as many as most of the training texts."""
    column, goal = problem.prepared.columns[str(problem.target)], _goal(problem)
    rows = problem.learned[:: max(1, len(problem.learned) // MOST_MEASURED)]
    texts = [goal.decode(column[int(row)] or {}) for row in rows]
    lengths = [len(model.encode(text)) for text in texts]
    return int(np.clip(np.ceil(np.quantile(lengths, LONG_SHARE)) + 1, 8, MOST))


def _better(problem: Problem, own: Decoder, language: Decoder, model: Any) -> Decoder:
    """Return the decoder that writes better, with what is to be said of both."""
    rows = even_sample(problem.validation, min(language.most_made, MOST_COMPARED))
    found = {name: _measured(problem, one, rows) for name, one in (("own", own), ("by", language))}
    best = min(found.values(), key=lambda one: one.cost)
    if best.score is None:
        best = found["by"]
    scores = {name: one.score for name, one in found.items()}
    about = {
        "decoder": "own" if best is found["own"] else "language",
        "decoders": {"language": scores["by"], "own": scores["own"], "rows": len(rows)},
    }
    note = _told(problem, best is found["own"], scores, len(rows), language.language, model)
    return replace(
        best.decoder,
        notes=(*best.decoder.notes, note),
        said=best.said,
        said_of=rows,
        compared=about,
    )


def _measured(problem: Problem, decoder: Decoder, rows: np.ndarray) -> _Measured:
    if decoder.network is None or not len(rows):
        return _Measured(decoder)
    from plait.networks.torch_runners import HeadsRunner

    judge, column = PairJudge(_goal(problem)), problem.prepared.columns[str(problem.target)]
    drawer = HeadsRunner(decoder.network, str(problem.target))
    said = generated_rows(drawer, problem.prepared, rows, Asked(apart=True))
    true = np.empty(len(rows), object)
    for place, row in enumerate(rows):
        true[place] = judge.codec.decode(column[int(row)] or {})
    score = judge.metrics(made_of(judge.codec, said), true)[judge.headline]
    return _Measured(
        decoder, said, score, score if judge.lower_is_better(judge.headline) else -score
    )


def _told(
    problem: Problem,
    is_own: bool,
    scores: dict[str, float | None],
    num: int,
    checkpoint: LanguageCheckpoint | None,
    model: Any,
) -> str:
    """Say which decoder writes, and how well each did."""
    judge = PairJudge(_goal(problem))
    what, where = judge.words[judge.headline].name, f"on {num:,} rows held out"
    how = "with low-rank corrections" if model.rank else "as it is"
    licence = checkpoint.licence if checkpoint and checkpoint.licence else "not told"
    name = "" if checkpoint is None else checkpoint.name
    other = f"the language model {name} ({model.num_weights:,} weights, {how}; licence {licence})"
    by, own = scores["by"], scores["own"]
    if is_own:
        return f"plait's own decoder writes: {what} {own:.3f} {where}; {other} had {by:.3f}"
    if by is None:
        return f"{other} writes; no rows were left to compare it with plait's own decoder"
    if own is None:
        return f"{other} writes: {what} {by:.3f} {where}; no time was left for plait's own decoder"
    return f"{other} writes: {what} {by:.3f} {where}; plait's own decoder had {own:.3f}"


def _goal(problem: Problem) -> GeneratedTarget:
    if not isinstance(problem.goal, GeneratedTarget):
        raise TargetError("a decoder is of a generated target", received=problem.goal.modality)
    return problem.goal
