"""Fits and searches at once or killed: each finds what one alone finds, and reads no half file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    work = Path(__file__).with_name("verb_work.py")
    folder = tmp_path_factory.mktemp("work")
    words = [sys.executable, str(work), str(folder)]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_fits_of_one_table_in_an_empty_cache(found):
    assert found["fits"] == [found["fit alone"]] * 4


def test_searches_that_build_one_index(found):
    assert found["searches"] == [found["search alone"]] * 4


def test_searches_of_two_tables_that_take_turns_with_one_index(found):
    both = [found["search alone"], found["small search alone"]]
    assert both[0] != both[1]
    assert [json.loads(one) for one in found["one index"]] == [both * 4] * 4


@pytest.mark.parametrize("when", ["killed", "killed while it replaced"])
def test_a_search_that_was_killed_while_it_kept_its_index(found, when):
    killed = found[when]
    assert len(killed) > 10 and all(one["ended"] == -9 for one in killed[:-1])
    for one in killed:
        assert one["result"] == found["search alone"] and one["left"] == [], one


def test_a_cut_index_in_the_cache_is_made_anew(found):
    assert {name for name, _ in found["cut"]} >= {"manifest.json", "codes.npy", "ids.arrow"}
    assert {hits for _, hits in found["cut"]} == {found["search alone"]}
