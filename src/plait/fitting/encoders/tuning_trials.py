"""Measures ways to use a pretrained encoder for a target: frozen, with adapters, in full."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import torch

from plait.backbones.inputs import HeldInputs, hold_inputs
from plait.baselines.feature_matrices import FeatureMatrices
from plait.baselines.features import FeatureMap
from plait.baselines.labelled_rows import LabelledRows
from plait.baselines.linear import Linear
from plait.data.entries import PreparedColumn
from plait.data.prepared import Prepared
from plait.errors import ExtraError, UsageError
from plait.fitting.encoders.tuning_verdict import Verdict
from plait.fitting.setup.problem import Problem
from plait.fitting.setup.work import FROZEN, Work
from plait.modalities import traits_of_modality
from plait.modalities.vector.codec import VectorCodec
from plait.model.backbone_column import BackboneColumn
from plait.spacing import even_sample
from plait.train.budget import Budget, Clock
from plait.train.config import TrainConfig
from plait.train.data import TrainData
from plait.train.fine_tuning import FineTuning, Probe, Tuner, tuner_vectors
from plait.train.shown import train_shown

LEARNING_RATES = {FROZEN: 3e-3, "lora": 3e-4, "full": 5e-5}

MAX_JUDGED = 1024
"""An encoder is judged on at most so many validation rows, evenly spread."""

MAX_FITTED = 4096
"""And by a model fitted on at most so many training rows."""

MAX_BYTES = 2 * 2**30
"""Inputs held in memory; beyond it a sample of the training rows is learned from."""

PROBE_ROWS, PROBE_EPOCHS, MAX_PROBE_STEPS = 64, 30, 3000
MAX_EPOCHS = 15
"""More epochs than this do not help an encoder that starts from pretrained weights."""

LEAST_EPOCHS = 3
"""Where the time is too short for so many epochs of each way, only the first is measured."""

STEP_PASSES = 3.5
"""A training step takes about as long as so many forward passes."""

ENCODE_SHARE = 0.4
"""Where encoding the table anew would take more than this share of the time, nothing is tuned."""


class Trials:
    """The ways to use a derived column's checkpoint, measured on the same rows and model.

    A linear probe is trained on the frozen vectors; every other way starts from that probe (Kumar
    et al. 2022, "Fine-tuning can distort pretrained features", LP-FT). All learn from training
    rows only, and stop by their cost on validation rows.

    They are compared by the cost on validation rows of a linear model that is fitted on the
    finished vectors of the training rows, as the models of the fit will be: a tuned encoder knows
    these rows, tells them too far apart, and its own head hides that (docs/log.md).

    Args:
        problem, work: The fit.
        derived: Whose checkpoint it is.
        rows: Training rows with a value.
        judged: Validation rows with a value.
        budget: Of all ways together; a timed one includes encoding the table anew.
    """

    def __init__(
        self,
        problem: Problem,
        work: Work,
        derived: BackboneColumn,
        rows: np.ndarray,
        judged: np.ndarray,
        budget: Budget,
    ) -> None:
        self._problem, self._work, self._derived = problem, work, derived
        self._rows, self._judged = rows, even_sample(judged, MAX_JUDGED)
        self._budget, self._clock = budget, Clock()

    def run(self, ways: tuple[str, ...], *, forced: bool) -> Verdict:
        """Measure frozen and the other `ways`; a forced way is taken though frozen be better.

        Raises `UsageError` when a forced way is not possible with this checkpoint.
        """
        probe = self._probe()
        column = self._derived.column
        costs = self._costs(Tuner(probe), self._problem.prepared, column)
        verdict = Verdict(self._derived.input_column, {FROZEN: costs})
        inputs = self._inputs(verdict)
        left = list(ways)
        while left:
            way = left.pop(0)
            tuner = self._tuner(probe, way, forced, verdict)
            if tuner is None:
                continue
            budget, alone = self._part(tuner, inputs, len(left) + 1, len(ways))
            if not budget.amount and not forced:
                verdict.notes.append(self._too_slow())
                break
            least = 0.1 * self._budget.amount
            budget = budget if budget.amount else Budget(least, "seconds")
            self._learn(tuner, inputs, self._derived.input_column, way, budget)
            costs = self._costs(tuner, inputs, self._derived.input_column)
            verdict.judge(way, tuner, costs, forced=forced)
            if alone:
                break
        return verdict

    def _probe(self) -> Probe:
        torch.manual_seed(self._work.seed)
        probe = Probe(self._derived.checkpoint.dim, self._problem.target_codec)
        per_step = self._config(FROZEN).rows_per_step(len(self._rows))
        steps = min(PROBE_EPOCHS * -(-len(self._rows) // per_step), MAX_PROBE_STEPS)
        prepared, column = self._problem.prepared, self._derived.column
        self._learn(Tuner(probe), prepared, column, FROZEN, Budget(steps, "steps"))
        return probe

    def _inputs(self, verdict: Verdict) -> Prepared:
        """Return the rows' inputs under the column's name; a sample where there are too many."""
        input_column, seed = self._derived.input_column, self._work.seed
        wanted = [self._judged, np.random.default_rng(seed).permutation(self._rows)]
        update = self._work.progress.task(f"reading {input_column} to tune", sum(map(len, wanted)))
        table, checkpoint = self._problem.table, self._derived.checkpoint
        held: PreparedColumn = hold_inputs(
            table,
            input_column,
            checkpoint,
            np.concatenate(wanted),
            max_bytes=MAX_BYTES,
            progress=update,
        )
        num_rows = len(self._rows)
        self._rows = self._rows[held.present[self._rows]]
        self._judged = self._judged[held.present[self._judged]]
        if len(self._rows) < num_rows:
            verdict.notes.append(
                f"the encoder of '{input_column}' was tuned on {len(self._rows):,} of {num_rows:,} "
                "training rows: more do not fit into memory"
            )
        return Prepared({input_column: held}, table.num_rows)

    def _tuner(self, probe: Probe, way: str, forced: bool, verdict: Verdict) -> Tuner | None:
        torch.manual_seed(self._work.seed)
        try:
            backbone = self._derived.checkpoint.network(way, num_local=0)
        except UsageError:
            if forced:
                raise
            return None
        except ExtraError as error:
            if forced:
                raise
            verdict.notes.append(f"{way} was not measured: {error.what}")
            return None
        return Tuner(copy.deepcopy(probe), backbone).to(self._work.device)

    def _part(
        self, tuner: Tuner, inputs: Prepared, num_left: int, num_ways: int
    ) -> tuple[Budget, bool]:
        """Return a way's part of the budget, 0 where it is too short, and whether it is alone.

        Of steps, each of `num_ways` gets the same; of the time, each of the `num_left`.
        """
        if not self._budget.timed:
            per_epoch = -(-len(self._rows) // self._config("full").rows_per_step(len(self._rows)))
            steps = self._budget.share(1 / num_ways).num_steps(per_epoch) or 1
            return Budget(min(steps, MAX_EPOCHS * per_epoch), "steps"), False
        whole, per_row = self._budget.amount, self._seconds_per_row(tuner, inputs)
        encoding = per_row * self._problem.table.num_rows
        epoch = STEP_PASSES * per_row * len(self._rows)
        judging = per_row * (min(len(self._rows), MAX_FITTED) + len(self._judged))
        left = whole - self._clock.seconds - encoding - num_left * judging
        alone = left < num_left * LEAST_EPOCHS * epoch
        if left < epoch or encoding > ENCODE_SHARE * whole:
            return Budget(0.0, "seconds"), True
        part = left if alone else left / num_left
        return Budget(min(part, MAX_EPOCHS * epoch), "seconds"), alone

    def _seconds_per_row(self, tuner: Tuner, inputs: Prepared) -> float:
        rows = self._judged[:64]
        tuner_vectors(tuner, inputs, self._derived.input_column, rows[:8])
        clock = Clock()
        tuner_vectors(tuner, inputs, self._derived.input_column, rows)
        return clock.seconds / len(rows)

    def _too_slow(self) -> str:
        return (
            f"the encoder of '{self._derived.input_column}' stayed frozen: the budget is too "
            "short to tune it and to encode the table anew"
        )

    def _learn(
        self, tuner: Tuner, prepared: Prepared, column: str, way: str, budget: Budget
    ) -> None:
        config = self._config(way)
        data = TrainData(
            prepared=prepared,
            columns=(column,),
            codec=self._problem.target_codec,
            truth=self._problem.truth,
            rows=self._rows,
            rows_validation=self._judged,
        )
        work = f"tuning {way} {self._derived.checkpoint.key}"
        train_shown(
            FineTuning(tuner, data, config, work),
            f"tuning {self._derived.input_column}: {way}",
            self._work.progress,
            budget=budget,
            config=config,
            seed=self._work.seed,
            device=self._work.device,
        )

    def _config(self, way: str) -> TrainConfig:
        """Return the fit's settings, gentler for an encoder: its inputs are not varied either."""
        in_words = traits_of_modality(self._derived.checkpoint.modality).words
        size = 32 if in_words and len(self._rows) >= 400 else 16
        size = PROBE_ROWS if way == FROZEN else size
        return replace(
            self._work.train,
            learning_rate=LEARNING_RATES[way],
            muon_rate=0.0,
            clip=1.0,
            weight_decay=0.05 if way == FROZEN else 0.01,
            batch_size=min(size, len(self._rows)),
            augment=False,
            num_checks=12 if way == FROZEN else 6,
        )

    def _costs(self, tuner: Tuner, prepared: Prepared, column: str) -> np.ndarray:
        """Return the cost per judged row of a linear model on the vectors."""
        rows, num_rows = even_sample(self._rows, MAX_FITTED), self._problem.table.num_rows
        every = np.concatenate([rows, self._judged])
        vectors = tuner_vectors(tuner, prepared, column, every).astype(np.float16)
        codec = VectorCodec(dim=vectors.shape[1], num_tokens=1)
        values = {row: {"vectors": v[None]} for row, v in zip(every.tolist(), vectors, strict=True)}
        store = HeldInputs(codec.layout, values, num_rows)
        encoded = Prepared({column: PreparedColumn(codec, store)}, num_rows)
        features, matrices = FeatureMap.fit(encoded, (column,), rows)
        target, truth = self._problem.target_codec, self._problem.truth
        linear = Linear()
        linear.fit(LabelledRows(matrices, truth[rows], target), seed=self._work.seed)
        return target.cost(
            linear.outputs(FeatureMatrices(features, encoded, self._judged)), truth[self._judged]
        )
