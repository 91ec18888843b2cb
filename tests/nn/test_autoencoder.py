"""Pictures as codes and back: sizes, what is learned, what is told of the loss."""

import pytest
import torch

from plait.nn.autoencoder import Autoencoder


def slopes(num, size, seed=0):
    """Pictures that rise along any direction, of mean about 0."""
    torch.manual_seed(seed)
    across = torch.linspace(-1, 1, size)
    tilts = torch.randn(num, 3, 2, 1, 1)
    return tilts[:, :, 0] * across + tilts[:, :, 1] * across[:, None]


@pytest.mark.parametrize(("size", "halvings", "side"), [(8, 1, 4), (70, 2, 18), (90, 3, 12)])
def test_codes_have_their_size_and_pictures_come_back_as_large(size, halvings, side):
    found = Autoencoder(channels=3, size=size, halvings=halvings, codes=5, width=8).eval()
    pictures = slopes(2, size)
    codes = found.encode(pictures)
    assert codes.shape == (2, 5, side, side) and found.side == side
    assert found.decode(codes).shape == pictures.shape and found.losses(pictures).shape == (2,)
    alone = found.encode(pictures[:1])
    assert torch.allclose(alone, codes[:1], atol=1e-4), "company changes no codes"


def test_it_learns_and_what_codes_lose_is_told_as_it_is():
    torch.manual_seed(0)
    found = Autoencoder(channels=3, size=16, halvings=2, codes=8, width=16)
    learned, held = slopes(64, 16), slopes(32, 16, seed=1)
    before = found.eval().settle([held])
    optimizer = torch.optim.Adam(found.train().parameters(), 5e-3)
    for _ in range(60):
        optimizer.zero_grad()
        found.losses(learned).mean().backward()
        optimizer.step()
    lost = found.eval().settle([held[:20], held[20:]])
    assert lost < 0.2 < before
    codes = found.encode(held)
    assert codes.mean((0, 2, 3)).abs().max() < 1e-4
    assert torch.allclose(codes.std((0, 2, 3)), torch.ones(8), atol=1e-3)
    centred = held - held.mean((1, 2, 3), keepdim=True)
    off = (found.decode(codes) - held).square().sum() / centred.square().sum()
    assert off.item() == pytest.approx(lost, rel=1e-3)


def test_only_places_that_are_kept_whole_keep_their_codes():
    found = Autoencoder(channels=1, size=10, halvings=2, codes=2, width=8)
    kept = torch.ones(10, 10, dtype=torch.bool)
    kept[5, 0] = False
    whole = found.whole(kept)
    assert whole.shape == (3, 3) and int((~whole).sum()) == 1 and not whole[1, 0]
