"""Opens MIDI files by music21, in its own interpreter: what share it reads, with full bars.

``python music21_opens.py FOLDER`` prints the share of the folder's ``.mid`` files that music21
parses into notes, and whose measures, apart from the last, are as long as their time signature.
"""

from __future__ import annotations

import sys
from pathlib import Path


def opens(path: Path) -> bool:
    """Tell whether music21 reads a file into notes in full measures."""
    from music21 import converter

    score = converter.parse(path)
    if not list(score.recurse().notes):
        return False
    for part in score.parts:
        measures = list(part.getElementsByClass("Measure"))
        for measure in measures[:-1]:
            signature = measure.timeSignature or measure.getContextByClass("TimeSignature")
            if signature and measure.duration.quarterLength > signature.barDuration.quarterLength:
                return False
    return True


if __name__ == "__main__":
    found = [opens(path) for path in sorted(Path(sys.argv[1]).glob("*.mid"))]
    print(sum(found) / max(len(found), 1))
