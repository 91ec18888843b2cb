"""Letters reach the head that asks for a column's: as they are, hidden, and made before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from plait.data.collation import collate
from plait.modalities.audio.codec import AudioCodec
from plait.modalities.text.codec import TextCodec
from plait.networks.config import SystemConfig
from plait.networks.embedded import Embedded
from plait.networks.heads import Heads
from plait.networks.system import to_tensors

WORDS = ["Ab", "cabbage", None]
TINY = SystemConfig(dim=32, depth=1, num_heads=2, join=0)


def network_and_batch(spoken="name"):
    torch.manual_seed(0)
    raws = [np.sin(np.arange(size) / 5).astype(np.float32) / 4 for size in (4000, 6000, 5000)]
    sound = replace(AudioCodec().as_target().fit(raws), spoken=spoken)
    text = TextCodec().fit(["Ab", "cabbage"])
    other = replace(text, fold_case=False)
    network = Heads({"tags": other, "name": text}, {"sound": sound}, TINY).eval()
    cells = [None if word is None else text.prepare(word) for word in WORDS]
    names = collate(cells, text.layout)
    tags = collate([other.prepare("red")] * 3, other.layout)
    wanted = collate([sound.prepare(raw) for raw in raws], sound.layout)
    batch = to_tensors({"tags": tags, "name": names})
    return network, batch, to_tensors({"sound": wanted})


def seen(network, batch, keep=None):
    return network.conditions("sound", network.encode(batch, keep), batch, None, keep).letters


def test_the_letters_of_the_column_that_is_said_reach_the_head():
    network, batch, _ = network_and_batch()
    letters = seen(network, batch)
    assert letters.present.tolist() == [True, True, False] and letters.num.tolist() == [2, 7, 1]
    assert bytes(letters.numbers[1].tolist()).decode() == "cabbage"
    assert bytes(letters.numbers[0, :2].tolist()).decode() == "ab"
    assert seen(*network_and_batch("")[:2]) is None


def test_a_column_that_is_hidden_says_no_letters():
    network, batch, wanted = network_and_batch()
    keep = torch.tensor([[True, True], [True, False], [True, False]])
    assert seen(network, batch, keep).present.tolist() == [True, False, False]
    with_, without = (network(batch, wanted, one)["sound"] for one in (None, keep))
    assert not torch.isclose(with_[1], without[1])
    torch.testing.assert_close(with_[0], without[0])


def test_letters_are_the_same_where_stems_did_their_work_before():
    network, batch, wanted = network_and_batch()
    encoder = network.encoder
    done = {
        name: Embedded({}, {}, batch[name].present, tokens=tokens,
                       letters=encoder.letters(batch, name))
        for name, tokens in encoder.tokens(batch).items()
    }  # fmt: skip
    losses = network(batch, wanted)["sound"]
    torch.testing.assert_close(network(done, wanted)["sound"], losses)
    part = seen(network, {name: one.take(torch.tensor([1])) for name, one in done.items()})
    assert part.num.tolist() == [7]
