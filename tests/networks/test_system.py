"""The network: missing columns, order of rows, shared stems, sizes by name and by number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from plait.data.fitting import fit_codecs
from plait.data.loader import collate
from plait.data.prepared import prepare_table
from plait.data.table import read
from plait.errors import UsageError
from plait.modalities import find_codec
from plait.networks.config import OWN, SIZES, SystemConfig, choose_size, join_layer, lean
from plait.networks.encoder import Encoder
from plait.networks.system import System, to_tensors
from plait.networks.torch_runners import system_outputs
from plait.testing.network import awake

NAMES = ["size", "note", "kind"]


@pytest.fixture(scope="module")
def prepared():
    rows = [
        {
            "size": None if i % 5 == 0 else 0.1 * i,
            "note": None if i % 3 == 0 else "word " * (i % 7 + 1),
            "kind": "pq"[i % 2],
        }
        for i in range(30)
    ]
    table = read(rows, columns="size=number,note=text,kind=category")
    return prepare_table(table, fit_codecs(table, NAMES, np.arange(30)))


@pytest.fixture(params=[0, 1, 2])
def system(prepared, request):
    torch.manual_seed(0)
    codecs = {name: prepared.columns[name].codec for name in NAMES}
    target = codecs.pop("kind")
    config = SystemConfig(dim=16, depth=2, num_heads=2, join=request.param)
    return awake(System(codecs, target, config).eval())


def make_batch(prepared, rows):
    names = NAMES[:2]
    return to_tensors({
        n: collate([prepared.columns[n][row] for row in rows], prepared.columns[n].codec.layout)
        for n in names
    })  # fmt: skip


def test_a_hidden_column_says_nothing(system, prepared):
    first, second = make_batch(prepared, [1, 2, 4]), make_batch(prepared, [1, 2, 4])
    second["note"].parts = {
        name: torch.randint_like(part, 1, 9) if not part.is_floating_point() else part + 1
        for name, part in second["note"].parts.items()
    }
    keep = torch.tensor([[True, False]] * 3)
    assert torch.equal(system(first, keep)[OWN], system(second, keep)[OWN])
    assert not torch.equal(system(first)[OWN], system(second)[OWN])


def test_a_missing_cell_is_a_hidden_column(system, prepared):
    batch = make_batch(prepared, [3, 6, 9])
    assert not batch["note"].present.any()
    hidden = system(batch, torch.tensor([[True, False]] * 3))
    assert torch.equal(system(batch)[OWN], hidden[OWN])


def test_rows_do_not_see_each_other(system, prepared):
    together = system_outputs(system, prepared, np.arange(30), batch_size=30)
    apart = system_outputs(system, prepared, np.arange(30), batch_size=1)
    assert np.allclose(together, apart, atol=1e-5)
    assert np.allclose(together.sum(1), 1.0, atol=1e-5)


def test_outputs_are_in_the_order_of_the_rows(system, prepared):
    order = np.random.default_rng(0).permutation(30)
    straight = system_outputs(system, prepared, np.arange(30))
    assert np.allclose(system_outputs(system, prepared, order), straight[order], atol=1e-5)


def test_no_rows_give_no_outputs(system, prepared):
    assert len(system_outputs(system, prepared, [])) == 0


def test_equal_codecs_share_a_stem_and_others_do_not():
    image = find_codec("image")
    codecs = {"front": image(), "back": image(), "small": image(size_px=32)}
    encoder = Encoder(codecs, SystemConfig(dim=16, depth=1, num_heads=2))
    assert len(encoder.stems) == 2 and len(encoder.column_vectors) == 3


def test_sizes():
    assert (
        choose_size("auto", 100) == SIZES["tiny"] and choose_size("auto", 10**6) == SIZES["small"]
    )
    alone = [choose_size("auto", num, ["image"]) for num in (100, 10**6)]
    assert [one.depth for one in alone] == [0, 0] and alone[0].dim < alone[1].dim
    assert choose_size("small", 100, ["image"]) == SIZES["small"]
    found = choose_size("dim=96, depth=4, num_heads=4, dropout=0.2", 100)
    assert (found.dim, found.depth, found.num_heads, found.dropout) == (96, 4, 4, 0.2)
    assert choose_size({"dim": 64}, 100).dim == 64 and choose_size(found, 100) is found
    assert [join_layer(name, 3) for name in ("early", "mid", "late", "1", 2)] == [0, 2, 3, 1, 2]


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ("gigantic", "unknown size"),
        ("dim=", "unknown size"),
        ("width=3", "unknown size"),
        ("dim=20,num_heads=4", "does not divide"),
        ({"depth": 2, "join": 3}, "outside the trunk"),
        ("dim=0", "out of range"),
        ("dim=-16", "out of range"),
        ("num_heads=0", "out of range"),
        ("depth=-1", "out of range"),
        ("dropout=1.5", "out of range"),
        ("dim=nan", "unknown size"),
        ("dropout=nan", "out of range"),
        ("dim=1.5", "unknown size"),
    ],
)
def test_wrong_sizes(size, message):
    with pytest.raises(UsageError, match=message):
        choose_size(size, 100)


def test_wrong_fusion():
    with pytest.raises(UsageError, match="unknown kind of fusion"):
        join_layer("sideways", 3)


def test_only_a_picture_alone_goes_without_a_trunk():
    assert lean(["image"]).depth == 0
    assert lean(["image", "text"]) == lean(["text"]) == SIZES["tiny"]


def test_any_codec_may_say_how_its_stem_is_a_whole_network(monkeypatch):
    assert lean(["audio"]) == SIZES["tiny"]
    monkeypatch.setattr(find_codec("audio"), "alone", {"num_blocks": 1}, raising=False)
    found = lean(["audio"])
    assert (found.depth, found.stems) == (0, {"audio": {"num_blocks": 1}})
    assert lean(["audio", "audio"]) == SIZES["tiny"]


def test_values_that_rows_share_are_as_good_as_their_own(prepared, system):
    """Outputs and gradients are the same, though a stem sees each value once."""
    rows = np.array([1, 1, 1, 2, 0, 2, 4, 4])
    whole = make_batch(prepared, rows)
    distinct, index = np.unique(rows, return_inverse=True)
    shared = make_batch(prepared, distinct)
    shared = {
        name: replace(one, present=one.present[index], index=torch.from_numpy(index))
        for name, one in shared.items()
    }
    found = []
    for batch in (whole, shared):
        system.zero_grad()
        raw = system(batch)[OWN]
        (raw * torch.arange(raw.numel()).view_as(raw)).sum().backward()
        grads = [p.grad.clone() for p in system.parameters() if p.grad is not None]
        found.append((raw.detach(), grads))
    (raw, grads), (raw_shared, grads_shared) = found
    torch.testing.assert_close(raw_shared, raw)
    for one, other in zip(grads_shared, grads, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_maps_of_shared_pictures_are_each_rows_own():
    codec = find_codec("image")(size_px=16, grey=True, canvas_px=32, canvas=(32, 32))
    pictures = np.random.default_rng(0).integers(0, 256, (2, 40, 32, 3), np.uint8)
    values = [codec.prepare(one) for one in pictures]
    torch.manual_seed(0)
    encoder = Encoder({"scene": codec}, SystemConfig(dim=16, depth=0, num_heads=2))
    index = np.array([0, 1, 1, 0, 1])
    own = to_tensors({"scene": collate([values[i] for i in index], codec.layout)})
    shared = to_tensors({"scene": collate(values, codec.layout)})["scene"]
    present = torch.ones(len(index), dtype=torch.bool)
    shared = replace(shared, present=present, index=torch.from_numpy(index))
    (expected,), (found,) = (encoder.maps(b).values() for b in (own, {"scene": shared}))
    for part, other in zip(found, expected, strict=True):
        torch.testing.assert_close(part, other)


def test_lines_of_shared_sounds_are_each_rows_own():
    codec = find_codec("audio")(lined=True)
    waves = [
        np.random.default_rng(i).normal(size=8000 + 4000 * i).astype(np.float32) for i in (0, 1)
    ]
    values = [codec.prepare(one) for one in waves]
    torch.manual_seed(0)
    encoder = Encoder({"said": codec}, SystemConfig(dim=16, depth=0, num_heads=2)).eval()
    index = np.array([1, 0, 1])
    own = to_tensors({"said": collate([values[i] for i in index], codec.layout)})
    shared = to_tensors({"said": collate(values, codec.layout)})["said"]
    present = torch.ones(len(index), dtype=torch.bool)
    shared = replace(shared, present=present, index=torch.from_numpy(index))
    (expected,), (found,) = (encoder.lines(b).values() for b in (own, {"said": shared}))
    for part, other in zip(found, expected, strict=True):
        torch.testing.assert_close(part, other)
