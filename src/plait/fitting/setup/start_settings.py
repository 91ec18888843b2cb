"""The settings of what a fit starts from: a base, pretrained encoders, a language model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plait.errors import UsageError
from plait.fitting.setup.work import ADAPTATIONS, check_tune
from plait.model.loading import load
from plait.model.model import Model


@dataclass(frozen=True, kw_only=True)
class Start:
    """What is learned from already: a base's shared space, and pretrained encoders.

    Attributes:
        base: A bundle with a shared space to start from, or its model: its preprocessing, its
            vectors and its weights.
        adapt: How the network learns from a base: ``auto`` (measured), ``scratch``, ``lora``
            (low-rank corrections) or ``full``. Prototypes and a linear probe are always measured.
        encoders: Column or modality -> folder (or, where allowed, hub id) of a pretrained
            checkpoint, or the name of one that `plait.encoders` finds:
            ``{"text": "./all-MiniLM-L6-v2"}``. Its outputs are made once per table, kept in the
            cache, and join the column's own. ``auto`` uses what is on this machine where it helps
            on rows held out, and is what happens in budgets of a minute and more (unless `simple`)
            where nothing is said; ``none`` uses nothing. Both also for one column or modality:
            ``{"*": "auto", "image": "none"}``. ``table`` names a tabular foundation model, which is
            measured beside the simple models: ``{"table": "./TabICL"}``.
        decoder: A causal language model by which a target of texts is written: a folder of
            transformers (safetensors), a GGUF file, or where allowed a hub id. It stays as it is;
            learned places tell it of the row, and it reads the row's own texts. It is measured
            beside plait's own decoder where there is time, and travels in the bundle.
        tune: Whether encoders learn the target before they are frozen: ``auto`` and ``frozen``
            (not), ``lora`` (low-rank corrections), ``full``, or ``measured`` (experimental: what
            is best on validation rows, in budgets of ten minutes, 1,000 steps or 20 epochs and
            more). A `decoder` learns low-rank corrections unless this is ``frozen``.
    """

    base: Model | Path | str | None = None
    adapt: str = "auto"
    encoders: Mapping[str, str] | str | None = None
    decoder: Path | str | None = None
    tune: str = "auto"

    def check(self, target: str | None, *, has_encoders: bool) -> None:
        """Refuse unknown ways, and tuning without anything to tune or to learn."""
        if self.adapt not in ("auto", *ADAPTATIONS):
            allowed = " or ".join(("auto", *ADAPTATIONS))
            raise UsageError("unknown adapt", expected=allowed, received=str(self.adapt))
        check_tune(self.tune, target=target, encoders=has_encoders or self.decoder is not None)

    def open_base(self) -> Model | None:
        """Return the base. Raises `UsageError` when weights are to be adapted that it lacks."""
        known = self.base is None or isinstance(self.base, Model)
        base: Any = self.base if known else load(self.base)  # type: ignore[arg-type]
        if self.adapt in ("lora", "full") and (base is None or not base.space.has_network):
            raise UsageError(
                "there are no weights to adapt",
                expected="a base with a network, or adapt=scratch",
                received=self.adapt,
                hint="plait fit TABLE --out base.plait learns one; then --base base.plait",
            )
        return base
