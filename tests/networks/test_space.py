"""The shared space's network: unit vectors that depend on the row and the input column alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from plait.data.collation import collate
from plait.data.fitting import fit_codecs
from plait.data.prepared import prepare_table
from plait.data.table import read
from plait.networks.config import SystemConfig
from plait.networks.embed import row_vectors
from plait.networks.space import Centre, Space
from plait.networks.system import to_tensors
from plait.networks.torch_runners import SpaceRunner, embed_input_columns

NAMES = ("size", "note", "kind", "title")
INPUT_COLUMNS = {"size": ("size",), "words": ("note", "title"), "kind": ("kind",)}


@pytest.fixture(scope="module")
def prepared():
    rows = [
        {
            "size": None if i % 5 == 0 else 0.1 * i,
            "note": None if i % 3 == 0 else f"n{i} " * (i % 7 + 1),
            "kind": "pqr"[i % 3],
            "title": None if i % 2 == 0 else f"title {i}",
        }
        for i in range(30)
    ]
    table = read(rows, columns="size=number,note=text,kind=category,title=text")
    return prepare_table(table, fit_codecs(table, NAMES, np.arange(30)))


@pytest.fixture(params=[0, 1, 2], ids=["early", "mid", "late"])
def space(prepared, request):
    torch.manual_seed(0)
    codecs = {name: prepared.columns[name].codec for name in NAMES}
    config = SystemConfig(dim=16, depth=2, num_heads=2, join=request.param)
    made = Space(codecs, config, INPUT_COLUMNS)
    for centre in made.centres:  # as after some training
        centre.mean.normal_(std=0.1)
        centre.variance.uniform_(0.5, 1.5)
    return made.eval()


def embed_input_column(space, name, prepared, rows, batch_size=256):
    runner = SpaceRunner(space, name)
    vectors, present = row_vectors(runner, prepared, rows, shape=(1, 16), batch_size=batch_size)
    return vectors[0], present[0]


def batch_of(prepared, rows, num_extra=0):
    """Collate rows beside `num_extra` of the longest texts, which only add padding."""
    rows = [*rows, *[6] * num_extra, *[13] * num_extra]
    return to_tensors({
        n: collate([prepared.columns[n][row] for row in rows], prepared.columns[n].codec.layout)
        for n in NAMES
    })  # fmt: skip


@torch.no_grad()
def test_vectors_have_length_one_and_presence_is_told(space, prepared):
    vectors, present = space(batch_of(prepared, range(30)))
    assert vectors.shape == (3, 30, 16) and present.shape == (3, 30)
    assert torch.allclose(vectors.norm(dim=-1), torch.ones(3, 30), atol=1e-5)
    assert present[0].tolist() == [i % 5 != 0 for i in range(30)]
    assert present[1].tolist() == [i % 3 != 0 or i % 2 != 0 for i in range(30)]
    assert present[2].all()


@torch.no_grad()
def test_an_input_columns_vector_does_not_depend_on_the_other_columns(space, prepared):
    one, two = batch_of(prepared, [1, 7, 11]), batch_of(prepared, [1, 7, 11])
    for name in ("size", "kind"):
        two[name] = batch_of(prepared, [2, 8, 16])[name]
    first, second = space(one)[0], space(two)[0]
    assert torch.equal(first[1], second[1])
    assert not torch.allclose(first[0], second[0]) and not torch.allclose(first[2], second[2])


@torch.no_grad()
def test_an_absent_column_of_an_input_column_says_nothing(space, prepared):
    one, two = batch_of(prepared, [3, 9, 15]), batch_of(prepared, [3, 9, 15])  # title, no note
    assert not one["note"].present.any()
    two["note"].parts["tokens"] = torch.randint_like(two["note"].parts["tokens"], 1, 9)
    assert torch.equal(space(one)[0][1], space(two)[0][1])


@torch.no_grad()
def test_rows_in_use_do_not_see_their_neighbours_or_padding(space, prepared):
    rows = [1, 4, 7, 8]
    apart = torch.cat([space(batch_of(prepared, [row]))[0] for row in rows], 1)
    together = space(batch_of(prepared, rows))[0]
    padded = space(batch_of(prepared, rows, num_extra=2))[0][:, :4]
    _, present = space(batch_of(prepared, rows))
    assert torch.allclose(apart[present], together[present], atol=1e-5)
    assert torch.allclose(apart[present], padded[present], atol=1e-5)


def test_embedding_one_input_column_equals_embedding_all(space, prepared):
    rows = np.random.default_rng(0).permutation(30)
    vectors, present = embed_input_columns(space, prepared, rows, batch_size=7)
    for place, name in enumerate(INPUT_COLUMNS):
        own, there = embed_input_column(space, name, prepared, rows, batch_size=4)
        assert np.array_equal(there, present[place])
        assert np.allclose(own, vectors[place], atol=1e-5)
        assert not own[~there].any()
        assert np.allclose(np.linalg.norm(own[there], axis=1), 1, atol=1e-5)
        # Whatever else is in the table, only the input column's own columns are read.
        less = type(prepared)({n: prepared.columns[n] for n in INPUT_COLUMNS[name]}, 30)
        assert np.array_equal(embed_input_column(space, name, less, rows, batch_size=4)[0], own)


def test_embedding_tells_its_progress_and_takes_no_rows(space, prepared):
    done = []
    row_vectors(
        SpaceRunner(space), prepared, np.arange(30), shape=(3, 16), batch_size=12,
        progress=done.append,
    )  # fmt: skip
    assert done == [12, 24, 30]
    vectors, present = embed_input_columns(space, prepared, [])
    assert vectors.shape == (3, 0, 16) and present.shape == (3, 0)


def test_embedding_puts_the_network_into_use(space, prepared):
    space.train()
    before = [centre.mean.clone() for centre in space.centres]
    embed_input_columns(space, prepared, np.arange(10))
    embed_input_column(space.train(), "kind", prepared, np.arange(10))
    assert not space.training
    assert all(torch.equal(b, c.mean) for b, c in zip(before, space.centres, strict=True))


def test_a_centre_standardises_present_rows_only():
    x = torch.randn(40, 6) * 3 + 5
    present = torch.arange(40) % 4 != 0
    x[~present] = 1e6
    centre = Centre(6).train()
    found = centre(x, present)[present]
    assert torch.allclose(found.mean(0), torch.zeros(6), atol=1e-4)
    assert torch.allclose(found.var(0, unbiased=False), torch.ones(6), atol=1e-3)
    assert torch.allclose(centre.mean, 0.05 * x[present].mean(0), atol=1e-4)
    expected = 0.95 + 0.05 * x[present].var(0, unbiased=False)
    assert torch.allclose(centre.variance, expected, rtol=1e-4)


def test_a_centre_in_use_takes_its_running_numbers():
    centre = Centre(2).eval()
    centre.mean.copy_(torch.tensor([1.0, 2.0]))
    centre.variance.copy_(torch.tensor([4.0, 0.25]))
    x = torch.tensor([[3.0, 3.0], [1.0, 2.0]])
    found = centre(x, torch.tensor([True, True]))
    assert torch.allclose(found, torch.tensor([[1.0, 2.0], [0.0, 0.0]]), atol=1e-3)
    assert torch.equal(centre.mean, torch.tensor([1.0, 2.0]))


def test_a_centre_learns_nothing_from_a_single_row():
    centre = Centre(3).train()
    x = torch.randn(5, 3)
    found = centre(x, torch.tensor([False, True, False, False, False]))
    assert torch.allclose(found, x, atol=1e-3) and not centre.mean.any()


def test_the_running_numbers_come_to_those_of_the_data():
    torch.manual_seed(0)
    centre = Centre(3).train()
    for _ in range(200):
        centre(torch.randn(256, 3) * 2 + 1, torch.ones(256, dtype=torch.bool))
    assert torch.allclose(centre.mean, torch.ones(3), atol=0.1)
    assert torch.allclose(centre.variance, torch.full((3,), 4.0), atol=0.3)
