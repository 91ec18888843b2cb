"""Video: frames spread over a clip, its sound, damaged files, and tokens."""

from __future__ import annotations

import io
import subprocess
import sys
import tracemalloc
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from plait.data.loader import collate
from plait.errors import CellError, ExtraError, LimitError
from plait.modalities import codec_from_dict, codec_hash, codec_to_dict, limits
from plait.modalities.media import Media
from plait.modalities.video import clip as clip_module
from plait.modalities.video.clip import Clip, decode
from plait.modalities.video.codec import VideoCodec
from plait.modalities.video.encoding import encode
from plait.modalities.video.network import Embed
from plait.networks.system import to_tensors
from plait.types import ColumnSample

av = pytest.importorskip("av", reason="needs plait[video]")
MEDIA = Media(Path())
RATE = 16_000
TONE = (0.5 * np.sin(2 * np.pi * 1000 * np.arange(RATE // 2) / RATE)).astype(np.float32)


def greys(num: int, height: int = 32, width: int = 48) -> np.ndarray:
    """Flat frames, each of another grey: 0 first, 240 last."""
    levels = np.linspace(0, 240, num).round().astype(np.uint8)
    return np.tile(levels[:, None, None, None], (1, height, width, 3))


def levels(clip: Clip) -> list[float]:
    return [float(frame.mean()) for frame in clip.frames]


def read(data: bytes, num_frames: int = 8) -> Clip:
    return VideoCodec(num_frames=num_frames).read(data, MEDIA)


def written(frames: np.ndarray, form: str, coding: str, fps: int = 8, *, key_every: int = 12):
    """A file without sound, in any container and coding."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=form) as file:
        stream = file.add_stream(coding, rate=fps)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuvj420p" if coding == "mjpeg" else "yuv420p"
        stream.codec_context.gop_size = key_every
        for pixels in frames:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        file.mux(stream.encode(None))
    return buffer.getvalue()


def of_sizes(*sizes: tuple[int, int]) -> bytes:
    """A Matroska file whose header promises 32 x 32 pixels, and whose frames have these sizes."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska") as file:
        stream = file.add_stream("mjpeg", rate=8)
        stream.height = stream.width = 32
        stream.pix_fmt = "yuvj420p"
        for i, size in enumerate(sizes):
            picture = io.BytesIO()
            Image.new("RGB", size, "white").save(picture, "JPEG")
            packet = av.Packet(picture.getvalue())
            packet.stream, packet.time_base = stream, Fraction(1, 8)
            packet.pts = packet.dts = i
            packet.duration, packet.is_keyframe = 1, True
            file.mux(packet)
    return buffer.getvalue()


CODINGS = [("matroska", "mjpeg"), ("avi", "mpeg4"), ("mp4", "mpeg4"), ("mov", "mjpeg")]


@pytest.mark.parametrize(("form", "coding"), CODINGS)
def test_takes_frames_spread_over_the_clip(form, coding):
    clip = read(written(greys(13), form, coding), num_frames=4)
    assert clip.frames.shape == (4, 32, 48, 3) and clip.frames.dtype == np.uint8
    assert levels(clip) == pytest.approx([0, 80, 160, 240], abs=4)
    assert clip.wave is None and clip.seconds == pytest.approx(13 / 8)


@given(num=st.integers(1, 12), num_frames=st.integers(1, 12))
@settings(max_examples=20, deadline=None)
def test_takes_as_many_frames_as_there_are(num, num_frames):
    clip = read(encode(greys(num), None, RATE), num_frames)
    assert len(clip.frames) == min(num, num_frames)
    assert levels(clip)[0] == pytest.approx(0, abs=3)
    assert levels(clip) == sorted(levels(clip))


@pytest.mark.parametrize("key_every", [5, 60])
def test_jumps_over_long_clips_like_decoding_in_order(key_every, monkeypatch):
    data = written(greys(60), "mp4", "mpeg4", key_every=key_every)
    in_order = levels(read(data, 5))
    monkeypatch.setattr(clip_module, "MAX_FRAMES_IN_ORDER", 20)
    monkeypatch.setattr(clip_module, "_in_order", None)
    assert levels(read(data, 5)) == pytest.approx(in_order, abs=20)


def test_shrinks_frames_while_decoding():
    frames = np.zeros((40, 600, 800, 3), np.uint8)
    data = written(frames, "avi", "mpeg4")
    tracemalloc.start()
    clip = read(data, num_frames=4)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert clip.frames.shape == (4, 192, 256, 3)
    assert peak < frames.nbytes / 20


def test_turns_frames_upright():
    """A quarter turn clockwise, as telephones write it: what was left is above."""
    frames = greys(3)
    frames[:, :, :24], frames[:, :, 24:] = 255, 0
    data = written(frames, "mp4", "mpeg4")
    one, none = (1 << 16).to_bytes(4, "big"), bytes(4)
    upright = one + none * 3 + one
    place = data.index(upright, data.index(b"tkhd"))
    turned = none + one + none + (-(1 << 16)).to_bytes(4, "big", signed=True) + none
    clip = read(data[:place] + turned + data[place + len(turned) :])
    assert clip.frames.shape == (3, 48, 32, 3)
    assert clip.frames[:, :20].min() > 200 and clip.frames[:, 28:].max() < 50


def test_reads_the_sound():
    clip = read(encode(greys(4), TONE, RATE))
    assert clip.wave is not None and clip.wave.dtype == np.float32
    assert clip.wave == pytest.approx(TONE, abs=1e-3)


def test_resamples_and_cuts_the_sound():
    data = encode(greys(4), TONE, RATE)
    clip = decode(data, num_frames=2, rate_hz=8000, max_sound_seconds=0.25)
    assert clip.wave is not None and clip.wave.shape == (2000,)
    assert np.abs(np.fft.rfft(clip.wave)).argmax() == 250


def test_reads_paths_and_bytes_alike(tmp_path):
    data = encode(greys(3), TONE, RATE)
    (tmp_path / "a.mkv").write_bytes(data)
    found = [VideoCodec().read(cell, Media(tmp_path)) for cell in ("a.mkv", data, {"bytes": data})]
    assert all(np.array_equal(found[0].frames, other.frames) for other in found)


def with_broken_sound() -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska") as file:
        stream = file.add_stream("mjpeg", rate=8)
        stream.height = stream.width = 32
        stream.pix_fmt = "yuvj420p"
        sound = file.add_stream("pcm_f32le", rate=RATE, layout="mono")
        for pixels in greys(3, 32, 32):
            file.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        nan = np.full((1, 800), np.nan, np.float32)
        chunk = av.AudioFrame.from_ndarray(nan, format="flt", layout="mono")
        chunk.sample_rate = RATE
        file.mux(sound.encode(chunk))
        file.mux(sound.encode(None))
    return buffer.getvalue()


def only_sound() -> bytes:
    from plait.modalities.audio.wave import encode_wav

    return encode_wav(TONE, RATE)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: b"", "the file is empty"),
        (lambda: b"x", "cannot be decoded"),
        (lambda: b"\0\xffgarbage" * 30, "cannot be decoded"),
        (lambda: b"\x1aE\xdf\xa3" + bytes(300), "cannot be decoded"),
        (only_sound, "has no pictures"),
        (with_broken_sound, "not finite"),
        (lambda: encode(greys(3), None, RATE).replace(b"V_MJPEG", b"V_XXXXX"), "coding is unknown"),
        (
            lambda: encode(greys(3), TONE, RATE).replace(b"A_PCM/INT", b"A_XYZ/INT"),
            "cannot be decoded",
        ),
    ],
    ids=["nothing", "byte", "garbage", "header", "sound", "nan", "coding", "sound-coding"],
)
def test_what_is_no_video_is_refused(make, message):
    with pytest.raises(CellError, match=message):
        read(make())


