"""The vocoder: frames as everywhere else, samples between them, and what it learns."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from plait.modalities.audio.spectrum import FLOOR, log_mel, mel_bands
from plait.nn.vocoder import LogMel, Vocoder, spectral_losses

RATE, MELS, FFT, WINDOW, HOP = 8_000, 24, 256, 200, 80


def tones(num, size=4_000):
    time = np.arange(size) / RATE
    rng = np.random.default_rng(0)
    waves = [0.4 * np.sin(2 * np.pi * rng.uniform(200, 1500) * time) for _ in range(num)]
    return torch.tensor(np.array(waves), dtype=torch.float32)


def hear():
    return LogMel(torch.from_numpy(mel_bands(RATE, FFT, MELS)), window=WINDOW, hop=HOP, floor=FLOOR)


@pytest.mark.parametrize("size", [1, 79, 80, 4_000, 4_057])
def test_frames_are_those_of_the_spectrum(size):
    wave = tones(1, size) + 0.01 * torch.randn(1, size, generator=torch.Generator().manual_seed(0))
    wanted = log_mel(wave[0].numpy(), rate_hz=RATE, num_mels=MELS)
    found = hear()(wave)[0].numpy()
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, atol=2e-3)


def test_as_many_samples_are_made_as_lie_between_frames():
    made = Vocoder(MELS, fft_size=FFT, hop=HOP, width=16, depth=1)
    assert made(torch.randn(2, 7, MELS)).shape == (2, 6 * HOP)


def test_tones_that_were_learned_are_made_again():
    torch.manual_seed(0)
    made, waves = Vocoder(MELS, fft_size=FFT, hop=HOP, width=32, depth=1), tones(4)
    frames, num = hear()(waves) / 3 + 2, torch.full((4,), 51)
    optimizer = torch.optim.Adam(made.parameters(), lr=3e-3)
    costs = []
    for _ in range(60):
        loss = made.losses(frames, waves, num).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        costs.append(float(loss.detach()))
    assert np.mean(costs[-5:]) < 0.8 * np.mean(costs[:5])


def test_equal_sounds_are_no_distance_apart_and_other_ones_are():
    waves = tones(3)
    assert float(spectral_losses(waves, waves).abs().max()) < 1e-5
    assert float(spectral_losses(waves, waves.roll(1, 0)).min()) > 0.5


def test_sounds_too_short_to_learn_from_cost_nothing():
    made = Vocoder(MELS, fft_size=FFT, hop=HOP, width=16, depth=1)
    found = made.losses(torch.zeros(2, 3, MELS), torch.zeros(2, 200), torch.tensor([3, 1]))
    assert found.tolist() == [0, 0]
