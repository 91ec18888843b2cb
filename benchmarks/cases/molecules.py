"""Molecules designed for a solubility: valid, distinct, new, and what another model foretells."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

import plait
from benchmarks.data import halves
from benchmarks.data.molecules import canonical, molecules
from benchmarks.data.solubility import solubility
from benchmarks.peers.accessibility import accessibility
from benchmarks.peers.symbol_counts import ngram_nats
from benchmarks.rows import Row
from benchmarks.settings import Settings
from plait.modalities import Asked
from plait.recipes.ranking import best, rank
from plait.train.config import TrainConfig

BUDGET = "900 steps"
QUICK_BUDGET = "30 steps"
JUDGE_BUDGET = "100 steps"
COLUMNS = {"molecule": "molecule", "solubility": "number"}
BATCH_ROWS = 64
NUM_ASKED, NUM_DRAWN = 1000, 3
MOST_AGAIN = 6
"""How often what was drawn before is drawn anew, at most."""

NUM_STOPPING = 400
"""Molecules by which the training is watched."""
GUIDANCES = (0.0, 1.5, 2.0)
CORRELATION = "rank correlation of asked and foretold"
SHOWN = (CORRELATION, "unique", "new", "synthetic accessibility, 1 easy to 10")
"""Metrics of other strengths of guidance than the usual one, which is 1."""


@dataclass(frozen=True)
class Parts:
    """The rows of the benchmark, none of which is in two parts.

    Attributes:
        mine: What the generator and the judge that ranks for it learn from, with solubilities.
        theirs: What the independent predictor learns from.
        free: Molecules of which no solubility is told, for the generator.
        test: The official test rows.
    """

    mine: pa.Table
    theirs: pa.Table
    free: pa.Table
    test: pa.Table

    @property
    def learned(self) -> list[str]:
        """Canonical SMILES of all molecules that the generator learns from."""
        found = [*_molecules(self.mine), *_molecules(self.free)]
        return list(filter(None, map(canonical, found)))


def run(settings: Settings) -> list[Row]:
    """Fit a generator on half of the solubilities and on molecules without one, ask it for a
    thousand values, and have a model of the other half foretell what was made."""
    if not settings.with_plait:
        return []
    parts = _parts(settings)
    model, spent = _generator(parts, settings)
    predictor = _judge(parts.theirs, settings)
    row = Row(benchmark="molecules", case="", metric="", seed=settings.seed, seconds=spent)
    return [
        *_predictor_rows(row, predictor, parts.test),
        *_likelihood_rows(row, model, parts),
        *_asked_rows(row, model, predictor, _judge(parts.mine, settings), parts, settings),
    ]


def _parts(settings: Settings) -> Parts:
    split = halves(
        solubility(), target="solubility", validation=0.5, seed=settings.seed, quick=settings.quick
    )
    halved = np.array(split.train["split"].to_pylist()) == "train"
    mine, theirs = (split.train.filter(pa.array(some)) for some in (halved, ~halved))
    kept = ["molecule", "solubility"]
    known = {canonical(one) for part in (split.train, split.test) for one in _molecules(part)}
    free = [one for one in _molecules(molecules()) if one not in known]
    free = free[:: 20 if settings.quick else 1]
    nothing = pa.nulls(len(free), pa.float64())
    free_rows = pa.table({"molecule": free, "solubility": nothing})
    return Parts(mine.select(kept), theirs.select(kept), free_rows, split.test.select(kept))


def _molecules(table: pa.Table) -> list[str]:
    found: list[str] = table["molecule"].to_pylist()
    return found


def _generator(parts: Parts, settings: Settings) -> tuple[plait.Model, float]:
    """Return what designs, and the CPU seconds of its fit: other work does not count."""
    rows = pa.concat_tables([parts.mine, parts.free])
    words = np.full(rows.num_rows, "train", object)
    places = np.random.default_rng(settings.seed).permutation(rows.num_rows)[:NUM_STOPPING]
    words[places] = "validation"
    rows = rows.append_column("split", pa.array(words.tolist()))
    usual = QUICK_BUDGET if settings.quick else BUDGET
    began = time.process_time()
    model = plait.fit(
        plait.read(rows, columns={**COLUMNS, "split": "split"}),
        target="molecule",
        split="split",
        budget=settings.budget or usual,
        seed=settings.seed,
        samples=False,
        encoders="none",
        train=TrainConfig(batch_size=BATCH_ROWS),
    )
    return model, time.process_time() - began


def _judge(rows: pa.Table, settings: Settings) -> plait.Model:
    """Fit a model of solubility: simple models of fingerprints and descriptors."""
    return plait.fit(
        plait.read(rows, columns=COLUMNS),
        target="solubility",
        budget=JUDGE_BUDGET,
        seed=settings.seed,
        simple=True,
        samples=False,
        encoders="none",
    )


def _predictor_rows(row: Row, predictor: plait.Model, test: pa.Table) -> list[Row]:
    found = np.array(predictor.predict(test).columns["prediction"], np.float64)
    true = np.array(test["solubility"].to_pylist())
    shipped = predictor.summary()["shipped"]
    row = replace(row, case="independent predictor, official test", seconds=0.0)
    return [
        replace(row, metric="rank correlation", value=_correlation(found, true), note=shipped),
        replace(row, metric="RMSE", value=float(np.sqrt(np.mean((found - true) ** 2)))),
    ]


def _likelihood_rows(row: Row, model: plait.Model, parts: Parts) -> list[Row]:
    """Nats per symbol of test molecules with their solubility, beside Kneser and Ney's 5-gram."""
    codec = model.target_codec
    prepared = model.prepare(model.as_table(parts.test), target=True)
    losses = model.generator.losses(prepared, np.arange(parts.test.num_rows))
    learned = [codec.prepare(one)["symbols"] for one in parts.learned]
    told = [prepared.columns["molecule"][place]["symbols"] for place in range(prepared.num_rows)]
    num = sum(len(one) + 1 for one in told)
    return [
        replace(
            row,
            case="official test molecules, their solubility told",
            metric="nats per SELFIES symbol",
            value=float(np.sum(losses) / num),
            peer="Kneser-Ney 5-gram",
            peer_value=ngram_nats(learned, told),
            target="< peer",
            note=f"{model.summary()['num_parameters']:,} parameters; seconds are of one core's CPU",
        )
    ]


