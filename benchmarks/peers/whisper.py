"""faster-whisper on sound files; run by a Python that has it.

``python whisper.py --weights FOLDER --sounds FOLDER --out said.json`` writes a list of ``{"peer",
"seconds", "said"}``: what is said in each file by name, with the language told and, unless
``--told-only``, without. It imports nothing of plait: faster-whisper may live in an environment of
its own.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path


def main() -> None:
    """Read the arguments, transcribe every file, write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--sounds", type=Path, required=True)
    parser.add_argument("--language", default="nl")
    parser.add_argument("--told-only", action="store_true")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    from faster_whisper import WhisperModel

    model = WhisperModel(str(given.weights), device="cpu", local_files_only=True)
    files = sorted(given.sounds.iterdir())
    results = []
    ways = [(f"told {given.language}", given.language), ("told nothing", None)]
    for peer, language in ways[:1] if given.told_only else ways:
        start = time.monotonic()
        said = {file.stem: said_in(model, file, language) for file in files}
        seconds = time.monotonic() - start
        results.append({"peer": f"faster-whisper base, {peer}", "seconds": seconds, "said": said})
    given.out.write_text(json.dumps(results, indent=1), encoding="utf-8")


def said_in(model, file: Path, language: str | None) -> str:
    """Return the words of a file, by the settings that faster-whisper has by itself."""
    segments, _ = model.transcribe(str(file), language=language)
    return " ".join(one.text.strip() for one in segments)


if __name__ == "__main__":
    main()
