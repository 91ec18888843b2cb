"""A few hundred damaged tables of every kind: a result, or an error that helps; nothing left."""

import numpy as np
import pytest
from benchmarks.fuzzing.probe import try_case
from benchmarks.fuzzing.sources import KINDS, make

NUM_EACH = 12


@pytest.mark.parametrize("place", range(len(KINDS)), ids=list(KINDS))
def test_damaged_sources_give_a_result_or_an_error_that_helps(place):
    for turn in range(NUM_EACH):
        result = try_case(7, place + turn * len(KINDS))
        assert result["finding"] is None, result


@pytest.mark.parametrize("kind", KINDS)
def test_a_case_is_the_same_every_time(kind, tmp_path):
    made = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        source = make(kind, folder, np.random.default_rng([3, 5]))
        # Sizes may differ by a byte: films carry a random number of their own.
        files = [path.relative_to(folder) for path in sorted(folder.rglob("*"))]
        made.append((source.how, source.is_cut, files))
    assert made[0] == made[1]
