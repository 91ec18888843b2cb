"""Sounds made: how long, a spectrogram drawn out of noise, and its samples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from plait.modalities.audio.codec import LONGEST_SECONDS, AudioCodec
from plait.modalities.audio.griffin_lim import sound_of
from plait.modalities.audio.scoring import mel_distance
from plait.modalities.audio.spectrum import (
    FLOOR,
    FRAMES_PER_SECOND,
    HOP_SECONDS,
    WINDOW_SECONDS,
    fft_size_of,
    log_mel,
    mel_bands,
)
from plait.modalities.audio.wave import FULL_SCALE, whole_samples
from plait.modalities.target import Asked
from plait.nn.conditions import Conditions
from plait.nn.flow_matching import Flow, Placed, noise_of
from plait.nn.line_net import LineNet
from plait.nn.reader import Reader
from plait.nn.tokens import length_mask
from plait.nn.vocoder import LogMel, Vocoder
from plait.types import Arrays, ColumnBatch

LEAST_WIDTH, DEPTH, PATCH = 128, 4, 2
"""Channels, at least, and residual blocks of what draws spectrograms, two frames at a time."""

STEPS, GUIDANCE = 8, 1.5
"""Of a sound where nothing else is asked (docs/log.md, 2026-12-01)."""

TIMED, VOCODED, VOCODED_STEPS = 0.1, 0.5, 0.25
"""What the length of a sound counts in the loss, and in training what a vocoder lacks, on average;
and the share of steps in which a vocoder learns."""

TOGETHER = 8
"""Sounds of about the same length that are drawn together in training: little is padding."""

LEAST_FRAMES = 8
"""Of a sound."""

MOST_SETTLED = 24
"""Sounds held out by which the way from spectrograms to sounds is chosen."""

WAYS = ("Griffin-Lim", "a learned vocoder", "a learned vocoder, refined by Griffin-Lim")


class Generate(nn.Module):
    """Makes sounds: how long, then a spectrogram by flow matching, then its samples.

    Where the codec knows of a column that sounds say, its letters are laid out in time
    (`plait.nn.reader`), and tell at each frame what is drawn there; else the length comes from what
    the columns tell together. Each sound is drawn from the noise of its row's generator, at
    temperature 0 too, and alone: in company it is the same.

    A vocoder is learned beside, from a part of each sound; rows held out tell whether it makes the
    samples, Griffin-Lim, or both.

    Args:
        codec: Gives bands, levels, usual lengths, and the column that is said.
        dim: Of the tokens.
    """

    num_queries = 2
    most_per_step = 32
    way: Tensor
    distances: Tensor

    def __init__(self, codec: AudioCodec, dim: int) -> None:
        super().__init__()
        self.codec, self.asks_for_letters = codec, codec.spoken
        window, self.hop = (round(x * codec.rate_hz) for x in (WINDOW_SECONDS, HOP_SECONDS))
        size, channels = fft_size_of(window), codec.num_mels
        bands = torch.from_numpy(mel_bands(codec.rate_hz, size, channels))
        self.hear = LogMel(bands, window=window, hop=self.hop, floor=FLOOR)
        self.reader = Reader(channels=channels, dim=dim) if codec.spoken else None
        network = LineNet(
            channels=channels,
            told_channels=1 if self.reader is None else self.reader.told_channels,
            patch=PATCH,
            dim=dim,
            width=max(LEAST_WIDTH, dim),
            depth=DEPTH,
        )
        self.flow = Flow(network, dim=dim, num_queries=self.num_queries)
        self.manner = nn.Linear(self.num_queries * dim, dim)
        self.length = nn.ModuleDict({"head": nn.Linear(dim, 2)})
        for one in self.length.parameters():
            nn.init.zeros_(one)
        self.vocoder = Vocoder(channels, fft_size=size, hop=self.hop)
        self.register_buffer("way", torch.tensor(0.0))
        self.register_buffer("distances", torch.zeros(len(WAYS)))

    def loss(self, conditions: Conditions, target: ColumnBatch) -> Float[Tensor, " batch"]:
        """Return the mean squared error of each row's velocity, in units of the frames' spread, and
        minus the log-likelihood of its length; where letters are said, what their reading lacks. In
        some steps of training what the vocoder lacks is added, which nothing else depends on."""
        wave = target.parts["wave"].float() / FULL_SCALE
        num = 1 + target.lengths["time"] // self.hop
        line = self._scaled(self.hear(wave))
        losses, keys = line.new_zeros(len(wave)), [] if self.training else _keys(target)
        for rows in num.argsort(stable=True).split(TOGETHER):
            own = line[rows, : int(num[rows].max())]
            some = [keys[row] for row in rows.tolist()] if keys else None
            found = self._drawn(conditions.take(rows), own, num[rows], some)
            losses = losses.index_add(0, rows, found)
        if self.training and float(torch.rand(())) < VOCODED_STEPS:
            losses = losses + VOCODED / VOCODED_STEPS * self.vocoder.losses(line, wave, num)
        return losses

    def _drawn(
        self, conditions: Conditions, line: Tensor, num: Tensor, keys: Sequence[bytes] | None
    ) -> Float[Tensor, " batch"]:
        """Return what the velocities of frames, their number, and the reading of letters lack."""
        manner = self._manner(conditions)
        told, lacking = line.new_zeros(*line.shape[:2], 1), self._untimed(manner, num)
        if self.reader is not None:
            told = line.new_zeros(*line.shape[:2], self.reader.told_channels)
            if conditions.letters is not None:
                reading = self.reader.learn(conditions.letters, manner, line, num)
                told, lacking = reading.told, lacking + reading.loss
        placed = Placed(told, length_mask(num, line.shape[1]))
        return lacking + self.flow.loss(conditions, line.transpose(1, 2), placed, keys)

    def _manner(self, conditions: Conditions) -> Float[Tensor, "batch dim"]:
        return F.silu(self.manner(conditions.pooled.flatten(1)))

    def _untimed(self, manner: Tensor, num: Tensor) -> Float[Tensor, " batch"]:
        """Return what the log-likelihood of lengths lacks."""
        usual, spread = self.codec.usual_length, self.codec.length_spread
        middle, width = self.length["head"](manner).float().unbind(1)
        off = ((num.log() - usual) / spread - middle) * (-width).exp()
        return TIMED * (0.5 * off.square() + width)

    def generate(
        self, conditions: Conditions, rngs: Sequence[np.random.Generator], asked: Asked
    ) -> list[Arrays]:
        """Make a sound per row."""
        rows = (conditions.take(slice(row, row + 1)) for row in range(len(rngs)))
        return [self._made(one, rng, asked) for one, rng in zip(rows, rngs, strict=True)]

    def _made(self, conditions: Conditions, rng: np.random.Generator, asked: Asked) -> Arrays:
        placed = self._placed(conditions, rng, asked)
        shape = self.codec.num_mels, placed.real.shape[1]
        drawn = self.flow.draw(
            conditions,
            noise_of([rng], shape).to(conditions.pooled.device),
            steps=STEPS if asked.steps is None else asked.steps,
            guidance=GUIDANCE if asked.guidance is None else asked.guidance,
            placed=placed,
        )
        wave = self._sound(drawn.transpose(1, 2), WAYS[int(self.way)], rng)
        return {"wave": whole_samples(wave)}

    def _placed(self, conditions: Conditions, rng: np.random.Generator, asked: Asked) -> Placed:
        """Return how long one sound is, and what is told at each of its frames."""
        manner, most = self._manner(conditions), self._most_frames
        channels = 1 if self.reader is None else self.reader.told_channels
        if self.reader is not None and conditions.letters is not None:
            reading = self.reader.read(conditions.letters, manner, most)
            if int(reading.num_places[0]):
                lacking = max(LEAST_FRAMES - reading.told.shape[1], 0)
                told = F.pad(reading.told, (0, 0, 0, lacking))
                return Placed(told, told.new_ones(told.shape[:2], dtype=torch.bool))
        middle, width = self.length["head"](manner).double()[0].tolist()
        drawn = middle + asked.temperature * np.exp(width) * rng.standard_normal()
        num = np.exp(self.codec.usual_length + self.codec.length_spread * drawn)
        told = manner.new_zeros(1, int(np.clip(np.rint(num), LEAST_FRAMES, most)), channels)
        return Placed(told, told.new_ones(told.shape[:2], dtype=torch.bool))

    @property
    def _most_frames(self) -> int:
        return max(
            LEAST_FRAMES, int((self.codec.max_seconds or LONGEST_SECONDS) * FRAMES_PER_SECOND)
        )

    def _sound(
        self, line: Float[Tensor, "1 frame mel"], way: str, rng: np.random.Generator
    ) -> np.ndarray:
        """Return the samples of a spectrogram, by one of `WAYS`."""
        begun = None if way == WAYS[0] else self.vocoder(line)[0].double().cpu().numpy()
        if begun is not None and way == WAYS[1]:
            return begun
        mel = line[0].double().cpu().numpy() * self.codec.spread + self.codec.level
        return sound_of(mel, rate_hz=self.codec.rate_hz, rng=rng, begun=begun)

    @torch.no_grad()
    def settle(self, held: Iterable[tuple[Conditions, ColumnBatch]]) -> None:
        """Choose by sounds held out how samples are made of their own spectrograms: so that these
        are found again."""
        found = list[list[float]]()
        for _, target in held:
            for row in target.present.nonzero()[:, 0].tolist():
                if len(found) < MOST_SETTLED:
                    size = int(target.lengths["time"][row])
                    found.append(self._distances(target.parts["wave"][row, :size]))
        if found:
            self.distances.copy_(torch.tensor(np.mean(found, 0)))
            self.way.fill_(float(self.distances.argmin()))

    def _distances(self, wave: Tensor) -> list[float]:
        line = self._scaled(self.hear(wave[None].float() / FULL_SCALE))
        if line.shape[1] < LEAST_FRAMES:
            return [0.0] * len(WAYS)
        rate, bands = self.codec.rate_hz, self.codec.num_mels
        true = line[0].cpu().numpy() * self.codec.spread + self.codec.level
        sounds = (self._sound(line, way, np.random.default_rng(0)) for way in WAYS)
        mels = (log_mel(one, rate_hz=rate, num_mels=bands) for one in sounds)
        return [mel_distance(mel, true) for mel in mels]

    def remarks(self) -> list[str]:
        """Return by which way samples are made, and how near each comes; nothing where no sound
        was held out."""
        if not float(self.distances.max()):
            return []
        told = ", ".join(
            f"{way} {distance:.3f}"
            for way, distance in zip(WAYS, self.distances.tolist(), strict=True)
        )
        return [
            f"samples are made of spectrograms by {WAYS[int(self.way)]}; log-mel distance, in "
            f"nepers, of sounds held out from what is made of their own spectrograms: {told}"
        ]

    def _scaled(self, mel: Float[Tensor, "batch frame mel"]) -> Float[Tensor, "batch frame mel"]:
        """Return frames with mean about 0 and variance 1."""
        return (mel - self.codec.level) / self.codec.spread


def _keys(target: ColumnBatch) -> list[bytes]:
    """Return the samples of each row as bytes."""
    waves, sizes = target.parts["wave"].cpu().numpy(), target.lengths["time"].tolist()
    return [wave[:size].astype(np.int16).tobytes() for wave, size in zip(waves, sizes, strict=True)]
