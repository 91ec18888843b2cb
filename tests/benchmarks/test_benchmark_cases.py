"""The benchmarks as a whole: discovery, peers on tiny tables, the page."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from benchmarks.__main__ import main
from benchmarks.cases.small import subset
from benchmarks.data import Split
from benchmarks.machine import describe_machine, machine_line
from benchmarks.page import README, section, update_page
from benchmarks.peers.aeon_classifiers import zero_pad
from benchmarks.peers.boosting import Encoder
from benchmarks.peers.texts import text_peers
from benchmarks.rows import Row

from benchmarks import cases


def test_every_benchmark_has_a_run_and_a_place_on_the_page() -> None:
    page = README.read_text(encoding="utf-8")
    for name in cases.names():
        assert callable(cases.load(name).run)
        assert f"<!-- results: {name} -->" in page and f"<!-- /results: {name} -->" in page


def test_an_unknown_benchmark_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["nonsense"])
    assert stopped.value.code == 2
    assert "invalid choice: 'nonsense'" in capsys.readouterr().err


def test_page_changes_between_its_markers_only(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text("a\n<!-- results: x -->\nold\n<!-- /results: x -->\nb\n", encoding="utf-8")
    update_page("x", r"new \1", page)
    assert page.read_text(encoding="utf-8") == (
        "a\n<!-- results: x -->\nnew \\1\n<!-- /results: x -->\nb\n"
    )
    with pytest.raises(ValueError, match="lacks the markers"):
        update_page("y", "new", page)


def test_section_says_how_it_was_measured() -> None:
    rows = [Row(benchmark="x", case="c", metric="m", value=1.0, seed=seed) for seed in (0, 1)]
    machine = {"cpu": "Toy", "cores": 2, "flags": [], "packages": {"torch": "2"}, "date": "today"}
    result = {
        "name": "x",
        "command": "run x",
        "machine": machine,
        "rows": [row.to_dict() for row in rows],
    }
    assert section(result).splitlines()[-1] == (
        "`run x`, 2 seeds; Toy, 2 cores (no matrix instructions known); torch 2; today"
    )


def test_machine_is_described() -> None:
    machine = describe_machine()
    assert machine["cores"] >= 1 and machine["packages"]["numpy"] == np.__version__
    assert str(machine["cores"]) in machine_line(machine)


def test_encoder_codes_words_and_keeps_numbers() -> None:
    table = pa.table({"n": [1, None, 3], "w": ["b", "a", None], "y": ["p", "q", "p"]})
    encode = Encoder(table, leave_out=("y",))
    assert encode.categorical == [1]
    expected = np.array([[1, 1], [np.nan, 0], [3, np.nan]])
    np.testing.assert_array_equal(encode(table), expected)
    np.testing.assert_array_equal(encode(pa.table({"n": [5], "w": ["new"]})), [[5, np.nan]])


def test_text_peers_learn_two_words() -> None:
    table = pa.table({"text": ["good day", "bad day"] * 8, "label": ["g", "b"] * 8})
    peers = text_peers(Split(table, table), target="label", column="text", seed=0)
    assert [peer.score for peer in peers] == [1.0, 1.0, 1.0]


def test_unequal_series_are_padded_with_zeros_to_one_length() -> None:
    train, test = zero_pad([np.ones((1, 2))], [np.ones((1, 3))])
    assert train.tolist() == [[[1, 1, 0]]] and test.tolist() == [[[1, 1, 1]]]


def test_subset_draws_from_the_training_rows_and_keeps_the_test() -> None:
    split = ["train"] * 30 + ["validation"] * 10 + ["test"] * 5
    table = pa.table({"x": range(45), "group": ["a", "b", "c"] * 15, "split": split})
    words = subset(table, 20, seed=1)["split"].to_pylist()
    assert [words.count(word) for word in ("train", "validation", "test")] == [16, 4, 5]
