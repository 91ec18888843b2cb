"""How a student is made: its size, what is tried, and how much of the teacher it learns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from plait.errors import UsageError
from plait.networks.config import SystemConfig, choose_size
from plait.train.config import TrainConfig

METHODS = ("distil", "prune", "quantize")
"""Ways to make a bundle small."""

NETWORK, TOLD, SIMPLE = "network", "told", "simple"
STUDENTS = (SIMPLE, NETWORK, TOLD)
"""Kinds of students: linear models of codecs' features; a network; one that is told what simple
models know."""

WORDS = 24_000
"""Of an encoder of texts that become vectors: about a megabyte."""

SHARE, TEMPERATURE = 0.8, 1.0
"""Of what is learned, the teacher's; and the temperature of a network's soft targets
(docs/log.md, 2026-12-01)."""


@dataclass(frozen=True, kw_only=True)
class Distilling:
    """How a student is made.

    Attributes:
        size: Of the network: a name, ``dim=32,depth=1,num_heads=2``, or a `SystemConfig`.
        students: Kinds of students that are tried: some of `STUDENTS`.
        max_mb: Most megabytes (10^6 bytes) of weights that ship; None for any.
        words: Of each encoder of texts that the teacher has, so many words are kept as vectors,
            at most; 0 for none.
        share: Of what is learned, the teacher's, in [0, 1]; the rest is truth.
        temperature: Of a network's soft targets; simple students know none.
        cross_fit: Whether the teacher's simple models are fitted again by folds, where its bundle
            keeps its out-of-fold answers for few of the rows: those of many rows are known for
            validation rows alone.
        train: Settings of networks' training.
        seed: Of whatever is drawn.
        device: ``auto``, ``cpu`` or ``cuda``.
    """

    size: str | Mapping[str, Any] | SystemConfig = "tiny"
    students: Sequence[str] = STUDENTS
    max_mb: float | None = None
    words: int = WORDS
    share: float = SHARE
    temperature: float = TEMPERATURE
    cross_fit: bool = True
    train: TrainConfig | None = None
    seed: int = 0
    device: str = "auto"

    def check(self) -> None:
        """Raise `UsageError` for what has no meaning."""
        choose_size(self.size, 1)
        unknown = [name for name in self.students if name not in STUDENTS]
        if isinstance(self.students, str) or unknown or not self.students:
            raise UsageError(
                "there is no such student",
                expected="some of " + ", ".join(STUDENTS),
                received=str(self.students),
            )
        if not 0 <= self.share <= 1 or self.temperature <= 0 or self.words < 0:
            raise UsageError(
                "what a student learns is out of range",
                expected="a share in [0, 1], a temperature above 0, and no negative words",
                received=f"share={self.share}, temperature={self.temperature}, words={self.words}",
            )

    @property
    def has_network(self) -> bool:
        """Whether any student that is tried is a network."""
        return NETWORK in self.students or TOLD in self.students

    def told(self) -> dict[str, Any]:
        """Return it in words, for the bundle."""
        size = asdict(self.size) if isinstance(self.size, SystemConfig) else self.size
        return {
            "size": size,
            "students": list(self.students),
            "max_mb": self.max_mb,
            "words": self.words,
            "share": self.share,
            "temperature": self.temperature,
            "cross_fit": self.cross_fit,
            "seed": self.seed,
        }
