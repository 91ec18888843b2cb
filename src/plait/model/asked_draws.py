"""How values are to be drawn, as a person says it: temperature, seed and beam."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from plait.display import model_name
from plait.errors import TargetError, UsageError
from plait.modalities import Asked
from plait.model.generator import Generator

if TYPE_CHECKING:
    from plait.model.model import Model

MAX_TEMPERATURE = 100.0
"""Beyond it every draw is as likely as any other."""

MAX_BEAM = 32
"""Beginnings of each row that are kept in memory, at most."""


def usual_temperature(predictor: Any) -> float:
    """Return the temperature at which values are drawn where nothing is asked; 0 of what is
    predicted."""
    return predictor.temperature if isinstance(predictor, Generator) else 0.0


def judged_draws(predictor: Any) -> Asked:
    """Return how values that are judged are drawn: as where nothing is asked, each row apart."""
    return Asked(temperature=usual_temperature(predictor), apart=True)


def asked_of(
    model: Model, temperature: float | None, seed: int, beam: int | None = None
) -> Asked | None:
    """Return how to draw; None where nothing is. Where nothing is said, as is usual of the target.

    Raises `TargetError` for a temperature where the target is predicted, and for a beam where
    nothing is made piece by piece; `UsageError` for a temperature, seed or beam that is none, and
    for both a beam and a temperature.
    """
    if temperature is None and beam is None and not isinstance(model.predictor, Generator):
        return None
    generator, degrees = model.generator, temperature or 0.0
    if temperature is None and beam in (None, 1):
        degrees = generator.temperature
    asked = Asked(temperature=degrees, seed=seed, beam=beam or 1)
    hot, wide = asked.temperature > 0, beam is not None and beam != 1
    if seed < 0 or not 0 <= asked.temperature <= MAX_TEMPERATURE or (hot and wide):
        raise UsageError(
            "values cannot be drawn so",
            expected=f"a temperature from 0 to {MAX_TEMPERATURE:g}, a seed of 0 or more, and a "
            "beam only where nothing is drawn by lot",
            received=f"temperature={temperature}, seed={seed}, beam={beam}",
        )
    if beam is not None and not 1 <= beam <= MAX_BEAM:
        raise UsageError("this is no beam", expected=f"1 to {MAX_BEAM}", received=str(beam))
    if wide and not generator.by_pieces:
        raise TargetError(
            "nothing is made piece by piece, so there is no beam",
            expected="a network that writes texts",
            received=f"{model_name(generator.shipped)}, for a {generator.target.modality}",
        )
    return asked
