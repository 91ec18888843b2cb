"""CTC: losses are sums over all alignments, searches find what was planted, joint scores choose."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
import torch

from plait.nn.ctc import (
    BLANK,
    Spelled,
    alignment_losses,
    best_path,
    places_needed,
    prefix_beam,
)
from plait.nn.known_sequences import KnownSequences
from plait.nn.speller import LEAST_LIKELY, Speller, joined
from plait.nn.time_line import TimeLine


def log_shares(num_places, num_symbols, seed=0):
    logits = np.random.default_rng(seed).normal(0, 1.5, (num_places, num_symbols))
    return logits - np.log(np.exp(logits).sum(1, keepdims=True))


def collapsed(path):
    anew = [b for a, b in pairwise((BLANK, *path)) if b != a]
    return tuple(one for one in anew if one != BLANK)


def by_hand(shares):
    """Sum the alignments of every spelling, one by one: the definition."""
    found = {}
    for path in product(range(shares.shape[1]), repeat=len(shares)):
        likely = np.exp(sum(shares[place, one] for place, one in enumerate(path)))
        found[collapsed(path)] = found.get(collapsed(path), 0.0) + likely
    return found


def test_losses_are_those_of_all_alignments_added_up():
    shares, true = log_shares(5, 3), [(1, 1), (2, 1, 2), (1,), ()]
    exact = by_hand(shares)
    batch = torch.from_numpy(shares).float().expand(len(true), -1, -1)
    losses = alignment_losses(batch, torch.full((len(true),), 5), true)
    expected = torch.tensor([-np.log(exact[one]) for one in true]).float()
    torch.testing.assert_close(losses, expected, rtol=1e-4, atol=1e-4)


def test_places_behind_a_rows_end_do_not_count():
    shares = torch.from_numpy(log_shares(6, 3)).float()[None]
    short = alignment_losses(shares[:, :4], torch.tensor([4]), [(1, 2)])
    torch.testing.assert_close(alignment_losses(shares, torch.tensor([4]), [(1, 2)]), short)


@pytest.mark.parametrize("seed", range(4))
def test_a_wide_search_finds_the_likeliest_of_all(seed):
    shares = log_shares(5, 3, seed)
    exact = by_hand(shares)
    first, second = prefix_beam(shares, width=400)[:2]
    best, runner_up = sorted(exact, key=lambda one: -exact[one])[:2]
    assert (first.symbols, second.symbols) == (best, runner_up)
    assert first.log_likelihood == pytest.approx(np.log(exact[best]), abs=1e-6)


def test_a_search_adds_up_what_the_best_path_splits():
    # blank twice is the likeliest path, .36, but every other path says 1: .64 together
    shares = np.log(np.array([[0.6, 0.4], [0.6, 0.4]]))
    assert best_path(shares).symbols == ()
    found = prefix_beam(shares, width=2)[0]
    assert found.symbols == (1,) and np.exp(found.log_likelihood) == pytest.approx(0.64)


def test_planted_symbols_are_read():
    said, path = (3, 1, 1, 2), [0, 3, 3, 1, 0, 1, 2, 0]
    shares = np.log(np.full((len(path), 4), 0.02) + 0.9 * np.eye(4)[path])
    assert best_path(shares).symbols == said == prefix_beam(shares, width=4)[0].symbols
    assert places_needed(said) == 5


def test_a_long_line_keeps_its_numbers():
    found = prefix_beam(log_shares(3000, 4), width=2)
    assert np.isfinite(found[0].log_likelihood) and found[0].log_likelihood < -700


def test_both_ways_of_seeing_choose_together():
    spelled = [Spelled((1,), -1.0), Spelled((2,), -2.0)]
    written = [np.array([-9.0, -1.0])]
    assert joined([spelled], None, 1.0)[0].symbols == (1,)
    assert joined([spelled], written, 0.95)[0].symbols == (1,)
    assert joined([spelled], written, 0.5)[0] == Spelled((2,), -1.5)


def a_line(num_places, present):
    torch.manual_seed(0)
    return TimeLine(torch.randn(len(present), 6, 8), num_places, torch.tensor(present))


def test_rows_without_a_line_or_room_on_it_teach_nothing():
    speller = Speller(3, dim=8)
    line = a_line(torch.tensor([6, 2, 6]), [True, True, False])
    losses, able = speller.losses(line, [[1, 2], [1, 1, 1], [1]])
    assert able.tolist() == [True, False, False] and losses[1:].tolist() == [0, 0]
    losses.sum().backward()
    assert speller.head.weight.grad.isfinite().all() and speller.head.weight.grad.abs().sum() > 0


def test_members_of_a_set_are_as_likely_as_their_losses_say():
    speller = Speller(3, dim=8).eval()
    line = a_line(torch.tensor([6, 4]), [True, True])
    members = [[1], [3, 2, 1], [1] * 5]  # the last needs nine sayings
    likely = speller.likely(line, members)
    for place, member in enumerate(members):
        losses, able = speller.losses(line, [member, member])
        expected = torch.where(able, -losses, LEAST_LIKELY)
        torch.testing.assert_close(likely[:, place], expected)


def test_drawn_spellings_follow_their_shares():
    speller, line = Speller(2, dim=8).eval(), a_line(torch.tensor([1]), [True])
    rngs = [np.random.default_rng(seed) for seed in range(400)]
    many = TimeLine(*(part.expand(400, *part.shape[1:]) for part in line))
    drawn = [one.symbols for one in speller.drawn(many, rngs, 1.0)]
    share = float(speller(line)[0][0, :, 0].sum().detach().exp())  # of both sayings, the blank
    assert drawn.count(()) / 400 == pytest.approx(share, abs=0.08)


def test_known_sequences_are_always_compared():
    speller, line = Speller(4, dim=8).eval(), a_line(torch.tensor([6, 2]), [True, True])
    known = KnownSequences([(1, 2, 3, 4, 1), (2, 2, 2)])
    alone, beside = speller.spellings(line, 2), speller.spellings(line, 2, known)
    for row, (plain, more) in enumerate(zip(alone, beside, strict=True)):
        assert {one.symbols for one in plain} <= {one.symbols for one in more}
        likely = {one.symbols: one.log_likelihood for one in more}
        assert list(likely.values()) == sorted(likely.values(), reverse=True)
        room = [(1, 2, 3, 4, 1), (2, 2, 2)] if row == 0 else []
        assert [one for one in known.members if one in likely] == room
        exact = speller.likely(line, room or [(1,)])[row]
        assert [likely[one] for one in room] == pytest.approx(exact[: len(room)].tolist())


def test_known_sequences_are_found_by_what_they_are_made_of():
    rng = np.random.default_rng(0)
    members = [tuple(rng.integers(1, 9, 12).tolist()) for _ in range(300)]
    known = KnownSequences(members)
    for member in members[::20]:
        wrong = (*member[:4], 9, *member[5:])  # one symbol is misheard
        assert member in known.near(wrong, 3)
    assert KnownSequences([]).near((1, 2), 3) == []
