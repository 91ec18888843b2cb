"""Reads columns of texts by the table of words that plait brings, where that helps."""

from __future__ import annotations

from typing import Any

import numpy as np

from plait.fitting.setup.problem import Problem, with_derived
from plait.modalities.text.codec import TextCodec
from plait.modalities.text.word_vectors import bundled_words
from plait.model.word_column import WordColumn
from plait.progress import SILENT
from plait.spacing import even_sample

NAME = "plait's own table of words"

LEAST_KNOWN = 0.3
"""Share of a column's words that must be in the table: else it is in another language."""

MOST_LOOKED_AT = 500


def may_tell(problem: Problem, input_column: str) -> bool:
    """Tell whether a column holds texts, of whose words the table knows enough."""
    if not isinstance(problem.codecs.get(input_column), TextCodec):
        return False
    table, column = bundled_words(), problem.prepared.columns[input_column]
    rows = even_sample(problem.splits.train, MOST_LOOKED_AT)
    cells = (column[int(row)] for row in rows)
    texts = [one["bytes"].tobytes().decode() for one in cells if one is not None]
    known, num = np.sum([table.known(text) for text in texts] or [(0, 0)], axis=0)
    return bool(num) and known >= LEAST_KNOWN * num


def with_words(problem: Problem, input_column: str) -> Problem:
    """Return the problem with a column of the means of a column's words."""
    rows = problem.splits.train
    column = WordColumn.fitted(input_column, bundled_words(), problem.prepared, rows)
    return with_derived(problem, [column], progress=SILENT)


def word_facts() -> dict[str, Any]:
    """Return what is told of the table, as of an encoder that was found."""
    table = bundled_words()
    size = round(len(table.data) / 1e6, 1)
    return {"encoder": NAME, "licence": table.licence, "size_mb": size, "key": table.key}
