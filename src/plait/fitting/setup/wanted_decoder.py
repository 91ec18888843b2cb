"""The language model that a person wants a target to be written by."""

from __future__ import annotations

from dataclasses import replace

from plait.backbones.language import LanguageCheckpoint, open_language_model
from plait.data.table import Table
from plait.errors import UsageError
from plait.fitting.setup.fit_config import FitConfig
from plait.fitting.setup.work import FROZEN
from plait.modalities import find_codec


def open_decoder(asked: FitConfig, table: Table) -> LanguageCheckpoint | None:
    """Open the language model that was named; None where none was.

    It learns low-rank corrections unless it was said that what is pretrained stays frozen.

    Raises:
        UsageError: The target is not written in language, or there is none.
        CheckpointError: The language model cannot be used.
    """
    where, target = asked.start.decoder, asked.target
    if where is None:
        return None
    modality = table.schema[target].modality if target in table.column_names else None
    if not getattr(None if modality is None else find_codec(modality), "by_language", False):
        raise UsageError(
            "a decoder writes texts, and the target is none",
            expected="a target that is read as text",
            received="no target" if target is None else f"{target}, read as {modality}",
            hint=None if target is None else f"--columns {target}=text, or leave --decoder out",
        )
    opened = open_language_model(where, allow_network=table.policy.allow_network)
    return replace(opened, rank=0) if asked.start.tune == FROZEN else opened
