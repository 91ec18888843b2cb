"""Looks over a column of numbers, and says what it decides: signs, unit, limits, null words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from plait.modalities.codes import reason_for_codes
from plait.modalities.number.reading import LEAST_SHARE, Reading, read_all
from plait.modalities.number.units import conversion, is_known
from plait.modalities.number.written import take_apart
from plait.modalities.survey import Survey
from plait.types import Cell, ColumnSample

if TYPE_CHECKING:
    from plait.modalities.number.codec import NumberCodec


def survey(codec: NumberCodec, sample: ColumnSample) -> Survey:
    """Return what a column's cells decide of its reading, and what is to be said."""
    found = read_all(codec, sample.values)
    reason = reason_for_codes(sample.name, sample.values)
    dirty = found.share >= LEAST_SHARE / 2 and found.seen.num > 1
    refused, witnesses = "", ()
    if reason and found.share >= LEAST_SHARE:
        refused = f"{reason}: --columns {sample.name}=number reads amounts"
    elif dirty and found.unlike and is_known(found.unit):
        refused = _unlike(found)
        witnesses = _witnesses(found, sample.values)
    elif dirty and any(_is_simple(digits) for digits in found.misfits):
        refused = f"decimal signs differ: '{next(iter(found.misfits))}' does not fit the others"
        refused += f"; --columns \"{sample.name}=number{{decimal: '.,'}}\" takes both for one"
    facts = facts_of(found)
    return Survey(
        settings=_settings(codec, found),
        said=_said(found, codec, sample.name),
        facts=facts,
        ambiguous=_other_sign(found),
        refused=refused,
        witnesses=witnesses,
    )


def _is_simple(digits: str) -> bool:
    return sum(not sign.isdigit() for sign in digits) == 1


def _unlike(found: Reading) -> str:
    others = ", ".join(sorted(found.unlike)[:4])
    return f"its numbers are in units that do not convert: {found.unit} and {others}"


def _witnesses(found: Reading, cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """Return one cell of the column's unit and the first of each that does not convert to it."""
    first: dict[str, Cell] = {}
    for cell in cells:
        written = take_apart(cell) if isinstance(cell, str) else None
        if written is not None and written.unit in {found.unit, *found.unlike}:
            first.setdefault(written.unit, cell)
    return tuple(first.values())[:4]


def _settings(codec: NumberCodec, found: Reading) -> dict[str, Any]:
    """Return the codec's fields that the cells decide and the person left open."""
    settings: dict[str, Any] = {}
    if not codec.decimal and "," in found.signs.decimal + found.signs.thousands:
        settings["decimal"] = found.signs.decimal
    if not codec.thousands and found.signs.thousands:
        settings["thousands"] = found.signs.thousands
    if not codec.unit and found.unit:
        settings["unit"] = found.unit
    for kind in ("below", "above", "null"):
        own = getattr(codec, f"{kind}_words")
        words = sorted(set(found.seen.words[kind]) - set(own))
        if words and not own:
            settings[f"{kind}_words"] = words
    known = found.values
    if codec.floor is None and found.seen.words["below"] and known:
        settings["floor"] = min(found.limits[-1] or known)
    if codec.ceiling is None and found.seen.words["above"] and known:
        settings["ceiling"] = max(found.limits[1] or known)
    return settings


def _said(found: Reading, codec: NumberCodec, name: str) -> tuple[str, ...]:
    said, words = [], found.seen.words
    if found.signs.decimal == "," and found.seen.numbers:
        shown = f", as in '{found.signs.evidence}'" if found.signs.evidence else ""
        said.append(f"decimal comma{shown}")
    if found.signs.thousands:
        names = {" ": "blank", "'": "apostrophe"}
        signs = " ".join(names.get(sign, f"'{sign}'") for sign in found.signs.thousands)
        said.append(f"thousands by {signs}")
    if other := _other_sign(found):
        said.append(
            f"'{found.signs.doubt}' is read as {_shown_doubt(found)}, but nothing says whether its "
            f'sign is decimal: --columns "{name}=number{{{other}}}"'
        )
    if found.unit:
        others = sorted(unit for unit in found.units if conversion(unit, found.unit) != (1.0, 0.0))
        converted = [unit for unit in others if unit not in found.unlike]
        said.append(f"in {found.unit}" + (f", {', '.join(converted)} converted" * bool(converted)))
        num_bare = sum(n for w, n in found.seen.numbers.items() if not w.unit)
        said += [f"cells without a unit are taken to be in {found.unit}"] if num_bare else []
    limits = [("<" if side < 0 else ">", found.limits[side]) for side in (-1, 1)]
    said += [f"some are only limits, such as {sign}{next(iter(v)):g}" for sign, v in limits if v]
    for kind, meaning in (("below", "too little to measure"), ("above", "too much to measure")):
        if words[kind]:
            said.append(f"{_quoted(words[kind])} taken as {meaning}")
    if words["null"]:
        said.append(f"{_quoted(words['null'])} taken as missing")
    if any(written.bracketed for written in found.seen.numbers):
        said.append("numbers in brackets are negative")
    return tuple(said)


def _quoted(words: Mapping[str, int]) -> str:
    return ", ".join(f"'{word}'" for word in list(words)[:3])


def _other_sign(found: Reading) -> str:
    """Return the setting that would read doubtful cells otherwise, or ""."""
    if not found.signs.doubt:
        return ""
    if "," in found.signs.doubt:
        return "decimal: ','"
    return "decimal: ','" if sum("." in w.digits for w in found.seen.numbers) > 1 else ""


def _shown_doubt(found: Reading) -> str:
    digits = found.signs.doubt
    return digits.replace(",", "") if "," in digits else digits


def facts_of(found: Reading) -> dict[str, Any]:
    """Return JSON-ready counts; empty where the cells are plain numbers."""
    seen, facts = found.seen, dict[str, Any]()
    if found.signs.decimal != "." or found.signs.thousands:
        facts |= {"decimal": found.signs.decimal, "thousands": found.signs.thousands}
    if found.unit:
        facts["unit"] = found.unit
        facts["units"] = dict(found.units.most_common(8))
    words = {kind: dict(found.seen.words[kind].most_common(8)) for kind in ("below", "above")}
    num_below = sum(found.limits[-1].values()) + sum(seen.words["below"].values())
    num_above = sum(found.limits[1].values()) + sum(seen.words["above"].values())
    if num_below or num_above:
        facts |= {"num_below": num_below, "num_above": num_above}
        facts |= {f"{kind}_words": found for kind, found in words.items() if found}
    if num := sum(count for written, count in seen.numbers.items() if written.about):
        facts["num_about"] = num
    if seen.words["null"]:
        facts["num_null_words"] = sum(seen.words["null"].values())
        facts["null_words"] = dict(seen.words["null"].most_common(8))
    strange = found.misfits + found.unlike + seen.strange
    if strange:
        facts["strange"] = dict(strange.most_common(4))
    return facts
