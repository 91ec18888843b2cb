"""The page of a tune."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plait.report.page import page
from plait.report.text import escape
from plait.report.tuning import tuning
from plait.types import Html


def tuning_page(found: Mapping[str, Any], target: str) -> Html:
    """Return the page of a tune.

    Args:
        found: A bundle's record ``tuning``.
        target: Its target.
    """
    return page(f"tuned – {target}", f"<h1>{escape(target)}</h1>{tuning(found)}")