@pytest.mark.parametrize(("form", "coding"), CODINGS)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.8])
def test_cut_files_are_refused(form, coding, share):
    noise = np.random.default_rng(0).integers(0, 256, (12, 32, 32, 3), np.uint8)
    data = written(noise, form, coding)
    with pytest.raises(CellError, match="cut off|cannot be decoded|no frames|no pictures"):
        read(data[: int(share * len(data))])


@given(seed=st.integers(0, 2**31), form_coding=st.sampled_from(CODINGS))
@settings(max_examples=40, deadline=None)
def test_damaged_files_are_read_or_refused(seed, form_coding):
    rng = np.random.default_rng(seed)
    data = bytearray(written(greys(5), *form_coding))
    for place in rng.integers(0, len(data), rng.integers(1, 20)):
        data[place] = rng.integers(0, 256)
    try:
        VideoCodec().prepare(read(bytes(data)))
    except CellError as error:
        assert error.what


def test_frames_of_other_sizes_are_scaled_like_the_first():
    clip = read(of_sizes((32, 32), (64, 48), (32, 32)))
    assert clip.frames.shape == (3, 32, 32, 3) and clip.frames.min() > 240


def test_limits(monkeypatch):
    data = encode(greys(9), None, RATE)
    monkeypatch.setattr(clip_module, "LIMITS", limits.Limits(num_pixels=32 * 48 - 1))
    with pytest.raises(LimitError, match="pictures are too large"):
        read(data)
    monkeypatch.setattr(clip_module, "LIMITS", limits.Limits(num_seconds=1.0))
    with pytest.raises(LimitError, match="too long"):
        read(data)


