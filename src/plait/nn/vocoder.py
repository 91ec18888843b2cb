"""A vocoder: from log-mel frames to the samples of a sound, learned, by an inverse transform."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from plait.nn.conv import LineConv

RESOLUTIONS = (256, 512, 1024)
"""Samples of the windows by which sounds are compared; each goes on by a quarter."""

LOUDEST = 6.0
"""Logarithm of the largest amplitude of a place."""

SEGMENT_FRAMES, LEAST_FRAMES, MOST_ROWS = 40, 4, 4
"""Of a sound, that are learned from at a time, and at least; and rows of a batch."""

LEAST = 1e-3
"""Amplitude of a window's frequency below which nothing is told apart."""


class LogMel(nn.Module):
    """Log-mel frames of sounds, as ``plait.modalities.audio.spectrum.log_mel`` makes them.

    Args:
        bands: Triangular filters, ``[bin, mel]``.
        window, hop: Samples of a frame, and between two.
        floor: Smallest amplitude of a band.
    """

    bands: Tensor
    hann: Tensor

    def __init__(self, bands: Tensor, *, window: int, hop: int, floor: float) -> None:
        super().__init__()
        self.window, self.hop, self.floor = window, hop, floor
        self.register_buffer("bands", bands, persistent=False)
        self.register_buffer("hann", torch.hann_window(window), persistent=False)

    def forward(self, wave: Float[Tensor, "batch time"]) -> Float[Tensor, "batch frame mel"]:
        with torch.autocast(wave.device.type, enabled=False):
            size = 2 * (self.bands.shape[0] - 1)
            found = torch.stft(
                wave.float(), size, self.hop, self.window, self.hann, center=True,
                pad_mode="constant", return_complex=True,
            )  # fmt: skip
            amplitudes = (found.real.square() + found.imag.square()).sqrt().transpose(1, 2)
            bands = amplitudes @ self.bands * (2.0 / self.hann.sum())
            return bands.clamp(min=self.floor).log()


class Vocoder(nn.Module):
    """Says amplitude and phase of each frame's frequencies; an inverse transform lays them over
    each other (Siuzdak 2023, "Vocos", section 3, without a discriminator).

    Args:
        num_mels: Bands of a frame.
        fft_size, hop: Samples of a frame's transform, and between two frames.
        width: Channels.
        depth: Residual blocks, each of which sees seven frames.
    """

    hann: Tensor

    def __init__(
        self, num_mels: int, *, fft_size: int, hop: int, width: int = 160, depth: int = 4
    ) -> None:
        super().__init__()
        self.fft_size, self.hop = fft_size, hop
        self.first = LineConv(num_mels, width, 7, padding=3)
        self.blocks = nn.ModuleList(FrameBlock(width) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, 2 * (fft_size // 2 + 1))
        nn.init.normal_(self.head.weight, std=0.02)
        self.register_buffer("hann", torch.hann_window(fft_size), persistent=False)

    def forward(self, frames: Float[Tensor, "batch frame mel"]) -> Float[Tensor, "batch time"]:
        """Return so many samples as lie between the first frame and the last, of two or more."""
        x = self.first(frames.transpose(1, 2)).transpose(1, 2)
        for block in self.blocks:
            x = block(x)
        found = self.head(self.norm(x)).float()
        with torch.autocast(frames.device.type, enabled=False):
            level, angle = found.transpose(1, 2).chunk(2, 1)
            spectrum = torch.polar(level.clamp(max=LOUDEST).exp(), angle)
            return torch.istft(spectrum, self.fft_size, self.hop, window=self.hann, center=True)

    def losses(
        self,
        frames: Float[Tensor, "batch frame mel"],
        wave: Float[Tensor, "batch time"],
        num_frames: Int[Tensor, " batch"],
    ) -> Float[Tensor, " batch"]:
        """Return how far what it makes is from true sounds: of a part, drawn by lot, of some rows,
        which count for all; 0 for the others.

        Args:
            frames, wave: Of whole sounds; the first frame is centred on the first sample.
            num_frames: How many are real.
        """
        size, some = min(SEGMENT_FRAMES, frames.shape[1]), min(MOST_ROWS, len(frames))
        if size < LEAST_FRAMES:
            return frames.new_zeros(len(frames))
        starts = torch.rand(some, device=wave.device) * (num_frames[:some] - size + 1).clamp(min=1)
        first = starts.long()[:, None]
        place = first + torch.arange(size, device=wave.device)
        sample = first * self.hop + torch.arange((size - 1) * self.hop, device=wave.device)
        said = self(frames[:some].gather(1, place[..., None].expand(-1, -1, frames.shape[2])))
        with torch.autocast(wave.device.type, enabled=False):
            true = F.pad(wave[:some], (0, self.hop)).gather(1, sample)
            found = spectral_losses(said, true) * (len(frames) / some)
        return F.pad(found, (0, len(frames) - some))


class FrameBlock(nn.Module):
    """A residual block along frames: each channel over seven, then all of each (Liu et al. 2022,
    "A ConvNet for the 2020s").

    Args:
        width: Channels before and after.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mix = nn.Conv1d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width)
        self.widen, self.narrow = nn.Linear(width, 3 * width), nn.Linear(3 * width, width)
        nn.init.zeros_(self.narrow.weight)

    def forward(self, x: Float[Tensor, "batch frame width"]) -> Float[Tensor, "batch frame width"]:
        y = self.norm(self.mix(x.transpose(1, 2)).transpose(1, 2))
        return x + self.narrow(F.gelu(self.widen(y)))


def spectral_losses(
    said: Float[Tensor, "batch time"], true: Float[Tensor, "batch time"]
) -> Float[Tensor, " batch"]:
    """Return how far spectra of sounds are apart, at several resolutions.

    Spectral convergence and the mean difference of logarithms (Yamamoto et al. 2020, "Parallel
    WaveGAN", equations 5 to 7).
    """
    losses = []
    for size in RESOLUTIONS:
        a, b = (_amplitudes(one, size) for one in (said, true))
        apart = (a - b).flatten(1).norm(dim=1) / b.flatten(1).norm(dim=1).clamp(min=1.0)
        logs = ((a + LEAST).log() - (b + LEAST).log()).abs().flatten(1).mean(1)
        losses.append(apart + logs)
    return torch.stack(losses).mean(0)


def _amplitudes(wave: Tensor, size: int) -> Tensor:
    hann = torch.hann_window(size, device=wave.device)
    found = torch.stft(
        wave, size, size // 4, window=hann, center=True, pad_mode="constant", return_complex=True
    )
    return (found.real.square() + found.imag.square() + 1e-10).sqrt()
