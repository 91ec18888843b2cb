"""Shell completion: the script that a shell loads, and what it is answered."""

from __future__ import annotations

import os
import shutil
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


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_the_script_of_the_shell_that_asks_is_shown():
    found = subprocess.run(
        ["bash", "-c", f"'{sys.executable}' -m plait --show-completion; exit $?"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "_PLAIT_COMPLETE=complete_bash" in found.stdout
