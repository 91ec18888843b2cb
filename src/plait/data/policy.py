"""The read policy: how a table's cells become values, decided once and carried by the table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from plait.errors import TableError, UsageError, as_path
from plait.modalities import Media


@dataclass(frozen=True, kw_only=True)
class ReadPolicy:
    """How cells are read.

    Attributes:
        root: Folder that paths in cells are relative to, and confined in.
        on_error: What an unreadable cell does: ``raise``, or ``skip``: it counts as missing; None
            when nobody said, which is then the reader's choice (`or_else`), and ``raise`` last.
        allow_network: Whether cells that are URLs, and encoders that are hub ids, are fetched.
        decimal: The decimal mark that the person named for numbers in text; None when none.
        num_workers: Threads that decode media; of many rows, processes.
        keep: Whether what is made of many cells may be kept in the cache on disk.

    Raises:
        UsageError: Another word as `on_error`.
    """

    root: Path = Path(".")
    on_error: str | None = None
    allow_network: bool = False
    decimal: str | None = None
    num_workers: int = 2
    keep: bool = True

    def __post_init__(self) -> None:
        if self.on_error not in (None, "raise", "skip"):
            raise UsageError(
                "unknown way to treat unreadable cells",
                expected="raise or skip",
                received=str(self.on_error),
            )

    @property
    def skips(self) -> bool:
        """Whether an unreadable cell counts as missing."""
        return self.on_error == "skip"

    def or_else(self, on_error: str) -> ReadPolicy:
        """Return the policy with this way to treat unreadable cells, where nobody named one."""
        return self if self.on_error else replace(self, on_error=on_error)

    def told(
        self, *, root: Path | str | None, on_error: str | None, allow_network: bool | None
    ) -> ReadPolicy:
        """Return the policy with what was said. Raises `TableError` where the root is no folder."""
        said = {"root": root, "on_error": on_error, "allow_network": allow_network}
        found: dict[str, Any] = {name: value for name, value in said.items() if value}
        if root:
            found["root"] = as_path(root, "the root of media")
            if not found["root"].is_dir():
                raise TableError(
                    "the root is not a folder", expected="an existing folder", path=found["root"]
                ).of_call()
        return replace(self, **found)

    def media(self) -> Media:
        """Return what opens the files that cells point to."""
        return Media(self.root, self.allow_network, self.decimal)
