"""The notice that what is made carries: by which bundle, of what, under which seed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC's word for media that a trained model made (NewsCodes, Digital Source Type)."""

KEY = "plait"
"""Under which name notices lie in files, and the one member of their JSON."""

MOST_BYTES = 64 * 1024
"""Of a notice; what a condition says is cut to `MOST_CHARACTERS`."""

MOST_CHARACTERS = 500


@dataclass(frozen=True, kw_only=True)
class Notice:
    """Where a made thing is from. It tells no time and no place: the same seed, the same bytes.

    Attributes:
        version: Of plait.
        bundle: SHA-256 of the bundle's manifest, which names every file of it by its own hash.
            Empty where the model was never saved.
        target: The column that was made.
        conditions: What was given: column -> text, or ``sha256:...`` of a file.
        seed: Of the draws.
        draw: Number of this one, from 0.
        settings: How it was drawn: temperature, steps, guidance.
    """

    version: str
    bundle: str
    target: str
    conditions: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    draw: int = 0
    settings: Mapping[str, float] = field(default_factory=dict)

    def facts(self) -> dict[str, Any]:
        """Return what it tells, plain."""
        return {
            "version": self.version,
            "bundle": self.bundle,
            "target": self.target,
            "conditions": {name: text[:MOST_CHARACTERS] for name, text in self.conditions.items()},
            "seed": self.seed,
            "draw": self.draw,
            "settings": dict(self.settings),
            "digital_source_type": SOURCE_TYPE,
        }

    def to_json(self) -> str:
        """Return it as one line of ASCII, which every format can hold.

        >>> notice = Notice(version="1", bundle="ab", target="name")
        >>> notice_from(notice.to_json()) == notice
        True
        """
        return json.dumps({KEY: self.facts()}, separators=(",", ":"), sort_keys=True)


def notice_from(text: str) -> Notice | None:
    """Return the notice that `Notice.to_json` wrote; None of any other text."""
    if len(text) > MOST_BYTES:
        return None
    try:
        found = json.loads(text)[KEY]
        return Notice(
            version=str(found["version"]),
            bundle=str(found["bundle"]),
            target=str(found["target"]),
            conditions=_plain(found["conditions"], str),
            seed=int(found["seed"]),
            draw=int(found["draw"]),
            settings=_plain(found["settings"], float),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _plain(found: Any, kind: Any) -> dict[str, Any]:
    return {str(name): kind(value) for name, value in found.items()}


def xmp_of(notice: Notice) -> str:
    """Return an XMP packet (ISO 16684-1) with IPTC's source type, and the notice as description."""
    told = notice.to_json().replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return (
        '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" '
        'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
        'xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" '
        f'xmp:CreatorTool="plait {notice.version}" '
        f'Iptc4xmpExt:DigitalSourceType="{SOURCE_TYPE}">'
        f'<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{told}</rdf:li></rdf:Alt>'
        "</dc:description></rdf:Description></rdf:RDF></x:xmpmeta>"
        '<?xpacket end="r"?>'
    )
