"""What does not heed all that is asked is measured, and ships only where nothing else does."""

from __future__ import annotations

import numpy as np

from plait.fitting.choice.generated_choice import Generated, choose_generated, out_of_fold
from plait.modalities.action.cells import Action
from plait.modalities.action.codec import ActionCodec
from plait.model.judges import PairJudge
from plait.model.made import MADE, raw_of

NUM = 40
GROUPS = np.repeat(np.arange(10), 4)


def made(**shares: float) -> Generated:
    """Return candidates that say what is right in so large a share of the rows."""
    truth = np.empty(NUM, object)
    truth[:] = [Action("left") for _ in range(NUM)]
    outputs = {}
    for name, share in shares.items():
        outputs[name] = np.zeros(NUM, MADE)
        outputs[name]["raw"] = [
            Action("left" if row < share * NUM else "right") for row in range(NUM)
        ]
    return Generated(np.arange(NUM), truth, outputs)


def judge() -> PairJudge:
    return PairJudge(ActionCodec(labels=("left", "right")))


def test_the_best_that_heeds_ships_and_it_is_said_what_was_better() -> None:
    best, notes = choose_generated(judge(), made(typical=0.2, cloned=0.9, conditioned=0.6), GROUPS)
    assert best == "conditioned"
    assert "behaviour cloning is better" in notes[0] and "does not heed" in notes[0]
    found = made(cloned=0.9, conditioned=0.6, deep=0.8)
    assert choose_generated(judge(), found, GROUPS)[0] == "deep"
    folds = raw_of(out_of_fold(judge(), found, GROUPS, seed=0))
    assert np.mean([one.name == "left" for one in folds]) == 0.8


def test_nothing_is_said_where_what_heeds_is_better() -> None:
    best, notes = choose_generated(judge(), made(cloned=0.4, conditioned=0.6), GROUPS)
    assert best == "conditioned" and notes == ()


def test_what_does_not_heed_ships_alone() -> None:
    assert choose_generated(judge(), made(typical=0.2, cloned=0.9), GROUPS)[0] == "cloned"
