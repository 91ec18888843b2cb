"""Which columns a fit learns: none, one, or several that are trained together."""

from __future__ import annotations

from collections import Counter

from plait.errors import UsageError, no_column
from plait.fitting.setup.fit_config import FitConfig
from plait.fitting.setup.fit_settings import refuse_settings
from plait.words import split_list


def targets_of(asked: FitConfig, names: list[str]) -> tuple[str, ...]:
    """Return the targets that a text names; a column that is called so is the only one.

    Args:
        asked: Its target is the name of a column, or several with commas between them; those of a
            forecast are one target, as a column of its windows.
        names: The table's columns.

    Raises:
        UsageError: The same target twice, or a setting that is of one target only.
        ColumnError: One of several is no column.
    """
    if asked.target is None:
        return ()
    alone = asked.target in names or asked.forecasting.horizon is not None
    listed = [] if alone else split_list(asked.target)
    twice = [name for name, num in Counter(listed).items() if num > 1]
    if twice:
        raise UsageError(
            f"the target '{twice[0]}' is named twice",
            expected="each target once",
            received=asked.target,
            hint=f"--target {','.join(dict.fromkeys(listed))}",
        )
    if len(listed) < 2:
        return (asked.target,)
    for name in listed:
        if name not in names:
            raise no_column(name, names)
    _check_several(asked, listed)
    return tuple(listed)


def _check_several(asked: FitConfig, targets: list[str]) -> None:
    """Refuse what has a meaning for one target only."""
    decision, tune = asked.decision, asked.start.tune
    told = {
        "threshold": decision.threshold is not None,
        "costs": decision.costs is not None,
        "positive": decision.positive is not None,
        "metric": asked.choice.metric is not None,
        "augment": asked.choice.augment is not None,
        f"tune={tune}": tune in ("lora", "full"),
        "decoder": asked.start.decoder is not None,
    }
    refuse_settings(
        "several targets have no use for settings that are of one",
        told,
        hint=f"leave them out, or fit that target alone: --target {targets[0]}",
    )