def test_frames_larger_than_the_header_says_are_limited_too(monkeypatch):
    data = of_sizes((32, 32), (200, 200))
    assert len(read(data).frames) == 2
    monkeypatch.setattr(clip_module, "LIMITS", limits.Limits(num_pixels=100 * 100))
    with pytest.raises(CellError, match="cannot be decoded"):
        read(data)


def test_without_av(monkeypatch):
    data = encode(greys(2), None, RATE)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ExtraError, match="reading video needs the extra 'video'"):
        read(data)
    assert VideoCodec().detect(ColumnSample("x", [data], 1, 1)) == 1.0


def test_the_codec_imports_neither_av_nor_torch():
    code = (
        "import sys, plait.modalities.video.codec as c; c.VideoCodec().layout;"
        "sys.exit(bool({'av', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)})
    assert done.returncode == 0


def test_detects():
    def sure(*cells):
        return VideoCodec().detect(ColumnSample("x", cells, len(cells), len(cells)))

    files = [written(greys(2), *form_coding) for form_coding in CODINGS]
    assert sure("a.mp4", "B.MKV", "c/d.webm") == sure(*files) == 1.0
    assert sure("a.png", "a film", only_sound(), 3.0) == sure() == 0.0


def test_prepares_frames_and_sound():
    codec = VideoCodec(size_px=16)
    arrays = codec.prepare(Clip(greys(3), TONE, 1.0))
    assert arrays["frames"].shape == (3, 16, 16, 3) and arrays["frames"].dtype == np.uint8
    assert [int(f.mean()) for f in arrays["frames"]] == [0, 120, 240]
    assert arrays["mel"].shape == (51, 64) and arrays["mel"].dtype == np.float16
    assert arrays["has_sound"].tolist() == [1.0]


def test_prepares_silence_as_one_frame_of_the_floor():
    arrays = VideoCodec(size_px=16).prepare(Clip(greys(1), None, 1.0))
    assert arrays["mel"].shape == (1, 64) and np.ptp(arrays["mel"]) == 0
    assert arrays["has_sound"].tolist() == [0.0]


def test_fit_chooses_the_size():
    clips = [Clip(greys(2, 20, 24), None, 1.0), Clip(greys(2, 24, 20), None, 1.0)]
    assert VideoCodec().fit(clips).size_px == 24
    assert VideoCodec().fit([Clip(greys(2, 200, 256), None, 1.0)]).size_px == 64
    assert VideoCodec(size_px=32).fit(clips).size_px == 32
    assert VideoCodec().fit([]) == VideoCodec()


def test_rebuilt_from_json():
    codec = VideoCodec(size_px=32, num_frames=4, flip=True)
    again = codec_from_dict(codec_to_dict(codec))
    assert again == codec and codec_hash(again) == codec_hash(codec)


def test_augment_changes_all_frames_alike():
    still = np.random.default_rng(0).integers(0, 256, (1, 24, 24, 3), np.uint8).repeat(4, axis=0)
    codec = VideoCodec(size_px=24, flip=True)
    arrays = codec.prepare(Clip(still, TONE, 1.0))
    seen = set()
    for seed in range(8):
        changed = codec.augment(arrays, np.random.default_rng(seed))
        assert (changed["frames"] == changed["frames"][:1]).all()
        assert changed["mel"].shape == arrays["mel"].shape and changed["has_sound"] == 1
        seen.add(changed["frames"].tobytes())
    assert len(seen) == 8


def test_corrupt_damages_frames_and_sound():
    codec, clip = VideoCodec(size_px=32), Clip(greys(3), TONE, 1.0)
    assert codec.corrupt(clip, 0.0, np.random.default_rng(0)) is clip
    worse = codec.corrupt(clip, 1.0, np.random.default_rng(0))
    assert worse.frames.shape == clip.frames.shape and worse.frames.dtype == np.uint8
    assert np.abs(worse.frames - clip.frames.astype(float)).mean() > 5
    assert worse.wave is not None and np.abs(worse.wave - TONE).mean() > 0.01


def test_features_tell_motion_and_sound():
    codec = VideoCodec(size_px=32)
    still, moving = greys(3)[[1, 1, 1]], greys(3)
    found = [
        codec.features(codec.prepare(Clip(frames, wave, 1.0)))
        for frames, wave in ((still, None), (moving, None), (still, TONE), (still[:1], None))
    ]
    assert len({vector.shape for vector in found}) == 1
    half = len(codec.picture.features({"pixels": np.zeros((32, 32, 3), np.uint8)}))
    assert np.abs(found[0][half : 2 * half]).max() == 0
    assert np.abs(found[1][half : 2 * half]).max() > 0.1
    assert np.abs(found[0][2 * half :]).max() == 0 and found[2][-1] == 1
    assert np.array_equal(found[0], found[3])


def test_clips_are_alike_frame_by_frame_and_in_their_order():
    frames = np.random.default_rng(0).integers(0, 256, (4, 24, 24, 3), np.uint8)
    codec = VideoCodec()
    mine, turned, longer, same = (
        codec.fingerprint(Clip(pixels, None, seconds)).sketch
        for pixels, seconds in ((frames, 1.0), (frames[::-1], 1.0), (frames, 2.0), (frames, 1.05))
    )
    assert codec.alike(mine, same) and not codec.alike(mine, turned)
    assert not codec.alike(mine, longer)
    blank = np.full((4, 24, 24, 3), 90, np.uint8)
    assert codec.fingerprint(Clip(blank, None, 1.0)) is None


def test_shows_a_strip_and_a_player():
    shown = VideoCodec().show(Clip(greys(3), TONE, 1.0))
    assert shown.count('class="picture"') == 3 and shown.count("<audio") == 1
    assert "<audio" not in VideoCodec().show(Clip(greys(3), None, 1.0))


def test_examples_come_with_and_without_sound():
    codec = VideoCodec()
    raws = [read(codec.example(np.random.default_rng(seed))) for seed in range(8)]
    assert {raw.wave is None for raw in raws} == {True, False}
    assert all(3 <= len(raw.frames) <= 6 for raw in raws)


def embedded(embed: Embed, codec: VideoCodec, clips: list[Clip]):
    column = collate([codec.prepare(clip) for clip in clips], codec.layout)
    batch = to_tensors({"x": column})["x"]
    with torch.no_grad():
        return embed(batch.parts, batch.lengths)


@pytest.fixture
def codec() -> VideoCodec:
    return VideoCodec(size_px=32)


@pytest.fixture
def embed(codec) -> Embed:
    found = Embed(codec, 32).eval()
    # Some weights start at zero; wake them, so that they could leak.
    for parameter in found.parameters():
        torch.nn.init.normal_(parameter, 0, 0.1)
    return found


def test_tokens_of_frames_then_of_sound(codec, embed):
    tokens = embedded(embed, codec, [Clip(greys(3), TONE, 1.0), Clip(greys(2), None, 1.0)])
    assert tokens.values.shape == (2, 3 * 4 + 2, 32)
    assert tokens.mask[0].all()
    assert tokens.mask[1].tolist() == [True] * 8 + [False] * 6
    assert tokens.positions[0, :, 0].tolist() == [0] * 4 + [1] * 4 + [2] * 4 + [0, 1]


@pytest.mark.parametrize("wave", [None, TONE[:800]], ids=["silent", "sound"])
def test_padding_does_not_matter(codec, embed, wave):
    short, long = Clip(greys(2), wave, 1.0), Clip(greys(5), TONE, 1.0)
    alone, together = (embedded(embed, codec, clips) for clips in ([short], [short, long]))
    first, second = alone.values[0][alone.mask[0]], together.values[0][together.mask[0]]
    assert first.shape == second.shape
    assert torch.allclose(first, second, atol=1e-5, rtol=1e-4)
