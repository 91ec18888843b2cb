"""Reads letters aloud: which letter is said when, for how long, and about how it sounds.

Letters and frames come without any alignment; it is learned with the rest (Kim et al. 2020,
"Glow-TTS"; Badlani et al. 2021, "One TTS Alignment to Rule Them All"), and durations are foreseen
from it, so that unseen texts are read in their order, each letter once.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor, nn
from torch.nn import functional as F

from plait.nn.conv import LineConv, SequenceConv
from plait.nn.monotonic import all_paths_losses, best_durations, log_shares, near_diagonal
from plait.nn.tokens import length_mask

BEGIN, END, NUM_SYMBOLS = 256, 257, 258
"""Stand before the first letter and behind the last: the quiet at both ends is theirs."""

KEY_DIM, USUAL = 64, 1.5
"""Of what letters and places are compared by; logarithm of a letter's places, at first."""

ALIGNED, TIMED, ROUGH = 1.0, 0.3, 1.0
"""What the three losses count: of the alignment, of durations, and of the rough line."""


class Letters(NamedTuple):
    """What a column says letter by letter, of a batch of rows.

    Attributes:
        numbers: Of the letters, 0 to 255.
        num: How many are real; at least 1.
        present: Whether the row has any.
    """

    numbers: Int[Tensor, "batch letter"]
    num: Int[Tensor, " batch"]
    present: Bool[Tensor, " batch"]


def letters_of(
    data: UInt8[Tensor, "batch letter"], num: Int[Tensor, " batch"], present: Bool[Tensor, " batch"]
) -> Letters:
    """Return the small letters of texts in UTF-8."""
    numbers = data.long()
    large = (numbers >= ord("A")) & (numbers <= ord("Z"))
    return Letters(numbers + (ord("a") - ord("A")) * large, num, present)


class Reading(NamedTuple):
    """Letters laid out in time.

    Attributes:
        told: What is known at each place: letter in its surroundings, how far into it, how long it
            is, and the rough line; zeros of rows without letters.
        num_places: How long each row is; 0 of rows without letters.
        loss: Of the alignment, of durations and of the rough line; 0 of rows without letters, or
            of more than they have places.
    """

    told: Float[Tensor, "batch place channel"]
    num_places: Int[Tensor, " batch"]
    loss: Float[Tensor, " batch"]


