"""Monotonic alignment, against every path that there is."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import torch

from plait.nn.monotonic import all_paths_losses, best_durations, log_shares, near_diagonal

PLACES, SYMBOLS = 6, 3


def paths(places, symbols):
    """The symbol at each place, of every way to say all in their order."""
    for cuts in combinations(range(1, places), symbols - 1):
        yield [sum(place >= cut for cut in cuts) for place in range(places)]


def shares(seed=0):
    torch.manual_seed(seed)
    return log_shares(torch.randn(1, PLACES, SYMBOLS), torch.tensor([SYMBOLS]))


def of_paths(found):
    return {
        tuple(path): float(sum(found[0, place, symbol] for place, symbol in enumerate(path)))
        for path in paths(PLACES, SYMBOLS)
    }


def numbers(*values):
    return torch.tensor(values)


def test_all_paths_together_are_the_likelihood():
    found = shares()
    wanted = -np.logaddexp.reduce(list(of_paths(found).values()))
    loss = all_paths_losses(found, numbers(PLACES), numbers(SYMBOLS))
    assert float(loss) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_durations_are_those_of_the_likeliest_path(seed):
    found = of_paths(shares(seed))
    best = max(found, key=found.get)
    wanted = [best.count(symbol) for symbol in range(SYMBOLS)]
    durations = best_durations(shares(seed).numpy(), np.array([PLACES]), np.array([SYMBOLS]))
    assert durations.tolist() == [wanted]


def test_rows_beside_and_what_is_padding_change_nothing():
    one, num = torch.randn(1, 5, 2), numbers(5, 8)
    scores = torch.full((2, 8, 4), 3.0)
    scores[0, :5, :2], scores[1] = one[0], torch.randn(8, 4)
    both = log_shares(scores, numbers(2, 4))
    alone = log_shares(one, numbers(2))
    torch.testing.assert_close(both[0, :5, :2], alone[0])
    loss = all_paths_losses(both, num, numbers(2, 4))
    torch.testing.assert_close(loss[:1], all_paths_losses(alone, num[:1], numbers(2)))
    durations = best_durations(both.numpy(), num.numpy(), np.array([2, 4]))
    assert (
        durations[0, :2].tolist()
        == best_durations(alone.numpy(), np.array([5]), np.array([2]))[0].tolist()
    )
    assert durations.sum(1).tolist() == [5, 8] and not durations[0, 2:].any()


def test_fewer_places_than_symbols_teach_nothing():
    scores = torch.randn(1, 2, 4, requires_grad=True)
    found = log_shares(scores, numbers(4))
    loss = all_paths_losses(found, numbers(2), numbers(4))
    loss.sum().backward()
    assert float(loss.detach()) == 0 and not scores.grad.any()
    assert not best_durations(found.detach().numpy(), np.array([2]), np.array([4])).any()


def test_the_even_pace_is_likeliest():
    found = near_diagonal(numbers(3), numbers(5), (5, 3))
    assert found[0].argmax(1).tolist() == [0, 0, 1, 1, 2]
    assert float(found.max()) == 0
