"""Checks of a generated target: its codec and its decoder."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from plait.data.loader import collate
from plait.modalities import (
    SURENESS,
    Asked,
    GeneratedTarget,
    MadeFile,
    find_codec,
    find_generate,
    traits_of,
)
from plait.networks.config import SystemConfig
from plait.networks.heads import Heads
from plait.networks.system import to_tensors
from plait.nn.conditions import Conditions
from plait.nn.tokens import Tokens
from plait.testing.codec import expect_layout
from plait.testing.examples import expect, fitted, media, same_arrays
from plait.types import Arrays

DIM, NUM_TOKENS = 32, 3
TINY = SystemConfig(dim=DIM, depth=1, num_heads=2, join=0)

LOSSY_STEPS = 3
"""By which a number of a lossy file may differ where another of it was rounded otherwise."""


def check_decodes(modality: str) -> None:
    """What was prepared decodes to what is prepared alike, and what is written reads alike."""
    codec, raws = target_of(modality)
    for raw in raws if codec is not None else ():
        arrays = codec.prepare(raw)
        again = codec.prepare(codec.decode(arrays))
        expect(_close(arrays, again), f"{modality}: decode is not the inverse of prepare")
        cell = codec.write(raw)
        cell = {"bytes": cell.content} if isinstance(cell, MadeFile) else cell
        read_again = codec.prepare(codec.read(cell, media()))
        lost = getattr(codec, "written_within", 0.0)
        alike = _within(arrays, read_again, lost) if lost else _close(arrays, read_again)
        expect(alike, f"{modality}: write does not read alike")


def check_answers(modality: str) -> None:
    """Answers begin with the prediction, and have an entry per row."""
    codec, raws = target_of(modality)
    if codec is None:
        return
    columns = codec.answer(raws)
    expect(next(iter(columns)) == "prediction", f"{modality}: answers begin with 'prediction'")
    expect(all(len(v) == len(raws) for v in columns.values()), f"{modality}: answers miss rows")


def check_scores(modality: str) -> None:
    """Metrics have words, and what is right scores no worse than what is exchanged."""
    codec, raws = target_of(modality)
    if codec is None:
        return
    right = codec.metrics([codec.compare(raw, raw) for raw in raws])
    others = [*raws[1:], raws[0]]
    wrong = codec.metrics([codec.compare(a, b) for a, b in zip(others, raws, strict=True)])
    expect(list(right) == list(codec.words), f"{modality}: {list(right)} and words differ")
    for name, word in codec.words.items():
        worse = right[name] > wrong[name] if word.lower_is_better else right[name] < wrong[name]
        expect(np.isfinite(right[name]), f"{modality}: '{name}' is not finite")
        expect(not worse, f"{modality}: '{name}' of the truth is worse than of others")
    shown = codec.panel(others, raws)
    expect("<script" not in shown.lower(), f"{modality}: the panel is not safe")


def check_loses(modality: str) -> None:
    """The loss is one finite number per row, the same alone as padded, and teaches the decoder."""
    codec, raws = target_of(modality)
    for one in ways_of(codec):
        _check_loss(one, raws)


def _check_loss(codec: Any, raws: list[Any]) -> None:
    modality, (head, conditions) = codec.modality, _head(codec, len(raws))
    head.eval()  # what is hidden or dropped in training is drawn anew each time
    loss = head.loss(conditions, _column(codec, raws))
    known = loss.detach()
    expect(loss.shape == (len(raws),), f"{modality}: the loss is not one number per row")
    expect(bool(loss.isfinite().all()), f"{modality}: the loss is not finite")
    for row, raw in enumerate(raws[:3]):
        alone = head.loss(conditions.take(slice(row, row + 1)), _column(codec, [raw]))
        gap = float((alone.detach() - known[row]).abs().max() / (1e-6 + known[row].abs()))
        expect(gap < 2e-3, f"{modality}: padding changes the loss by {gap:.1e}")
    loss.sum().backward()
    found = [p.grad for p in head.parameters() if p.grad is not None]
    expect(any(float(g.abs().max()) > 0 for g in found), f"{modality}: the decoder learns nothing")


@torch.no_grad()
def check_generates(modality: str) -> None:
    """What is generated has the layout, decodes, and is the same alone as in company."""
    codec, raws = target_of(modality)
    for one in ways_of(codec):
        head, conditions = _head(one, len(raws))
        _check_made(one, head.eval(), conditions)
        if getattr(head, "distilled", None) is not None:
            head.begin_distilled()
            _check_made(one, head, conditions)


def _check_made(codec: Any, head: Any, conditions: Conditions) -> None:
    modality, raws = codec.modality, conditions.pooled
    for asked in (Asked(), Asked(temperature=1.0, seed=3)):
        made = head.generate(conditions, _rngs(len(raws)), asked)
        expect(len(made) == len(raws), f"{modality}: {len(made)} values for {len(raws)} rows")
        again = head.generate(conditions, _rngs(len(raws)), asked)
        alone = head.generate(conditions.take(slice(1, 2)), _rngs(len(raws))[1:2], asked)
        expect(_rounded(alone[0], made[1]), f"{modality}: company changes what is generated")
        for one, other in zip(made, again, strict=True):
            expect(same_arrays(one, other), f"{modality}: one seed generates two values")
            sure = one.pop(SURENESS, np.zeros(()))
            expect(sure.shape == () and np.isfinite(sure), f"{modality}: {sure} is no sureness")
            expect_layout(one, codec.layout, modality)
            expect(codec.show(codec.decode(one)).strip(), f"{modality}: it shows nothing")


@torch.no_grad()
def check_streams(modality: str) -> None:
    """What is made piece by piece grows, and ends as what is made at once."""
    codec, raws = target_of(modality)
    if codec is None or not traits_of(codec).piecewise:
        return
    head, conditions = _head(codec, len(raws))
    head.eval()
    for asked in (Asked(), Asked(temperature=1.0, seed=3), Asked(beam=2)):
        made = head.generate(conditions, _rngs(len(raws)), asked)
        for row, rng in enumerate(_rngs(len(raws))):
            one = conditions.take(slice(row, row + 1))
            grown = list(head.stream(one, rng, asked))
            expect(_close(grown[-1], made[row]), f"{modality}: a stream ends otherwise")
            pairs = zip(grown, grown[1:], strict=False)
            kept = all(_begins(codec, first, second) for first, second in pairs)
            expect(kept, f"{modality}: a stream takes back")


def _begins(codec: Any, first: Arrays, second: Arrays) -> bool:
    """Tell whether a value begins another: as written, or of files by what they are made of."""
    one, other = (codec.write(codec.decode(value)) for value in (first, second))
    if not isinstance(one, MadeFile):
        return str(other).startswith(str(one))
    ragged = [name for name, spec in codec.layout.items() if isinstance(spec.shape[0], str)]
    return all(np.array_equal(first[n], second[n][: len(first[n])]) for n in ragged)


def check_shares_a_trunk(modality: str) -> None:
    """Beside a number on one trunk, both heads have losses, 0 where a row has no value."""
    codec, raws = target_of(modality)
    if codec is None:
        return
    torch.manual_seed(0)
    number: Any = find_codec("number")().fit([1.0, 2.0, 4.0])
    network = Heads({"size": number}, {"x": codec, "other": number}, TINY)
    sizes = collate([number.prepare(float(i)) for i in range(len(raws))], number.layout)
    values = [None, *(codec.prepare(raw) for raw in raws[1:])]
    wanted = to_tensors({"x": collate(values, codec.layout), "other": sizes})
    losses = network(to_tensors({"size": sizes}), wanted)
    expect(set(losses) == {"x", "other"}, f"{modality}: losses of {set(losses)}")
    expect(all(bool(one.isfinite().all()) for one in losses.values()), f"{modality}: not finite")
    expect(float(losses["x"][0].detach()) == 0.0, f"{modality}: a missing value has a loss")


def ways_of(codec: Any) -> list[Any]:
    """Return the codec of a generated target for each way in which its values can be made; nothing
    for no codec."""
    if codec is None:
        return []
    return [replace(codec, generator=way) for way in getattr(codec, "generators", ())] or [codec]


def target_of(modality: str) -> tuple[Any, list[Any]]:
    """Return the codec and raws of a generated target; no codec for any other modality."""
    codec, raws = fitted(modality, as_target=True)
    return (codec if isinstance(codec, GeneratedTarget) else None), raws


def _head(codec: Any, num: int) -> tuple[Any, Conditions]:
    """Return a decoder, and what it might see of so many rows."""
    torch.manual_seed(0)
    head = find_generate(codec)(codec, DIM)
    tokens = Tokens(
        torch.randn(num, NUM_TOKENS, DIM),
        torch.ones(num, NUM_TOKENS, dtype=torch.bool),
        torch.zeros(num, NUM_TOKENS, 2),
    )
    return head, Conditions(tokens, torch.randn(num, head.num_queries, DIM))


def same_cells(modality: str, first: Any, second: Any) -> bool:
    """Tell whether two cells of answers are the same; files may differ as what they hold does that
    is drawn in other company: by rounding, which a lossy form of writing makes a little more."""
    if not isinstance(first, MadeFile):
        return repr(first) == repr(second)
    codec, _ = target_of(modality)
    one, other = (codec.read({"bytes": cell.content}, media()) for cell in (first, second))
    lossy = bool(getattr(codec, "written_within", 0.0))
    return _rounded(codec.prepare(one), codec.prepare(other), by=LOSSY_STEPS if lossy else 1)


def _column(codec: Any, raws: list[Any]) -> Any:
    return to_tensors({"x": collate([codec.prepare(raw) for raw in raws], codec.layout)})["x"]


def _rngs(num: int) -> list[np.random.Generator]:
    return [np.random.default_rng([7, row]) for row in range(num)]


def _close(first: Any, second: Any) -> bool:
    return first.keys() == second.keys() and all(
        first[k].shape == second[k].shape and np.allclose(first[k], second[k], atol=1e-3)
        for k in first
    )


def _within(first: Any, second: Any, most: float) -> bool:
    """Tell whether the parts of two values differ by no more, in the mean over their places."""
    return first.keys() == second.keys() and all(
        first[k].shape == second[k].shape
        and np.abs(first[k].astype(np.float64) - second[k]).mean() <= most
        for k in first
    )


def _rounded(first: Any, second: Any, by: int = 1) -> bool:
    """Tell whether arrays differ by no more than rounding does: whole numbers by 1 at most, or so
    many, in one of fifty places."""
    if _close(first, second):
        return True
    if any(first[k].shape != second[k].shape for k in first):
        return False
    gaps = [np.abs(first[k].astype(np.float64) - second[k]) for k in first]
    whole = all(first[k].dtype.kind in "iu" for k in first)
    return whole and all(gap.max() <= by and (gap > 0).mean() <= 0.02 for gap in gaps)


DECODER_CHECKS = (
    check_decodes,
    check_answers,
    check_scores,
    check_loses,
    check_generates,
    check_streams,
    check_shares_a_trunk,
)