class Reader(nn.Module):
    """Lays letters out in time.

    Args:
        channels: Of a place of the line that is read.
        dim: Of a vector that says in what manner: whose voice, how fast.
        width: Channels of a letter.
        depth: Residual pairs of convolutions over letters.
    """

    def __init__(self, *, channels: int, dim: int, width: int = 96, depth: int = 3) -> None:
        super().__init__()
        self.told_channels = width + 2 + channels
        self.table = nn.Embedding(NUM_SYMBOLS, width)
        self.before = nn.ModuleList(SequenceConv(width, width) for _ in range(depth))
        self.after = nn.ModuleList(SequenceConv(width, width, silent=True) for _ in range(depth))
        self.keys = SequenceConv(width, KEY_DIM, kernel=3)
        self.first = LineConv(channels, 2 * KEY_DIM, 3, padding=1)
        self.queries = SequenceConv(2 * KEY_DIM, KEY_DIM, kernel=3)
        self.manner = nn.Linear(dim, width)
        self.timing = SequenceConv(width, width, kernel=3)
        head = nn.Linear(width, 1)
        nn.init.constant_(head.bias, USUAL)
        self.duration = nn.ModuleDict({"head": head})
        self.spread = nn.Linear(width + 2, width)
        self.rough = SequenceConv(width, width)
        self.line = nn.ModuleDict({"head": nn.Linear(width, channels)})

    def learn(
        self,
        letters: Letters,
        manner: Float[Tensor, "batch dim"],
        line: Float[Tensor, "batch place channel"],
        num_places: Int[Tensor, " batch"],
    ) -> Reading:
        """Return the reading of a line that is known: laid out along the likeliest path."""
        own, encoded, num = self._encoded(letters)
        able = letters.present & (num_places >= num)
        shares = self._shares(own, num, line, num_places)
        aligned = all_paths_losses(shares, num_places, num) / num_places
        found = best_durations(
            shares.detach().cpu().numpy(), num_places.cpu().numpy(), num.cpu().numpy()
        )
        durations = torch.from_numpy(found).to(line.device)
        told, rough = self._laid_out(encoded, manner, durations, line.shape[1])
        there = length_mask(num, durations.shape[1])
        gaps = self._timed(encoded, manner, there) - durations.clamp(min=1).log()
        timed = (gaps.square() * there).sum(1) / num
        real = length_mask(num_places, line.shape[1])
        off = ((rough.float() - line.float()).square().mean(2) * real).sum(1) / num_places
        loss = ALIGNED * aligned + TIMED * timed + ROUGH * off
        told = told * (real & able[:, None])[..., None]
        return Reading(told, num_places * able, loss * able)

    def read(self, letters: Letters, manner: Float[Tensor, "batch dim"], most: int) -> Reading:
        """Return the reading of letters by foreseen durations, of at most so many places."""
        _, encoded, num = self._encoded(letters)
        there = length_mask(num, encoded.shape[1])
        lengths = self._timed(encoded, manner, there).exp() * there
        ends = lengths.cumsum(1).round().long().clamp(1, most)
        durations = torch.diff(ends, dim=1, prepend=torch.zeros_like(ends[:, :1]))
        num_places = ends[:, -1] * letters.present
        longest = max(int(num_places.max()), 1)
        told, _ = self._laid_out(encoded, manner, durations, longest)
        told = told * length_mask(num_places, longest)[..., None]
        return Reading(told, num_places, told.new_zeros(len(told)))

    def _encoded(self, letters: Letters) -> tuple[Tensor, Tensor, Tensor]:
        """Return letters by themselves, in their surroundings, and how many, both ends counted."""
        ids = F.pad(letters.numbers.long(), (1, 1))
        num = letters.num + 2
        place = torch.arange(ids.shape[1], device=ids.device)
        ids = torch.where(place == 0, BEGIN, torch.where(place == num[:, None] - 1, END, ids))
        real = length_mask(num, ids.shape[1])[..., None]
        own = self.table(ids) * real
        x, shown = own, real.to(own.dtype)
        for before, after in zip(self.before, self.after, strict=True):
            x = x + after(before(x, shown), shown)
        return own, x * shown, num

    def _shares(self, own: Tensor, num: Tensor, line: Tensor, num_places: Tensor) -> Tensor:
        shown = length_mask(num, own.shape[1])[..., None].to(own.dtype)
        heard = length_mask(num_places, line.shape[1])[..., None].to(own.dtype)
        keys = self.keys(own, shown)
        first = self.first((line * heard).transpose(1, 2)).transpose(1, 2)
        scores = (self.queries(first, heard) @ keys.transpose(1, 2)).float() * KEY_DIM**-0.5
        prior = near_diagonal(num, num_places, (line.shape[1], own.shape[1]))
        return log_shares(scores + prior, num)

    def _timed(self, encoded: Tensor, manner: Tensor, there: Tensor) -> Tensor:
        """Return the logarithm of how many places each letter takes."""
        x = encoded + self.manner(manner)[:, None]
        x = self.timing(x, there[..., None].to(x.dtype))
        found: Tensor = self.duration["head"](F.silu(x))[..., 0]
        return found.float()

    def _laid_out(
        self, encoded: Tensor, manner: Tensor, durations: Tensor, longest: int
    ) -> tuple[Tensor, Tensor]:
        """Return what is told at each place, and the rough line."""
        ends = durations.cumsum(1).contiguous()
        place = torch.arange(longest, device=ends.device).expand(len(ends), -1).contiguous()
        letter = torch.searchsorted(ends, place, right=True).clamp(max=ends.shape[1] - 1)
        values = encoded.gather(1, letter[..., None].expand(-1, -1, encoded.shape[2]))
        length = durations.gather(1, letter).clamp(min=1)
        into = (place - (ends - durations).gather(1, letter)) / length
        where = torch.stack([into.clamp(0, 1), length.log()], 2).to(values.dtype)
        real = (place < ends[:, -1:])[..., None].to(values.dtype)
        values = torch.cat([values, where], 2) * real
        x = self.spread(values) + self.manner(manner)[:, None]
        rough = self.line["head"](F.silu(self.rough(x, real))) * real
        return torch.cat([values, rough.to(values.dtype)], 2), rough
