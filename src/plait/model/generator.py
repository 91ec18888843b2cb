"""What ships for a generated target: its network, the simple model that does better, or both."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors.numpy import save

from plait.baselines.features import FeatureMap
from plait.baselines.generated import kinds_of
from plait.baselines.start import Start
from plait.bundle import Bundle
from plait.data.prepared import Prepared
from plait.display import brief
from plait.modalities import (
    Asked,
    Codec,
    GeneratedTarget,
    MixableTarget,
    SimpleGenerator,
    begins_at,
    traits_of,
)
from plait.model.ensemble import BASE_MODELS, DEEP, WEIGHTS, folder_files
from plait.model.judges import PairJudge
from plait.model.made import made_of, raw_of, unsure
from plait.model.trust import reliability_of
from plait.model.trust_by_columns import TrustByColumns, trust_by_columns_from
from plait.networks.config import SystemConfig
from plait.networks.generate_rows import generated_rows, row_losses, streamed_row
from plait.networks.opening import open_drawer
from plait.networks.runner import Drawer
from plait.networks.weights import SavedHeads
from plait.types import Arrays

if TYPE_CHECKING:
    from plait.backbones.language import LanguageCheckpoint

LANGUAGE = "language"  # of a bundle: the folder of the language model that writes


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
        trust: What the sureness of its values is worth; None where that is not known.
        share: Of the network in a mix, in (0, 1); 0 where one of them answers alone.
        start: The simple model at whose values the network begins; None where there is none.
        temperature: At which values are drawn where nothing is asked.
        language: The language model by which the network writes; None where it does without.
    """

    codecs: Mapping[str, Codec]
    name: str
    target: GeneratedTarget
    shipped: str = DEEP
    simple: SimpleGenerator | None = None
    features: FeatureMap | None = None
    config: SystemConfig | None = None
    tensors: Mapping[str, np.ndarray] = field(default_factory=dict)
    trust: TrustByColumns | None = None
    share: float = 0.0
    start: Start | None = None
    language: LanguageCheckpoint | None = None
    temperature: float = 0.0
    _drawer: Drawer | None = None

    @cached_property
    def judge(self) -> PairJudge:
        return PairJudge(self.target)

    @property
    def by_pieces(self) -> bool:
        """Whether values are made piece by piece: a network ships that does so."""
        return self.config is not None and traits_of(self.target).piecewise

    @property
    def weights(self) -> dict[str, float]:
        """What ships, in the words of a mix."""
        if self.share:
            return {DEEP: self.share, self.shipped: 1.0 - self.share}
        return {self.shipped: 1.0}

    def outputs(
        self, prepared: Prepared, rows: np.ndarray, asked: Asked | None = None
    ) -> np.ndarray:
        """Return a generated value per row, `MADE` ``[row]``; what is drawn by lot is not sure."""
        asked = asked or Asked(temperature=self.temperature)
        rows = np.asarray(rows)
        return self.made(self.values(prepared, rows, asked), prepared, rows, asked)

    def stream(self, prepared: Prepared, row: int, asked: Asked) -> Iterator[np.ndarray]:
        """Give the beginnings of a row's value, `MADE` ``[1]``; the last is that of `outputs`.

        There is but one of what is not made piece by piece.
        """
        if not self.by_pieces:
            yield self.outputs(prepared, np.array([row]), asked)
            return
        for value in streamed_row(self.drawer, self._told(prepared, [row]), row, asked):
            yield self.made([value], prepared, np.array([row]), asked)

    def made(
        self,
        values: Sequence[Arrays],
        prepared: Prepared,
        rows: np.ndarray,
        asked: Asked | None = None,
    ) -> np.ndarray:
        """Return values of rows as outputs, `MADE` ``[row]``."""
        lines = None if self.trust is None else self.trust.lines(prepared, rows)
        made = made_of(self.target, values, lines)
        return unsure(made) if (asked or self).temperature > 0 else made

    def truth(self, values: Sequence[Arrays]) -> np.ndarray:
        """Return prepared values as Raw, object ``[row]``."""
        return raw_of(made_of(self.target, values))

    def answer(self, outputs: np.ndarray) -> Mapping[str, Any]:
        """Return ``prediction``, where it is known ``confidence``, and what the target tells."""
        columns = dict(self.target.answer(list(raw_of(outputs))))
        confidence = self.confidence(outputs)
        if confidence is None:
            return columns
        return {"prediction": columns.pop("prediction"), "confidence": confidence, **columns}

    def confidence(self, outputs: np.ndarray) -> np.ndarray | None:
        """Return what share of `TrustByColumns.metric` to expect of each row, float64 ``[row]``.

        None where nothing was learned of it, or outputs were drawn by lot.
        """
        if self.trust is None or not np.isfinite(outputs["sureness"]).all():
            return None
        return self.trust.of(outputs["sureness"], outputs["line"])

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
        """Return ``cost``: the mean of `losses`, where a network ships; and of confidences how far
        they can be trusted, as `reliability_of` has it, with what they foretell."""
        losses, confidence = self.losses(prepared, rows), self.confidence(outputs)
        found = {} if losses is None else {"cost": float(losses.mean())}
        if self.trust is None or confidence is None:
            return found
        shares = self.judge.values(outputs, truth, self.trust.metric)
        if not np.isfinite(shares).any():
            return found
        return {**found, "foretells": self.trust.metric, **reliability_of(confidence, shares)}

    def losses(self, prepared: Prepared, rows: np.ndarray) -> np.ndarray | None:
        """Return the network's proper loss of rows that have a value, float64 ``[row]``.

        None where a simple model ships, or is in the mix: it has no likelihood.
        """
        if self.config is None or self.share:
            return None
        return row_losses(self.drawer, self.name, self._told(prepared, rows), rows)

    def _told(self, prepared: Prepared, rows: Sequence[int] | np.ndarray) -> Prepared:
        """Return the columns, and what the network begins at, if at anything."""
        return prepared if self.start is None else self.start.beside(prepared, rows)

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
                started=self.start is not None,
                languages={} if self.language is None else {self.name: self.language},
            )
            self._drawer = open_drawer(saved, self.name)
        return self._drawer

    def files(self) -> dict[str, bytes]:
        files = {}
        if self.config is not None:
            files[WEIGHTS] = save({k: np.ascontiguousarray(v) for k, v in self.tensors.items()})
        if self.language is not None:
            files |= {f"{LANGUAGE}/{name}": data for name, data in self.language.files().items()}
        return files | folder_files(self._save_simple)

    def facts(self) -> dict[str, Any]:
        return {
            "task": self.target.task,
            "verb": self.target.verb,
            "headline": self.judge.headline,
            "mix": self.weights,
            "system": None if self.config is None else dataclasses.asdict(self.config),
            "start": None if self.start is None else self.start.model.name,
            "language": None if self.language is None else self.language.facts(),
            "trust": None if self.trust is None else self.trust.facts(),
            "temperature": self.temperature,
        }

    def _save_simple(self, folder: Path) -> None:
        if self.simple is not None and self.features is not None:
            self.features.save(folder / BASE_MODELS / "features")
            self.simple.save(folder / BASE_MODELS / self.shipped)
        if self.start is not None:
            self.start.features.save(folder / BASE_MODELS / "features")
            self.start.model.save(folder / BASE_MODELS / self.start.model.name)

    def values(
        self,
        prepared: Prepared,
        rows: np.ndarray,
        asked: Asked,
        draws: Sequence[float] | None = None,
    ) -> list[Arrays]:
        """Return a generated value per row, in the target's layout; see `generated_rows`.

        Simple models draw nothing by lot: all draws of a row are the same.
        """
        parts = []
        if self.config is not None:
            told = self._told(prepared, rows)
            parts.append(generated_rows(self.drawer, told, rows, asked, draws=draws))
        if self.simple is not None and self.features is not None:
            parts.append(self.simple.answer(self.features.matrices(prepared, rows)))
        if len(parts) == 1 or not isinstance(self.target, MixableTarget):
            return parts[0]
        return self.target.mixed(parts, [self.share, 1.0 - self.share])


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
    begun = begins_at(target) if DEEP in mix and about.get("start") else None
    known = simple is not None or begun is not None
    features = FeatureMap.load(folder / "features", codecs) if known else None
    start = None
    if begun is not None and features is not None:
        start = Start(begun.load(folder / begun.name), features, target)
    language = about.get("language")
    if language is not None:
        from plait.backbones.language import LanguageCheckpoint

        language = LanguageCheckpoint.of(language, bundle.path / LANGUAGE)
    return Generator(
        codecs=codecs,
        name=str(about["target"]),
        target=target,
        shipped=str(shipped),
        simple=simple,
        features=features,
        config=None if config is None else SystemConfig(**config),
        trust=trust_by_columns_from(about["trust"]) if about.get("trust") else None,
        tensors=bundle.read_arrays(WEIGHTS) if DEEP in mix else {},
        share=float(mix[DEEP]) if len(mix) > 1 else 0.0,
        start=start,
        language=language,
        temperature=float(about.get("temperature", 0.0)),
    )
