"""Text: cleaning, byte pairs, hashed n-grams, detection and tokens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from plait.errors import CellError, ExtraError, LimitError
from plait.modalities import LIMITS, codec_from_dict, codec_hash, codec_to_dict
from plait.modalities.media import Media
from plait.modalities.text.bytepairs import NOTHING, learn_merges, pieces
from plait.modalities.text.codec import TextCodec
from plait.modalities.text.network import Embed
from plait.modalities.text.ngrams import hashed_ngrams
from plait.types import ColumnSample

MEDIA = Media(Path())
TEXTS = [f"Where is my {kind} card, it has not {verb} yet?" for kind in ("new", "old", "lost")
         for verb in ("arrived", "worked", "come back")]  # fmt: skip
CODEC = TextCodec().fit(TEXTS)


def sample(values: list, name: str = "column") -> ColumnSample:
    return ColumnSample(name, values, len(values), len(set(values)))


def test_read_cleans():
    assert TextCodec().read(" cafe\u0301\x00\r\nbar\ud800 ", MEDIA) == "caf\u00e9\nbar"
    assert TextCodec().read("gr\u00fcn".encode(), MEDIA) == "gr\u00fcn"
    assert TextCodec().read("\ufeffa".encode("utf-16"), MEDIA) == "a"
    assert TextCodec().read(3, MEDIA) == "3"
    assert TextCodec(max_characters=4).read("abcdef", MEDIA) == "abcd"


@pytest.mark.parametrize("cell", ["", " \n ", "\x00\x07", b"", b" "])
def test_read_nothing(cell):
    assert TextCodec().read(cell, MEDIA) is None


def test_read_errors():
    with pytest.raises(CellError, match="not in UTF-8"):
        TextCodec().read(b"\xff\xe9t\xe9", MEDIA)
    with pytest.raises(CellError, match="not a text"):
        TextCodec().read(["a"], MEDIA)
    with pytest.raises(LimitError, match="too long"):
        TextCodec().read("a" * (LIMITS.num_characters + 1), MEDIA)


def test_text_files(tmp_path):
    (tmp_path / "a note.txt").write_text("a red boat\n", encoding="utf-8")
    (tmp_path / "empty.txt").touch()
    media = Media(tmp_path)
    assert TextCodec().read("a note.txt", media) == "a red boat"
    assert TextCodec().read("empty.txt", media) is None
    assert TextCodec().read("please see readme.txt", media) == "please see readme.txt"
    with pytest.raises(CellError, match="does not exist"):
        TextCodec().read("absent.txt", media)
    with pytest.raises(CellError, match="out of the table's folder"):
        TextCodec().read("../secret.txt", media)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_lossless(text):
    codec = TextCodec(fold_case=False, merges=CODEC.merges, max_tokens=1000)
    raw = codec.read(text + "x", MEDIA)
    arrays = codec.prepare(raw)
    assert arrays["bytes"].tobytes().decode() == raw
    known, single = pieces(codec.merges).names, pieces("")
    names = "".join(known[i] for i in arrays["tokens"])
    expected = "".join(known[i] for i in single.encode(" " + raw))
    assert names == expected and NOTHING not in arrays["tokens"]


def test_fit_finds_pieces():
    tokens = CODEC.prepare("my card")["tokens"]
    assert len(tokens) == 2 and CODEC.num_pieces <= 512
    assert CODEC.max_tokens == 16
    assert np.array_equal(tokens, CODEC.prepare("MY CARD")["tokens"])


def test_empty_fit_and_neutral():
    codec = TextCodec().fit([])
    assert codec == TextCodec() and codec.num_pieces == 257
    assert len(codec.prepare("caf\u00e9")["tokens"]) == 6  # a blank, three letters, two bytes
    assert codec.prepare(codec.neutral())["tokens"].tolist() == [NOTHING]


def test_merges_do_not_depend_on_the_process():
    code = (
        "import hashlib; from plait.modalities.text.bytepairs import learn_merges;"
        "from plait.modalities.text.ngrams import hashed_ngrams;"
        "texts = [f'word{i % 7} other{i % 5} thing' for i in range(200)];"
        "print(hashlib.sha256(learn_merges(texts).encode()).hexdigest(),"
        "hashed_ngrams('a red boat', 64).nonzero()[0].tolist())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(outputs) == 1


def test_learning_leaves_the_environment_alone(monkeypatch):
    monkeypatch.delenv("TOKENIZERS_PARALLELISM", raising=False)
    learn_merges(TEXTS)
    assert "TOKENIZERS_PARALLELISM" not in os.environ


def reference(merges):
    """Return the tokenizer of Hugging Face with these merges."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    pairs = [tuple(line.split(" ")) for line in merges.splitlines()]
    tokenizer = Tokenizer(models.BPE(vocab=pieces(merges)._numbers, merges=pairs))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    return tokenizer


