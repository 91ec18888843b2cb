"""Series as targets: what is written reads alike, metrics by hand, and the linear baseline."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from plait.baselines.features import FeatureMap
from plait.data.collation import collate
from plait.data.fitting import fit_codecs
from plait.data.prepared import prepare_rows
from plait.data.table import read
from plait.modalities import Asked, Media
from plait.modalities.series.cells import Series
from plait.modalities.series.codec import SeriesCodec
from plait.modalities.series.linear_map import LinearMap
from plait.modalities.series.network import Generate
from plait.modalities.series.scoring import WORDS, counted, measured
from plait.modalities.series.written import written
from plait.networks.system import to_tensors
from plait.nn.conditions import Conditions
from plait.nn.tokens import Tokens


def series(values, times=None, channels=()):
    return Series(np.array(values, np.float32), times, channels)


@pytest.mark.parametrize(
    "one",
    [
        series([[1.5], [2.25], [-3.0]]),
        series([[1, 2], [3, np.nan]], channels=("a [bar]", "b")),
        series([[0.1], [0.2], [0.4]], times=np.array([0.0, 0.5, 1.0])),
    ],
)
def test_what_is_written_reads_alike(one, tmp_path):
    again = SeriesCodec().read(written(one), Media(tmp_path))
    np.testing.assert_array_equal(again.values, one.values)
    if one.times is not None:
        np.testing.assert_array_equal(again.times, one.times)
    assert one.channels == again.channels or not one.channels
    json.loads(written(one))


@pytest.mark.parametrize("steps", [9, 5000])
def test_decoding_undoes_preparing(steps):
    rng = np.random.default_rng(0)
    raws = [series(rng.normal(3, 2, (steps, 2)), channels=("a", "b")) for _ in range(4)]
    codec = SeriesCodec().fit(raws)
    arrays = codec.prepare(raws[0])
    again = codec.prepare(codec.decode(arrays))
    np.testing.assert_allclose(again["values"], arrays["values"], atol=1e-4)
    if steps == 9:
        np.testing.assert_allclose(codec.decode(arrays).values, raws[0].values, atol=1e-4)


def test_metrics_by_hand():
    said, true = np.array([[0.0], [2.0], [9.0]]), np.array([[1.0], [np.nan], [1.0], [2.0]])
    found = measured([counted(said, true)])
    assert list(found) == list(WORDS)
    # gaps -1 and 8, and the step that was not made counts as 0: gap -2
    assert found["mse"] == pytest.approx((1 + 64 + 4) / 3) and found["mae"] == pytest.approx(11 / 3)
    assert found["r2"] == pytest.approx(1 - 69 / 6) and found["length_off"] == 0.25
    assert measured([counted(true, true)])["mse"] == 0.0


def waves(num, steps, seed):
    """Rows whose `after` goes on where `before` ends, at another level and size in each."""
    rng, rows = np.random.default_rng(seed), []
    for _ in range(num):
        phase, level, size = rng.uniform(0, 6), rng.normal(0, 20), rng.uniform(0.5, 5)
        wave = level + size * np.sin(phase + 0.5 * np.arange(steps + 8))
        rows.append({"before": wave[:steps].tolist(), "after": wave[steps:].tolist(),
                     "noise": float(rng.normal())})  # fmt: skip
    return read(rows, columns={"before": "series", "after": "series", "noise": "number"})


def matrices_of(table, columns):
    rows = np.arange(table.num_rows)
    codecs = fit_codecs(table, ["before", "after", "noise"], rows, as_target=False)
    prepared = prepare_rows(table, codecs)
    features, matrices = FeatureMap.fit(prepared, columns, rows)
    targets = [prepared.columns["after"][int(row)] for row in rows]
    return codecs["after"], features, matrices, targets, prepared


def test_the_linear_map_continues_what_came_before(tmp_path):
    codec, features, matrices, targets, _ = matrices_of(waves(60, 24, 0), ["before", "noise"])
    model = LinearMap()
    model.fit(matrices, targets, codec, seed=0)
    assert len(model.answer(matrices)) == 60
    new = waves(20, 24, 1)
    codecs = {name: matrices.prepared.columns[name].codec for name in ("before", "noise", "after")}
    prepared = prepare_rows(new, codecs)
    asked = features.matrices(prepared, np.arange(20))
    truth = [prepared.columns["after"][row] for row in range(20)]
    errors = [
        float(((a["values"] - b["values"]) ** 2).mean())
        for a, b in zip(model.answer(asked), truth, strict=True)
    ]
    assert np.median(errors) < 1e-3
    model.save(tmp_path / "m")
    again = LinearMap.load(tmp_path / "m")
    for one, other in zip(again.answer(asked), model.answer(asked), strict=True):
        np.testing.assert_array_equal(one["values"], other["values"])


def test_what_is_said_left_out_owes_nothing_to_a_row_nor_to_its_time():
    codec, _, matrices, targets, _ = matrices_of(waves(60, 24, 0), ["before", "noise"])
    groups = np.repeat(np.arange(20), 3)
    matrices, model = matrices.grouped(groups), LinearMap()
    model.fit(matrices, targets, codec, seed=0)
    said = model.left_out(matrices, targets)
    assert np.mean([((a["values"] - b["values"]) ** 2).mean() for a, b in
                    zip(said, targets, strict=True)]) < 0.05  # fmt: skip
    # The first quarter of the groups, and those that may share steps with it, told otherwise.
    wrong = [codec.made(9 - one["values"]) if group < 9 else one
             for one, group in zip(targets, groups, strict=True)]  # fmt: skip
    again = model.left_out(matrices, wrong)
    for one, other in zip(said[:15], again[:15], strict=True):
        np.testing.assert_array_equal(one["values"], other["values"])
    assert any((a["values"] != b["values"]).any() for a, b in zip(said, again, strict=True))


@pytest.mark.parametrize(("worth", "kept"), [(0.5, 0.5), (-1.0, 0.0), (3.0, 1.0)])
def test_so_much_of_what_a_network_adds_is_kept_as_rows_held_out_say(worth, kept):
    """What it adds to its start is `worth` times too little or too much of what is true."""
    codec = SeriesCodec().fit([series(np.sin(np.arange(9) + i)[:, None]) for i in range(4)])
    torch.manual_seed(0)
    head = Generate(codec, 16)
    torch.nn.init.normal_(head.decoder.head["mean"].weight)
    begun = to_tensors({"x": collate([codec.made(np.full((9, 1), float(i))) for i in range(4)],
                                     codec.layout)})["x"]  # fmt: skip
    tokens = Tokens(torch.randn(4, 3, 16), torch.ones(4, 3, dtype=torch.bool), torch.zeros(4, 3, 2))
    seen = Conditions(tokens, torch.randn(4, 2, 16), start=begun)
    asked = Asked(), [np.random.default_rng(0)] * 4

    @torch.no_grad()
    def made():
        return np.stack([one["values"] for one in head.eval().generate(seen, *asked[::-1])])

    start, first = begun.parts["values"].numpy(), made()
    true = start + worth * (first - start)
    target = to_tensors({"x": collate([codec.made(one) for one in true], codec.layout)})["x"]
    head.settle([(seen, target)])
    np.testing.assert_allclose(made() - start, kept * (first - start), atol=1e-4)


def test_without_what_came_before_it_goes_by_the_other_columns():
    rng = np.random.default_rng(0)
    sizes = rng.normal(size=80)
    rows = [{"size": float(s), "after": (s * np.arange(6)).tolist()} for s in sizes]
    table = read(rows, columns={"size": "number", "after": "series"})
    codecs = fit_codecs(table, ["size", "after"], np.arange(80))
    prepared = prepare_rows(table, codecs)
    _, matrices = FeatureMap.fit(prepared, ["size"], np.arange(80))
    targets = [prepared.columns["after"][row] for row in range(80)]
    model = LinearMap()
    model.fit(matrices, targets, codecs["after"], seed=0)
    error = [
        ((a["values"] - b["values"]) ** 2).mean()
        for a, b in zip(model.answer(matrices), targets, strict=True)
    ]
    assert np.mean(error) < 0.01


def test_the_page_shows_pairs_and_the_error_along_them():
    raws = [series(np.sin(np.arange(12) + i)[:, None]) for i in range(9)]
    codec = SeriesCodec().fit(raws)
    page = codec.panel(raws, [*raws[1:], raws[0]])
    assert page.count("<svg") == 7 and "mean squared error by step" in page
    assert codec.panel([], []) == ""
