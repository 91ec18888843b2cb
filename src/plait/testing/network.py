"""Checks of a network: shapes, padding, missing values, gradients, answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from plait.data.loader import collate
from plait.modalities import Codec, PredictiveTarget, find_codec, find_network
from plait.networks.config import SystemConfig
from plait.networks.runner import OUTPUTS, flat
from plait.networks.system import System, to_tensors
from plait.networks.torch_runners import SystemRunner
from plait.nn.tokens import Tokens
from plait.testing.examples import expect, fitted

DIM = 32
MAX_TOKENS = 512


def check_embeds(modality: str) -> None:
    """Embedding gives finite tokens, a mask with something in every row, and positions."""
    codec, raws = fitted(modality)
    tokens = _embed(codec, raws)
    batch, token, dim = tokens.values.shape
    expect(batch == len(raws) and dim == DIM, f"{modality}: tokens of shape {tokens.values.shape}")
    expect(token <= MAX_TOKENS, f"{modality}: {token} tokens are too many for one value")
    expect(tokens.mask.shape == (batch, token), f"{modality}: mask of shape {tokens.mask.shape}")
    expect(tokens.mask.dtype == torch.bool, f"{modality}: the mask is not boolean")
    expect(bool(tokens.mask.any(1).all()), f"{modality}: a row without a real token")
    expect(tokens.positions.shape == (batch, token, 2), f"{modality}: positions of a wrong shape")
    expect(bool(tokens.values.isfinite().all()), f"{modality}: tokens are not finite")


def check_padding_changes_nothing(modality: str) -> None:
    """A value's real tokens are the same alone as in a padded batch."""
    codec, raws = fitted(modality)
    together = _embed(codec, raws)
    for number, raw in enumerate(raws):
        alone = _embed(codec, [raw])
        first = alone.values[0][alone.mask[0]]
        second = together.values[number][together.mask[number]]
        expect(first.shape == second.shape, f"{modality}: padding changes the number of tokens")
        gap = float((first - second).abs().max() / (1e-6 + first.abs().max()))
        expect(gap < 2e-3, f"{modality}: padding changes tokens by {gap:.1e}")


def check_missing_changes_nothing(modality: str) -> None:
    """What stands in a missing value's place does not change the answer, and rows may be empty."""
    codec, raws = fitted(modality)
    system = _system(codec)
    whole = collate([codec.prepare(raw) for raw in raws], codec.layout)
    empty = collate([None] * len(raws), codec.layout)
    whole.present = np.zeros_like(whole.present)
    runner = SystemRunner(system)
    answers = [runner(flat({"x": column}))[OUTPUTS] for column in (whole, empty)]
    expect(bool(np.isfinite(answers[0]).all()), f"{modality}: a missing value gives NaN")
    expect(
        bool(np.allclose(answers[0], answers[1], atol=1e-4)),
        f"{modality}: a missing value leaks into the answer",
    )


def check_learns(modality: str) -> None:
    """Every parameter of the embedding that is used gets a finite gradient, and some are not 0."""
    codec, raws = fitted(modality)
    torch.manual_seed(0)
    embed = find_network(modality).Embed(codec, DIM).train()
    column = to_tensors({"x": collate([codec.prepare(raw) for raw in raws], codec.layout)})["x"]
    embed(column.parts, column.lengths).values.square().sum().backward()
    found = [p.grad for p in embed.parameters() if p.grad is not None]
    expect(found, f"{modality}: no parameter gets a gradient")
    expect(all(bool(g.isfinite().all()) for g in found), f"{modality}: a gradient is not finite")
    expect(any(float(g.abs().max()) > 0 for g in found), f"{modality}: all gradients are 0")


def check_answers_when_target(modality: str) -> None:
    """A target that is predicted has finite losses, canonical outputs and an answer."""
    codec, raws = fitted(modality)
    if not isinstance(codec, PredictiveTarget):
        return
    truth = codec.truth([codec.prepare(raw) for raw in raws])
    head = find_network(modality).Target(codec, DIM)
    raw = head(torch.randn(len(raws), head.num_queries, DIM))
    loss = head.loss(raw, torch.from_numpy(truth))
    expect(loss.shape == (len(raws),), f"{modality}: the loss is not one number per row")
    expect(bool(loss.isfinite().all()), f"{modality}: the loss is not finite")
    outputs = head.outputs(raw).detach().numpy()
    cost = codec.cost(outputs, truth)
    expect(
        cost.shape == (len(raws),) and np.isfinite(cost).all(), f"{modality}: cost is not finite"
    )
    columns = codec.answer(outputs)
    expect(next(iter(columns)) == "prediction", f"{modality}: answers begin with 'prediction'")
    expect(all(len(v) == len(raws) for v in columns.values()), f"{modality}: answers miss rows")
    expect(codec.metrics(outputs, truth), f"{modality}: no metrics")


def _embed(codec: Codec, raws: list[Any]) -> Tokens:
    torch.manual_seed(0)
    embed = awake(find_network(codec.modality).Embed(codec, DIM).eval())
    column = to_tensors({"x": collate([codec.prepare(raw) for raw in raws], codec.layout)})["x"]
    with torch.no_grad():
        found: Tokens = embed(column.parts, column.lengths)
    return found


def _system(codec: Codec) -> System:
    torch.manual_seed(0)
    target = find_codec("category")().fit(["a", "b"])
    config = SystemConfig(dim=DIM, depth=2, num_heads=2, join=1)
    system = System({"x": codec}, target, config).eval()
    awake(system)
    return system


def awake(network: nn.Module) -> nn.Module:
    """Return a network whose layers that start at zero say something."""
    for parameter in network.parameters():
        if not parameter.any():
            nn.init.normal_(parameter, std=0.2)
    return network


NETWORK_CHECKS = (
    check_embeds,
    check_padding_changes_nothing,
    check_missing_changes_nothing,
    check_learns,
    check_answers_when_target,
)
