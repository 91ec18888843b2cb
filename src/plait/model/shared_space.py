"""A trained shared space as plain data: vectors of input columns and rows from prepared columns."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from plait.baselines.contract import VERSION as SIMPLE_VERSION
from plait.baselines.linear_space import LinearSpace
from plait.data.prepared import Prepared
from plait.display import brief
from plait.errors import UsageError
from plait.modalities import Codec, codec_hash
from plait.model.space_check import SpaceCheck
from plait.networks.config import SystemConfig
from plait.networks.embed import row_vectors
from plait.networks.opening import open_space
from plait.networks.runner import Runner
from plait.networks.weights import SavedSpace


@brief
@dataclass
class SharedSpace:
    """What gives every row, and each of its input columns, a unit vector.

    A vector is the network's beside that of a linear space, each scaled so that the cosine of two
    vectors is the weighted mean of the two cosines.

    Attributes:
        codecs: Every column that the input columns are read as -> fitted codec.
        input_columns: Input column -> the columns that it is read as.
        config: Sizes; vectors have ``config.dim`` numbers.
        tensors: Weights of the `Space` as NumPy arrays, by name; empty where none was trained.
        linear: The closed-form space whose vectors stand beside the network's; None for none.
        share: Weight of the network's cosines; 1 - share is the weight of the linear ones. At 0
            the network is not asked; its weights remain, for fits that start from them.
        check: Whether the vectors tell rows apart; None where nobody measured that.
        scale: What cosines are multiplied with to become logits, as learned between input columns.
    """

    codecs: Mapping[str, Codec]
    input_columns: Mapping[str, tuple[str, ...]]
    config: SystemConfig
    tensors: Mapping[str, np.ndarray]
    scale: float = 10.0
    linear: LinearSpace | None = None
    share: float = 1.0
    check: SpaceCheck | None = None
    _runners: Mapping[str | None, Runner] | None = field(default=None, repr=False)

    @property
    def dim(self) -> int:
        """Numbers per vector."""
        deep = self.config.dim if self.has_deep else 0
        return deep + (0 if self.linear is None else self.linear.dim)

    @property
    def has_deep(self) -> bool:
        """Whether the network's vectors are part of these: not where they were weighed at 0."""
        return self.linear is None or self.share > 0

    @property
    def warnings(self) -> list[str]:
        """What a person must know before using the vectors."""
        return [] if self.check is None else list(self.check.warnings)

    def warnings_of(self, columns: Sequence[str]) -> list[str]:
        """What a person must know before asking by these columns."""
        return [] if self.check is None else list(self.check.warnings_of(columns))

    @property
    def has_network(self) -> bool:
        """Whether there are weights that a fit can start from."""
        return len(self.tensors) > 0

    @property
    def key(self) -> str:
        """Hash of weights and preprocessing: vectors of one key are comparable."""
        digest = hashlib.sha256()
        for name in sorted(self.tensors):
            digest.update(name.encode() + np.ascontiguousarray(self.tensors[name]).tobytes())
        if self.linear is not None:
            digest.update(f"{self.share} {SIMPLE_VERSION}".encode())
            for one in self.linear.projections.values():
                digest.update(np.ascontiguousarray(one.matrix).tobytes())
        for name, codec in sorted(self.codecs.items()):
            digest.update(f"{name} {codec_hash(codec)}".encode())
        return digest.hexdigest()[:32]

    @property
    def network(self) -> SavedSpace:
        """The network as it is saved."""
        return SavedSpace(
            codecs=self.codecs,
            config=self.config,
            input_columns=self.input_columns,
            tensors=self.tensors,
        )

    @property
    def runners(self) -> Mapping[str | None, Runner]:
        """What runs the network: of each input column, and under None of all. Built once."""
        if self._runners is None:
            self._runners = open_space(self.network)
        return self._runners

    def input_column_vectors(
        self,
        prepared: Prepared,
        rows: Sequence[int] | np.ndarray,
        progress: Callable[[int], object] | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return unit vectors float32 ``[input, row, dim]`` and bool ``[input, row]``.

        Args:
            prepared: All columns of `codecs`.
            rows: Row numbers.
            progress: Told how many rows are done.
        """
        numbers = np.asarray(rows, np.int64)
        if self.linear is not None and not self.has_deep:
            return self.linear.vectors(prepared, numbers, progress=progress)
        shape = len(self.input_columns), self.config.dim
        deep, present = row_vectors(
            self.runners[None], prepared, rows, shape=shape, progress=progress
        )
        if self.linear is None:
            return deep, present
        return self.beside(deep, self.linear.vectors(prepared, numbers)[0]), present

    def beside(self, deep: np.ndarray, linear: np.ndarray) -> np.ndarray:
        """Lay two vectors side by side, ``[..., dim]``, so that their cosines add up by `share`."""
        if not self.has_deep:
            return linear
        parts = deep * self.share**0.5, linear * (1 - self.share) ** 0.5
        return np.concatenate(parts, axis=-1).astype(np.float32)

    def vectors_of(
        self, input_column: str, prepared: Prepared, rows: Sequence[int] | np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return one input column's unit vectors float32 ``[row, dim]`` and bool ``[row]``."""
        numbers = np.asarray(rows, np.int64)
        if self.linear is not None and not self.has_deep:
            found, there = self.linear.vectors(prepared, numbers, [input_column])
            return found[0], there[0]
        shape = 1, self.config.dim
        found, there = row_vectors(self.runners[input_column], prepared, rows, shape=shape)
        deep, present = found[0], there[0]
        if self.linear is None:
            return deep, present
        return self.beside(
            deep, self.linear.vectors(prepared, numbers, [input_column])[0][0]
        ), present

    def row_vectors(
        self,
        prepared: Prepared,
        rows: Sequence[int] | np.ndarray,
        *,
        weights: Mapping[str, float] | None = None,
        progress: Callable[[int], object] | None = None,
    ) -> np.ndarray:
        """Return one unit vector per row, float32 ``[row, dim]``; zeros for rows without a value.

        Args:
            prepared: All columns of `codecs`.
            rows: Row numbers.
            weights: Input column -> weight in the mean, 1 by default; 0 leaves it out.
            progress: Told how many rows are done.
        """
        vectors, present = self.input_column_vectors(prepared, rows, progress)
        return mean_vectors(vectors, present, self.weights_of(weights))

    def weights_of(self, weights: Mapping[str, float] | None) -> np.ndarray:
        """Return a weight per input column. Raises `UsageError` for unknown or negative ones."""
        weights = weights or {}
        wrong = [
            name for name, weight in weights.items() if name not in self.input_columns or weight < 0
        ]
        if wrong:
            raise UsageError(
                "a weight does not fit the shared space",
                expected="weights of 0 or more, of " + ", ".join(self.input_columns),
                received=", ".join(f"{name}={weights[name]}" for name in wrong),
            )
        return np.array([weights.get(name, 1.0) for name in self.input_columns], np.float32)


def mean_vectors(vectors: np.ndarray, present: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the normalised weighted mean over input columns, float32 ``[row, dim]``.

    Args:
        vectors: Unit vectors ``[input, row, dim]``.
        present: bool ``[input, row]``.
        weights: ``[input]``.

    >>> mean_vectors(np.eye(2)[:, None], np.ones((2, 1), bool), np.array([3.0, 4.0])).tolist()
    [[0.6000000238418579, 0.800000011920929]]
    """
    share = present * weights[:, None]
    total = np.einsum("sr,srd->rd", share, vectors)
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return (total / np.where(length > 0, length, 1.0)).astype(np.float32)
