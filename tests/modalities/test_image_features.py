"""Features of pictures: against Pillow's box filter, and alone as beside others."""

import numpy as np
import pytest
from PIL import Image

from plait.modalities.image.features import picture_features


def pictures(size, channels):
    rng = np.random.default_rng(size)
    return rng.integers(0, 256, (9, size, size, channels)).astype(np.uint8)


@pytest.mark.parametrize("size", [12, 16, 20, 28, 36, 48, 64])
def test_the_grid_is_that_of_a_box_filter(size):
    for pixels, found in zip(pictures(size, 3), picture_features(pictures(size, 3)), strict=True):
        shades = np.moveaxis(pixels.astype(np.float32) / 255, -1, 0)
        grid = [Image.fromarray(one).resize((16, 16), Image.Resampling.BOX) for one in shades]
        np.testing.assert_allclose(found[: 3 * 256], np.asarray(grid).ravel(), atol=2e-6)


@pytest.mark.parametrize(("size", "channels"), [(28, 1), (64, 3), (20, 3)])
def test_a_picture_has_the_same_features_beside_any_others(size, channels):
    many = pictures(size, channels)
    together = picture_features(many)
    alone = np.concatenate([picture_features(one[None]) for one in many])
    np.testing.assert_array_equal(together, alone)
    np.testing.assert_array_equal(picture_features(many[::-1])[::-1], together)


def test_edges_fall_into_the_cell_and_the_direction_that_they_have():
    pixels = np.zeros((1, 28, 28, 1), np.uint8)
    pixels[0, :, 14:] = 255  # a vertical edge: its gradient points to the right
    edges = picture_features(pixels)[0, 256:].reshape(7, 7, 9)
    assert edges[:, 3, 0].all() and np.count_nonzero(edges) == 7
    np.testing.assert_allclose(np.linalg.norm(edges), 7.0, rtol=1e-4)
