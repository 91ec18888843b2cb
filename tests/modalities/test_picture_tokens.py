"""Pictures as tokens: few whatever the size, larger ones averaged, and where they lie."""

import pytest
import torch

from plait.modalities.image.codec import ImageCodec
from plait.modalities.image.network import Embed


@pytest.mark.parametrize(
    ("size", "middle", "side"), [(16, 0, 4), (16, 8, 4), (28, 0, 4), (28, 8, 4), (64, 8, 4)]
)
def test_pictures_of_any_size_are_a_small_grid(size, middle, side):
    embed = Embed(ImageCodec(size_px=size), 16, middle=middle, num_middle=1).eval()
    tokens = embed({"pixels": torch.zeros(2, size, size, 3, dtype=torch.uint8)}, {})
    assert tokens.values.shape == (2, side**2, 16)
    assert tokens.positions[0, -1].tolist() == [side - 1, side - 1]


def test_large_pictures_are_averaged_first():
    torch.manual_seed(0)
    small, large = (Embed(ImageCodec(size_px=size), 16).eval() for size in (32, 64))
    large.load_state_dict(small.state_dict())
    pixels = torch.randint(0, 256, (1, 32, 32, 3), dtype=torch.uint8)
    doubled = pixels.repeat_interleave(2, 1).repeat_interleave(2, 2)
    first, second = small({"pixels": pixels}, {}), large({"pixels": doubled}, {})
    assert torch.allclose(first.values, second.values, atol=1e-4)