REFERENCE = reference(CODEC.merges)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(TEXTS)).map("  ".join)))
@example("it's 12 o'clock, isn't it?  \n\tDon't\u00a0you 'll \u2003 x\u00b2\u0661 e\u0301!! ")
@example("<nothing> " + "ab" * 300)
@example("")
def test_tokens_are_those_of_the_tokenizers_library(text):
    assert pieces(CODEC.merges).encode(text) == REFERENCE.encode(text).ids


def test_features_alone_learn_no_pieces_and_change_nothing_but_tokens():
    plain = TextCodec().fit_features(iter(TEXTS))
    assert plain.merges == ""
    one, other = plain.prepare(TEXTS[0]), CODEC.prepare(TEXTS[0])
    assert np.array_equal(plain.features(one), CODEC.features(other))


def test_learning_pieces_names_the_extra_that_it_needs(monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ExtraError, match="learning the pieces of words needs the extra 'train'"):
        TextCodec().fit(TEXTS)


def test_rebuilt_tokenizer_is_the_trained_one():
    lines = CODEC.merges.splitlines()
    assert lines and all(len(line.split(" ")) == 2 for line in lines)
    assert pieces(CODEC.merges).num_pieces == 257 + len({m.replace(" ", "") for m in lines})


def test_json_round_trip():
    import json

    again = codec_from_dict(json.loads(json.dumps(codec_to_dict(CODEC))))
    assert again == CODEC and codec_hash(again) == codec_hash(CODEC)
    for name, array in CODEC.prepare(TEXTS[0]).items():
        np.testing.assert_array_equal(array, again.prepare(TEXTS[0])[name])


def test_prepare_cuts_long_texts():
    arrays = CODEC.prepare("card " * 4000)
    assert len(arrays["tokens"]) == CODEC.max_tokens
    assert len(arrays["bytes"]) == 20_000


def test_ngrams_by_hand():
    # "ab": one word; windows of 1 to 4 places: a, b, " a", ab, "b ", " ab", "ab ", " ab ".
    one = hashed_ngrams("ab", 2**16)
    assert one[: 2**15].sum() == 1 and one[2**15 :].sum() == 8
    # "a b a b" has words a, b twice and bigrams "a b" twice, "b a" once.
    two = hashed_ngrams("A b, a b!", 2**16)[: 2**15]
    assert sorted(two[two > 0]) == pytest.approx([1, *[1 + np.log(2)] * 3])
    assert hashed_ngrams("", 64).sum() == 0 and hashed_ngrams("", 64).shape == (64,)
    assert one.dtype == np.float32


