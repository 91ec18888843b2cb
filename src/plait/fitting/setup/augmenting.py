"""What a fit must be for rows that a model makes to be learned from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plait.errors import UsageError
from plait.fitting.setup.fit_settings import refuse_settings

if TYPE_CHECKING:
    from plait.fitting.setup.fit_config import FitConfig

GENERATED = "generated"
"""What rows may be augmented by."""


def check_augment(asked: FitConfig) -> None:
    """Refuse another word, and what rows cannot be made for. Raises `UsageError`."""
    said = asked.choice.augment
    if said is None:
        return
    if said != GENERATED:
        raise UsageError("rows are not augmented so", expected=GENERATED, received=said)
    told = {
        "no target": asked.target is None,
        "base": asked.start.base is not None,
        "horizon": asked.forecasting.horizon is not None,
        "items": asked.recommending.items is not None,
        "reward": asked.acting.reward is not None,
        "a column of weights": asked.rows.weights not in (None, "balanced"),
    }
    what = "rows are made for one target of a table whose rows stand for themselves"
    refuse_settings(what, told, "leave it out, or --augment")
