"""Sizes of the network: named ones and explicit numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from plait.errors import UsageError
from plait.modalities import find_codec

VERSION = 3
"""Of the networks' code: raised whenever the same weights would answer otherwise than before."""

OWN, CORRECTED = "own", "corrected"
"""Heads: one answers by itself, the other corrects what simple models say."""


@dataclass(frozen=True, kw_only=True)
class SystemConfig:
    """Settings of `plait.networks.system.System`, saved with the weights.

    Attributes:
        dim: Size of tokens.
        depth: Layers of the trunk; 0 leaves stems and pooling alone.
        num_heads: Attention heads; ``dim / num_heads`` must be a multiple of 4.
        join: Layer from which columns see each other, 0 (early fusion) to depth (late).
        mlp_ratio: Width of the feed-forward layers over `dim`.
        dropout: Before the head.
        drop_column: Chance of hiding each present column in training (modality dropout).
        stems: Extra keyword arguments of the `Embed` of a modality, by modality name.
        window: Half-width of sliding-window attention in tokens, for inputs of thousands of
            tokens; None sees everything (dense). Batches of up to ``window + 1`` tokens are
            computed the dense way in either case.
        recompute: Whether training computes layers again instead of keeping what they computed:
            less memory, about a third more time.
        heads: Of a predictive target: `OWN`, `CORRECTED`, or until one is chosen both.
    """

    dim: int = 128
    depth: int = 3
    num_heads: int = 4
    join: int = 0
    mlp_ratio: float = 2.0
    dropout: float = 0.1
    drop_column: float = 0.2
    stems: Mapping[str, Mapping[str, Any]] | None = None
    window: int | None = None
    recompute: bool = False
    heads: Sequence[str] = (OWN,)

    def check(self) -> SystemConfig:
        """Return itself. Raises `UsageError` when the numbers do not fit together."""
        least = {"dim": 1, "depth": 0, "num_heads": 1, "mlp_ratio": 0.1}
        small = [name for name, number in least.items() if not getattr(self, name) >= number]
        chances = [n for n in ("dropout", "drop_column") if not 0 <= getattr(self, n) < 1]
        if small or chances:
            raise UsageError(
                "a size of the network is out of range",
                expected="sizes above 0 (depth from 0), chances from 0 to below 1",
                received=", ".join(f"{name}={getattr(self, name)}" for name in small + chances),
            )
        if self.dim % self.num_heads or (self.dim // self.num_heads) % 4:
            raise UsageError(
                "the size of the network does not divide into its heads",
                expected="dim / num_heads a multiple of 4",
                received=f"dim={self.dim}, num_heads={self.num_heads}",
            )
        if not 0 <= self.join <= self.depth:
            raise UsageError(
                "the join layer lies outside the trunk",
                expected=f"0 to {self.depth}",
                received=str(self.join),
            )
        if self.window is not None and self.window < 1:
            raise UsageError(
                "the attention window is too small",
                expected="a half-width of 1 token or more, or None for dense attention",
                received=str(self.window),
            )
        return self


SIZES: dict[str, SystemConfig] = {
    "tiny": SystemConfig(dim=64, depth=2, num_heads=2),
    "small": SystemConfig(
        dim=128, depth=3, num_heads=4, stems={"image": {"middle": 64}, "audio": {"num_blocks": 2}}
    ),
    "base": SystemConfig(
        dim=320,
        depth=6,
        num_heads=8,
        stems={
            "image": {"middle": 96, "num_middle": 1, "num_blocks": 3},
            "audio": {"num_blocks": 3},
        },
    ),
}


WIDEST_ALONE = 112
"""Length of tokens, at most, where a stem is a whole network: of pictures 420,000 weights by it."""


def choose_size(
    size: str | Mapping[str, Any] | SystemConfig, num_rows: int, modalities: Sequence[str] = ()
) -> SystemConfig:
    """Return the configuration of a size name, ``dim=96,depth=4`` text, mapping, or ``auto``.

    ``auto`` takes ``tiny`` below 3,000 training rows and ``small`` above, and of a single column no
    more than its stem where its codec has settings for that (``alone``, of pictures): that is a
    whole network, and no token of another column is to be joined (docs/log.md, 2026-11-29). Raises
    `UsageError`.

    Args:
        size: What is asked for.
        num_rows: To learn from.
        modalities: Of the input columns.
    """
    if isinstance(size, SystemConfig):
        return size.check()
    if isinstance(size, str):
        if size == "auto":
            return _fitting(SIZES["tiny" if num_rows < 3000 else "small"], modalities)
        if size in SIZES:
            return SIZES[size]
        size = _parse_numbers(size)
    try:
        return replace(SIZES["small"], **size).check()
    except TypeError:
        raise _unknown_size(str(dict(size))) from None


def lean(modalities: Sequence[str]) -> SystemConfig:
    """Return the sizes of a network that must see many rows in little time: the smallest.

    Args:
        modalities: Of the input columns.
    """
    return _fitting(SIZES["tiny"], modalities)


def _fitting(config: SystemConfig, modalities: Sequence[str]) -> SystemConfig:
    alone = getattr(find_codec(modalities[0]), "alone", None) if len(modalities) == 1 else None
    if alone is None:
        return config
    stems, dim = {modalities[0]: alone}, min(config.dim, WIDEST_ALONE)
    return replace(config, dim=dim, depth=0, join=0, stems=stems)


def join_layer(fusion: str | int, depth: int) -> int:
    """Return the join layer of ``early``, ``mid``, ``late`` or a number. Raises `UsageError`."""
    named = {"early": 0, "mid": (depth + 1) // 2, "late": depth}
    if isinstance(fusion, str) and fusion in named:
        return named[fusion]
    try:
        return int(fusion)
    except ValueError:
        raise UsageError(
            "unknown kind of fusion",
            expected="auto, early, mid, late, or the number of a layer",
            received=str(fusion),
        ) from None


def _parse_numbers(text: str) -> dict[str, Any]:
    try:
        pairs = [part.split("=") for part in text.split(",")]
        whole = {"dim", "depth", "num_heads", "join", "window"}
        return {
            key.strip(): int(value) if key.strip() in whole else float(value)
            for key, value in pairs
        }
    except ValueError:
        raise _unknown_size(text) from None


def _unknown_size(received: str) -> UsageError:
    return UsageError(
        "unknown size of network",
        expected="auto, " + ", ".join(SIZES) + ", or numbers such as dim=96,depth=4,num_heads=4",
        received=received,
    )
