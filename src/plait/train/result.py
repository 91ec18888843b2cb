"""What a training run came to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TrainResult:
    """What a run did. The weights are in the `System` that was given.

    Attributes:
        steps, seconds: Work done.
        precision: ``bfloat16`` or ``float32``.
        rows_per_second: Training speed.
        wait_share: Share of the time spent waiting for input.
        curve: ``{"step", "seconds", "loss", "validation"}`` at every check.
    """

    steps: int
    seconds: float
    precision: str
    rows_per_second: float
    wait_share: float
    curve: list[dict[str, float]]