def test_ngrams_match_a_plain_count():
    text = "the boat and the other boat"
    grams = {
        padded[i : i + size]
        for word in text.split()
        for padded in [f" {word} "]
        for size in (1, 2, 3, 4, 5)
        for i in range(len(padded) - size + 1)
    } - {" "}
    # Windows " x " of neighbouring one-letter words are shared; here there are none.
    assert np.count_nonzero(hashed_ngrams(text, 2**22)[2**21 :]) == len(grams)


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        (TEXTS, 0.9, 1.0),
        ([f"note{i}.txt" for i in range(9)], 0.9, 1.0),
        (["\u4eca\u65e5\u306f\u5929\u6c17", "\u660e\u65e5\u306f\u96e8"], 0.9, 1.0),
        ([f"pictures/cat {i}.png" for i in range(9)], 0.0, 0.1),
        ([f"IMG_{i:04}.png" for i in range(9)], 0.0, 0.1),
        ([f"{i * 7919:016x}" for i in range(1, 9)], 0.0, 0.1),
        ([f"550e8400-e29b-41d4-a716-44665544{i:04}" for i in range(9)], 0.0, 0.1),
        ([f"AB{i:05}" for i in range(9)], 0.0, 0.1),
        ([f"{i} {i}.5 2.0" for i in range(9)], 0.0, 0.1),
        (["2021-01-02 10:00", "2021-01-03 11:00"], 0.0, 0.1),
        (["red", "green", "blue"] * 20, 0.0, 0.1),
        (["https://example.org/a", "https://example.org/b"], 0.0, 0.1),
        ([1, 2.5, None], 0.0, 0.0),
        ([], 0.0, 0.0),
    ],
)
def test_detect(values, low, high):
    assert low <= TextCodec().detect(sample(values)) <= high


def test_augment_keeps_the_layout():
    rng = np.random.default_rng(0)
    arrays = CODEC.prepare(TEXTS[0])
    seen = set()
    for _ in range(50):
        new = CODEC.augment(arrays, rng)
        assert new["tokens"].dtype == np.int32 and 1 <= len(new["tokens"]) <= len(arrays["tokens"])
        seen.add(new["tokens"].tobytes())
    assert len(seen) > 5
    assert len(CODEC.augment(CODEC.prepare("a"), rng)["tokens"]) >= 1


def test_show_escapes_and_shortens():
    assert CODEC.show("<b>&") == '<span class="text">&lt;b&gt;&amp;</span>'
    assert CODEC.show("<script> " * 2000).startswith("<details")
    assert "<script>" not in CODEC.show("<script> " * 2000)


def test_corrupt():
    text = TEXTS[0]
    assert CODEC.corrupt(text, 0.0, np.random.default_rng(0)) == text
    damaged = CODEC.corrupt(text, 0.7, np.random.default_rng(0))
    assert damaged != text and damaged == CODEC.corrupt(text, 0.7, np.random.default_rng(0))
    for seed in range(30):
        assert CODEC.corrupt("a b", 1.0, np.random.default_rng(seed)).strip()


def alike(first: str, second: str) -> bool:
    codec = TextCodec()
    one, other = codec.fingerprint(first), codec.fingerprint(second)
    return codec.alike(one.sketch, other.sketch) and codec.alike(other.sketch, one.sketch)


LONG = " ".join(f"sentence {w} tells about {w[::-1]} and what it means." for w in map(str.upper, (
    "alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet"
)))  # fmt: skip


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Where is my new card?", "where  is my NEW card"),
        ("Where is my new card now?", "Wher is my new card now"),
        ("It doesn't work at all today", "It doesnt work at all, today!"),
        ("Can I top-up any amount?", "can i topup any amount"),
        ("An order of nine dgo beds and bones", "An order of nine gdo beds and bones"),
        (
            "The black taxi stopped here again and again",
            "The blac ktaci stopped here again and again",
        ),
        (LONG, LONG.replace("means", "menas", 2)),
        (LONG, LONG.replace(" means", " signifies", 1)),
        (4 * LONG, 4 * LONG + " The end."),
    ],
)
def test_light_edits_of_a_text_are_alike(first, second):
    assert alike(first, second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Where is my new card?", "where is my old card"),
        ("How do I top up my account", "How do I cash out my account"),
        ("I can pay with this card now", "I can not pay with this card now"),
        ("The patient has hypertension", "The patient has hypotension"),
        ("A typical case of measles", "Atypical case of the measles"),
        ("Your order 1234 was shipped today", "Your order 1235 was shipped today"),
        ("You owe us \u20ac12 for the delivery", "You owe us $12 for the delivery"),
        ("The nine of us will arrive", "The none of us will arrive"),
        (4 * LONG + " Invoice 7.", 4 * LONG + " Invoice 8."),
        (4 * LONG, 4 * LONG[::-1]),
    ],
)
def test_other_texts_are_not_alike(first, second):
    assert not alike(first, second)


