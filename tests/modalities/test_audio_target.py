"""Sounds as targets: samples of spectrograms, what is said, metrics, and what is made by a seed."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
import soundfile
import torch

import plait.demo
from plait.errors import TargetError
from plait.modalities import Asked, Media
from plait.modalities.audio.codec import AudioCodec
from plait.modalities.audio.griffin_lim import amplitudes_of, sound_of
from plait.modalities.audio.making.network import WAYS, Generate
from plait.modalities.audio.page import learned_panel
from plait.modalities.audio.said import said_column
from plait.modalities.audio.scoring import mel_distance, point_of
from plait.modalities.audio.spectrum import log_mel, mel_bands
from plait.modalities.audio.wave import decode, encode_wav, whole_samples
from plait.nn.conditions import Conditions
from plait.nn.reader import Letters
from plait.nn.tokens import Tokens
from plait.types import ColumnBatch

RATE, DIM = 16_000, 32


def chirp(start, end, seconds=0.4):
    pitch = np.linspace(start, end, int(seconds * RATE))
    return (0.4 * np.sin(2 * np.pi * np.cumsum(pitch) / RATE)).astype(np.float32)


def chirps(num, seed):
    rng = np.random.default_rng(seed)
    return [chirp(*rng.uniform(200, 3000, 2), rng.uniform(0.3, 0.6)) for _ in range(num)]


def spoken():
    """The first voices of the bundled stickers."""
    cells = pq.read_table(plait.demo.stickers(), columns=["voice"])["voice"].to_pylist()
    found = [cell for cell in cells if cell is not None][:4]
    return [decode(cell, rate_hz=RATE, max_seconds=10.0) for cell in found]


def made_codec(raws, **changes):
    return replace(AudioCodec().as_target().fit(raws), **changes)


def head(codec, num):
    torch.manual_seed(0)
    tokens = Tokens(
        torch.randn(num, 3, DIM), torch.ones(num, 3, dtype=torch.bool), torch.zeros(num, 3, 2)
    )
    made = Generate(codec, DIM).eval()
    return made, Conditions(tokens, torch.randn(num, made.num_queries, DIM))


def rngs(num):
    return [np.random.default_rng([5, row]) for row in range(num)]


def test_speech_is_found_again_in_what_is_made_of_its_spectrogram():
    for wave in spoken():
        mel = log_mel(wave, rate_hz=RATE, num_mels=64)
        again = sound_of(mel, rate_hz=RATE, rng=np.random.default_rng(0))
        found = log_mel(again, rate_hz=RATE, num_mels=64)
        assert mel_distance(mel, found) < 0.08
        noise = np.random.default_rng(0).normal(size=len(wave)) * np.abs(wave).max() / 4
        assert mel_distance(mel, log_mel(noise, rate_hz=RATE, num_mels=64)) > 1.0


def test_phases_of_a_sound_that_is_near_are_a_better_beginning():
    wave = spoken()[0]
    mel = log_mel(wave, rate_hz=RATE, num_mels=64)
    begun = wave[: (len(mel) - 1) * 160]
    drawn, known = (
        sound_of(mel, rate_hz=RATE, rng=np.random.default_rng(0), begun=one)
        for one in (None, begun)
    )
    apart = [float(np.abs(one - begun).mean()) for one in (drawn, known)]
    assert apart[1] < 0.8 * apart[0]


def test_amplitudes_have_the_bands_that_are_asked_for():
    mel = log_mel(spoken()[0], rate_hz=RATE, num_mels=64)
    found = amplitudes_of(mel, rate_hz=RATE)
    assert found.min() >= 0
    bands = np.log(np.maximum(found @ mel_bands(RATE, 512, 64), 1e-5))
    assert float(np.abs(bands - mel)[mel > -6].mean()) < 0.05


def test_silence_is_made_of_silence():
    mel = np.full((20, 64), np.log(1e-5), np.float32)
    assert not sound_of(mel, rate_hz=RATE, rng=np.random.default_rng(0)).any()


def test_what_is_written_reads_as_what_was_made():
    codec = made_codec(chirps(4, 0))
    raw = codec.decode(codec.prepare(chirp(500, 900)))
    file = codec.write(raw)
    assert file.ending == ".wav" and soundfile.info(io.BytesIO(file.content)).samplerate == RATE
    np.testing.assert_array_equal(codec.read({"bytes": file.content}, Media(None)), raw)
    loud = whole_samples(np.array([1.5, -1.5, 0.0]))
    assert loud.tolist() == [32_767, -32_768, 0]


def test_fitting_keeps_sounds_whole_and_learns_levels_and_lengths():
    raws = [chirp(500, 700, 0.4)] * 30 + [chirp(500, 700, 1.9)]
    codec = AudioCodec().as_target().fit(raws)
    assert codec.max_seconds == 2.0 and AudioCodec().fit(raws).max_seconds == 0.5
    mels = np.concatenate([log_mel(raw, rate_hz=RATE, num_mels=64) for raw in raws])
    assert codec.level == pytest.approx(float(mels.mean()), abs=1e-3)
    assert codec.spread == pytest.approx(float(mels.std()), abs=1e-3)
    assert codec.usual_length == pytest.approx((30 * np.log(41) + np.log(191)) / 31)
    with pytest.raises(TargetError, match="too few sounds"):
        codec.check_target(1)


@pytest.mark.parametrize(
    ("columns", "wanted"),
    [
        ({"tags": [9, 2, 5, 7, 3, 8, 4, 6, 5, 9], "name": range(4, 14)}, "name"),
        ({"kind": [5] * 10}, ""),
        ({"caption": [90, 20, 50, 70, 30, 80, 40, 60, 50, 90]}, ""),
        ({"name": [0] * 6 + list(range(10, 14))}, ""),
        ({"essay": [n * 100 for n in range(4, 14)]}, ""),
        ({}, ""),
    ],
)
def test_the_column_is_said_whose_texts_are_long_where_sounds_are(columns, wanted):
    samples = np.arange(4, 14) * 1000
    assert said_column(samples, {name: np.array(one) for name, one in columns.items()}) == wanted


def test_places_of_the_space_tell_words_and_not_levels():
    first, second, *_ = spoken()
    apart = np.linalg.norm(point_of(first, RATE) - point_of(second, RATE))
    quieter = np.linalg.norm(point_of(first, RATE) - point_of(first / 4, RATE))
    assert quieter < 0.3 * apart
    assert float((point_of(first, RATE) ** 2).sum()) <= 5.0


def test_what_is_true_scores_best_and_what_is_always_the_same_is_refused():
    codec, true = made_codec(chirps(60, 0)), chirps(60, 1)
    right, others, same = (
        codec.metrics([codec.compare(a, b) for a, b in zip(said, true, strict=True)])
        for said in (true, chirps(60, 2), [true[0]] * 60)
    )
    assert right["drawn"] > others["drawn"] > same["drawn"]
    assert right["found"] > 0.99 and right["seconds_apart"] == 0 < others["seconds_apart"]
    assert not codec.refuses(right, 60)
    assert "almost no true sound" in codec.refuses(same, 60) and not codec.refuses(same, 20)


def test_resampled_metrics_of_all_rows_once_are_the_metrics():
    codec = made_codec(chirps(4, 0))
    pairs = zip(chirps(12, 1), chirps(12, 2), strict=True)
    compared = [codec.compare(a, b) for a, b in pairs]
    found = codec.resampled(compared, np.ones((1, 12)))
    wanted = codec.metrics(compared)
    assert {name: float(one[0]) for name, one in found.items()} == pytest.approx(wanted)


def test_made_sounds_are_shown_beside_the_nearest_that_were_learned_from():
    learned = chirps(5, 0)
    page = learned_panel(learned[:2], chirps(2, 1), learned, rate_hz=RATE, num_mels=64)
    assert page.count("<audio") == 4 and page.count("<img") == 4
    assert "100.0 % are nearer" in page
    assert learned_panel([], [], learned, rate_hz=RATE, num_mels=64) == ""


def test_one_seed_makes_one_sound_and_another_another():
    codec = made_codec(chirps(6, 0))
    made, seen = head(codec, 2)
    with torch.no_grad():
        first, again = (made.generate(seen, rngs(2), Asked()) for _ in range(2))
        alone = made.generate(seen.take(slice(1, 2)), rngs(2)[1:], Asked())
        other = made.generate(seen, rngs(3)[1:], Asked())
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one["wave"], two["wave"])
    np.testing.assert_array_equal(alone[0]["wave"], first[1]["wave"])
    assert not np.array_equal(first[0]["wave"], other[0]["wave"])


def test_longer_texts_take_longer_and_none_take_what_is_usual():
    codec = made_codec(chirps(6, 0), spoken="name")
    made, seen = head(codec, 3)
    numbers = torch.full((3, 12), ord("a"))
    there = torch.tensor([True, True, False])
    seen = seen._replace(letters=Letters(numbers, torch.tensor([3, 12, 1]), there))
    with torch.no_grad():
        few, many, none = (len(one["wave"]) for one in made.generate(seen, rngs(3), Asked()))
    assert few < many <= codec.max_seconds * RATE
    assert none == pytest.approx(np.exp(codec.usual_length) * 160, abs=320)


def test_letters_are_learned_from_where_there_are_any():
    codec = made_codec(chirps(6, 0), spoken="name")
    made, seen = head(codec, 2)
    wave = torch.tensor(np.stack([whole_samples(chirp(400, 900))] * 2))
    target = column(wave)
    letters = Letters(
        torch.full((2, 5), ord("a")), torch.tensor([5, 5]), torch.tensor([True, False])
    )
    without = made.loss(seen, target).detach()
    found = made.loss(seen._replace(letters=letters), target).detach()
    assert float(found[0]) > float(without[0])
    torch.testing.assert_close(found[1], without[1])


def column(wave):
    num = torch.full((len(wave),), wave.shape[1])
    return ColumnBatch({"wave": wave}, {"time": num}, torch.ones(len(wave), dtype=torch.bool))


def test_rows_held_out_choose_how_samples_are_made():
    made, seen = head(made_codec(chirps(6, 0)), 2)
    assert made.remarks() == []
    wave = torch.tensor(np.stack([whole_samples(chirp(400, 900))] * 2))
    made.settle([(seen, column(wave))])
    assert int(made.way) == int(made.distances.argmin()) != WAYS.index("a learned vocoder")
    assert WAYS[int(made.way)] in made.remarks()[0] and "0.0" in made.remarks()[0]


def test_sounds_of_files_are_read_as_before():
    wave = chirp(300, 800)
    data = encode_wav(wave, RATE)
    np.testing.assert_allclose(decode(data, rate_hz=RATE, max_seconds=9.0), wave, atol=1e-4)
