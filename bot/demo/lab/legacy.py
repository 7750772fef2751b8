"""TLS 1.2 servers as they once were, written by hand: OpenSSL can no longer be one.

One knows nothing of RFC 5746 (TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, RFC 5289); one has a
Diffie-Hellman group of its own whatever groups are offered (TLS_DHE_RSA_WITH_AES_128_GCM_SHA256,
RFC 5288), where today's OpenSSL goes by RFC 7919. One answer, no other extensions.
"""

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bot.demo.lab import wire
from bot.demo.lab.loopback import House, Visit
from bot.demo.lab.page import WELCOME, response
from bot.demo.lab.pki import Issued

_ECDHE_SUITE, _DHE_SUITE = 0xC02F, 0x009E
_GENERATOR = 2
_NAMED_CURVE_P256 = b"\x03\x00\x17"
_RSA_SHA256 = b"\x04\x01"
_CHANGE, _ALERT, _HANDSHAKE, _DATA = 20, 21, 22, 23
_MOST = 65_536


@dataclass(frozen=True, slots=True)
class LegacyServer:
    """What one address presents; the server's own certificate, with an RSA key, first.

    `prime`: the group of its Diffie-Hellman; without it the key exchange is over P-256, and secure
    renegotiation is not known.
    """

    chain: tuple[Issued, ...]
    prime: int | None = None

    def visits(self, house: House) -> Callable[[], asyncio.Protocol]:
        """What makes a protocol for each accepted connection."""
        return lambda: _LegacyVisit(house, self.chain, self.prime)


class _Exchange(Protocol):
    """One side of a key exchange."""

    suite: int

    def offered(self) -> bytes:
        """The parameters of ServerKeyExchange, without their signature."""

    def premaster(self, message: bytes) -> bytes:
        """The premaster secret, from the body of ClientKeyExchange."""


class _OverCurve:
    """ECDHE over P-256 (RFC 8422, 5.4 and 5.7)."""

    suite = _ECDHE_SUITE

    def __init__(self) -> None:
        self._share = ec.generate_private_key(ec.SECP256R1())

    def offered(self) -> bytes:
        point = self._share.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return _NAMED_CURVE_P256 + bytes((len(point),)) + point

    def premaster(self, message: bytes) -> bytes:
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), message[1:])
        return self._share.exchange(ec.ECDH(), theirs)


class _OverPrime:
    """DHE over the server's own group (RFC 5246, 7.4.3 and 8.1.2)."""

    suite = _DHE_SUITE

    def __init__(self, prime: int) -> None:
        self._prime = prime
        self._secret = secrets.randbelow(prime - 2) + 1

    def offered(self) -> bytes:
        public = pow(_GENERATOR, self._secret, self._prime)
        return b"".join(_opaque(one) for one in (self._prime, _GENERATOR, public))

    def premaster(self, message: bytes) -> bytes:
        theirs = int.from_bytes(message[2:])
        return _bytes_of(pow(theirs, self._secret, self._prime))


