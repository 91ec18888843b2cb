"""Trains the network of a generated target, and foresees how many values there is time to make."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from plait.backbones.language import LanguageCheckpoint
from plait.baselines.start import Start
from plait.data.together import varied_together
from plait.fitting.candidates.simple_generators import Simple
from plait.fitting.network.coding import Coded, coding_budgets, learn_codes
from plait.fitting.network.distilling import budgets_of, distil
from plait.fitting.setup.problem import Problem
from plait.fitting.setup.stopping import stop_notes
from plait.fitting.setup.work import Work
from plait.model.shared_space import SharedSpace
from plait.networks.config import SystemConfig, choose_size, join_layer
from plait.spacing import even_sample
from plait.train.budget import Budget
from plait.train.config import TrainConfig
from plait.train.space_network import space_network
from plait.types import Arrays

PILOT_ROWS = 16
MAKING_SHARE = 0.25
"""Of a timed budget, making values to choose and to judge by may take this."""

LEAST_MADE = 30
"""No fewer rows are made, whatever it takes: fewer judge nothing."""

TIMES_MADE = 7
"""About how often a row is made: to choose, to judge, and with columns hidden, for both."""

LEAST_SECONDS = 1.0

MOST_FINE = 32
"""Rows of a step whose pictures are seen finely, or sounds heard so: each takes the memory, and the
time, of hundreds of tokens."""


@dataclass(frozen=True)
class Run:
    """What a training did; see `plait.train.result.TrainResult`."""

    steps: int = 0
    seconds: float = 0.0
    precision: str = ""
    rows_per_second: float = 0.0
    wait_share: float = 0.0
    curve: list[dict[str, float]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Decoder:
    """A trained network of a generated target.

    Attributes:
        network: A `plait.networks.heads.Heads`, on the CPU; None where none was trained.
        tensors: Its weights as NumPy arrays.
        run: Of its training.
        distilled_steps: In which heads learned from what the network had learned.
        codes: That heads learned before it, where they draw any.
        most_made: How many rows there is time to make values of, each time.
        notes: What a person should know.
        cut_short: Whether the time ended before it saw every row once.
        adapt: ``full`` where it began with a base's weights, else ``scratch``.
        start: The simple model whose values it begins at; None where there is none.
        language: The language model by which it writes; None where it does without.
        said: What it says of rows held out, where that was asked already.
        said_of: The numbers of these rows.
        compared: What the records tell of the decoders that were measured.
    """

    network: Any = None
    tensors: Mapping[str, np.ndarray] = field(default_factory=dict)
    run: Any = field(default_factory=Run)
    distilled_steps: int = 0
    codes: Coded = field(default_factory=Coded)
    most_made: int = 10**9
    notes: tuple[str, ...] = ()
    cut_short: bool = False
    adapt: str = "scratch"
    start: Start | None = None
    language: LanguageCheckpoint | None = None
    said: Sequence[Arrays] = ()
    said_of: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    compared: Mapping[str, Any] = field(default_factory=dict)

    @property
    def num_parameters(self) -> int:
        """Number of trained weights."""
        return 0 if self.network is None else int(self.network.num_parameters)

    def told(self) -> dict[str, Any]:
        """Return what the records tell of the training."""
        return {
            "steps": self.run.steps,
            "distilled_steps": self.distilled_steps,
            **self.codes.told(),
            "precision": self.run.precision,
            "rows_per_second": self.run.rows_per_second,
            "wait_share": self.run.wait_share,
            "join": None if self.network is None else self.network.config.join,
            "adapt": self.adapt,
            "num_parameters": self.num_parameters,
            **self.compared,
        }


def train_decoder(
    problem: Problem,
    work: Work,
    simple: Simple,
    *,
    aside: float = 0.0,
    language: Any = None,
    part: float = 1.0,
) -> Decoder:
    """Train a network in the time that is left, stopped by rows that nobody learns from.

    Args:
        problem: With a generated target.
        work: Settings.
        simple: What can ship where there is no time for a network, and what it begins at.
        aside: Seconds that are kept for what simple models answer, and for the scores of all.
        language: A `plait.nn.language_model.LanguageModel` that writes; None for a decoder of its
            own.
        part: Of the time that is left, which it may take.
    """
    if work.simple:
        return Decoder(notes=("no network was trained: simple models were asked for",))
    if work.trained is not None:
        return _paced(problem, work, work.trained)
    from plait.networks.weights import tensors_of
    from plait.train.generative import Generative
    from plait.train.shown import train_shown

    if not _in_time(work, simple, aside):
        return Decoder(notes=("no network was trained: no time was left for it",))
    network = _make_network(problem, work, language)
    stop = problem.stopping if len(problem.stopping) else problem.validation
    most, budget, config = 10**9, work.budget, _step_of(work.train, problem, network)
    if work.timetable.seconds is not None:
        per_row = _seconds_per_row(problem, network, simple.start)
        share = MAKING_SHARE * work.timetable.seconds
        most = max(LEAST_MADE, int(share / max(TIMES_MADE * per_row, 1e-9)))
        asked = min(most, len(problem.validation)) + min(most, len(problem.judged))
        kept = min(share, TIMES_MADE / 2 * asked * per_row + aside)
        left = work.timetable.left(kept) or 0.0
        if left < LEAST_SECONDS and simple.fitted:
            return Decoder(notes=("no network was trained: no time was left for it",))
        budget = Budget(max(part * left, LEAST_SECONDS), "seconds")
        config = config.within(work.budget.amount, len(problem.splits.train))
    data = _data_of(problem, simple, stop)
    how: dict[str, Any] = {"config": config, "seed": work.seed, "device": work.device}
    how |= {"folder": work.folder}
    first, budget = coding_budgets([network], budget)
    codes = learn_codes(network, data, first, progress=work.progress, **how)
    if codes.refused and simple.fitted:
        return Decoder(notes=(f"no network was trained: {codes.refused}",))
    objective, (budget, rest) = Generative(network, data), budgets_of([network], budget)
    run = train_shown(objective, "training", work.progress, budget=budget, **how)
    objective.settle()
    more = 0 if rest is None else distil(network, data, rest, progress=work.progress, **how)
    network = network.cpu()
    seen = run.steps * config.rows_per_step(len(problem.learned))
    head: Any = network.head(str(problem.target))
    return Decoder(
        network=network.eval(),
        tensors=tensors_of(network),
        run=run,
        distilled_steps=more,
        codes=codes,
        most_made=most,
        notes=(*stop_notes(problem), *codes.notes, *getattr(head, "remarks", tuple)()),
        cut_short=work.timetable.seconds is not None and seen < len(problem.learned),
        adapt="full" if _base_of(work) is not None else "scratch",
        start=simple.start,
    )


def _data_of(problem: Problem, simple: Simple, stop: np.ndarray) -> Any:
    """Return the rows to learn from, and those that tell when to stop."""
    from plait.train.generative import GenerativeData

    codecs = {name: problem.codecs[name] for name in problem.columns}
    return GenerativeData(
        prepared=simple.told(problem.prepared, np.union1d(problem.learned, stop)),
        columns=problem.columns,
        shares={str(problem.target): 1.0},
        rows=problem.learned,
        rows_validation=stop,
        weights=problem.weights,
        started=simple.start is not None,
        together=varied_together(codecs, str(problem.target), problem.goal),
    )


def _in_time(work: Work, simple: Simple, aside: float) -> bool:
    """Tell whether time is left for a network: as long again as what it begins at took to fit, and
    more; or nothing else can ship."""
    left = work.timetable.left(aside)
    if left is None or simple.start is None or not simple.fitted:
        return True
    return left - simple.seconds.get(simple.start.model.name, 0.0) > LEAST_SECONDS


def _step_of(config: TrainConfig, problem: Problem, network: Any) -> TrainConfig:
    """Return the settings as heads want them, where nothing was said: their own, and fewer rows to
    a step where they ask for maps or lines, or for fewer; moments in time are not varied, for what
    follows would vary with them."""
    usual = TrainConfig()
    for head in network.heads:
        wanted = getattr(head, "training_settings", {})
        free = {k: v for k, v in wanted.items() if getattr(config, k) == getattr(usual, k)}
        config = replace(config, **free)
    if problem.table.moments is not None:
        config = replace(config, augment=False)
    most = [int(one.most_per_step) for one in network.heads if hasattr(one, "most_per_step")]
    most += [MOST_FINE] if network.lined or network.map_pool is not None else []
    if config.batch_size or not most:
        return config
    return replace(config, batch_size=min(config.rows_per_step(len(problem.learned)), *most))


def _paced(problem: Problem, work: Work, decoder: Decoder) -> Decoder:
    """Return a network that was trained before, and how many values there is time to make."""
    if work.timetable.seconds is None:
        return decoder
    share = MAKING_SHARE * work.timetable.seconds
    per_row = _seconds_per_row(problem, decoder.network, decoder.start)
    most = max(LEAST_MADE, int(share / max(TIMES_MADE * per_row, 1e-9)))
    return replace(decoder, most_made=most)


def _make_network(problem: Problem, work: Work, language: Any = None) -> Any:
    """Build the network: weights drawn from the seed, or those that a base has in common.

    What is heard has a stem of its own on its line; the tokens beside it are the smallest, so that
    more rows are seen.
    """
    import torch

    from plait.networks.heads import Heads
    from plait.networks.start import start_from

    space = _base_of(work)
    torch.manual_seed(work.seed)
    config = _config(problem, work) if space is None else space.config
    codecs = {name: problem.codecs[name] for name in problem.columns}
    languages = {} if language is None else {str(problem.target): language}
    network = Heads(codecs, {str(problem.target): problem.goal}, config, languages)
    if network.lined and space is None and work.size == "auto":
        config = _config(problem, work, size="tiny")
        network = Heads(codecs, {str(problem.target): problem.goal}, config)
    if space is not None:
        start_from(network, space_network(space))
    return network


def _base_of(work: Work) -> SharedSpace | None:
    """Return the space whose weights a network starts from, where there is one."""
    space = None if work.base is None else work.base.space
    return space if space is not None and space.has_network and work.adapt != "scratch" else None


def _config(problem: Problem, work: Work, size: Any = None) -> SystemConfig:
    """Return the sizes, by default those that are asked for; columns meet in the middle where
    nothing else was said."""
    modalities = [problem.codecs[name].modality for name in problem.columns]
    config = choose_size(size or work.size, len(problem.splits.train), modalities)
    if len(problem.columns) < 2 and work.fusion == "auto":
        return replace(config, join=0)
    fusion = "mid" if work.fusion == "auto" else work.fusion
    return replace(config, join=join_layer(fusion, config.depth)).check()


def _seconds_per_row(problem: Problem, network: Any, start: Start | None) -> float:
    """Return about how long making one value takes, at most: from a few rows, drawn untrained.

    What is drawn from a network that knows nothing seldom ends before it must.
    """
    from plait.modalities import Asked
    from plait.networks.generate_rows import generated_rows
    from plait.networks.torch_runners import HeadsRunner

    rows = even_sample(problem.learned, PILOT_ROWS)
    drawer = HeadsRunner(network, str(problem.target), started=start is not None)
    prepared, asked = problem.prepared, Asked(temperature=1.0)
    if start is not None:
        prepared = start.beside(prepared, rows)
    generated_rows(drawer, prepared, rows[:2], asked)
    began = time.monotonic()
    generated_rows(drawer, prepared, rows, asked)
    return (time.monotonic() - began) / max(len(rows), 1)
