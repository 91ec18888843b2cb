"""Write down what the codecs prepare their examples to: `python scripts/golden.py --write`.

A preparation that changed under the same version is refused: raise the codec's `version` first.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from plait.modalities import modalities
from plait.testing.golden import Golden, differences, golden_of

FILE = Path(__file__).resolve().parents[1] / "tests" / "modalities" / "golden.json"


def read_golden() -> dict[str, Golden]:
    """Return what is written down: modality -> its golden."""
    found: dict[str, Golden] = json.loads(FILE.read_text(encoding="utf8"))
    return found


def main(arguments: list[str]) -> int:
    """Compare, and with ``--write`` write; return how many modalities changed unnoticed."""
    kept = read_golden() if FILE.is_file() else {}
    now = {name: golden_of(name) for name in modalities()}
    wrong = 0
    for name, found in now.items():
        before = kept.get(name)
        changed = [] if before is None else differences(found, before)
        same_cells = before is not None and before["cells"] == found["cells"]
        if changed and same_cells and before is not None and before["version"] == found["version"]:
            wrong += 1
            print(f"{name}: {', '.join(changed)} changed: raise {name}'s codec version")
        elif changed:
            print(f"{name}: {', '.join(changed)} changed")
    if "--write" in arguments and not wrong:
        lines = [f"{json.dumps(name)}: {json.dumps(found)}" for name, found in now.items()]
        FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf8")
        print(f"wrote {FILE.name}")
    return wrong


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:]) else 0)
