"""Feature maps: their shape, rows without a picture, and several columns of pictures."""

from __future__ import annotations

import torch

from plait.nn.feature_map import MAP_DIM, STRIDE, FeatureMap, MapPool, Pyramid


def test_a_pyramid_has_a_place_for_eight_pixels_and_sees_beyond():
    torch.manual_seed(0)
    pyramid = Pyramid(3)
    canvas = torch.randint(0, 255, (2, 96, 128, 3)).float()
    found = pyramid(canvas)
    assert found.shape == (2, MAP_DIM, 96 // STRIDE, 128 // STRIDE)
    other = canvas.clone()
    other[0, :8, :8] = 0
    gap = (pyramid(other) - found).abs().amax(1)
    assert gap[0, 0, 0] > 0 and gap[0, 5, 5] > 0 and gap[1].max() == 0


def a_map(value, present, side=4):
    num = len(present)
    return FeatureMap(
        torch.full((num, 2, side, side), float(value)),
        torch.tensor(present),
        torch.eye(2, 3).expand(num, -1, -1) * value,
        torch.full((num, 2), 10.0 * value),
    )


def test_a_row_without_a_picture_has_an_empty_map():
    found = MapPool(1)([a_map(1, [True, False])])
    assert found.values[0].eq(1).all() and found.values[1].eq(0).all()
    assert found.present.tolist() == [True, False]
    assert found.frame[1].tolist() == [[1, 0, 0], [0, 1, 0]] and found.size[1].tolist() == [0, 0]


def test_of_several_pictures_each_counts_and_the_first_tells_the_size():
    pool = MapPool(2)
    found = pool([a_map(1, [True, False, False]), a_map(3, [True, True, False], side=8)])
    torch.testing.assert_close(found.values[:, 0, 0, 0], torch.tensor([2.0, 3.0, 0.0]))
    assert found.size[:2, 0].tolist() == [10.0, 30.0]
    assert found.present.tolist() == [True, True, False]
    assert found.values.isfinite().all()
