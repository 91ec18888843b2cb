"""Which pretrained encoders a person wants: named ones, those that are found, or none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from plait.backbones.architectures import TABLE
from plait.encoders import FoundEncoder, find_encoders, named
from plait.errors import UsageError
from plait.train.budget import Budget

AUTO, NONE, ALL = "auto", "none", "*"
LEAST_SECONDS = 60.0
"""Budgets from which on encoders that are found are tried without being asked for."""

Said = Mapping[str, str] | str | None


@dataclass(frozen=True, kw_only=True)
class WantedEncoders:
    """What was said of encoders, taken apart.

    Attributes:
        named: Column or modality -> folder, hub id, or name of one that is found; ``table`` -> the
            folder of a tabular foundation model, or such a name.
        said: Column, modality, ``table`` or ``*`` -> ``auto`` or ``none``.
        asked: Whether anything was said at all.
    """

    named: Mapping[str, str] = field(default_factory=dict)
    said: Mapping[str, str] = field(default_factory=dict)
    asked: bool = False

    @classmethod
    def of(cls, encoders: Said, budget: Budget, *, simple: bool = False) -> WantedEncoders:
        """Read what `fit` was given; nothing said is ``auto`` in budgets of a minute and more.

        Of steps and epochs it is ``none``, for they promise the same model every time, and of a
        simple fit, which is to be quick. Raises `UsageError` for a word that is neither.
        """
        if encoders is None:
            auto = budget.timed and budget.amount >= LEAST_SECONDS and not simple
            return cls(said={ALL: AUTO} if auto else {})
        if isinstance(encoders, str):
            if encoders not in (AUTO, NONE):
                raise UsageError(
                    "an encoder is named for no modality or column",
                    expected="auto, none, or a modality or column with each",
                    received=encoders,
                    hint="--encoder text=./all-MiniLM-L6-v2, or "
                    "encoders={'text': './all-MiniLM-L6-v2'}",
                )
            encoders = {ALL: encoders}
        told = {str(name): str(where) for name, where in encoders.items()}
        return cls(
            named={name: where for name, where in told.items() if where not in (AUTO, NONE)},
            said={name: where for name, where in told.items() if where in (AUTO, NONE)},
            asked=bool(told),
        ).checked()

    def checked(self) -> WantedEncoders:
        """Return it. Raises `UsageError` where a folder is named for all columns at once."""
        if ALL in self.named:
            raise UsageError(
                "an encoder is named for all columns",
                expected="a modality or column with each",
                received=self.named[ALL],
                hint="--encoder text=./all-MiniLM-L6-v2",
            )
        return self

    @property
    def looks(self) -> bool:
        """Whether encoders are looked for."""
        return AUTO in self.said.values()

    @property
    def some(self) -> bool:
        """Whether there may be any encoder."""
        return bool(self.named) or self.looks

    def finds(self, column: str, modality: str) -> bool:
        """Tell whether a column's encoder is looked for: its own word wins, then its modality's."""
        for name in (column, modality, ALL):
            if name in self.named:
                return False
            if name in self.said:
                return self.said[name] == AUTO
        return False

    def check(self, columns: Mapping[str, str]) -> None:
        """Raise `UsageError` where a word is of no input column (name -> modality)."""
        known = {*columns, *columns.values(), TABLE, ALL}
        for name in self.said:
            if name not in known:
                raise UsageError(
                    "an encoder is named for a column or modality that is no input",
                    expected="one of " + ", ".join(sorted(known - {ALL})),
                    received=name,
                )

    def places(self) -> dict[str, str | FoundEncoder]:
        """Return what is named: column or modality -> folder or hub id, or a found encoder.

        A name is that of a found encoder where there is no such folder.
        """
        return {name: one for name, one in self._places().items() if name != TABLE}

    def table_place(self) -> str | FoundEncoder | None:
        """Return the named folder of a tabular foundation model, or a found one; None without."""
        return self._places().get(TABLE)

    def _places(self) -> dict[str, str | FoundEncoder]:
        unknown = [one for one in self.named.values() if not Path(one).expanduser().exists()]
        found = find_encoders() if unknown else ()
        return {
            name: (named(found, where) if where in unknown else None) or where
            for name, where in self.named.items()
        }

    def told(self, *, whole: bool = False) -> str:
        """Return what was said in one line; folders by their last name only, unless `whole`."""
        parts = [where if name == ALL else f"{name}={where}" for name, where in self.said.items()]
        for name, where in self.named.items():
            parts.append(f"{name}={where if whole else Path(where).name}")
        return ", ".join(parts)
