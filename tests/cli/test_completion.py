"""Shell completion: the script that a shell loads, and what it is answered."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


def completed(words: str, place: int) -> list[str]:
    asked = {"COMP_WORDS": words, "COMP_CWORD": str(place), "_PLAIT_COMPLETE": "complete_bash"}
    found = subprocess.run(
        [sys.executable, "-c", "from plait.cli import main; main()"],
        env={**os.environ, **asked},
        capture_output=True,
        text=True,
        check=True,
    )
    return found.stdout.split()


@pytest.mark.parametrize(
    ("words", "place", "expected"),
    [("plait pre", 1, ["predict"]), ("plait fit --budg", 2, ["--budget"])],
)
def test_verbs_and_options_are_completed(words, place, expected):
    assert completed(words, place) == expected


def test_the_script_is_shown():
    found = subprocess.run(
        [sys.executable, "-m", "plait", "--show-completion", "bash"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "_PLAIT_COMPLETE=complete_bash" in found.stdout
