"""Distinguished names out of a handshake, where no certificate is around them (RFC 5280, 4.1.2.4).

OpenSSL hands a CertificateRequest's names out as bytes without saying how they are encoded, so the
DER is read here: company CAs carry their names in BMPString and T61String to this day.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

MOST_NAMES = 20
_LONGEST = 300

# The types of X.520 that people know by their short names (RFC 4514, section 3).
_TYPES = {
    b"\x55\x04\x03": "CN",
    b"\x55\x04\x05": "serialNumber",
    b"\x55\x04\x06": "C",
    b"\x55\x04\x07": "L",
    b"\x55\x04\x08": "ST",
    b"\x55\x04\x0a": "O",
    b"\x55\x04\x0b": "OU",
    b"\x55\x04\x61": "organizationIdentifier",
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01": "emailAddress",
    b"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19": "DC",
}
# BMPString and UniversalString; T61String is Latin-1 in practice; all others are ASCII or UTF-8.
_ENCODINGS = {0x1E: "utf-16-be", 0x1C: "utf-32-be", 0x14: "latin-1"}


class _Name(Protocol):
    def der(self) -> bytes: ...


def ca_names(names: Sequence[_Name]) -> tuple[str, ...]:
    """The first names as text, in the order that they were sent in."""
    return tuple(text_of(one.der()) for one in names[:MOST_NAMES])


def text_of(der: bytes) -> str:
    """One name: `C=JP, O=Example, CN=Example CA`; what cannot be read is left out."""
    parts = []
    for _, name in _elements(der):
        for _, several in _elements(name):
            for _, attribute in _elements(several):
                pair = list(_elements(attribute))
                if len(pair) == 2:
                    (_, oid), (tag, value) = pair
                    text = value.decode(_ENCODINGS.get(tag, "utf-8"), "replace")
                    parts.append(f"{_TYPES.get(oid, 'OID')}={text}")
    return ", ".join(parts)[:_LONGEST]


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The elements of a DER value, as far as they are whole (X.690, 8.1)."""
    at = 0
    while at + 2 <= len(data):
        tag, length = data[at], data[at + 1]
        at += 2
        if length & 0x80:
            size = length & 0x7F
            length = int.from_bytes(data[at : at + size])
            at += size
        if at + length > len(data):
            return
        yield tag, data[at : at + length]
        at += length
