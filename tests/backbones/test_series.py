"""Models of time series: each channel as the model alone sees it, scale told, channels learned."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch
import transformers as hf
from tiny_series import PATCHES, SERIES, WORDS

import plait
from plait.backbones import (
    CheckpointError,
    SeriesPreparation,
    encode_column,
    fitted_to,
    open_checkpoint,
    preparation_from_dict,
    preparation_to_dict,
    series_readers,
    series_tower,
)
from plait.backbones.bundling import checkpoint_facts, checkpoint_files, checkpoint_from
from plait.backbones.tuned import keep_tuned
from plait.data.collation import collate
from plait.data.table import read
from plait.errors import CellError, UsageError
from plait.modalities import find_codec
from plait.modalities.series.cells import Series
from plait.networks.config import SystemConfig

TINY = SystemConfig(dim=16, depth=1, num_heads=2)
RNG = np.random.default_rng(2)
CLOSE = {"atol": 1e-4, "rtol": 1e-4}


def waves(num_steps, num_channels=2, seed=0):
    time = np.arange(num_steps)[:, None] / 4 + seed
    slow = np.linspace(1.0, 2.0, num_channels)
    noise = np.random.default_rng(seed).normal(0, 0.1, (num_steps, num_channels))
    return Series((np.sin(time / slow) * 3 + 5 + noise).astype(np.float32))


def channel(series, place):
    return Series(series.values[:, [place]], series.times)


def ready(folder, raws):
    """The checkpoint as a column of these series would have it."""
    opened = open_checkpoint(folder, modality="series")
    cells = [json.dumps(raw.values.tolist()) for raw in raws]
    table = read({"x": cells}, columns={"x": "series"})
    return fitted_to(opened, table, "x", np.arange(len(cells)))


def run(backbone, raws):
    preparation = backbone.preparation
    batch = collate([preparation.prepare(raw) for raw in raws], preparation.layout)
    parts = {name: torch.from_numpy(array) for name, array in batch.parts.items()}
    return backbone(parts, {name: torch.from_numpy(a) for name, a in batch.lengths.items()})


RAWS = [waves(20), waves(9, seed=1), waves(24, seed=2), waves(60, seed=3)]


@pytest.mark.parametrize("name", SERIES)
def test_neither_padding_nor_company_nor_parts_change_a_series(checkpoint, name, monkeypatch):
    backbone = ready(checkpoint(name), RAWS).network()
    together = run(backbone, RAWS)
    assert (
        together.values.shape[2] == backbone.dim == 2 * (2 * (8 if name == "fracast" else 16) + 3)
    )
    assert bool(torch.isfinite(together.values).all())
    monkeypatch.setattr(series_tower, "CHANNELS_AT_ONCE", 3)
    for row, raw in enumerate(RAWS):
        alone, real = run(backbone, [raw]), together.mask[row]
        torch.testing.assert_close(alone.values[0], together.values[row][real], **CLOSE)
    assert float((together.values[0, 0] - together.values[2, 0]).abs().max()) > 1e-2


@pytest.mark.parametrize("name", SERIES)
def test_each_channel_is_read_by_itself(checkpoint, name):
    two = run(ready(checkpoint(name), RAWS).network(num_local=0), RAWS).values[:, 0]
    for place in (0, 1):
        raws = [channel(raw, place) for raw in RAWS]
        one = run(ready(checkpoint(name), raws).network(num_local=0), raws).values[:, 0]
        torch.testing.assert_close(two.chunk(2, dim=1)[place], one, **CLOSE)


@pytest.mark.parametrize("name", SERIES)
def test_a_packed_checkpoint_gives_the_same_again(checkpoint, name, tmp_path):
    opened = ready(checkpoint(name), RAWS)
    for file, content in checkpoint_files(opened).items():
        (tmp_path / file).write_bytes(content)
    again = checkpoint_from(tmp_path, json.loads(json.dumps(checkpoint_facts(opened))))
    assert (again.key, again.dim) == (opened.key, opened.dim)
    assert again.preparation == opened.preparation
    before, after = run(opened.network(), RAWS), run(again.network(), RAWS)
    torch.testing.assert_close(after.values, before.values, atol=0, rtol=0)


@pytest.mark.parametrize("name", SERIES)
def test_all_of_a_model_can_learn_and_what_it_learned_is_kept(checkpoint, name):
    opened = ready(checkpoint(name), RAWS)
    backbone = opened.network("full", num_local=2)
    run(backbone, RAWS).values.square().mean().backward()
    moved = [p for p in backbone.parameters() if p.grad is not None and p.grad.abs().sum() > 0]
    assert moved
    with torch.no_grad():
        for parameter in moved:
            parameter += 0.01
    backbone.eval()
    with torch.no_grad():
        expected = run(backbone, RAWS).values
    kept = keep_tuned(opened, backbone, "full")
    torch.testing.assert_close(run(kept.network(num_local=2), RAWS).values, expected, **CLOSE)
    assert kept.key != opened.key


@pytest.mark.parametrize("name", ["patchtst", "timesfm", "chronos", "chronos-bolt"])
def test_adapters_learn_at_queries_and_values(checkpoint, name):
    backbone = ready(checkpoint(name), RAWS).network("lora", num_local=0)
    run(backbone, RAWS).values.square().mean().backward()
    assert any(p.grad is not None and p.grad.abs().sum() > 0 for p in backbone.parameters())


@pytest.mark.parametrize("name", ["patchtsmixer", "fracast"])
def test_a_model_without_attention_has_no_place_for_adapters(checkpoint, name):
    with pytest.raises(UsageError, match="no attention that adapters could be added to"):
        ready(checkpoint(name), RAWS).network("lora")


def test_patchtst_sees_the_standardised_steps_and_nothing_hidden(checkpoint):
    one = channel(waves(24), 0)
    opened = ready(checkpoint("patchtst"), [one])
    found = run(opened.network(num_local=7), [one]).values[0]
    model = hf.PatchTSTModel.from_pretrained(checkpoint("patchtst"), do_mask_input=False).eval()
    with torch.no_grad():
        asked = torch.from_numpy(one.values.copy())[None].expand(-1, -1, 3)
        states = model(past_values=asked).last_hidden_state[0, 0, 1:]
    torch.testing.assert_close(found[0, :16], states.mean(0), **CLOSE)
    torch.testing.assert_close(found[0, 16:32], states[-1], **CLOSE)
    torch.testing.assert_close(found[1:, :16], states, **CLOSE)
    torch.testing.assert_close(found[2:, 16:32], states.diff(dim=0), **CLOSE)
    mean, spread = one.values.mean(), one.values.std()
    scale = torch.tensor([np.log1p(mean), np.log(spread), np.log(24)], dtype=torch.float32)
    torch.testing.assert_close(found[:, 32:], scale.expand(8, 3), **CLOSE)


@pytest.mark.parametrize("name", ["timesfm", "timesfm2_5"])
def test_timesfm_is_asked_as_it_is_for_a_forecast(checkpoint, name):
    """Its own forward pads on the left, as here; 18 steps are three patches."""
    one = channel(waves(18), 0)
    found = run(ready(checkpoint(name), [one]).network(num_local=0), [one]).values[0, 0]
    kinds = {"timesfm": hf.TimesFmModel, "timesfm2_5": hf.TimesFm2_5Model}
    model = kinds[name].from_pretrained(checkpoint(name)).eval()
    scaled = (one.values[:, 0] - one.values.mean()) / one.values.std()
    told = {"past_values": torch.from_numpy(scaled)[None]}
    told["past_values_padding"] = torch.zeros(1, 18)
    told |= {"freq": torch.zeros(1, 1, dtype=torch.long)} if name == "timesfm" else {}
    with torch.no_grad():
        states = model(**told).last_hidden_state[0]
    torch.testing.assert_close(found[:16], states.mean(0), **CLOSE)
    torch.testing.assert_close(found[16:32], states[-1], **CLOSE)


class Listening(torch.nn.Module):
    """Keeps what it is asked, and answers zeros."""

    def __init__(self, said):
        super().__init__()
        self.config = hf.T5Config(chronos_config=said)

    def forward(self, **asked):
        self.asked = asked
        states = torch.zeros(*asked["attention_mask"].shape, 4)
        return hf.modeling_outputs.BaseModelOutput(last_hidden_state=states)


def test_chronos_reads_each_step_as_the_word_of_its_bin():
    model = Listening(
        {**WORDS, "n_tokens": 8, "tokenizer_kwargs": {"low_limit": -2, "high_limit": 2}}
    )
    values = torch.tensor([[1.0, -1.0, 0.4, -9.0], [3.0, 1.0, 0.0, 0.0]])
    states, places = series_readers.read_tokens(model, values, torch.tensor([4, 2]))
    # Bins at -2, -1, 0, 1, 2 from word 3 on; the scales are 2.85 and 2.
    assert model.asked["input_ids"].tolist() == [[5, 5, 5, 3, 1], [0, 0, 7, 6, 1]]
    assert model.asked["attention_mask"].tolist() == [[1] * 5, [0, 0, 1, 1, 1]]
    assert states.shape == (2, 4, 4) and places.tolist() == [4, 2]


def test_chronos_bolt_reads_patches_with_what_was_observed(checkpoint):
    one = channel(waves(10), 0)
    found = run(ready(checkpoint("chronos-bolt"), [one]).network(num_local=0), [one]).values[0, 0]
    folder = checkpoint("chronos-bolt")
    from safetensors.torch import load_file

    weights = load_file(folder / "model.safetensors")
    scaled = torch.from_numpy((one.values[:, 0] - one.values.mean()) / one.values.std())
    patches = torch.cat([torch.zeros(2), scaled]).reshape(3, 4)
    seen = torch.cat([torch.zeros(2), torch.ones(10)]).reshape(3, 4)
    layer = lambda name, x: torch.nn.functional.linear(  # noqa: E731
        x, *(weights[f"input_patch_embedding.{name}.{part}"] for part in ("weight", "bias"))
    )
    both = torch.cat([patches, seen], dim=1)
    x = layer("output_layer", layer("hidden_layer", both).relu()) + layer("residual_layer", both)
    x = torch.cat([x, weights["shared.weight"][1:2]])
    model = hf.T5EncoderModel.from_pretrained(folder).eval()
    with torch.no_grad():
        states = model(inputs_embeds=x[None]).last_hidden_state[0, :3]
    assert PATCHES["use_reg_token"]
    torch.testing.assert_close(found[:16], states.mean(0), **CLOSE)
    torch.testing.assert_close(found[16:32], states[-1], **CLOSE)


def test_what_standardising_takes_away_is_told():
    preparation = SeriesPreparation(max_steps=8, hidden=4, num_channels=3)
    values = np.array([[1, 7, np.nan], [np.nan, 7, np.nan], [5, 7, np.nan], [7, 7, np.nan]])
    found = preparation.prepare(Series(values.astype(np.float32)))
    spread = np.std([1, 3, 5, 7])
    np.testing.assert_allclose(found["values"][:, 0], (np.array([1, 3, 5, 7]) - 4) / spread, 1e-5)
    assert not found["values"][:, 1:].any()
    np.testing.assert_allclose(
        found["scale"],
        [
            [np.log(5), np.log(spread), np.log(4)],
            [np.log(8), np.log(1e-9), np.log(4)],
            [0, np.log(1e-9), np.log(4)],
        ],
        rtol=1e-5,
    )


def test_long_series_are_averaged_down_and_whole_ones_brought_to_one_length():
    ramp = Series(np.arange(20, dtype=np.float32)[:, None])
    averaged = SeriesPreparation(max_steps=8, hidden=4).prepare(ramp)["values"]
    assert averaged.shape == (7, 1) and averaged[0, 0] < averaged[-1, 0]
    told = SeriesPreparation(max_steps=8, hidden=4).fit([ramp, ramp])
    assert told.pool == 3
    assert told.prepare(Series(ramp.values[:6]))["values"].shape == (2, 1)
    exact = SeriesPreparation(max_steps=8, hidden=4, exact=True)
    for num in (3, 8, 20):
        assert exact.prepare(Series(ramp.values[:num]))["values"].shape == (8, 1)


def test_channels_are_those_of_the_column_in_its_order():
    named = Series(RNG.normal(size=(5, 2)).astype(np.float32), None, ("a", "b"))
    swapped = Series(named.values[:, ::-1].copy(), None, ("b", "a"))
    fitted = SeriesPreparation(max_steps=8, hidden=4).fit([named, swapped])
    assert (fitted.num_channels, fitted.channels, fitted.dim) == (2, ("a", "b"), 22)
    np.testing.assert_array_equal(
        fitted.prepare(named)["values"], fitted.prepare(swapped)["values"]
    )
    with pytest.raises(CellError, match="another number of channels"):
        fitted.prepare(Series(np.zeros((4, 3), np.float32)))
    assert SeriesPreparation(max_steps=8, hidden=4).fit([]).num_channels == 1


def test_of_very_many_channels_mean_and_spread_are_told(checkpoint):
    raws = [waves(12, 240, seed) for seed in range(2)]
    opened = ready(checkpoint("patchtst"), raws)
    assert not opened.preparation.apart and opened.dim == 2 * 35
    tokens = run(opened.network(num_local=2), raws)
    each = [run(ready(checkpoint("patchtst"), [channel(raws[0], c)]).network(num_local=0),
                [channel(raws[0], c)]).values[0, 0] for c in (0, 120, 239)]  # fmt: skip
    low, high = torch.stack(each).amin(0), torch.stack(each).amax(0)
    assert bool(torch.isfinite(tokens.values).all()) and bool((low <= high).all())


def test_a_preparation_is_all_in_its_settings():
    first = SeriesPreparation(max_steps=8, hidden=4, num_channels=2, channels=("a", "b"), step=0.5)
    told = json.loads(json.dumps(preparation_to_dict(first)))
    assert preparation_from_dict(told) == first
    changes = ({"max_steps": 9}, {"channels": ["b", "a"]}, {"pool": 2}, {"exact": True})
    hashes = {preparation_from_dict({**told, **change}).hash for change in changes}
    assert len({first.hash, *hashes}) == 5


def test_a_column_is_encoded_once_with_gaps(checkpoint, monkeypatch):
    cells = [json.dumps(raw.values.tolist()) for raw in RAWS]
    table = read({"x": [cells[0], None, cells[1], "[[1, 2], [3]]"]}, columns={"x": "series"})
    skipping = table.told(on_error="skip")
    opened = open_checkpoint(checkpoint("patchtst"), modality="series")
    fitted = fitted_to(opened, skipping, "x", np.arange(4))
    assert fitted.key != opened.key and fitted.preparation.num_channels == 2
    column = encode_column(skipping, "x", find_codec("series")(), fitted)
    assert column.present.tolist() == [True, False, True, False] and column.num_bad == 1
    monkeypatch.setattr(type(fitted), "network", None)
    again = encode_column(skipping, "x", find_codec("series")(), fitted)
    np.testing.assert_array_equal(again[0]["vectors"], column[0]["vectors"])


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("patchtst", {"channel_attention": True}, "channels are read together"),
        ("patchtst", {"share_embedding": False}, "channels are read together"),
        ("patchtsmixer", {"mode": "mix_channel"}, "channels are read together"),
        ("chronos", {"chronos_config": {**WORDS, "tokenizer_class": "Other"}}, "tokenizer is not"),
    ],
)
def test_what_cannot_be_read_channel_by_channel_is_refused(copy, name, change, why):
    folder = copy(name)
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(
        CheckpointError, match="kind of time-series model that plait cannot read"
    ) as e:
        open_checkpoint(folder, modality="series")
    assert why in str(e.value)


@pytest.mark.parametrize("name", ["chronos-bolt", "fracast"])
def test_weights_that_lack_a_part_are_refused(copy, name):
    from safetensors.torch import load_file, save_file

    file = copy(name) / "model.safetensors"
    kept = {
        n: v for n, v in load_file(file).items() if not n.endswith(("up.bias", "hidden_layer.bias"))
    }
    save_file(kept, file, metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match="do not fit its config.json"):
        open_checkpoint(file.parent, modality="series").network()


def test_a_text_model_is_no_encoder_of_series_nor_the_other_way_round(checkpoint):
    with pytest.raises(CheckpointError, match="cannot encode series columns") as caught:
        open_checkpoint(checkpoint("bert"), modality="series")
    assert "chronos-bolt" in str(caught.value) and "bert, which is for text" in str(caught.value)
    with pytest.raises(CheckpointError, match="cannot encode text columns"):
        open_checkpoint(checkpoint("patchtst"), modality="text")


@pytest.mark.parametrize("named", ["wave", "series"])
def test_fit_save_load_predict(checkpoint, tmp_path, named, monkeypatch):
    folder = tmp_path / "tiny-patchtst"
    shutil.copytree(checkpoint("patchtst"), folder)
    rows = [
        {"wave": json.dumps(waves(12 + i % 5, 2, i).values.tolist()), "kind": "pq"[i % 2]}
        for i in range(24)
    ]
    rows[3]["wave"] = None
    model = plait.fit(
        plait.read(rows, columns={"wave": "series", "kind": "category"}),
        target="kind", encoders={named: str(folder)}, budget="3 steps", size=TINY,
        fusion="early", samples=False, baselines=("linear",), out=tmp_path / "m.plait",
    )  # fmt: skip
    assert model.input_columns["wave"] == ("wave", "wave~tiny-patchtst")
    asked = [{"wave": row["wave"]} for row in rows[:6]]
    before = model.predict(asked).columns
    shutil.rmtree(folder)
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path / "fresh"))
    after = plait.load(tmp_path / "m.plait").predict(asked).columns
    assert list(after["prediction"]) == list(before["prediction"])
    np.testing.assert_allclose(after["confidence"], before["confidence"], atol=1e-4)


def test_one_that_is_found_is_tried_on_rows_held_out(checkpoint, tmp_path, monkeypatch):
    from plait.encoders import packages

    shutil.copytree(checkpoint("patchtsmixer"), tmp_path / "models" / "tiny-mixer")
    monkeypatch.setenv("PLAIT_ENCODERS", str(tmp_path / "models"))
    for name in ("HF_HUB_CACHE", "TORCH_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "nowhere"))
    monkeypatch.setattr(packages, "distributions", lambda: [])
    rows = [
        {"wave": json.dumps(waves(12, 2, i).values.tolist()), "kind": "pq"[i % 2]}
        for i in range(60)
    ]
    model = plait.fit(
        plait.read(rows, columns={"wave": "series", "kind": "category"}),
        target="kind", encoders="auto", budget="2 steps", simple=True, samples=False,
        baselines=("linear",), scores=False,
    )  # fmt: skip
    (told,) = model.records["metrics"]["encoders"]
    assert (told["column"], told["encoder"], told["modality"]) == ("wave", "tiny-mixer", "series")
    assert told["rows"] >= 40 and np.isfinite(told["gain"])
    used = ("wave", "wave~tiny-mixer") if told["used"] else ("wave",)
    assert model.input_columns["wave"] == used
