"""Runs a range of cases in this process, one line of JSON each: a crash costs only its case.

``python -m benchmarks.fuzzing SEED FIRST COUNT [BUNDLE]``; with a bundle, predict is tried too.
"""

from __future__ import annotations

import json
import resource
import sys

from benchmarks.fuzzing.probe import try_case

MAX_ADDRESS_BYTES = 12 * 2**30


def main() -> None:
    """Run the cases and print what came of each."""
    seed, first, count = (int(word) for word in sys.argv[1:4])
    resource.setrlimit(resource.RLIMIT_AS, (MAX_ADDRESS_BYTES, MAX_ADDRESS_BYTES))
    model = None
    if len(sys.argv) > 4:
        from plait.model.loading import load

        model = load(sys.argv[4])
    for number in range(first, first + count):
        print(json.dumps({"begun": number}), flush=True)
        print(json.dumps(try_case(seed, number, model=model)), flush=True)


if __name__ == "__main__":
    main()
