"""Films through picture checkpoints: frames by the picture's own preparation, their mean, time."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch

import plait
from plait.backbones import (
    CheckpointError,
    VideoPreparation,
    encode_column,
    frozen,
    open_checkpoint,
    preparation_from_dict,
    preparation_to_dict,
    towers,
)
from plait.backbones.bundling import checkpoint_facts, checkpoint_files, checkpoint_from
from plait.data.collation import collate
from plait.data.table import read
from plait.errors import BundleError, CellError
from plait.modalities import find_codec
from plait.modalities.video.clip import Clip
from plait.modalities.video.encoding import encode
from plait.networks.config import SystemConfig
from plait.testing.examples import media

pytest.importorskip("av")

ARCHITECTURES = ("vit", "dinov2", "clip_vision", "siglip_vision", "clip", "siglip")
SIZES = ((3, 30, 40), (1, 24, 24), (5, 20, 50))
TINY = SystemConfig(dim=16, depth=1, num_heads=2)


def clip(num, height=30, width=40, seed=0):
    rng = np.random.default_rng(seed + num)
    return Clip(rng.integers(0, 256, (num, height, width, 3)).astype(np.uint8), None, num / 8)


CLIPS = [clip(*size) for size in SIZES]


def run(backbone, clips):
    preparation = backbone.preparation
    batch = collate([preparation.prepare(raw) for raw in clips], preparation.layout)
    parts = {name: torch.from_numpy(array) for name, array in batch.parts.items()}
    return backbone(parts, {name: torch.from_numpy(a) for name, a in batch.lengths.items()})


def of_each_frame(folder, clip):
    """What the picture checkpoint gives for every frame as a picture of its own, pooled."""
    backbone = open_checkpoint(folder, modality="image").network(num_local=0)
    arrays = [backbone.preparation.prepare(frame)["pixels"] for frame in clip.frames]
    return backbone({"pixels": torch.from_numpy(np.stack(arrays))}, {}).values[:, 0]


def clips_table(cells):
    return read({"x": cells}, columns={"x": "video"})


def film(num, seed=0):
    """The bytes of a film whose frames all differ."""
    return encode(clip(num, 24, 32, seed).frames, None, 16_000)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_pooled_is_the_mean_of_the_pictures_vectors_and_locals_are_the_frames(checkpoint, name):
    opened = open_checkpoint(checkpoint(name), modality="video")
    assert (opened.modality, opened.dim) == (
        "video", open_checkpoint(checkpoint(name), modality="image").dim,
    )  # fmt: skip
    tokens = run(opened.network(num_local=8), CLIPS)
    assert tokens.values.shape == (3, 6, opened.dim)
    for row, raw in enumerate(CLIPS):
        frames, num = of_each_frame(checkpoint(name), raw), len(raw.frames)
        assert tokens.mask[row].tolist() == [place <= num for place in range(6)]
        assert tokens.positions[row, :, 0].tolist()[: num + 1] == list(range(num + 1))
        close = {"atol": 1e-4, "rtol": 1e-4}
        torch.testing.assert_close(tokens.values[row, 0], frames.mean(0), **close)
        torch.testing.assert_close(tokens.values[row, 1 : num + 1], frames, **close)
    assert float((tokens.values[0, 1] - tokens.values[0, 2]).abs().max()) > 1e-3


def test_an_efficientnet_sees_films_too(tmp_path):
    from plait.backbones import efficientnet_folder
    from plait.backbones.efficientnet import EfficientNetLite0

    torch.manual_seed(0)
    torch.save(EfficientNetLite0().state_dict(), tmp_path / f"{efficientnet_folder.NAME}.pth")
    found = run(open_checkpoint(tmp_path, modality="video").network(), CLIPS[:2])
    expected = of_each_frame(tmp_path, CLIPS[0]).mean(0)
    torch.testing.assert_close(found.values[0, 0], expected, atol=1e-4, rtol=1e-4)
    with pytest.raises(CheckpointError, match="cannot encode text columns"):
        open_checkpoint(tmp_path, modality="text")


def test_neither_padding_nor_company_nor_chunks_change_a_clip(checkpoint, monkeypatch):
    backbone = open_checkpoint(checkpoint("vit"), modality="video").network()
    together = run(backbone, CLIPS)
    monkeypatch.setattr(towers, "FRAMES_AT_ONCE", 2)
    apart = run(backbone, CLIPS)
    torch.testing.assert_close(apart.values, together.values, atol=1e-5, rtol=1e-5)
    for row, raw in enumerate(CLIPS):
        alone, real = run(backbone, [raw]), together.mask[row]
        torch.testing.assert_close(
            alone.values[0], together.values[row][real], atol=1e-5, rtol=1e-5
        )
    arrays = backbone.preparation.prepare(CLIPS[0])["frames"]
    noise = np.full((1, 9, *arrays.shape[1:]), 77, np.uint8)
    noise[0, :3] = arrays
    padded = backbone({"frames": torch.from_numpy(noise)}, {"frame": torch.tensor([3])})
    torch.testing.assert_close(
        padded.values[0][padded.mask[0]], run(backbone, CLIPS[:1]).values[0], atol=1e-5, rtol=1e-5
    )


def test_no_more_than_a_few_frames_are_seen_at_once(checkpoint, monkeypatch):
    backbone = open_checkpoint(checkpoint("vit"), modality="video").network()
    seen, real = [], backbone.tower.picture.forward

    def count(parts, lengths):
        seen.append(len(parts["pixels"]))
        return real(parts, lengths)

    monkeypatch.setattr(backbone.tower.picture, "forward", count)
    run(backbone, [clip(8, seed=seed) for seed in range(5)])
    assert seen == [32, 8]


@pytest.mark.parametrize(
    ("num", "places"),
    [(1, [0]), (3, [0, 1, 2]), (4, [0, 1, 2, 3]), (7, [0, 2, 4, 6]), (60, [0, 20, 39, 59])],
)
def test_frames_are_taken_evenly_each_prepared_as_a_picture(checkpoint, num, places):
    picture = open_checkpoint(checkpoint("clip"), modality="image").preparation
    raw = clip(num)
    found = VideoPreparation(picture=picture, num_frames=4).prepare(raw)["frames"]
    assert found.shape[1:] == (24, 24, 3) and found.dtype == np.uint8
    for frame, place in zip(found, places, strict=True):
        np.testing.assert_array_equal(frame, picture.prepare(raw.frames[place])["pixels"])


def test_a_preparation_is_all_in_its_settings(checkpoint):
    opened = open_checkpoint(checkpoint("clip"), modality="video")
    preparation = opened.preparation
    assert preparation.num_frames == 8 and isinstance(preparation, VideoPreparation)
    told = json.loads(json.dumps(preparation_to_dict(preparation)))
    again = preparation_from_dict(told)
    assert again == preparation and again.hash == preparation.hash
    hashes = {preparation.hash, VideoPreparation(picture=preparation.picture, num_frames=4).hash}
    for change in ({"mean": [0.1, 0.2, 0.3]}, {"resample": 0}):
        hashes.add(preparation_from_dict({**told, "picture": {**told["picture"], **change}}).hash)
    assert len(hashes) == 4
    assert opened.key != open_checkpoint(checkpoint("clip"), modality="image").key
    for wrong in ({"picture": {**told["picture"], "odd": 1}}, {"frames": 3}):
        with pytest.raises(BundleError, match="preprocessing of a backbone cannot be read"):
            preparation_from_dict({**told, **wrong})


@pytest.mark.parametrize("name", ["vit", "clip"])
def test_a_packed_checkpoint_opens_for_films_again(checkpoint, name, tmp_path):
    opened = open_checkpoint(checkpoint(name), modality="video")
    for file, content in checkpoint_files(opened).items():
        (tmp_path / file).write_bytes(content)
    again = checkpoint_from(tmp_path, json.loads(json.dumps(checkpoint_facts(opened))))
    assert (again.modality, again.key) == ("video", opened.key)
    before, after = run(opened.network(), CLIPS), run(again.network(), CLIPS)
    torch.testing.assert_close(after.values, before.values, atol=0, rtol=0)


def test_columns_are_encoded_once_with_gaps_and_unreadable_clips(checkpoint, monkeypatch):
    opened = open_checkpoint(checkpoint("vit"), modality="video")
    cells = [film(3), b"nonsense", None, film(5), film(3)]
    table, codec = clips_table(cells), find_codec("video")()
    with pytest.raises(CellError, match="video cannot be decoded") as caught:
        encode_column(table, "x", codec, opened)
    assert (caught.value.column, caught.value.row) == ("x", 1)
    column = encode_column(table.told(on_error="skip"), "x", codec, opened)
    assert column.present.tolist() == [True, False, False, True, True]
    assert column.num_bad == 1 and column.bad[0]["row"] == 1
    assert [len(column[row]["vectors"]) for row in (0, 3, 4)] == [4, 6, 4]
    raw = codec.read(cells[3], media())
    expected = run(opened.network(), [raw]).values[0].numpy()
    np.testing.assert_allclose(column[3]["vectors"], expected, atol=4e-3)
    monkeypatch.setattr(type(opened), "network", None)
    again = encode_column(table.told(on_error="skip"), "x", codec, opened)
    np.testing.assert_array_equal(again[0]["vectors"], column[0]["vectors"])


def test_large_inputs_are_encoded_before_the_next_are_read(checkpoint, tmp_path, monkeypatch):
    opened = open_checkpoint(checkpoint("vit"), modality="video")
    cells = [film(2, seed) for seed in range(4)] + [None, b"nonsense"]
    table, codec = clips_table(cells), find_codec("video")()
    whole = encode_column(table.told(on_error="skip"), "x", codec, opened)
    monkeypatch.setattr(frozen, "MAX_HELD_BYTES", 2 * 2 * 24 * 24 * 3)
    held, real = [], frozen._Encoder._encode

    def count(self, values):
        held.append(len(values))
        return real(self, values)

    monkeypatch.setattr(frozen._Encoder, "_encode", count)
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path))
    parts = encode_column(table.told(on_error="skip"), "x", codec, opened)
    assert held == [3, 1]
    assert parts.num_bad == 1 and parts.present.tolist() == [True] * 4 + [False] * 2
    for row in range(4):
        np.testing.assert_allclose(parts[row]["vectors"], whole[row]["vectors"], atol=2e-3)


@pytest.mark.parametrize("how", ["lora", "full"])
def test_what_learns_is_reached_through_the_frames(checkpoint, how):
    backbone = open_checkpoint(checkpoint("vit"), modality="video").network(how, num_local=2)
    run(backbone, CLIPS).values.square().sum().backward()
    learning = [p for p in backbone.parameters() if p.requires_grad]
    assert learning and any(p.grad is not None and p.grad.abs().sum() > 0 for p in learning)


@pytest.mark.parametrize("name", ["bert", "whisper"])
def test_a_checkpoint_without_eyes_is_refused(checkpoint, name):
    with pytest.raises(CheckpointError, match="cannot encode video columns") as caught:
        open_checkpoint(checkpoint(name), modality="video")
    assert "clip" in str(caught.value) and "efficientnet-lite0" in str(caught.value)


@pytest.mark.parametrize("named", ["clip", "video"])
def test_fit_save_load_predict(checkpoint, tmp_path, named, monkeypatch):
    folder = tmp_path / "tiny-vit"
    shutil.copytree(checkpoint("vit"), folder)
    cells = [{"clip": film(2 + i % 4, i), "kind": "pq"[i % 2]} for i in range(16)]
    cells[3]["clip"] = None
    model = plait.fit(
        plait.read(cells, columns={"clip": "video", "kind": "category"}),
        target="kind", encoders={named: str(folder)}, budget="3 steps", size=TINY,
        fusion="early", samples=False, baselines=False, out=tmp_path / "m.plait",
    )  # fmt: skip
    assert "clip~tiny-vit" in model.input_columns["clip"]
    rows = [{"clip": cell["clip"]} for cell in cells[:6]]
    before = model.predict(rows).columns
    shutil.rmtree(folder)
    monkeypatch.setenv("PLAIT_CACHE", str(tmp_path / "fresh"))
    after = plait.load(tmp_path / "m.plait").predict(rows).columns
    assert list(after["prediction"]) == list(before["prediction"])
    np.testing.assert_allclose(after["confidence"], before["confidence"], atol=1e-4)
