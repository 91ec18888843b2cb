"""Traits of modalities: what the verbs may do with a column because of what it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Traits:
    """What a modality is good for, beside the members of its codec.

    A codec says so in a class variable ``traits``; one that says nothing has the defaults.

    Attributes:
        amount: Whether Raw is a number, so that columns are compared and filtered by it.
        moment: Whether that number is a time, in seconds since 1970, unless the column's setting
            ``clock`` says that it is of a day.
        labels: Whether Raw is a label, or several: values that are counted one by one.
        words: Whether cells are written in words: classes are named, and prompts put, into them.
        light: Whether its own stem costs little, and stays beside a pretrained encoder's vectors.
        shared: Whether columns of equal settings are one kind of thing, that one codec fits.
        whole: Whether features are one vector, whose numbers share a scale and belong together.
        decimals: Whether a table's decimal sign is a setting of the column.
        steady: Whether `fit` learns next to nothing, which few rows tell as well as all, nothing
            that changes what `read` returns; and whether `prepare` takes all that was read.
        piecewise: Whether, as a target, its network makes a value piece by piece: then there is a
            beam (`Asked.beam`), and its ``Generate`` has a ``stream``.
        pictured: Whether what is shown of a value is a picture of it.
        sequel: Whether a target of rows that are of groups in time asks what each takes next.
        decides: Whether such a target asks what is to be done, for a return that is wanted.
    """

    amount: bool = False
    moment: bool = False
    labels: bool = False
    words: bool = False
    light: bool = False
    shared: bool = False
    whole: bool = False
    decimals: bool = False
    steady: bool = False
    piecewise: bool = False
    pictured: bool = False
    sequel: bool = False
    decides: bool = False


NONE = Traits()


def traits_of(codec: Any) -> Traits:
    """Return the traits of a codec, or of its class."""
    found: Traits = getattr(codec, "traits", NONE)
    return found


def traits_of_modality(modality: str | None) -> Traits:
    """Return the traits of a modality; the defaults where a column is of none."""
    from plait.modalities._scan import find_codec

    return NONE if modality is None else traits_of(find_codec(modality))
