"""What is wanted of rows in time, beside how values are drawn; refused where it means nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from plait.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class Wants:
    """What only some models know.

    Attributes:
        top: Of what comes next: so many items for each.
        return_to_go: Of a policy: the return that is to be reached.
        quantiles: Of a forecast: those that are told, instead of the ends of its 90 % interval.
    """

    top: int | None = None
    return_to_go: float | None = None
    quantiles: Sequence[float] | None = None

    def only(self, *names: str) -> None:
        """Refuse what was said beside these. Raises `UsageError`."""
        words = {
            "top": "nothing is ranked here, so there is no top",
            "return_to_go": "nothing is decided here, so there is no return to reach",
            "quantiles": "nothing is forecast here, so there are no quantiles to choose",
        }
        for one in fields(self):
            said = getattr(self, one.name)
            if said is not None and one.name not in names:
                raise UsageError(words[one.name], expected=f"no {one.name}", received=str(said))
