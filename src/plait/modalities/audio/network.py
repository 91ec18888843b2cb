"""Sound as tokens: convolutions along time over the bands, at most about 32; and sounds made."""

from __future__ import annotations

from jaxtyping import Bool
from torch import Tensor, nn

from plait.modalities.audio.codec import LONGEST_SECONDS, AudioCodec
from plait.modalities.audio.making.network import Generate as Generate
from plait.modalities.audio.spectrum import FRAMES_PER_SECOND
from plait.nn.conv import LineConv, SequenceConv
from plait.nn.time_line import LineStem, TimeLine
from plait.nn.tokens import Tokens, length_mask, line_positions

MAX_TOKENS, LEAST_HALVINGS = 32, 3


class Embed(nn.Module):
    """Each convolution halves the time, until a sound of the usual length is 32 tokens or fewer.

    Frames behind a sound's end are set to zero before every convolution: a sound's tokens do not
    depend on its neighbours in the batch.

    Args:
        codec: Gives the number of bands and the usual length.
        dim: Of the tokens.
        width: Channels between the convolutions over that.
        num_blocks: Residual convolutions at the tokens' pace, of dilations 1, 2, 4, ...
    """

    def __init__(
        self, codec: AudioCodec, dim: int, *, width: float = 1.5, num_blocks: int = 0
    ) -> None:
        super().__init__()
        wide = int(dim * width) // 8 * 8
        halvings = LEAST_HALVINGS
        while (codec.max_seconds or LONGEST_SECONDS) * FRAMES_PER_SECOND > MAX_TOKENS * 2**halvings:
            halvings += 1
        self.first = LineConv(codec.num_mels, wide, 5, 2, 2)
        self.halvings = nn.ModuleList(
            SequenceConv(wide, dim if last else wide, stride=2)
            for last in [False] * (halvings - 2) + [True]
        )
        self.blocks = nn.ModuleList(
            SequenceConv(dim, dim, dilation=2**number, silent=True) for number in range(num_blocks)
        )
        self.offers_line = codec.lined
        self.fine = LineStem(codec.num_mels) if codec.lined else None

    def line(
        self, parts: dict[str, Tensor], lengths: dict[str, Tensor], present: Bool[Tensor, " batch"]
    ) -> TimeLine:
        """Return what was when, where the codec is told to offer it."""
        if self.fine is None:
            raise ValueError("this column offers no line")
        values, num_places = self.fine(parts["mel"], lengths["frame"])
        return TimeLine(values, num_places, present)

    def forward(self, parts: dict[str, Tensor], lengths: dict[str, Tensor]) -> Tokens:
        x = self.first(parts["mel"].transpose(1, 2)).transpose(1, 2)
        frames = (lengths["frame"] + 1) // 2
        for halving in self.halvings:
            x = halving(x, _real(frames, x))
            frames = (frames + 1) // 2
        for block in self.blocks:
            x = x + block(x, _real(frames, x))
        return line_positions(x, frames)


def _real(frames: Tensor, x: Tensor) -> Tensor:
    return length_mask(frames, x.shape[1])[..., None].to(x.dtype)