def _asked_rows(
    row: Row,
    model: plait.Model,
    predictor: plait.Model,
    judge: plait.Model,
    parts: Parts,
    settings: Settings,
) -> list[Row]:
    """Draw one molecule for each value that is asked for, and more of which a judge takes the best;
    other strengths of guidance beside it, of a fifth of the values."""
    known = set(parts.learned)
    num = 40 if settings.quick else NUM_ASKED
    low, high = np.quantile(parts.mine["solubility"].to_numpy(), [0.05, 0.95])
    asked = np.linspace(low, high, num)
    draws = [_drawn(model, asked, 1.0, settings.seed + lot) for lot in range(NUM_DRAWN)]
    every, places = sum(draws, []), np.tile(np.arange(num), NUM_DRAWN)
    ranked = rank(every, "molecule", judge, [{"solubility": asked[place]} for place in places])
    kept = best(ranked, every, places)
    chosen = [every[place] for place in kept]
    inside = float(ranked.inside[kept].mean())
    case = f"{num:,}, the best of {NUM_DRAWN} each by a judge of the generator's own rows"
    found = [
        *_made_rows(replace(row, case=f"{num:,} drawn"), draws[0], asked, predictor, known),
        *_made_rows(
            replace(row, case=f"{num:,} drawn, what came before drawn anew"),
            _anew(model, draws[0], asked, settings.seed),
            asked,
            predictor,
            known,
        ),
        replace(row, case=case, metric="inside the judge's domain", value=inside),
        *_made_rows(replace(row, case=case), chosen, asked, predictor, known),
    ]
    for guidance in GUIDANCES:
        some = asked[::5]
        made = _drawn(model, some, guidance, settings.seed)
        beside = replace(row, case=f"{len(some)} drawn, guidance {guidance:g}")
        rows = _made_rows(beside, made, some, predictor, known)
        found += [replace(one, target="") for one in rows if one.metric in SHOWN]
    return found


def _drawn(model: plait.Model, asked: np.ndarray, guidance: float, seed: int) -> list[str]:
    prepared = model.prepare(model.as_table([{"solubility": float(one)} for one in asked]))
    how = Asked(temperature=1.0, seed=seed, guidance=guidance)
    outputs = model.generator.outputs(prepared, np.arange(len(asked)), how)
    return [str(one) for one in model.generator.answer(outputs)["prediction"]]


def _anew(model: plait.Model, drawn: list[str], asked: np.ndarray, seed: int) -> list[str]:
    """Return molecules of which those that came before are drawn anew, as `plait generate` does of
    one asked value."""
    prepared = model.prepare(model.as_table([{"solubility": float(one)} for one in asked]))
    how, found = Asked(temperature=1.0, seed=seed, guidance=1.0), list(drawn)
    for lot in range(1, MOST_AGAIN + 1):
        again = [place for place, one in enumerate(found) if one in found[:place]]
        rows = np.array(again, np.int64)
        if not len(rows):
            break
        values = model.generator.values(prepared, rows, how, [lot] * len(rows))
        said = model.generator.answer(model.generator.made(values, prepared, rows, how))
        for place, one in zip(again, said["prediction"], strict=True):
            found[place] = str(one)
    return found


def _made_rows(
    row: Row, made: list[str], asked: np.ndarray, predictor: plait.Model, known: set[str]
) -> list[Row]:
    from rdkit import Chem

    from plait.modalities.molecule.scoring import designed

    valid = [one for one in made if Chem.MolFromSmiles(one) is not None]
    told = np.array(predictor.predict([{"molecule": one} for one in made]).columns["prediction"])
    about = designed(made, known)
    numbers = {
        CORRELATION: (_correlation(asked, told), ">= 0.6"),
        "mean error of foretold": (float(np.abs(told - asked).mean()), ""),
        "valid": (len(valid) / len(made), ">= 1"),
        "unique": (about["unique"], ">= 0.98"),
        "new": (about["new"], ""),
        "internal diversity": (about["diversity"], ""),
        "scaffolds per molecule": (about["scaffolds"], ""),
        "drug-likeness (QED)": (about["drug_likeness"], ""),
        "synthetic accessibility, 1 easy to 10": (accessibility(made), ""),
    }
    return [
        replace(row, metric=metric, value=value, target=target)
        for metric, (value, target) in numbers.items()
    ]


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    from scipy.stats import spearmanr

    return float(spearmanr(first, second).statistic)
