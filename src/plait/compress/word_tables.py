"""A pretrained encoder of texts as a table of words: what a student keeps of it."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from plait.backbones import Checkpoint, encode_column
from plait.backbones.preprocessing import TextPreparation
from plait.compress.teacher import Teacher
from plait.data.table import read
from plait.fitting.setup.problem import Problem, with_derived
from plait.modalities.text.codec import TextCodec
from plait.modalities.text.word_vectors import WordVectors, words_of
from plait.model.backbone_column import BackboneColumn
from plait.model.word_column import WordColumn
from plait.progress import Progress

DIM = 64
"""Numbers of a word's vector: its first principal components."""

BYTES_PER_WORD = 46
"""About what a word takes: half a byte a number, its scales, and its letters."""

MOST_SHARE = 0.5
"""Of the bytes that may ship, those of the words at most."""

CHUNK_WORDS = 1024
LEAST_WORDS = 200
"""With fewer nothing is gained."""

_STARTS, _GOES_ON = "▁Ġ", "##"
"""How tokenizers mark pieces that begin a word, and those that do not."""

_WHOLE = re.compile(r"[^\W\d_]{2,}")


def with_words(
    problem: Problem,
    teacher: Teacher,
    *,
    most: int,
    deadline: float | None,
    progress: Progress,
) -> Problem:
    """Return a student's problem with a column of words' vectors for each column of texts that a
    pretrained encoder, or a table of words, reads for its teacher.

    The words are those of the rows to learn from, the most frequent first, and then those that the
    encoder's own tokenizer knows whole: so that words which the table lacks are known as well.

    Args:
        problem: Of the student.
        teacher: It.
        most: Words of an encoder, at most.
        deadline: Of `time.monotonic`: no more words are asked for then.
        progress: Told of the work.
    """
    found = [
        WordColumn(one.input_column, one.table.first(most), one.codec)
        for one in teacher.model.derived_columns
        if isinstance(one, WordColumn) and one.input_column in problem.inputs and most
    ]
    rows = np.union1d(problem.splits.train, problem.splits.validation)
    for checkpoint, reads, names in _encoders_of_texts(teacher, problem):
        wanted = _wanted(problem, names, rows, reads)[:most]
        if len(wanted) < LEAST_WORDS:
            continue
        table = word_table(checkpoint, wanted, deadline, progress)
        found += [WordColumn.fitted(name, table, problem.prepared, rows) for name in names]
    return with_derived(problem, found, progress=progress) if found else problem


def most_words(asked: int, max_bytes: float | None) -> int:
    """Return how many words there may be of an encoder, where so many bytes may ship in all."""
    if max_bytes is None:
        return asked
    return min(asked, int(MOST_SHARE * max_bytes / BYTES_PER_WORD))


def word_bytes(problem: Problem) -> int:
    """Return what the tables of words of a problem take."""
    columns = [one for one in problem.derived_columns if isinstance(one, WordColumn)]
    tables = {one.table.key: one.table for one in columns}
    return sum(len(table.data) for table in tables.values())


def _encoders_of_texts(
    teacher: Teacher, problem: Problem
) -> list[tuple[Checkpoint, TextPreparation, list[str]]]:
    """Return the teacher's encoders of texts, how each reads, and the columns that it reads."""
    found: dict[str, tuple[Checkpoint, TextPreparation, list[str]]] = {}
    for derived in teacher.model.derived_columns:
        if not isinstance(derived, BackboneColumn) or derived.input_column not in problem.inputs:
            continue
        checkpoint, reads = derived.checkpoint, derived.checkpoint.preparation
        if isinstance(reads, TextPreparation):
            *_, names = found.setdefault(checkpoint.key, (checkpoint, reads, []))
            names.append(derived.input_column)
    return list(found.values())


def _wanted(
    problem: Problem, names: Sequence[str], rows: np.ndarray, reads: TextPreparation
) -> list[str]:
    """Return the words of some rows' texts, and those of the tokenizer behind them."""
    counts: Counter[str] = Counter()
    for name in names:
        column = problem.prepared.columns[name]
        cells = (column[int(row)] for row in rows)
        for cell in cells:
            counts.update([] if cell is None else words_of(cell["bytes"].tobytes().decode()))
    of_rows = [word for word, _ in counts.most_common()]
    return list(dict.fromkeys([*of_rows, *whole_words(reads.tokenizer)]))


def whole_words(tokenizer: str) -> list[str]:
    """Return the words that a tokenizer has a piece for, the frequent ones first, in lower case.

    Args:
        tokenizer: Its ``tokenizer.json``.
    """
    from tokenizers import Tokenizer

    places = Tokenizer.from_str(tokenizer).get_vocab(with_added_tokens=False)
    pieces = sorted(places, key=places.__getitem__)
    if any(piece[:1] in _STARTS for piece in pieces):
        pieces = [piece[1:] for piece in pieces if piece[:1] in _STARTS]
    else:
        pieces = [piece for piece in pieces if not piece.startswith(_GOES_ON)]
    return list(dict.fromkeys(piece.lower() for piece in pieces if _WHOLE.fullmatch(piece)))


def word_table(
    checkpoint: Checkpoint, words: Sequence[str], deadline: float | None, progress: Progress
) -> WordVectors:
    """Ask an encoder for words, one by one, and keep what their vectors differ by most."""
    update = progress.task("asking the encoder for words", len(words))
    parts: list[np.ndarray] = []
    for vectors in _vectors(checkpoint, words):
        parts.append(vectors)
        known = sum(map(len, parts))
        update(known)
        if deadline is not None and time.monotonic() > deadline:
            break
    every = np.concatenate(parts).astype(np.float64)
    centred = every - every.mean(0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    components = centred @ directions[:, ::-1][:, :DIM]
    source = Path(checkpoint.source).name
    return WordVectors.of(
        words[: len(every)], components, source=source, licence=checkpoint.licence
    )


def _vectors(checkpoint: Checkpoint, words: Sequence[str]) -> Iterator[np.ndarray]:
    for first in range(0, len(words), CHUNK_WORDS):
        some = words[first : first + CHUNK_WORDS]
        table = read({"word": list(some)}, columns={"word": "text"})
        column = encode_column(table, "word", TextCodec(), checkpoint, num_local=0)
        cells = [column[row] for row in range(len(some))]
        yield np.stack([np.zeros(checkpoint.dim) if c is None else c["vectors"][0] for c in cells])
