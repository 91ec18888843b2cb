"""Decides a column's decimal and thousands signs from all of its cells together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from plait.modalities.number.written import Written, grouped


@dataclass(frozen=True, kw_only=True)
class Signs:
    """How digits are read.

    Attributes:
        decimal: ``.`` or ``,``; ``.,`` where the person said that either is one.
        thousands: All signs that group digits; "" for none.
        doubt: A cell that could be read otherwise, where nothing else decides; "" for none.
        evidence: A cell that decides for a decimal comma; "" for none.
    """

    decimal: str
    thousands: str
    doubt: str = ""
    evidence: str = ""


def decide_signs(
    numbers: Iterable[tuple[Written, int]], decimal: str = "", *, whole: bool = False
) -> Signs:
    """Return the signs that most cells need.

    A cell speaks for a decimal sign where it cannot group thousands there (``1,5``, ``0,123``,
    ``1.234,5``), and for a thousands sign where it occurs twice (``1,234,567``). Where no cell
    speaks, ``1,234`` is taken for 1234 and ``1.234`` for a fraction, and that is doubtful.

    Args:
        numbers: Numbers with how often they occur.
        decimal: What the person said, or "".
        whole: Whether thousandths make no sense, as in money: then ``1.234`` groups digits.
    """
    decimals: Counter[str] = Counter()
    groups: Counter[str] = Counter()
    doubts: dict[str, str] = {}
    example: dict[str, str] = {}
    for written, count in numbers:
        kind, sign, group = _speaks_for(written.digits)
        if kind == "decimal":
            decimals[sign] += count
            example.setdefault(sign, written.digits)
        elif kind == "doubt":
            doubts.setdefault(sign, written.digits)
        if group:
            groups[group] += count
    votes = {".": decimals["."] + groups[","], ",": decimals[","] + groups["."]}
    if whole and not any(votes.values()):
        groups.update({sign: 1 for sign in doubts})
        votes[","], votes["."] = groups["."], groups[","]
    chosen = decimal or ("," if votes[","] > votes["."] else ".")
    undecided = not decimal and not any(votes.values())
    others = [sign for sign in ".,' " if sign not in chosen]
    thousands = "".join(sign for sign in others if groups[sign] or sign in doubts)
    doubt = (doubts.get(",") or doubts.get(".") or "") if undecided else ""
    return Signs(decimal=chosen, thousands=thousands, doubt=doubt, evidence=example.get(",", ""))


def _speaks_for(digits: str) -> tuple[str, str, str]:
    """Return ``decimal``, ``doubt`` or "", the sign meant, and the sign that groups digits."""
    signs = [sign for sign in digits if not sign.isdigit()]
    if not signs:
        return "", "", ""
    last = signs[-1]
    if len(set(signs)) == 2 and signs.count(last) == 1 and last in ".,":
        whole = digits.rpartition(last)[0]
        return ("decimal", last, signs[0]) if grouped(whole, signs[0]) else ("", "", "")
    if len(set(signs)) > 1:
        return "", "", ""
    if len(signs) > 1 or last in "' ":
        return "", "", last if grouped(digits, last) else ""
    whole, _, part = digits.partition(last)
    if len(part) != 3 or not 1 <= len(whole) <= 3 or whole.startswith("0"):
        return "decimal", last, ""
    return "doubt", last, ""
