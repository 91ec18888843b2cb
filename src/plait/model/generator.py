"""What ships for a generated target: its network, the simple model that does better, or both."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors.numpy import save

from plait.baselines.features import FeatureMap
from plait.baselines.generated import kinds_of
from plait.bundle import Bundle
from plait.data.prepared import Prepared
from plait.display import brief
from plait.errors import UsageError
from plait.modalities import Asked, Codec, GeneratedTarget, MixableTarget, SimpleGenerator
from plait.model.ensemble import BASE_MODELS, DEEP, WEIGHTS, folder_files
from plait.model.judges import PairJudge
from plait.networks.config import SystemConfig
from plait.networks.generate_rows import generated_rows, row_losses
from plait.networks.opening import open_drawer
from plait.networks.runner import Drawer
from plait.networks.weights import SavedHeads
from plait.types import Arrays

if TYPE_CHECKING:
    from plait.model.model import Model

MAX_TEMPERATURE = 100.0
"""Beyond it every draw is as likely as any other."""


@brief
@dataclass
class Generator:
    """What turns prepared rows into generated values: the network, one simple model, or a mix.

    Attributes:
        codecs: Every column that the inputs are read as -> fitted codec.
        name: The target's column.
        target: Fitted codec of the target.
        shipped: Which of them answers: ``deep`` for the network, else the name of a simple model;
            of a mix the simple model's.
        simple: The simple model, where one ships.
        features: Makes its features; None where the network ships.
        config: Sizes of the network; None where a simple model ships.
        tensors: Weights of the network as NumPy arrays, float32 by name.
        share: Of the network in a mix, in (0, 1); 0 where one of them answers alone.
    """

    codecs: Mapping[str, Codec]
    name: str
    target: GeneratedTarget
    shipped: str = DEEP
    simple: SimpleGenerator | None = None
    features: FeatureMap | None = None
    config: SystemConfig | None = None
    tensors: Mapping[str, np.ndarray] = field(default_factory=dict)
    share: float = 0.0
    _drawer: Drawer | None = None

    @cached_property
    def judge(self) -> PairJudge:
        return PairJudge(self.target)

    @property
    def weights(self) -> dict[str, float]:
        """What ships, in the words of a mix."""
        if self.share:
            return {DEEP: self.share, self.shipped: 1.0 - self.share}
        return {self.shipped: 1.0}

    def outputs(
        self, prepared: Prepared, rows: np.ndarray, asked: Asked | None = None
    ) -> np.ndarray:
        """Return a generated Raw per row, object ``[row]``."""
        return self.truth(self.values(prepared, np.asarray(rows), asked or Asked()))

    def truth(self, values: Sequence[Arrays]) -> np.ndarray:
        """Return prepared values as Raw, object ``[row]``."""
        found = np.empty(len(values), object)
        for row, value in enumerate(values):
            found[row] = self.target.decode(value)
        return found

    def answer(self, outputs: np.ndarray) -> Mapping[str, Any]:
        return self.target.answer(list(outputs))

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
        """Return ``cost``: the mean of `losses`, where a network ships."""
        losses = self.losses(prepared, rows)
        return {} if losses is None else {"cost": float(losses.mean())}

    def losses(self, prepared: Prepared, rows: np.ndarray) -> np.ndarray | None:
        """Return the network's proper loss of rows that have a value, float64 ``[row]``.

        None where a simple model ships, or is in the mix: it has no likelihood.
        """
        if self.config is None or self.share:
            return None
        return row_losses(self.drawer, self.name, prepared, rows)

    @property
    def drawer(self) -> Drawer:
        """What draws values, built once. Raises `KeyError` where no network ships."""
        if self._drawer is None:
            if self.config is None:
                raise KeyError("this model ships no network")
            saved = SavedHeads(
                codecs=self.codecs,
                targets={self.name: self.target},
                config=self.config,
                tensors=self.tensors,
            )
            self._drawer = open_drawer(saved, self.name)
        return self._drawer

    def files(self) -> dict[str, bytes]:
        files = {}
        if self.config is not None:
            files[WEIGHTS] = save({k: np.ascontiguousarray(v) for k, v in self.tensors.items()})
        return files | folder_files(self._save_simple)

    def facts(self) -> dict[str, Any]:
        return {
            "task": self.target.task,
            "verb": self.target.verb,
            "headline": self.judge.headline,
            "mix": self.weights,
            "system": None if self.config is None else dataclasses.asdict(self.config),
        }

    def _save_simple(self, folder: Path) -> None:
        if self.simple is not None and self.features is not None:
            self.features.save(folder / BASE_MODELS / "features")
            self.simple.save(folder / BASE_MODELS / self.shipped)

    def values(self, prepared: Prepared, rows: np.ndarray, asked: Asked) -> list[Arrays]:
        """Return a generated value per row, in the target's layout."""
        parts = []
        if self.config is not None:
            parts.append(generated_rows(self.drawer, prepared, rows, asked))
        if self.simple is not None and self.features is not None:
            parts.append(self.simple.answer(self.features.matrices(prepared, rows)))
        if len(parts) == 1 or not isinstance(self.target, MixableTarget):
            return parts[0]
        return self.target.mixed(parts, [self.share, 1.0 - self.share])


def asked_of(model: Model, temperature: float | None, seed: int) -> Asked | None:
    """Return how to draw; None where nothing is.

    Raises `TargetError` for a temperature where the target is predicted, `UsageError` for one that
    is none, and for a negative seed.
    """
    if temperature is None and not isinstance(model.predictor, Generator):
        return None
    _ = model.generator
    if seed < 0 or not 0 <= (temperature or 0.0) <= MAX_TEMPERATURE:
        raise UsageError(
            "values cannot be drawn so",
            expected=f"a temperature from 0 to {MAX_TEMPERATURE:g}, a seed of 0 or more",
            received=f"temperature={temperature}, seed={seed}",
        )
    return Asked(temperature=temperature or 0.0, seed=seed)


def load_generator(
    bundle: Bundle,
    about: Mapping[str, Any],
    codecs: Mapping[str, Codec],
    target: GeneratedTarget,
) -> Generator:
    """Rebuild what `Generator.files` wrote, from a bundle whose hashes were checked.

    Args:
        bundle: Where the files are.
        about: What ``model.json`` tells.
        codecs: Of every column that the inputs are read as.
        target: Codec of the target.

    Raises `KeyError` when what shipped is unknown.
    """
    mix = dict(about["mix"])
    shipped = next((name for name in mix if name != DEEP), DEEP)
    config, folder = about.get("system"), bundle.path / BASE_MODELS
    simple = None if shipped == DEEP else kinds_of(target)[shipped].load(folder / shipped)
    return Generator(
        codecs=codecs,
        name=str(about["target"]),
        target=target,
        shipped=str(shipped),
        simple=simple,
        features=None if simple is None else FeatureMap.load(folder / "features", codecs),
        config=None if config is None else SystemConfig(**config),
        tensors=bundle.read_arrays(WEIGHTS) if DEEP in mix else {},
        share=float(mix[DEEP]) if len(mix) > 1 else 0.0,
    )
