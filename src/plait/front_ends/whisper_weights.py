"""Weights of Whisper as CTranslate2 keeps them, found on this machine: named, none is opened.

Guarantees: nothing is fetched and no code of a package is run; files that links lead out of their
place count as none. Does not guarantee: that weights are what their names say.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path, PurePosixPath

from plait.backbones.licence import licence_of_folder
from plait.data.cache import cache_folder, mark_used, new_entry
from plait.encoders.files import confined
from plait.encoders.packages import licence_of_package
from plait.encoders.places import VARIABLE, folders_at_hand, looks_nowhere

WEIGHTS = "model.bin"
PART = re.compile(r"model\.bin\.part(\d{1,2})")
BESIDE = ("config.json", "tokenizer.json")
VOCABULARIES = ("vocabulary.txt", "vocabulary.json")
NUM_ENGLISH = 51_864
"""Pieces of the vocabularies that know English alone; those of many languages have more."""

ENGLISH = "en"
MAX_BYTES = 2**30
"""Larger weights are slow without a GPU: they are taken where there are no others."""


@dataclass(frozen=True, kw_only=True)
class WhisperWeights:
    """Weights of one size of Whisper.

    Attributes:
        name: Of its folder or package.
        place: Where it was found, in words.
        licence: As told; "" where it is not.
        files: ``model.bin``, or its parts in order.
        beside: The folder of its settings and vocabulary.
        multilingual: Whether it knows other languages than English.
        num_bytes: Of all files of weights.
    """

    name: str
    place: str
    licence: str
    files: tuple[Path, ...]
    beside: Path
    multilingual: bool
    num_bytes: int

    def folder(self) -> Path:
        """Return a folder that holds all of it; parts are joined in plait's cache, once.

        Raises:
            StorageError: The cache cannot be written.
        """
        if len(self.files) == 1:
            return self.beside
        facts = [[str(one), one.stat().st_size, one.stat().st_mtime_ns] for one in self.files]
        name = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]
        cache = cache_folder("whisper")
        joined = cache / name / WEIGHTS
        if joined.is_file() and joined.stat().st_size == self.num_bytes:
            mark_used(cache / name)
            return cache / name
        with new_entry(cache, name) as entry:
            for file in (*BESIDE, *VOCABULARIES):
                if (self.beside / file).is_file():
                    shutil.copyfile(self.beside / file, entry / file)
            with (entry / WEIGHTS).open("wb") as out:
                for part in self.files:
                    with part.open("rb") as stream:
                        shutil.copyfileobj(stream, out, 2**20)
        return cache / name


def find_whisper() -> tuple[WhisperWeights, ...]:
    """Return the weights in ``$PLAIT_ENCODERS``, Hugging Face's cache, and installed packages."""
    if looks_nowhere():
        return ()
    return (*_in_folders(), *_in_packages())


def best_for(found: Iterable[WhisperWeights], language: str | None) -> WhisperWeights | None:
    """Return the weights that suit a language best, None where none knows it.

    What a person put into ``$PLAIT_ENCODERS`` comes first, then larger before smaller up to 1 GiB.

    Args:
        found: All weights.
        language: ISO 639-1; None where it is not known, for which many languages are best.
    """

    def place(one: WhisperWeights) -> tuple[bool, bool, bool, int]:
        fits = one.num_bytes <= MAX_BYTES
        many = one.multilingual and language is None
        return many, one.place == f"${VARIABLE}", fits, one.num_bytes if fits else -one.num_bytes

    some = [one for one in found if one.multilingual or language in (None, ENGLISH)]
    return max(some, key=place, default=None)


def _in_folders() -> Iterator[WhisperWeights]:
    for folder, root, name, place in folders_at_hand():
        file = confined(folder / WEIGHTS, root.resolve())
        if file is not None:
            licence = licence_of_folder(folder)
            yield from _described([file], folder, name, place, licence)


def _in_packages() -> Iterator[WhisperWeights]:
    """Give whole weights of packages, and those whose parts several packages of one name carry."""
    parts: dict[str, dict[int, tuple[Path, Distribution]]] = {}
    for package in distributions():
        try:
            name, listed = str(package.metadata["Name"] or ""), package.read_text("RECORD") or ""
            lines = [line for line in listed.splitlines() if WEIGHTS in line]
            paths = [line[0] for line in csv.reader(lines)]
        except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, csv.Error):
            continue  # a package whose records are damaged carries nothing
        root = Path(str(package.locate_file(""))).resolve()
        for path in paths:
            file = confined(root / path, root)
            part = PART.fullmatch(PurePosixPath(path).name)
            if file is not None and part is not None:
                family = re.sub(r"[-_.]*part[-_.]*\d+$", "", name)
                parts.setdefault(family, {})[int(part[1])] = file, package
            elif file is not None and file.name == WEIGHTS:
                place = f"package {name} {package.version}"
                licence = licence_of_package(package)
                yield from _described([file], file.parent, name, place, licence)
    for family, found in parts.items():
        if len(found) > 1 and sorted(found) == list(range(1, len(found) + 1)):
            files = [found[number][0] for number in sorted(found)]
            first = found[1][1]
            place = f"{len(files)} packages {family}-part* {first.version}"
            yield from _described(files, files[0].parent, family, place, licence_of_package(first))


def _described(
    files: list[Path], beside: Path, name: str, place: str, licence: str
) -> Iterator[WhisperWeights]:
    """Give weights that have beside them what faster-whisper needs, so that it fetches nothing."""
    num_pieces = _num_pieces(beside)
    if num_pieces < NUM_ENGLISH or not all((beside / one).is_file() for one in BESIDE):
        return
    yield WhisperWeights(
        name=name,
        place=place,
        licence=licence,
        files=tuple(files),
        beside=beside,
        multilingual=num_pieces > NUM_ENGLISH,
        num_bytes=sum(one.stat().st_size for one in files),
    )


def _num_pieces(folder: Path) -> int:
    """Return the size of a vocabulary, 0 where there is none that can be read."""
    for name in VOCABULARIES:
        try:
            text = (folder / name).read_text(encoding="utf-8")
            return len(json.loads(text)) if name.endswith(".json") else text.count("\n")
        except (OSError, ValueError, RecursionError, TypeError):
            continue
    return 0
