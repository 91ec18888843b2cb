"""Sound: decoding, spectrograms, damage, fingerprints and tokens."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from plait.data.loader import collate
from plait.errors import CellError, LimitError
from plait.modalities import codec_from_dict, codec_hash, codec_to_dict, limits
from plait.modalities.audio import wave as wave_module
from plait.modalities.audio.codec import MEAN, SCALE, AudioCodec
from plait.modalities.audio.network import Embed
from plait.modalities.audio.spectrum import (
    FLOOR,
    cosine_basis,
    log_mel,
    mel_bands,
    slice_means,
    warp_frequencies,
)
from plait.modalities.audio.wave import decode, encode_small, encode_wav
from plait.modalities.media import Media
from plait.networks.system import to_tensors
from plait.types import ColumnSample

soundfile = pytest.importorskip("soundfile")
MEDIA = Media(Path())
RATE = 16_000


def tone(pitch_hz: float, seconds: float = 0.5, level: float = 0.5, rate: int = RATE) -> np.ndarray:
    time = np.arange(int(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * pitch_hz * time)).astype(np.float32)


def written(samples: np.ndarray, kind: str = "WAV", subtype: str | None = None) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, RATE, format=kind, subtype=subtype)
    return buffer.getvalue()


def centres_hz(num_mels: int) -> np.ndarray:
    """Where the bands lie, by O'Shaughnessy's formula written down a second time."""
    low, high = (1127 * np.log(1 + f / 700) for f in (50, RATE / 2))
    return 700 * (np.exp(np.linspace(low, high, num_mels + 2)[1:-1] / 1127) - 1)


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "AIFF", "AU", "MP3"])
def test_reads_every_kind_of_file(kind):
    raw = AudioCodec().read(written(tone(440), kind), MEDIA)
    assert raw.dtype == np.float32 and raw.ndim == 1
    assert abs(len(raw) - RATE // 2) <= RATE * 0.1
    assert np.abs(raw).max() == pytest.approx(0.5, abs=0.1)


def test_reads_paths_and_bytes_alike(tmp_path):
    data = written(tone(440))
    (tmp_path / "a.wav").write_bytes(data)
    media = Media(tmp_path)
    found = [AudioCodec().read(cell, media) for cell in ("a.wav", data, {"bytes": data})]
    assert all(np.array_equal(found[0], other) for other in found[1:])


def test_mixes_channels_and_resamples():
    left_right = np.stack([np.full(800, 0.5), np.full(800, -0.1)], axis=1)
    mixed = decode(written(left_right), rate_hz=RATE, max_seconds=10)
    assert mixed == pytest.approx(np.full(800, 0.2), abs=1e-3)
    halved = decode(written(tone(440)), rate_hz=8000, max_seconds=10)
    assert len(halved) == 4000
    assert halved[200:-200] == pytest.approx(tone(440, rate=8000)[200:-200], abs=0.01)


def test_reads_no_more_than_wanted():
    raw = AudioCodec(max_seconds=0.25).read(written(tone(440, 2.0)), MEDIA)
    assert len(raw) in (RATE // 4, RATE // 4 + 1)
    assert len(AudioCodec(max_seconds=0.25).prepare(raw)["mel"]) == 26


@given(share=st.floats(0.05, 0.9), kind=st.sampled_from(["WAV", "FLAC", "OGG", "AIFF", "AU"]))
@settings(max_examples=25, deadline=None)
def test_cut_files_are_refused(share, kind):
    data = written(tone(440), kind)
    with pytest.raises(CellError, match="cut off|cannot be decoded|empty"):
        AudioCodec().read(data[: int(share * len(data))], MEDIA)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"\0\xffgarbage" * 30, "cannot be decoded"),
        (b"RIFF\0\0\0\0WAVE", "cannot be decoded"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "cannot be decoded"),
        (written(np.zeros(0, np.float32)), "the sound is empty"),
        (written(np.full(800, np.nan, np.float32), subtype="FLOAT"), "not finite"),
        (written(np.array([0, np.inf, 0], np.float32), subtype="FLOAT"), "not finite"),
    ],
    ids=["nothing", "garbage", "header", "picture", "no-samples", "nan", "inf"],
)
def test_what_is_no_sound_is_refused(data, message):
    with pytest.raises(CellError, match=message):
        AudioCodec().read(data, MEDIA)


def test_limits(monkeypatch):
    monkeypatch.setattr(wave_module, "LIMITS", limits.Limits(num_seconds=0.25, num_channels=2))
    with pytest.raises(LimitError, match="too long"):
        AudioCodec().read(written(tone(440)), MEDIA)
    with pytest.raises(LimitError, match="too many channels"):
        AudioCodec().read(written(np.zeros((80, 3))), MEDIA)


def test_detects():
    def sure(*cells):
        return AudioCodec().detect(ColumnSample("x", cells, len(cells), len(cells)))

    assert sure("a.wav", "B.FLAC", "c/d.mp3") == sure(*map(written, [tone(440)] * 2)) == 1.0
    assert sure("a.png", "a wave", b"RIFF1234AVI ", 3.0) == sure() == 0.0
    assert sure("a.wav", "b.txt") == 0.5


@given(pitch=st.floats(150, 7000), level=st.floats(0.05, 1.0))
@settings(max_examples=30, deadline=None)
def test_a_tone_peaks_in_its_band(pitch, level):
    mel = log_mel(tone(pitch, level=level), rate_hz=RATE, num_mels=64)
    nearest = int(np.abs(centres_hz(64) - pitch).argmin())
    assert np.abs(mel[3:-3].argmax(1) - nearest).max() <= 1


def test_half_the_level_takes_off_log_2():
    loud, soft = (
        log_mel(tone(1000, level=level), rate_hz=RATE, num_mels=64)[10] for level in (1.0, 0.5)
    )
    assert loud.max() - soft.max() == pytest.approx(np.log(2), abs=1e-4)


def test_frames_are_counted_and_centred_in_time():
    for num in (1, 159, 160, 1600, 1601):
        assert log_mel(np.zeros(num), rate_hz=RATE, num_mels=8).shape == (1 + num // 160, 8)
    click = np.zeros(RATE, np.float32)
    click[4800] = 1.0
    assert log_mel(click, rate_hz=RATE, num_mels=8).sum(1).argmax() == 30


def test_silence_is_the_floor():
    assert log_mel(np.zeros(800), rate_hz=RATE, num_mels=8) == pytest.approx(np.log(FLOOR))


def test_a_frame_against_the_sum_by_definition():
    rng = np.random.default_rng(0)
    wave = rng.uniform(-1, 1, 1600).astype(np.float32)
    places = np.arange(800 - 200, 800 + 200)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    angle = 2 * np.pi * np.outer(np.arange(257), np.arange(400)) / 512
    spectrum = np.abs((wave[places] * hann * np.exp(-1j * angle)).sum(1))
    wanted = np.log(spectrum @ mel_bands(RATE, 512, 16) * 2 / hann.sum())
    found = log_mel(wave, rate_hz=RATE, num_mels=16)[5]
    assert found == pytest.approx(wanted, abs=1e-4)


def test_bands_are_triangles_around_their_centres():
    bands = mel_bands(RATE, 4096, 24)
    bins = np.fft.rfftfreq(4096, 1 / RATE)
    assert bands.min() == 0 and bands.max() <= 1 and (bands.max(0) > 0.9).all()
    assert bins[bands.argmax(0)] == pytest.approx(centres_hz(24), abs=RATE / 4096)


def test_warps_and_slices_by_hand():
    mel = np.array([[0.0, 1.0, 2.0, 3.0]], np.float32)
    assert warp_frequencies(mel, 1.0) == pytest.approx(mel)
    assert warp_frequencies(mel, 0.5) == pytest.approx(np.array([[0, 0.5, 1, 1.5]]))
    assert warp_frequencies(mel, 2.0) == pytest.approx(np.array([[0, 2, 3, 3]]))
    assert slice_means(np.arange(4.0)[:, None], 2).ravel().tolist() == [0.5, 2.5]
    assert slice_means(np.array([[7.0]]), 3).ravel().tolist() == [7, 7, 7]
    basis = cosine_basis(16, 16)
    assert basis.T @ basis == pytest.approx(np.eye(16), abs=1e-5)


def test_fit_chooses_the_length():
    raws = [np.zeros(int(s * RATE), np.float32) for s in (0.3, 0.6, 1.2)]
    assert AudioCodec().fit(raws).max_seconds == 1.5
    assert AudioCodec().fit([np.zeros(30 * RATE, np.float32)]).max_seconds == 10.0
    assert AudioCodec(max_seconds=2.0).fit(raws).max_seconds == 2.0
    assert AudioCodec().fit([]) == AudioCodec()


def test_prepares_scaled_values():
    arrays = AudioCodec().prepare(tone(440))
    wanted = (log_mel(tone(440), rate_hz=RATE, num_mels=64) - MEAN) / SCALE
    assert arrays["mel"].dtype == np.float16 and arrays["mel"].shape == (51, 64)
    assert arrays["mel"] == pytest.approx(wanted, abs=4e-3)


def test_rebuilt_from_json():
    codec = AudioCodec(max_seconds=3.0, num_mels=32)
    again = codec_from_dict(codec_to_dict(codec))
    assert again == codec and codec_hash(again) == codec_hash(codec)


@given(num_frames=st.integers(1, 40), seed=st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_augment_keeps_shape_and_stays_finite(num_frames, seed):
    mel = np.random.default_rng(1).normal(size=(num_frames, 64)).astype(np.float16)
    changed = AudioCodec().augment({"mel": mel}, np.random.default_rng(seed))["mel"]
    assert changed.shape == mel.shape and changed.dtype == np.float16
    assert np.isfinite(changed).all()


def test_corrupt_adds_noise_by_severity():
    raw, codec = tone(440), AudioCodec()
    assert codec.corrupt(raw, 0.0, np.random.default_rng(0)) is raw
    gaps = [
        np.abs(codec.corrupt(raw, severity, np.random.default_rng(0)) - raw).mean()
        for severity in (0.2, 0.5, 1.0)
    ]
    assert 0 < gaps[0] < gaps[1] < gaps[2]


def test_features_have_one_length_for_all_lengths():
    codec = AudioCodec()
    found = [codec.features(codec.prepare(tone(440, s))) for s in (1e-4, 0.02, 0.5, 3.0)]
    assert len({vector.shape for vector in found}) == 1
    assert all(vector.dtype == np.float32 and np.isfinite(vector).all() for vector in found)


def word(pitches: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Tones one after the other, each a little off pitch and of another length: a take."""
    parts = [tone(p * rng.uniform(0.97, 1.03), rng.uniform(0.1, 0.2)) for p in pitches]
    parts = [(part * np.hanning(len(part))).astype(np.float32) for part in parts]
    return np.concatenate(parts) + rng.normal(0, 1e-3, sum(map(len, parts))).astype(np.float32)


