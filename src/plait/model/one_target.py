"""Picks the model of one target: that which a person names, or the only one there is."""

from __future__ import annotations

from plait.errors import ColumnError
from plait.model.model import Model
from plait.model.several import Several


def of_target(model: Model, target: str | None) -> Model:
    """Return the model of one target.

    Args:
        model: Of one target, or of several.
        target: Which one; None where there is only one.

    Raises:
        ColumnError: It is no target of the model.
        TargetError: The model has none, or several of which none is named.
    """
    if isinstance(model, Several) and target is not None:
        try:
            return model[target]
        except ColumnError as error:
            raise error.of_call() from None
    model.require_target()
    if target not in (None, model.target):
        raise ColumnError(
            f"the model has no target '{target}'",
            expected=f"'{model.target}', or no target named",
            received=str(target),
        ).of_call()
    return model
