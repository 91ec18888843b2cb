"""Chooses what ships where values are generated: the best by the headline, on held-out rows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from plait.baselines.cross_validation import fold_numbers
from plait.display import model_name
from plait.errors import TargetError
from plait.fitting.choice.chosen_by_folds import NUM_FOLDS
from plait.fitting.choice.generated_mix import MIX
from plait.model.ensemble import DEEP
from plait.model.judges import PairJudge
from plait.model.made import MADE, unsure
from plait.sampling_error import standard_error


class Generated:
    """What every candidate made of the same rows, and how it is judged.

    Args:
        rows: Row numbers.
        truth: Raw, object ``[row]``.
        outputs: Candidate -> what it made, `plait.model.made.MADE` ``[row]``.
    """

    def __init__(
        self, rows: np.ndarray, truth: np.ndarray, outputs: Mapping[str, np.ndarray]
    ) -> None:
        self.rows, self.truth, self.outputs = rows, truth, outputs

    def take(self, places: np.ndarray) -> Generated:
        """Return what was made of some of the rows."""
        outputs = {name: found[places] for name, found in self.outputs.items()}
        return Generated(self.rows[places], self.truth[places], outputs)


def choose_generated(
    judge: PairJudge, made: Generated, groups: np.ndarray, *, begun: str = ""
) -> tuple[str, tuple[str, ...]]:
    """Return what ships, the best by the headline of what heeds all that is asked (see `heeding`),
    and what to say of it; a tie goes to simple.

    Raises `TargetError` where all that was learned is refused.

    Args:
        judge: Of the target.
        made: What every candidate made of rows that nobody learned from.
        groups: int ``[row]``.
        begun: The simple model that the network begins at, which it must clearly beat; "" for none.
    """
    names = list(made.outputs)
    if not len(made.rows):
        few = () if len(names) == 1 else ("no rows were left to compare candidates by",)
        return names[-1], few
    refused = refusals(judge, made)
    if len(refused) == len(names):
        raise TargetError(
            "nothing was learned that is worth shipping",
            expected="a model that makes most of what there is",
            received="; ".join(f"{model_name(one)}: {why}" for one, why in refused.items()),
            hint="give it a longer budget, or more rows",
        )
    refusing = tuple(
        f"{model_name(one)} is refused: {why}; a longer budget or more rows may help"
        for one, why in refused.items()
    )
    every, made = made, heeding(judge, made)
    names, costs = list(made.outputs), _costs(judge, made)
    best = min(names, key=lambda name: costs[name])
    notes = (*refusing, *_heedless_note(judge, every, best, refused))
    simple = [name for name in names if name != DEEP and not name.startswith(MIX)]
    if DEEP not in names or not simple:
        return best, notes
    base_model = min(simple, key=lambda name: costs[name])
    if best in simple:
        told = f"the network does not beat {model_name(base_model)} on these data"
        return best, (*notes, told)
    gap = judge.cost(made.outputs[best], made.truth) - judge.cost(
        made.outputs[base_model], made.truth
    )
    if gap.mean() + 1.96 * standard_error(gap, groups) < 0:
        return best, notes
    if best == DEEP and base_model == begun:
        said = f"{model_name(base_model)} ships: the network, which begins at it, is not clearly "
        return base_model, (*notes, f"{said}better on these data")
    who = "the network" if best == DEEP else "the mix with the network"
    told = f"{who} is not clearly better than {model_name(base_model)} on these data"
    return best, (*notes, told)


def heeding(judge: PairJudge, made: Generated) -> Generated:
    """Return the candidates that are not refused, and without those that do not heed all that the
    target is asked for (its codec's ``heedless``); where there are no others, also such."""
    heedless, refused = getattr(judge.codec, "heedless", ()), refusals(judge, made)
    able = {one: found for one, found in made.outputs.items() if one not in refused}
    kept = {one: found for one, found in able.items() if one not in heedless}
    return Generated(made.rows, made.truth, kept or able or made.outputs)


def refusals(judge: PairJudge, made: Generated) -> dict[str, str]:
    """Return the candidates that must not ship, with why: by what the codec ``refuses``.

    Those that do not heed what is asked are never refused: they ship where nothing else may.
    """
    refuses, heedless = getattr(judge.codec, "refuses", None), getattr(judge.codec, "heedless", ())
    if refuses is None or not len(made.rows):
        return {}
    found = {
        name: refuses(judge.metrics(outputs, made.truth), len(made.rows))
        for name, outputs in made.outputs.items()
        if name not in heedless
    }
    return {name: why for name, why in found.items() if why}


def _heedless_note(
    judge: PairJudge, made: Generated, best: str, refused: Mapping[str, str]
) -> tuple[str, ...]:
    """Say where what does not heed all that is asked was better than what ships."""
    costs = {name: cost for name, cost in _costs(judge, made).items() if name not in refused}
    first = min(costs, key=lambda name: costs[name])
    if first not in getattr(judge.codec, "heedless", ()) or costs[first] >= costs[best]:
        return ()
    told = judge.words[judge.headline].name
    return (f"{model_name(first)} is better by {told}, but does not heed what is asked for",)


def _costs(judge: PairJudge, made: Generated) -> dict[str, float]:
    """Return candidate -> the headline, less always better."""
    sign = 1.0 if judge.lower_is_better(judge.headline) else -1.0
    return {
        name: sign * judge.metrics(found, made.truth)[judge.headline]
        for name, found in made.outputs.items()
    }


def out_of_fold(judge: PairJudge, made: Generated, groups: np.ndarray, seed: int) -> np.ndarray:
    """Return what was made of each row by the candidate that is best for all others, `MADE`
    ``[row]``; see `plait.fitting.choice.chosen_by_folds`. How sure one candidate is says nothing
    of another."""
    parts = fold_numbers(groups, np.zeros(len(groups)), NUM_FOLDS, seed)
    out = np.zeros(len(groups), MADE)
    for part in range(int(parts.max(initial=-1)) + 1):
        own, others = parts == part, np.flatnonzero(parts != part)
        costs = _costs(judge, heeding(judge, made.take(others) if len(others) else made))
        out[own] = made.outputs[min(costs, key=lambda name: costs[name])][own]
    return unsure(out)
