"""Checks of a generated target: its codec, its decoder, and every verb on a table of its own."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from plait.data.loader import collate
from plait.data.table import Table, read
from plait.errors import BundleError
from plait.modalities import (
    SURENESS,
    Asked,
    GeneratedTarget,
    MadeFile,
    find_codec,
    find_network,
    traits_of,
)
from plait.model.ensemble import WEIGHTS
from plait.model.model import Model, load
from plait.networks.config import SystemConfig
from plait.networks.heads import Heads
from plait.networks.system import to_tensors
from plait.nn.conditions import Conditions
from plait.nn.tokens import Tokens
from plait.recipes.evaluate import evaluate
from plait.recipes.fit import fit
from plait.recipes.generate import generate
from plait.recipes.predict import predict
from plait.recipes.report import write_report
from plait.recipes.whence import whence
from plait.testing.codec import expect_layout
from plait.testing.examples import example_table, expect, fitted, media, same_arrays
from plait.types import Arrays

DIM, NUM_TOKENS = 32, 3
TINY = SystemConfig(dim=DIM, depth=1, num_heads=2, join=0)
_fitted: dict[str, tuple[Model, Path]] = {}


def check_decodes(modality: str) -> None:
    """What was prepared decodes to what is prepared alike, and what is written reads alike."""
    codec, raws = _target(modality)
    for raw in raws if codec is not None else ():
        arrays = codec.prepare(raw)
        again = codec.prepare(codec.decode(arrays))
        expect(_close(arrays, again), f"{modality}: decode is not the inverse of prepare")
        cell = codec.write(raw)
        cell = {"bytes": cell.content} if isinstance(cell, MadeFile) else cell
        read_again = codec.read(cell, media())
        expect(_close(arrays, codec.prepare(read_again)), f"{modality}: write does not read alike")


def check_answers(modality: str) -> None:
    """Answers begin with the prediction, and have an entry per row."""
    codec, raws = _target(modality)
    if codec is None:
        return
    columns = codec.answer(raws)
    expect(next(iter(columns)) == "prediction", f"{modality}: answers begin with 'prediction'")
    expect(all(len(v) == len(raws) for v in columns.values()), f"{modality}: answers miss rows")


def check_scores(modality: str) -> None:
    """Metrics have words, and what is right scores no worse than what is exchanged."""
    codec, raws = _target(modality)
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
    codec, raws = _target(modality)
    if codec is None:
        return
    head, conditions = _head(codec, len(raws))
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
    codec, raws = _target(modality)
    if codec is None:
        return
    head, conditions = _head(codec, len(raws))
    head.eval()
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
    codec, raws = _target(modality)
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
    codec, raws = _target(modality)
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


def check_composes(modality: str) -> None:
    """`fit` learns to generate with gaps, measures baselines, and its summary is plain JSON."""
    if _target(modality)[0] is None:
        return
    model, path = _fit(modality)
    summary = json.loads(json.dumps(model.summary()))
    names = [one["name"] for one in model.records["metrics"]["candidates"]]
    expect({"deep", "typical", "nearest"} <= set(names), f"{modality}: candidates {names}")
    expect(summary["metrics"] and summary["shipped"] in names, f"{modality}: {summary}")
    expect(set(model.records["metrics"]["words"]) == set(summary["metrics"]), f"{modality}: words")
    expect((path / "manifest.json").is_file(), f"{modality}: no bundle was written")


def check_predicts_values(modality: str) -> None:
    """A loaded bundle generates what the model in memory does, of any subset of columns."""
    if _target(modality)[0] is None:
        return
    model, path = _fit(modality)
    rows = [{"size": 0.5, "kind": "small"}, {"size": None, "kind": None}, {"kind": "large"}]
    first, second = model.predict(rows).columns, load(path).predict(rows).columns
    expect(_same(first, second), f"{modality}: loading changes what is generated")
    sure = np.asarray(first.get("confidence", np.ones(3)))
    expect(((sure >= 0) & (sure <= 1)).all(), f"{modality}: {sure} are no confidences")
    drawn = [load(path).predict(rows, temperature=1.0, seed=5).columns for _ in range(2)]
    expect(_same(*drawn), f"{modality}: one seed draws two values")
    with tempfile.TemporaryDirectory() as folder:
        done = predict(path, read(rows), out=Path(folder) / "out.jsonl")
        expect(done["rows"] == 3, f"{modality}: {done['rows']} rows of 3 were written")


def check_draws(modality: str) -> None:
    """Several draws of a row begin with the one that `predict` makes, and tell whence they are."""
    if _target(modality)[0] is None:
        return
    _, path = _fit(modality)
    made = generate(path, number=0.5, n=3, seed=5).columns
    first = load(path).predict([{"size": 0.5}], temperature=1.0, seed=5).columns
    expect(_same({k: list(v)[:1] for k, v in made.items()}, first), f"{modality}: another first")
    expect(len(made["prediction"]) == 3, f"{modality}: {len(made['prediction'])} draws of 3")
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "made.jsonl"
        generate(path, number=0.5, n=3, seed=5, out=out)
        told = whence(out)
        expect(told["found"] and told["rows"] == 3, f"{modality}: {told} of generated rows")
        expect(told["seed"] == 5 and told["target"] == "x", f"{modality}: {told}")


def check_judges_values(modality: str) -> None:
    """`evaluate` scores per set of columns, `report` shows pairs, and `top_losses` the worst."""
    if _target(modality)[0] is None:
        return
    model, path = _fit(modality)
    found = evaluate(path, _table(modality))
    expect(set(found["metrics"]) == set(model.generator.target.words), f"{modality}: other metrics")
    expect(set(found["intervals"]) <= set(found["metrics"]), f"{modality}: stray intervals")
    expect(model.top_losses(_table(modality), k=2)[0]["truth"] is not None, f"{modality}: no loss")
    with tempfile.TemporaryDirectory() as folder:
        page = write_report(path, Path(folder) / "report.html").read_text(encoding="utf8")
    words = model.generator.target.words
    expect(all(word.name in page for word in words.values()), f"{modality}: words are missing")
    expect("What came out best" in page, f"{modality}: the page shows no pairs")
    expect('src="http' not in page and 'href="http' not in page, f"{modality}: outside links")


def check_refuses_damage(modality: str) -> None:
    """A bundle of which a byte was changed, or a file is gone, is refused."""
    if _target(modality)[0] is None:
        return
    model, _ = _fit(modality)
    with tempfile.TemporaryDirectory() as folder:
        path = model.save(Path(folder) / "m.plait")
        name = WEIGHTS if (path / WEIGHTS).is_file() else "model.json"
        data = bytearray((path / name).read_bytes())
        data[len(data) // 2] ^= 1
        for change in (data, None):
            (path / name).unlink()
            if change is not None:
                (path / name).write_bytes(change)
            try:
                load(path)
            except BundleError:
                continue
            expect(False, f"{modality}: a damaged bundle was loaded")


def _target(modality: str) -> tuple[Any, list[Any]]:
    """Return the codec and raws of a generated target; no codec for any other modality."""
    codec, raws = fitted(modality, as_target=True)
    return (codec if isinstance(codec, GeneratedTarget) else None), raws


def _head(codec: Any, num: int) -> tuple[Any, Conditions]:
    """Return a decoder, and what it might see of so many rows."""
    torch.manual_seed(0)
    head = find_network(codec.modality).Generate(codec, DIM)
    tokens = Tokens(
        torch.randn(num, NUM_TOKENS, DIM),
        torch.ones(num, NUM_TOKENS, dtype=torch.bool),
        torch.zeros(num, NUM_TOKENS, 2),
    )
    return head, Conditions(tokens, torch.randn(num, head.num_queries, DIM))


def _column(codec: Any, raws: list[Any]) -> Any:
    return to_tensors({"x": collate([codec.prepare(raw) for raw in raws], codec.layout)})["x"]


def _rngs(num: int) -> list[np.random.Generator]:
    return [np.random.default_rng([7, row]) for row in range(num)]


def _close(first: Any, second: Any) -> bool:
    return first.keys() == second.keys() and all(
        first[k].shape == second[k].shape and np.allclose(first[k], second[k], atol=1e-3)
        for k in first
    )


def _rounded(first: Any, second: Any) -> bool:
    """Tell whether arrays differ by no more than rounding does: whole numbers by 1 at most, in one
    of fifty places."""
    if _close(first, second):
        return True
    if any(first[k].shape != second[k].shape for k in first):
        return False
    gaps = [np.abs(first[k].astype(np.float64) - second[k]) for k in first]
    whole = all(first[k].dtype.kind in "iu" for k in first)
    return whole and all(gap.max() <= 1 and (gap > 0).mean() <= 0.02 for gap in gaps)


def _same(first: Any, second: Any) -> bool:
    return list(first) == list(second) and all(
        repr(list(first[name])) == repr(list(second[name])) for name in first
    )


def _table(modality: str) -> Table:
    columns = {"x": modality, "size": "number", "kind": "category"}
    return read(example_table(modality, 80), columns=columns)


def _fit(modality: str) -> tuple[Model, Path]:
    """Fit once per modality and process; the checks share the bundle."""
    if modality not in _fitted:
        path = Path(tempfile.mkdtemp(prefix="plait-contract-")) / f"{modality}-made.plait"
        model = fit(_table(modality), target="x", budget="6 steps", size=TINY, out=path)
        _fitted[modality] = (model, path)
    return _fitted[modality]


GENERATED_CHECKS = (
    check_decodes,
    check_answers,
    check_scores,
    check_loses,
    check_generates,
    check_streams,
    check_shares_a_trunk,
    check_composes,
    check_predicts_values,
    check_draws,
    check_judges_values,
    check_refuses_damage,
)
