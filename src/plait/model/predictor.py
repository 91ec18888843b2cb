"""What a model predicts with: the contract of the mix of base models, and of the generator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from plait.data.prepared import Prepared
from plait.modalities import Asked, Codec, TargetCodec
from plait.model.judges import Judge
from plait.types import Arrays


class Predictor(Protocol):
    """Turns prepared rows into outputs, and these into answers.

    Outputs are one per row and can be indexed by row: ``float32 [row, output]`` of a predictive
    target, `plait.model.made.MADE` ``[row]`` of a generated one. Truth is too, Raw ``object [row]``
    of a generated one; a `Judge` scores the two.
    """

    codecs: Mapping[str, Codec]
    """Every column that the inputs are read as -> fitted codec."""

    @property
    def target(self) -> TargetCodec:
        """Fitted codec of the target."""

    @property
    def judge(self) -> Judge:
        """What scores its outputs."""

    def outputs(
        self, prepared: Prepared, rows: np.ndarray, asked: Asked | None = None
    ) -> np.ndarray:
        """Return what is said of each row, ``[row, ...]``; `asked` how, where values are drawn."""

    def truth(self, values: Sequence[Arrays]) -> np.ndarray:
        """Return prepared targets as what outputs are judged against, ``[row, ...]``."""

    def answer(self, outputs: np.ndarray) -> Mapping[str, Any]:
        """Return outputs as columns for people, beginning with ``prediction``."""

    def beside(
        self,
        prepared: Prepared,
        rows: np.ndarray,
        outputs: np.ndarray,
        truth: np.ndarray,
        *,
        groups: np.ndarray | None = None,
        intervals: bool = True,
    ) -> dict[str, Any]:
        """Return what its scores tell beside those of its judge: a decision, a proper cost."""

    def files(self) -> dict[str, bytes]:
        """Return its files of the bundle: name -> content."""

    def facts(self) -> dict[str, Any]:
        """Return what ``model.json`` tells of it."""
