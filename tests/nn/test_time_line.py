"""Lines in time: their length, what they do not depend on, and lines of several columns."""

from __future__ import annotations

import torch

from plait.nn.time_line import LINE_DIM, LineStem, TimeLine, first_line


def stem():
    torch.manual_seed(0)
    made = LineStem(5).eval()
    for parameter in made.parameters():
        if parameter.ndim == 3:
            torch.nn.init.normal_(parameter, std=0.1)
    return made


def test_a_line_has_a_place_for_four_steps():
    values, num = stem()(torch.randn(3, 21, 5), torch.tensor([21, 8, 1]))
    assert values.shape == (3, 6, LINE_DIM) and num.tolist() == [6, 2, 1]
    assert values[1, 2:].eq(0).all() and values[1, :2].ne(0).any()


def test_what_lies_beside_a_row_changes_nothing():
    made, steps = stem(), torch.randn(1, 9, 5)
    alone, _ = made(steps, torch.tensor([9]))
    beside = torch.cat([torch.cat([steps, torch.full((1, 8, 5), 7.0)], 1), torch.randn(1, 17, 5)])
    together, _ = made(beside, torch.tensor([9, 17]))
    torch.testing.assert_close(together[0, :3], alone[0])


def test_level_and_colour_of_a_voice_change_nothing():
    made, steps = stem(), 10 * torch.randn(1, 12, 5)
    found, _ = made(steps, torch.tensor([12]))
    other, _ = made(steps + torch.randn(5), torch.tensor([12]))
    torch.testing.assert_close(other, found, rtol=1e-3, atol=1e-3)


def a_line(value, places, present):
    num = torch.tensor(places)
    return TimeLine(torch.full((len(places), max(places), 2), value), num, torch.tensor(present))


def test_a_rows_line_is_that_of_the_first_column_that_has_one():
    one = a_line(1.0, [2, 1, 1], [True, False, False])
    found = first_line([one, a_line(2.0, [4, 3, 4], [True, True, False])])
    assert found.values[:, 0, 0].tolist() == [1, 2, 0] and found.values.shape == (3, 4, 2)
    assert found.num_places.tolist() == [2, 3, 1] and found.present.tolist() == [True, True, False]
