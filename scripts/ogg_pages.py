"""Pages of an Ogg stream: their stream number and checksum, so that one sound is one file."""

from __future__ import annotations


def with_serial(ogg: bytes, serial: int) -> bytes:
    """Give every Ogg page this stream number: libsndfile draws one at random (RFC 3533)."""
    pages, start = bytearray(ogg), 0
    while start < len(pages):
        num_segments = pages[start + 26]
        end = start + 27 + num_segments + sum(pages[start + 27 : start + 27 + num_segments])
        pages[start + 14 : start + 18] = serial.to_bytes(4, "little")
        pages[start + 22 : start + 26] = bytes(4)
        pages[start + 22 : start + 26] = page_checksum(pages[start:end]).to_bytes(4, "little")
        start = end
    return bytes(pages)


def page_checksum(page: bytes | bytearray) -> int:
    """Return the CRC-32 of an Ogg page: polynomial 0x04C11DB7, unreflected, no final xor."""
    register = 0
    for byte in page:
        register = ((register << 8) & 0xFFFFFFFF) ^ CRC_TABLE[(register >> 24) ^ byte]
    return register


def crc_entry(byte: int) -> int:
    """Return one entry of the table that `page_checksum` looks up."""
    register = byte << 24
    for _ in range(8):
        register = ((register << 1) ^ (0x04C11DB7 if register & 0x80000000 else 0)) & 0xFFFFFFFF
    return register


CRC_TABLE = tuple(crc_entry(byte) for byte in range(256))