def test_short_texts_are_alike_by_chance():
    assert TextCodec().fingerprint("hello, world") is None


def test_example_is_readable():
    rng = np.random.default_rng(0)
    assert TextCodec().read(TextCodec().example(rng), MEDIA)


def test_padding_does_not_change_tokens():
    torch.manual_seed(0)
    network = Embed(CODEC, 32).eval()
    torch.nn.init.normal_(network.out.weight, std=0.2)
    arrays = [CODEC.prepare(text)["tokens"] for text in ("card", TEXTS[0])]
    width = max(map(len, arrays)) + 3
    padded = torch.zeros(2, width, dtype=torch.int32)
    for row, tokens in zip(padded, arrays, strict=True):
        row[: len(tokens)] = torch.from_numpy(tokens)
    lengths = torch.tensor([len(tokens) for tokens in arrays])
    batch = network({"tokens": padded}, {"token": lengths})
    assert batch.values.shape == (2, width, 32) and batch.mask.sum(1).tolist() == lengths.tolist()
    for i, tokens in enumerate(arrays):
        alone = network({"tokens": torch.from_numpy(tokens)[None]}, {"token": lengths[i : i + 1]})
        torch.testing.assert_close(batch.values[i, : len(tokens)], alone.values[0])
    assert 0.3 < network({"tokens": padded}, {"token": lengths}).values.std() < 1.5


@pytest.mark.parametrize(("max_tokens", "stride"), [(8, 1), (32, 1), (64, 2), (128, 4), (4096, 4)])
def test_long_texts_are_few_tokens_but_no_token_is_more_than_four_pieces(max_tokens, stride):
    codec = TextCodec(max_tokens=max_tokens)
    embed = Embed(codec, 16).eval()
    text = embedded(embed, codec, ["a" * 4096, "abcde"])
    assert text.values.shape[1] == -(-min(max_tokens, 4096) // stride)
    assert text.mask.sum(1).tolist() == [text.values.shape[1], -(-6 // stride)]


def test_a_token_is_the_mean_of_its_pieces():
    codec = TextCodec(max_tokens=8)
    torch.manual_seed(0)
    single, pairs = (Embed(codec, 16, stride=stride).eval() for stride in (1, 2))
    pairs.load_state_dict(single.state_dict())
    one, two = (embedded(embed, codec, ["abc"]).values[0] for embed in (single, pairs))
    assert torch.allclose(two, torch.stack([one[:2].mean(0), one[2:].mean(0)]), atol=1e-6)


def embedded(embed, codec, texts):
    arrays = [codec.prepare(text)["tokens"] for text in texts]
    width = max(map(len, arrays))
    tokens = torch.stack([
        torch.nn.functional.pad(torch.from_numpy(one), (0, width - len(one))) for one in arrays
    ])  # fmt: skip
    with torch.no_grad():
        return embed({"tokens": tokens}, {"token": torch.tensor([len(one) for one in arrays])})


def test_what_came_later_is_not_told_at_its_default():
    plain = codec_to_dict(TextCodec())
    assert "answers" not in plain and "most_answers" not in plain
    closed = TextCodec().as_target().fit(["a boat", "a house"] * 60)
    told = codec_to_dict(closed)
    assert told["answers"] == ("a boat", "a house") and told["most_answers"] == 256
    assert codec_from_dict(json.loads(json.dumps(told))) == closed
    assert codec_hash(TextCodec(most_answers=0)) != codec_hash(TextCodec())


def test_a_closed_set_is_of_texts_that_recur():
    fit = TextCodec().as_target().fit
    assert fit(["a", "b", "c"] * 40).answers == ("a", "b", "c")
    assert fit([f"text {i}" for i in range(200)]).answers == ()
    assert fit(["yes", "no"] * 49 + ["once", "never", "twice"]).answers == ()  # 3 of 101 met once
    assert fit(["same"] * 50).answers == ()
    assert TextCodec(most_answers=0).as_target().fit(["a", "b"] * 50).answers == ()
    assert TextCodec(most_answers=2).as_target().fit(["a", "b", "c"] * 50).answers == ()
    assert TextCodec().fit(["a", "b"] * 50).answers == (), "of an input nothing is looked for"
