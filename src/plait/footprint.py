"""Energy in words: watt-hours, grams of CO2e by the grid, and when what was spent is paid back."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any

from plait.errors import UsageError

GRAMS_PER_KWH = 475.0
"""CO2e of a kilowatt-hour, the world's mean of 2018 (International Energy Agency 2019, "Global
Energy and CO2 Status Report")."""

VARIABLE = "PLAIT_GRAMS_PER_KWH"
"""Environment variable by which a person says what the grid here emits."""

JOULES_PER_WH = 3600.0

NOT_MEASURED = "this machine shows no energy counter (RAPL)"


def grams_per_kwh() -> tuple[float, str]:
    """Return the grid's CO2e, g/kWh, and whose number it is. Raises `UsageError`."""
    said = os.environ.get(VARIABLE)
    if said is None or not said.strip():
        return GRAMS_PER_KWH, "the world's mean"
    try:
        found = float(said)
    except ValueError:
        found = math.nan
    if not 0 <= found < math.inf:
        raise UsageError(
            f"the environment variable {VARIABLE} is no number of grams",
            expected="grams of CO2e of a kilowatt-hour, such as 56",
            received=said,
        )
    return found, "as was said"


def footprint(joules: float, method: str) -> dict[str, Any]:
    """Return energy as records hold it.

    Args:
        joules: Spent.
        method: How they are known, in words that begin with ``measured`` or ``estimated``.

    Returns:
        ``joules``, ``wh`` (watt-hours), ``gco2e`` (grams of CO2e), ``grams_per_kwh``, ``grid``
        (whose number that is) and ``method``.
    """
    grams, grid = grams_per_kwh()
    wh = joules / JOULES_PER_WH
    return {
        "joules": round(joules, 3),
        "wh": wh,
        "gco2e": wh / 1000 * grams,
        "grams_per_kwh": grams,
        "grid": grid,
        "method": method,
    }


def of_thousand(joules: float, method: str) -> dict[str, Any]:
    """Return what 1,000 answers cost, of which one takes so many joules."""
    found = footprint(1000 * joules, method)
    return {"wh_per_1000": found["wh"], "gco2e_per_1000": found["gco2e"], "method": method}


def energy_lines(energy: Mapping[str, Any]) -> list[str]:
    """Return what making a bundle and asking it cost, a sentence each; [] where nothing is known.

    Args:
        energy: A bundle's record of that name.
    """
    if energy.get("wh") is None:
        return []
    method = str(energy.get("method", ""))
    grid = f"{energy['grams_per_kwh']:g} g of CO2e per kWh ({energy['grid']})"
    lines = [
        f"Making it took {shown(energy['wh'])} Wh, {shown(energy['gco2e'])} g of CO2e at {grid}; "
        f"{method}."
    ]
    answers = energy.get("answers") or {}
    if answers.get("wh_per_1000") is not None:
        lines.append(
            f"1,000 answers, asked one by one, take {shown(answers['wh_per_1000'])} Wh, "
            f"{shown(answers['gco2e_per_1000'])} g of CO2e; {answers['method']}."
        )
    if answers.get("why"):
        lines.append(f"What answers take was not measured: {answers['why']}.")
    if not method.startswith("measured"):
        lines.append(f"Nothing of this is measured: {NOT_MEASURED}.")
    return lines


def with_energy(card: str, energy: Mapping[str, Any]) -> str:
    """Return a model card with what the bundle cost as its last section."""
    lines = energy_lines(energy)
    if not lines:
        return card
    before = card.partition(_HEAD)[0].rstrip("\n")
    return "\n".join([before, "", _HEAD.strip(), "", *(f"- {one}" for one in lines), ""])


_HEAD = "## What it cost\n"


def paid_back(spent: float, method: str, before: float, after: float) -> dict[str, Any]:
    """Return after how many answers what was spent is saved again.

    Args:
        spent: Joules of making it small.
        method: How all of these joules are known: one way, for they are compared.
        before, after: Joules of an answer of what was made small, and of the small one.

    Returns:
        ``spent_wh``, ``before_wh_per_1000``, ``wh_per_1000``, ``answers`` (None where nothing is
        saved) and ``method``.
    """
    saved = before - after
    return {
        "spent_wh": spent / JOULES_PER_WH,
        "before_wh_per_1000": 1000 * before / JOULES_PER_WH,
        "wh_per_1000": 1000 * after / JOULES_PER_WH,
        "answers": math.ceil(spent / saved) if saved > 0 else None,
        "method": method,
    }


def paid_back_line(told: Mapping[str, Any]) -> str:
    """Return a sentence of when a compression has paid for itself.

    Args:
        told: From `paid_back`.
    """
    pair = f"{shown(told['before_wh_per_1000'])} Wh before, {shown(told['wh_per_1000'])} Wh now"
    if told.get("answers") is None:
        return f"It saves no energy: 1,000 answers take {pair}; {told['method']}."
    return (
        f"Making it small took {shown(told['spent_wh'])} Wh, paid back after "
        f"{told['answers']:,} answers: 1,000 take {pair}; {told['method']}."
    )


def shown(value: float) -> str:
    """Return an amount with three significant digits.

    >>> shown(0.012345), shown(1234.5), shown(0.0)
    ('0.0123', '1,234', '0')
    """
    if value and abs(value) < 1e-4:
        return f"{value:.2e}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
