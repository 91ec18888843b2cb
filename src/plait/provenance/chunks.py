"""Notices within files of chunks: PNG, WAV, MIDI, GIF and MP4.

Each format has two functions: `put` a notice into the bytes of a file, and the texts that lie where
notices do (`get`). What is not of the format is left as it is, and has no texts.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from html import unescape
from typing import NamedTuple

from plait.provenance.notice import KEY, MOST_BYTES, Notice, xmp_of

PNG = b"\x89PNG\r\n\x1a\n"
XMP = b"XML:com.adobe.xmp"
"""Keyword under which PNG holds XMP packets."""

XMP_BOX = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
"""UUID of the box in which ISO media files hold XMP (XMP specification, part 3)."""

GIF_COMMENT = b"\x21\xfe"
MOST_CHUNKS, MOST_COMMENTS = 100_000, 100


class Format(NamedTuple):
    """How a kind of file carries notices.

    Attributes:
        put: The bytes of a file and a notice -> the bytes with it.
        get: The bytes of a file -> the texts that may be notices.
    """

    put: Callable[[bytes, Notice], bytes]
    get: Callable[[bytes], Iterator[str]]


def put_png(content: bytes, notice: Notice) -> bytes:
    """Put it before the pixels, as text (PNG, third edition, 11.3.3.4) and as XMP."""
    end = len(PNG) + 12 + int.from_bytes(content[8:12], "big")  # of the header, which comes first
    if not content.startswith(PNG) or len(content) < end:
        return content
    texts = (KEY.encode(), notice.to_json()), (XMP, xmp_of(notice))
    made = b"".join(_png_chunk(b"iTXt", key + b"\0\0\0\0\0" + text.encode()) for key, text in texts)
    return content[:end] + made + content[end:]


def get_png(content: bytes) -> Iterator[str]:
    """Give the texts under our keyword."""
    start = KEY.encode() + b"\0\0\0\0\0"
    for kind, body in _png_chunks(content):
        if kind == b"iTXt" and body.startswith(start):
            yield body[len(start) :].decode("utf8", "replace")


def put_wav(content: bytes, notice: Notice) -> bytes:
    """Put it behind the sound, as a comment in an INFO list (RIFF, 1991)."""
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        return content
    entries = ((b"ISFT", f"plait {notice.version}"), (b"ICMT", notice.to_json()))
    info = b"INFO" + b"".join(_riff(kind, text.encode() + b"\0") for kind, text in entries)
    body = content[8:] + b"\0" * (len(content) % 2) + _riff(b"LIST", info)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def get_wav(content: bytes) -> Iterator[str]:
    """Give the comments of INFO lists."""
    if content[:4] != b"RIFF":
        return
    for kind, body in _riff_chunks(content, 12):
        if kind == b"LIST" and body[:4] == b"INFO":
            for entry, text in _riff_chunks(body, 4):
                if entry == b"ICMT":
                    yield text.rstrip(b"\0").decode("utf8", "replace")


def put_midi(content: bytes, notice: Notice) -> bytes:
    """Put it before the first event, as a meta event of text (Standard MIDI Files 1.0, FF 01)."""
    place = content.find(b"MTrk", 14)
    if not content.startswith(b"MThd") or place < 0:
        return content
    text = notice.to_json().encode()
    event = b"\x00\xff\x01" + _midi_number(len(text)) + text
    size = int.from_bytes(content[place + 4 : place + 8], "big") + len(event)
    return content[: place + 4] + size.to_bytes(4, "big") + event + content[place + 8 :]


def get_midi(content: bytes) -> Iterator[str]:
    """Give the texts at the beginning of tracks."""
    place = 14
    while content.startswith(b"MThd") and (place := content.find(b"MTrk", place)) >= 0:
        place += 8
        if content[place : place + 3] == b"\x00\xff\x01":
            size, place = _read_midi_number(content, place + 3)
            yield content[place : place + min(size, MOST_BYTES)].decode("utf8", "replace")


def put_gif(content: bytes, notice: Notice) -> bytes:
    """Put it before the first picture, as a comment (GIF89a, 24), which GIF87a has not."""
    flags = content[10] if len(content) > 13 else 0
    place = 13 + (flags >> 7) * 3 * 2 ** ((flags & 7) + 1)  # behind the global table of colours
    if not content.startswith(b"GIF8") or not content.endswith(b";") or place >= len(content):
        return content
    text = notice.to_json().encode()
    blocks = [text[i : i + 255] for i in range(0, len(text), 255)]
    comment = b"".join(bytes([len(block)]) + block for block in blocks)
    return b"GIF89a" + content[6:place] + GIF_COMMENT + comment + b"\0" + content[place:]


def get_gif(content: bytes) -> Iterator[str]:
    """Give what may be comments."""
    place = content.find(GIF_COMMENT) if content.startswith(b"GIF8") else -1
    for _ in range(MOST_COMMENTS):
        if place < 0:
            return
        text, here = b"", place + len(GIF_COMMENT)
        while here < len(content) and (size := content[here]) and len(text) < MOST_BYTES:
            text += content[here + 1 : here + 1 + size]
            here += 1 + size
        yield text.decode("utf8", "replace")
        place = content.find(GIF_COMMENT, place + 2)


def put_mp4(content: bytes, notice: Notice) -> bytes:
    """Put it behind all boxes, as XMP (XMP specification, part 3): no offset within moves."""
    if content[4:8] != b"ftyp" or int.from_bytes(content[:4], "big") > len(content):
        return content
    body = XMP_BOX + xmp_of(notice).encode()
    return content + struct.pack(">I4s", 8 + len(body), b"uuid") + body


def get_mp4(content: bytes) -> Iterator[str]:
    """Give the descriptions in XMP boxes."""
    place, count = 0, 0
    while content[4:8] == b"ftyp" and place + 8 <= len(content) and count < MOST_CHUNKS:
        size, kind = struct.unpack_from(">I4s", content, place)
        if size == 1 and place + 16 <= len(content):
            size = struct.unpack_from(">Q", content, place + 8)[0]
        if kind == b"uuid" and content[place + 8 : place + 24] == XMP_BOX:
            yield _described(content[place + 24 : place + min(size, MOST_BYTES)])
        if size < 8:
            return
        place, count = place + size, count + 1


FORMATS: Mapping[str, Format] = {
    ".png": Format(put_png, get_png),
    ".wav": Format(put_wav, get_wav),
    ".mid": Format(put_midi, get_midi),
    ".midi": Format(put_midi, get_midi),
    ".gif": Format(put_gif, get_gif),
    ".mp4": Format(put_mp4, get_mp4),
}
"""Ending -> how files of it carry notices."""


def _described(packet: bytes) -> str:
    text = packet.decode("utf8", "replace")
    start = text.find('xml:lang="x-default">') + len('xml:lang="x-default">')
    return unescape(text[start : text.find("</rdf:li>", start)])


def _png_chunk(kind: bytes, body: bytes) -> bytes:
    checksum = zlib.crc32(kind + body).to_bytes(4, "big")
    return len(body).to_bytes(4, "big") + kind + body + checksum


def _png_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    place, count = len(PNG), 0
    while content.startswith(PNG) and place + 12 <= len(content) and count < MOST_CHUNKS:
        size = int.from_bytes(content[place : place + 4], "big")
        kind = content[place + 4 : place + 8]
        yield kind, content[place + 8 : place + 8 + min(size, MOST_BYTES)]
        place, count = place + 12 + size, count + 1


def _riff(kind: bytes, body: bytes) -> bytes:
    return kind + len(body).to_bytes(4, "little") + body + b"\0" * (len(body) % 2)


def _riff_chunks(content: bytes, place: int) -> Iterator[tuple[bytes, bytes]]:
    count = 0
    while place + 8 <= len(content) and count < MOST_CHUNKS:
        size = int.from_bytes(content[place + 4 : place + 8], "little")
        yield content[place : place + 4], content[place + 8 : place + 8 + min(size, MOST_BYTES)]
        place, count = place + 8 + size + size % 2, count + 1


def _midi_number(number: int) -> bytes:
    """Return a variable-length quantity: seven bits a byte, the highest bit tells of more."""
    found = bytes([number & 127])
    while number := number >> 7:
        found = bytes([128 | number & 127]) + found
    return found


def _read_midi_number(content: bytes, place: int) -> tuple[int, int]:
    """Return a variable-length quantity and the place behind it."""
    number = 0
    for here in range(place, min(place + 4, len(content))):
        number = number << 7 | content[here] & 127
        if content[here] < 128:
            return number, here + 1
    return number, min(place + 4, len(content))