class _LegacyVisit(Visit):
    """One session: the handshake of RFC 5246, 7.3, one HTTP request, its answer."""

    def __init__(self, house: House, chain: tuple[Issued, ...], prime: int | None) -> None:
        super().__init__(house)
        self._chain = chain
        self._exchange: _Exchange = _OverCurve() if prime is None else _OverPrime(prime)
        self._secure_renegotiation = prime is not None
        self._received = b""
        self._messages = b""
        self._flight = b""
        self._client_random = b""
        self._master = b""
        self._keys: tuple[bytes, bytes, bytes, bytes] | None = None
        self._encrypted = False
        self._read_number = self._write_number = 0
        self._request = b""

    def data_received(self, data: bytes) -> None:
        """Take the records that are whole."""
        self._received += data
        try:
            while not self.finished and len(self._received) >= 5:
                end = 5 + int.from_bytes(self._received[3:5], "big")
                if len(self._received) < end or end > _MOST:
                    return
                record, self._received = self._received[:end], self._received[end:]
                self._take(record[0], record[5:])
        except (ValueError, InvalidTag, IndexError):
            self._refuse()

    def _take(self, kind: int, payload: bytes) -> None:
        if kind == _CHANGE:
            self._encrypted = True
            return
        if self._encrypted:
            payload = self._open(kind, payload)
        if kind == _ALERT:
            self.finish()
        elif kind == _HANDSHAKE and not self._flight:
            self._hello(payload)
        elif kind == _HANDSHAKE and self._encrypted:
            self._finish_handshake(payload)
        elif kind == _HANDSHAKE:
            self._exchange_keys(payload)
        elif kind == _DATA:
            self._request += payload
            if b"\r\n\r\n" in self._request:
                self.transport.write(self._seal(_DATA, response(self._request, WELCOME)))
                self.transport.write(self._seal(_ALERT, b"\x01\x00"))
                self.finish()

    def _hello(self, message: bytes) -> None:
        length = len(message).to_bytes(2, "big")
        hello = wire.read_client_hello(bytes((_HANDSHAKE, 3, 1)) + length + message)
        if hello is None or self._exchange.suite not in hello.cipher_suites:
            self._refuse()
            return
        self._client_random = message[6:38]
        certificates = [one.der for one in self._chain]
        record = wire.server_flight(
            self._exchange.suite,
            certificates,
            secure_renegotiation=self._secure_renegotiation,
            key_exchange=self._signed,
        )
        self._flight = record[5:]
        self._messages = message + self._flight
        self.transport.write(record)

    def _signed(self, server_random: bytes) -> bytes:
        """The ServerKeyExchange (RFC 5246, 7.4.3)."""
        key = self._chain[0].key
        if not isinstance(key, rsa.RSAPrivateKey):
            msg = "an RSA key is needed"
            raise TypeError(msg)
        offered = self._exchange.offered()
        signed = self._client_random + server_random + offered
        signature = key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        return offered + _RSA_SHA256 + len(signature).to_bytes(2, "big") + signature

    def _exchange_keys(self, message: bytes) -> None:
        if message[0] != 16:
            msg = "no ClientKeyExchange"
            raise ValueError(msg)
        premaster = self._exchange.premaster(message[4:])
        server_random = self._flight[6:38]
        seed = self._client_random + server_random
        self._master = _prf(premaster, b"master secret" + seed, 48)
        block = _prf(self._master, b"key expansion" + server_random + self._client_random, 40)
        self._keys = (block[:16], block[16:32], block[32:36], block[36:40])
        self._messages += message

    def _finish_handshake(self, message: bytes) -> None:
        self._messages += message
        seed = b"server finished" + hashlib.sha256(self._messages).digest()
        verify = _prf(self._master, seed, 12)
        self.transport.write(bytes((_CHANGE, 3, 3, 0, 1, 1)))
        self.transport.write(self._seal(_HANDSHAKE, b"\x14\x00\x00\x0c" + verify))

    def _open(self, kind: int, payload: bytes) -> bytes:
        if self._keys is None:
            msg = "encrypted too soon"
            raise ValueError(msg)
        associated = _associated(self._read_number, kind, len(payload) - 24)
        self._read_number += 1
        nonce = self._keys[2] + payload[:8]
        return AESGCM(self._keys[0]).decrypt(nonce, payload[8:], associated)

    def _seal(self, kind: int, content: bytes) -> bytes:
        if self._keys is None:
            msg = "no keys yet"
            raise ValueError(msg)
        explicit = self._write_number.to_bytes(8, "big")
        associated = _associated(self._write_number, kind, len(content))
        self._write_number += 1
        sealed = AESGCM(self._keys[1]).encrypt(self._keys[3] + explicit, content, associated)
        body = explicit + sealed
        return bytes((kind, 3, 3)) + len(body).to_bytes(2, "big") + body

    def _refuse(self) -> None:
        self.transport.write(wire.alert(wire.HANDSHAKE_FAILURE))
        self.finish()


def _associated(number: int, kind: int, length: int) -> bytes:
    return number.to_bytes(8, "big") + bytes((kind, 3, 3)) + length.to_bytes(2, "big")


def _prf(secret: bytes, seed: bytes, length: int) -> bytes:
    """The pseudorandom function of TLS 1.2 (RFC 5246, section 5)."""
    out, chained = b"", seed
    while len(out) < length:
        chained = hmac.digest(secret, chained, "sha256")
        out += hmac.digest(secret, chained + seed, "sha256")
    return out[:length]


def _bytes_of(number: int) -> bytes:
    """Without leading zeros."""
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _opaque(number: int) -> bytes:
    content = _bytes_of(number)
    return len(content).to_bytes(2, "big") + content
