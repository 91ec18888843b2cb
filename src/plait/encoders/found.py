"""One encoder that was found: what it is, where it lies, and whether plait can load it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plait.data.sources.packed import unpacked
from plait.display import brief
from plait.errors import UsageError

NOT_TOLD = "not told"


@brief
@dataclass(frozen=True, kw_only=True)
class FoundEncoder:
    """A pretrained encoder on this machine, by its settings alone; no weights were opened.

    Attributes:
        name: As it was published, or its folder's.
        place: Where it was found, in words.
        path: Its folder, or the zip archive that holds it.
        inner: Folder within the archive; "" where it lies at the top.
        modalities: What it can encode; empty where that is not known.
        architecture: ``model_type`` of its settings, "" where they tell none.
        weights: Names of its files of weights.
        num_bytes: Of these.
        licence: As told; "" where it is not.
        made_for_vectors: Whether it was trained to give vectors of whole values, rather than to
            fill in gaps or to tell classes.
        pair: Whether a text and a picture tower share one space.
        why_not: Why plait cannot load it; "" where it can.
    """

    name: str
    place: str
    path: Path
    inner: str = ""
    modalities: tuple[str, ...] = ()
    architecture: str = ""
    weights: tuple[str, ...] = ()
    num_bytes: int = 0
    licence: str = ""
    made_for_vectors: bool = False
    pair: bool = False
    why_not: str = ""

    @property
    def is_usable(self) -> bool:
        """Whether plait can load it."""
        return not self.why_not

    @property
    def is_packed(self) -> bool:
        """Whether it lies in an archive."""
        return self.path.suffix.lower() == ".zip"

    def folder(self) -> Path:
        """Return its folder; an archive is unpacked into plait's cache, once.

        Raises:
            UsageError: plait cannot load it.
            TableError: The archive is damaged, or beyond the limits.
            StorageError: The cache cannot be written.
        """
        if not self.is_usable:
            raise UsageError(
                f"the encoder '{self.name}' cannot be used", received=self.why_not, path=self.path
            )
        return unpacked(self.path) / self.inner if self.is_packed else self.path

    def to_dict(self) -> dict[str, Any]:
        """Return what ``plait encoders --json`` tells of it, but for its hash."""
        return {
            "name": self.name,
            "modalities": list(self.modalities),
            "architecture": self.architecture or None,
            "size_mb": round(self.num_bytes / 1e6, 1),
            "licence": self.licence or NOT_TOLD,
            "usable": self.is_usable,
            "why_not": self.why_not or None,
            "found_in": self.place,
            "path": str(self.path),
        }
