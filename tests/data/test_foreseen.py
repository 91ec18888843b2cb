"""Codecs foreseen: pictures are prepared in the pass that takes their fingerprints, or anew."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from plait import read
from plait.data import fingerprints as fingerprints_module
from plait.data import fit_codecs, prepare_table
from plait.data import lookalikes as lookalikes_module
from plait.data.fingerprints import fingerprints
from plait.data.foreseen import foresee_codecs
from plait.data.lookalikes import look_for_copies
from plait.modalities import find_codec

NUM_ROWS = 160


@pytest.fixture
def draw(tmp_path):
    """Make a table of pictures, whose sides a function of the row's number tells."""

    def drawn(side=lambda number: 20, colour=lambda number: False):
        rng = np.random.default_rng(0)
        for number in range(NUM_ROWS):
            coarse = rng.integers(0, 256, (5, 5, 3 if colour(number) else 1), np.uint8)
            pixels = np.broadcast_to(coarse, (5, 5, 3))
            picture = Image.fromarray(np.ascontiguousarray(pixels))
            picture.resize((side(number), side(number))).save(tmp_path / f"{number}.png")
        names = [f"{number}.png" for number in range(NUM_ROWS)]
        return read({"x": names}, root=tmp_path, columns="x=image")

    return drawn


@pytest.fixture
def read_cells(monkeypatch):
    """The paths that were decoded, each as often as it was."""
    kind, seen = find_codec("image"), []
    plain = kind.read

    def watched(self, cell, media):
        if isinstance(cell, str):
            seen.append(cell)
        return plain(self, cell, media)

    monkeypatch.setattr(kind, "read", watched)
    return seen


def test_what_two_halves_agree_on_is_foreseen(draw):
    table = draw()
    codec = foresee_codecs(table, ["x"])["x"]
    assert (codec.size_px, codec.grey) == (20, True)
    assert codec == fit_codecs(table, ["x"], range(0, NUM_ROWS, 3))["x"]


def test_what_they_do_not_agree_on_is_not(draw):
    rows = np.linspace(0, NUM_ROWS - 1, 10).astype(int)
    assert foresee_codecs(draw(side=lambda n: 20 if n in rows[::2] else 40), ["x"]) == {}
    assert foresee_codecs(draw().take(range(100)), ["x"]) == {}


def test_only_modalities_that_learn_next_to_nothing_are_foreseen():
    rng = np.random.default_rng(0)
    cells = {name: [find_codec(name)().example(rng)] * 200 for name in ("audio", "series", "text")}
    table = read(cells, columns=",".join(f"{name}={name}" for name in cells))
    assert foresee_codecs(table, list(cells)) == {}


def test_one_pass_gives_fingerprints_and_prepared_values(draw, read_cells, tmp_path):
    table = draw()
    codec = fit_codecs(table, ["x"], range(NUM_ROWS))["x"]
    plain = prepare_table(table, {"x": codec}, cache=tmp_path / "plain").columns["x"]
    prints = fingerprints(table, ["x"], cache=tmp_path / "plain")["x"]
    read_cells.clear()
    both = fingerprints(table, ["x"], foreseen=lambda: {"x": codec})["x"]
    found = prepare_table(table, {"x": codec}).columns["x"]
    assert len(read_cells) == len(set(read_cells)) == NUM_ROWS
    for row in range(NUM_ROWS):
        np.testing.assert_array_equal(found[row]["pixels"], plain[row]["pixels"])
        assert both.sketch(row) == prints.sketch(row)
    assert np.array_equal(both.codes, prints.codes)


def test_a_wrong_guess_is_prepared_anew(draw):
    table = draw()
    wrong, right = (find_codec("image")(size_px=size) for size in (12, 16))
    fingerprints(table, ["x"], foreseen=lambda: {"x": wrong})
    found = prepare_table(table, {"x": right}).columns["x"]
    assert found[3]["pixels"].shape == (16, 16, 3)


def test_unreadable_cells_are_recorded_as_when_prepared_alone(draw, tmp_path):
    table = draw().told(on_error="skip")
    (tmp_path / "31.png").write_bytes(b"broken")
    codec = find_codec("image")(size_px=12)
    plain = prepare_table(table, {"x": codec}, cache=tmp_path / "plain")
    fingerprints(table, ["x"], foreseen=lambda: {"x": codec})
    found = prepare_table(table, {"x": codec})
    assert found.bad == plain.bad and found.num_bad == {"x": 1}
    assert found.columns["x"].present.tolist() == plain.columns["x"].present.tolist()


def test_nothing_is_foreseen_where_nothing_is_decoded(draw):
    table = draw()
    fingerprints(table, ["x"])
    fingerprints(table, ["x"], foreseen=lambda: pytest.fail("asked"))


class Clock:
    """Goes on by a second whenever it is asked."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 1.0
        return self.now


def test_what_is_read_in_any_case_is_read_to_its_end(draw, read_cells, monkeypatch):
    """Fingerprints that stopped half way would leave all cells to be decoded again."""
    monkeypatch.setattr(fingerprints_module, "time", Clock())
    monkeypatch.setattr(lookalikes_module, "time", Clock())
    table, codec = draw(), find_codec("image")(size_px=12)
    table = table.take([*range(NUM_ROWS), 3])
    found = look_for_copies(table, ["x"], deadline=1.5, foreseen=lambda: {"x": codec})
    assert not found.num_unread and [3, NUM_ROWS] in [rows.tolist() for _, rows in found.groups]
    monkeypatch.undo()
    prepare_table(table, {"x": codec})
    assert sorted(read_cells) == sorted(table.column("x"))


def test_what_is_not_foreseen_has_its_time_after_it(draw, monkeypatch):
    deadlines = []
    plain = fingerprints_module._compute

    def watched(*args):
        deadlines.append(args[-1])
        return plain(*args)

    monkeypatch.setattr(fingerprints_module, "_compute", watched)
    monkeypatch.setattr(fingerprints_module, "time", Clock())
    table = draw()
    codecs = {"x": find_codec("image")(), "y": find_codec("image")(size_px=16)}
    both = read({"x": table.column("x"), "y": table.column("x")}, root=table.root)
    fingerprints(both, codecs, deadline=100.0, foreseen=lambda: {"x": codecs["y"]})
    assert deadlines == [None, 101.0]
