"""Tier 1 of a network: a stem for each kind of column, whose tokens make one sequence per row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Bool
from torch import Tensor, nn

from plait.modalities import Codec, codec_hash, find_network
from plait.networks.config import SystemConfig
from plait.networks.embedded import Embedded
from plait.nn.feature_map import FeatureMap
from plait.nn.reader import Letters, letters_of
from plait.nn.time_line import TimeLine
from plait.nn.tokens import Tokens
from plait.types import Batch


class Encoder(nn.Module):
    """Tier 1: turns a batch's columns into the tokens of one long sequence per row.

    Columns whose codecs are identical share one stem (front, kitchen and bath pictures); a
    learned vector per column tells their tokens apart.
    """

    def __init__(self, codecs: Mapping[str, Codec], config: SystemConfig) -> None:
        super().__init__()
        self.columns = tuple(codecs)
        self.stem_of = {name: codec_hash(codec) for name, codec in codecs.items()}
        stems = {}
        for name, codec in codecs.items():
            if self.stem_of[name] not in stems:
                settings = dict((config.stems or {}).get(codec.modality, {}))
                network = find_network(codec.modality)
                stems[self.stem_of[name]] = network.Embed(codec, config.dim, **settings)
        self.stems = nn.ModuleDict(stems)
        self.column_vectors = nn.Parameter(torch.randn(len(codecs), config.dim) * 0.02)

    def forward(self, batch: Batch, keep: Bool[Tensor, "batch column"]) -> tuple[Tokens, Tensor]:
        """Return all tokens and their column numbers; columns not kept are masked out."""
        return self.join(self.tokens(batch), keep)

    def tokens(self, batch: Batch, columns: Sequence[str] | None = None) -> dict[str, Tokens]:
        """Return each column's tokens, its column vector added; all columns by default."""
        found = {}
        for name in self.columns if columns is None else columns:
            column = batch[name]
            if isinstance(column, Embedded):
                found[name] = column.tokens
                continue
            tokens = self.stems[self.stem_of[name]](column.parts, column.lengths)
            if column.index is not None:
                tokens = Tokens(*(part[column.index] for part in tokens))
            vector = self.column_vectors[self.columns.index(name)].to(tokens.values.dtype)
            found[name] = tokens._replace(values=tokens.values + vector)
        return found

    @property
    def mapped(self) -> tuple[str, ...]:
        """The columns whose stems offer a map of where things are."""
        return self._offering("offers_map")

    @property
    def lined(self) -> tuple[str, ...]:
        """The columns whose stems offer a line of what was when."""
        return self._offering("offers_line")

    def _offering(self, what: str) -> tuple[str, ...]:
        return tuple(
            name for name in self.columns if getattr(self.stems[self.stem_of[name]], what, False)
        )

    def maps(self, batch: Batch) -> dict[str, FeatureMap]:
        """Return the maps of the columns that offer one."""
        found = {}
        for name in self.mapped:
            column = batch[name]
            if isinstance(column, Embedded):
                found[name] = column.map
            else:
                stem: Any = self.stems[self.stem_of[name]]
                found[name] = _map_of_rows(stem.map(column.parts, column.present), column.index)
        return found

    def lines(self, batch: Batch) -> dict[str, TimeLine]:
        """Return the lines of the columns that offer one."""
        found = {}
        for name in self.lined:
            column = batch[name]
            if isinstance(column, Embedded):
                found[name] = column.line
            else:
                stem: Any = self.stems[self.stem_of[name]]
                line = stem.line(column.parts, column.lengths, column.present)
                found[name] = _line_of_rows(line, column.index)
        return found

    def letters(self, batch: Batch, name: str) -> Letters | None:
        """Return what a column says letter by letter; None where its stem knows no letters.

        A stem that does names in ``offers_letters`` the part that holds them in UTF-8, and its
        ragged axis.
        """
        stem: Any = self.stems[self.stem_of[name]] if name in self.columns else None
        offered, column = getattr(stem, "offers_letters", None), batch.get(name)
        if offered is None or column is None or isinstance(column, Embedded):
            return getattr(column, "letters", None)
        (part, axis), own = offered, column.apart()
        return letters_of(own.parts[part], own.lengths[axis], own.present)

    def join(
        self, found: Mapping[str, Tokens], keep: Bool[Tensor, "batch column"]
    ) -> tuple[Tokens, Tensor]:
        """Lay columns' tokens side by side, with their column numbers.

        Args:
            found: From `tokens`, of some or all columns.
            keep: For every column of the encoder; those not kept are masked out.
        """
        sides, numbers = [], []
        for name, tokens in found.items():
            number = self.columns.index(name)
            mask = tokens.mask & keep[:, number, None]
            sides.append(Tokens(tokens.values * mask[..., None], mask, tokens.positions))
            numbers.append(torch.full((mask.shape[1],), number, device=mask.device))
        joined = Tokens(*(torch.cat(list(parts), dim=1) for parts in zip(*sides, strict=True)))
        return joined, torch.cat(numbers)


def _map_of_rows(found: FeatureMap, index: Tensor | None) -> FeatureMap:
    """Return the map of each row, of maps of the values that rows share."""
    if index is None:
        return found
    return FeatureMap(found.values[index], found.present, found.frame[index], found.size[index])


def _line_of_rows(found: TimeLine, index: Tensor | None) -> TimeLine:
    """Return the line of each row, of lines of the values that rows share."""
    if index is None:
        return found
    return TimeLine(found.values[index], found.num_places[index], found.present)
