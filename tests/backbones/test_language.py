"""A frozen language model writes behind learned places and prompts, as it would all at once."""

from __future__ import annotations

import copy
import shutil

import pytest
import torch
from tiny_languages import END, save

from plait.backbones import language
from plait.backbones.folder import CheckpointError
from plait.backbones.language import KNOWN, LanguageCheckpoint, open_language_model
from plait.errors import ExtraError, UsageError
from plait.modalities import find_network
from plait.modalities.target import Asked
from plait.nn.beam import beam_search
from plait.nn.conditions import Conditions
from plait.nn.language_head import LanguageHead
from plait.nn.prefix_tree import PrefixTree
from plait.nn.tokens import Tokens
from plait.testing.generated import (
    check_generates,
    check_loses,
    check_streams,
    target_of,
)

DIM, ROWS = 32, 3
PROMPTS = [[10, 11, 12, 13], [], [20, 21]]
TEXTS = [[30, 31], [40, 41, 42, 43], []]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Make the tiny model of an architecture once; returns its folder."""
    made = {}

    def get(architecture="llama"):
        if architecture not in made:
            made[architecture] = tmp_path_factory.mktemp(architecture) / "tiny"
            save(made[architecture], architecture)
        return made[architecture]

    return get


@pytest.fixture
def model(folders):
    return open_language_model(folders()).load()


@pytest.fixture
def conditions():
    torch.manual_seed(1)
    mask = torch.tensor([[True, True, False], [True, False, False], [True, True, True]])
    tokens = Tokens(torch.randn(ROWS, 3, DIM), mask, torch.zeros(ROWS, 3, 2))
    return Conditions(tokens, torch.randn(ROWS, LanguageHead.num_queries, DIM))


def awake(model):
    """Return a head whose outputs no longer start small, which would hide mistakes."""
    torch.manual_seed(0)
    head = LanguageHead(DIM, model).eval()
    for name, weight in head.named_parameters():
        if name.endswith("up") or name == "out.weight":
            torch.nn.init.normal_(weight, std=0.5)
    return head


@pytest.mark.parametrize("architecture", KNOWN)
@torch.no_grad()
def test_one_at_a_time_costs_what_all_at_once_do(architecture, folders, conditions):
    head = awake(open_language_model(folders(architecture)).load())
    whole = head.losses(conditions, PROMPTS, TEXTS)
    for row, text in enumerate(TEXTS):
        alone = Conditions(
            Tokens(*(part[row : row + 1] for part in conditions.tokens)),
            conditions.pooled[row : row + 1],
        )
        writing, cost = head.begin(alone, PROMPTS[row : row + 1]), 0.0
        for before, after in zip([0, *(t + 1 for t in text)], [*text, None], strict=True):
            likely = writing.follow(torch.tensor([before])).log_softmax(-1)[0]
            cost -= float(likely[0 if after is None else after + 1])
        assert cost == pytest.approx(float(whole[row]), rel=2e-4)


@torch.no_grad()
def test_rows_go_on_alone_doubled_and_in_company(model, conditions):
    head = awake(model)
    writing, apart = (head.begin(conditions, PROMPTS) for _ in range(2))
    first = writing.follow(torch.zeros(ROWS, dtype=torch.long))
    apart.follow(torch.zeros(ROWS, dtype=torch.long))
    assert first.shape == (ROWS, 1 + model.network.config.vocab_size)
    assert torch.isneginf(first[:, END + 1]).all()  # what ends a text is piece 0 alone
    writing.take(torch.tensor([2, 0, 2]))
    pieces = torch.tensor([5, 6, 7])
    found = writing.follow(pieces[[2, 0, 2]])
    torch.testing.assert_close(found, apart.follow(pieces)[[2, 0, 2]], atol=1e-4, rtol=1e-3)


@torch.no_grad()
def test_a_prompt_and_a_row_change_what_is_written(model, conditions):
    head = awake(model)
    costs = head.losses(conditions, PROMPTS, TEXTS)
    others = head.losses(conditions, [[9], [9], [9]], TEXTS)
    assert (costs - others).abs().min() > 1e-3
    turned = conditions._replace(pooled=conditions.pooled.flip(0))
    assert (costs - head.losses(turned, PROMPTS, TEXTS)).abs().max() > 1e-3


@torch.no_grad()
def test_shares_of_a_closed_set_are_those_of_its_members_costs(model, conditions):
    head = awake(model)
    members = [[5], [5, 6], [7, 8, 9]]
    tree = PrefixTree([[token + 1 for token in one] for one in members])
    shares = head.shares(conditions, PROMPTS, tree)
    torch.testing.assert_close(shares.exp().sum(1), torch.ones(ROWS))
    for row in range(ROWS):
        walked = [_walked(head, conditions, row, one, members) for one in members]
        assert shares[row].tolist() == pytest.approx(walked, abs=2e-4)


def _walked(head, conditions, row, member, members):
    """Return the log-probability of a member by steps, among what the members allow at each."""
    alone = Conditions(
        Tokens(*(part[row : row + 1] for part in conditions.tokens)),
        conditions.pooled[row : row + 1],
    )
    writing, before, likely = head.begin(alone, PROMPTS[row : row + 1]), 0, 0.0
    for place in range(len(member) + 1):
        logits = writing.follow(torch.tensor([before]))[0]
        going = [one for one in members if one[:place] == member[:place]]
        allowed = {one[place] + 1 if place < len(one) else 0 for one in going}
        piece = member[place] + 1 if place < len(member) else 0
        likely += float(logits[piece] - logits[sorted(allowed)].logsumexp(0))
        before = piece
    return likely


@torch.no_grad()
def test_a_wide_beam_is_no_worse_than_the_likeliest_token_each_time(model, conditions):
    head = awake(model)
    found = [
        beam_search(head.begin(conditions, PROMPTS), num_rows=ROWS, width=width, most=4)
        for width in (1, 4)
    ]
    for greedy, wide in zip(*found, strict=True):
        assert wide.log_likelihood / wide.length >= greedy.log_likelihood / greedy.length - 1.0
        costs = head.losses(conditions, PROMPTS, [[piece - 1 for piece in wide.pieces]] * ROWS)
        assert costs.isfinite().all()


def test_it_learns_and_the_language_model_stays_as_it_was(model, conditions):
    head = LanguageHead(DIM, model)
    before = {name: value.clone() for name, value in model.network.state_dict().items()}
    optimizer = torch.optim.Adam(head.parameters(), lr=4e-3)
    losses = []
    for _ in range(60):
        loss = head.losses(conditions, PROMPTS, TEXTS).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]
    after = model.network.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_it_is_no_part_of_the_head(model, folders):
    head = LanguageHead(DIM, model)
    own = sum(one.numel() for one in head.parameters())
    assert not any("network" in name for name in head.state_dict())
    assert copy.deepcopy(head).language is model and model.num_weights > 0
    plain = LanguageHead(DIM, LanguageCheckpoint.load(_with_rank(folders(), 0)))
    assert len(plain.corrections) == 0 and len(head.corrections) == 2 * 2
    assert sum(one.numel() for one in plain.parameters()) < own


def _with_rank(folder, rank):
    from dataclasses import replace

    return replace(open_language_model(folder), rank=rank)


def test_corrections_are_of_whoever_uses_the_model_now(model, conditions):
    plain, tuned = LanguageHead(DIM, model).eval(), awake(model)
    with torch.no_grad():
        first = plain.losses(conditions, PROMPTS, TEXTS)
        tuned.losses(conditions, PROMPTS, TEXTS)
        torch.testing.assert_close(plain.losses(conditions, PROMPTS, TEXTS), first)
    assert all(layer.correction is None for layer in model.corrected)


@pytest.mark.parametrize("check", [check_loses, check_generates, check_streams])
def test_what_is_promised_of_a_generated_target_holds(check, model, monkeypatch):
    network = find_network("text")
    made = lambda codec, dim: network.GenerateBy(codec, dim, model)  # noqa: E731
    monkeypatch.setattr(model, "most", 6)
    monkeypatch.setattr(network, "Generate", made)
    check("text")


def test_drawn_texts_differ_and_end(model, conditions):
    import numpy as np

    codec, _ = target_of("text")
    model.most = 5
    head = find_network("text").GenerateBy(codec, DIM, model).eval()
    rngs = [np.random.default_rng(seed) for seed in range(ROWS)]
    with torch.no_grad():
        made = head.generate(conditions, rngs, Asked(temperature=1.0))
    texts = {codec.decode(one) for one in made}
    assert len(texts) == ROWS and all(len(text.encode()) <= 3 * 5 for text in texts)


def test_a_bundle_carries_it(folders, tmp_path):
    opened = open_language_model(folders())
    assert (opened.name, opened.architecture, opened.licence) == ("tiny", "llama", "cc0-1.0")
    for name, content in opened.files().items():
        (tmp_path / name).write_bytes(content)
    again = LanguageCheckpoint.of(opened.facts(), tmp_path)
    assert again.key == opened.key and str(folders()) not in str(opened.facts())
    ours, theirs = (one.load().network.state_dict() for one in (opened, again))
    assert all(torch.equal(value, theirs[name]) for name, value in ours.items())


@pytest.mark.parametrize(
    ("gone", "message"),
    [
        ("config.json", "a causal language model"),
        ("tokenizer.json", "own tokens"),
        ("model.safetensors", "no weights"),
    ],
)
def test_what_is_missing_is_named(gone, message, folders, tmp_path):
    folder = shutil.copytree(folders(), tmp_path / "tiny")
    (folder / gone).unlink()
    with pytest.raises(CheckpointError, match=message):
        open_language_model(folder)


def test_what_is_no_language_model_is_refused(checkpoint, folders, tmp_path):
    with pytest.raises(CheckpointError, match="no language model"):
        open_language_model(checkpoint("bert"))
    with pytest.raises(UsageError, match="no such checkpoint folder"):
        open_language_model("./nowhere")
    folder = shutil.copytree(folders(), tmp_path / "tiny")
    torch.save({"a": torch.zeros(1)}, folder / "model.bin")
    (folder / "model.safetensors").unlink()
    with pytest.raises(CheckpointError, match="pickle"):
        open_language_model(folder)
    (folder / "model.bin").unlink()
    (folder / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(CheckpointError, match="cannot be read"):
        open_language_model(folder).load()


def test_settings_that_are_no_object_are_refused(folders, tmp_path):
    folder = tmp_path / "listed"
    shutil.copytree(folders("llama"), folder)
    (folder / "config.json").write_text("[1, 2]")
    with pytest.raises(CheckpointError, match="holds no settings"):
        open_language_model(folder)


@pytest.mark.parametrize("change", [{"architecture": "bert"}, {"rank": "8"}, {"more": 1}])
def test_what_a_damaged_bundle_tells_is_refused(change, folders, tmp_path):
    facts = open_language_model(folders("llama")).facts()
    assert LanguageCheckpoint.of(facts, tmp_path).rank == facts["rank"]
    with pytest.raises(CheckpointError, match="is damaged"):
        LanguageCheckpoint.of({**facts, **change}, tmp_path)


def test_what_reads_gguf_is_asked_for(tmp_path, monkeypatch):
    (tmp_path / "a.gguf").write_bytes(b"GGUF")
    real = language.find_spec
    missing = lambda name: None if name in ("gguf", "accelerate") else real(name)  # noqa: E731
    monkeypatch.setattr(language, "find_spec", missing)
    with pytest.raises(ExtraError, match="gguf"):
        open_language_model(tmp_path)
    (tmp_path / "b.gguf").write_bytes(b"GGUF")
    with pytest.raises(CheckpointError, match="several language models"):
        open_language_model(tmp_path)