def test_a_recording_is_alike_itself_edited():
    codec, rng = AudioCodec(), np.random.default_rng(0)
    raw = word((300, 900, 2500, 600), rng)
    mine = codec.fingerprint(raw).sketch
    silence = np.zeros(RATE // 5, np.float32)
    noise = rng.normal(0, 1e-3, len(raw)).astype(np.float32)
    encoded = codec.read(written(raw, "OGG"), MEDIA)
    for edited in (0.4 * raw, raw + noise, np.concatenate([silence, raw]), raw[150:], encoded):
        assert codec.alike(mine, codec.fingerprint(edited).sketch)
    assert codec.fingerprint(np.zeros(RATE, np.float32)) is None


def test_takes_words_and_hums_are_not_alike():
    codec, rng = AudioCodec(), np.random.default_rng(0)
    takes = [word((300, 900, 2500, 600), rng) for _ in range(3)]
    others = [takes[0][::-1].copy(), word((300, 900, 2500), rng), word((500, 900, 1500, 600), rng)]
    shaped = np.exp(-np.linspace(0, 6, RATE + 1))
    hums = [
        np.fft.irfft(shaped * np.exp(2j * np.pi * rng.random(RATE + 1))).astype(np.float32)
        for _ in range(3)
    ]
    sketches = [codec.fingerprint(raw).sketch for raw in (*takes, *others, *hums)]
    for place, sketch in enumerate(sketches):
        assert not any(codec.alike(sketch, other) for other in sketches[:place])


def test_shows_a_picture_and_a_player():
    shown = AudioCodec().show(tone(440))
    assert 'src="data:image/png;base64,' in shown and re.search(
        r'src="data:audio/\w+;base64,', shown
    )
    assert 'alt="spectrogram of 0.5 s"' in shown and "<figcaption>0.5 s</figcaption>" in shown


def test_what_is_shown_is_small_and_still_heard():
    kind, data = encode_small(tone(440, seconds=2.0), RATE)
    assert kind == "wav" or len(data) < len(encode_wav(tone(440, seconds=2.0), RATE)) / 3
    heard = decode(data, rate_hz=RATE, max_seconds=9)
    peak = np.abs(np.fft.rfft(heard)).argmax() * RATE / len(heard)
    assert peak == pytest.approx(440, abs=3)
    assert encode_small(tone(440), 11_000)[0] == "wav"


def test_silence_is_shown_dark_not_as_noise():
    shown = AudioCodec().show(np.zeros(RATE, np.float32))
    data = base64.b64decode(shown.partition("image/png;base64,")[2].partition('"')[0])
    assert np.asarray(Image.open(io.BytesIO(data))).std(axis=(0, 1)).max() < 1


def test_encode_wav_goes_there_and_back():
    raw = tone(440)
    assert decode(encode_wav(raw, RATE), rate_hz=RATE, max_seconds=9) == pytest.approx(
        raw, abs=1e-4
    )


def embedded(embed: Embed, waves: list[np.ndarray]):
    codec = AudioCodec()
    column = collate([codec.prepare(wave) for wave in waves], codec.layout)
    batch = to_tensors({"x": column})["x"]
    with torch.no_grad():
        return embed(batch.parts, batch.lengths)


@pytest.mark.parametrize("num_samples", [1, 160, 2400, 8000])
def test_padding_does_not_matter(num_samples):
    embed = Embed(AudioCodec(), 32).eval()
    # The last convolution of each block starts at zero; wake it, so that it could leak.
    for parameter in embed.parameters():
        torch.nn.init.normal_(parameter, 0, 0.1)
    short, long = tone(440, 1.0)[:num_samples], tone(2000, 1.5)
    alone, together = embedded(embed, [short]), embedded(embed, [short, long])
    first, second = alone.values[0][alone.mask[0]], together.values[0][together.mask[0]]
    assert first.shape == second.shape
    assert torch.allclose(first, second, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(("seconds", "num_tokens"), [(0.5, 7), (2.0, 26), (10.0, 32)])
def test_sounds_of_any_length_are_few_tokens(seconds, num_tokens):
    embed = Embed(AudioCodec(max_seconds=seconds), 32).eval()
    tokens = embedded(embed, [tone(440, seconds), tone(440, 0.03)])
    assert tokens.values.shape == (2, num_tokens, 32)
    assert tokens.mask.sum(1).tolist() == [num_tokens, 1]
    assert tokens.positions[0, :3].tolist() == [[0, 0], [1, 0], [2, 0]]


def test_residual_convolutions_start_as_nothing():
    torch.manual_seed(0)
    plain = Embed(AudioCodec(), 32).eval()
    deep = Embed(AudioCodec(), 32, num_blocks=2).eval()
    deep.load_state_dict(plain.state_dict(), strict=False)
    first, second = (embedded(one, [tone(440, 1.0)]).values for one in (plain, deep))
    assert torch.equal(first, second)
