"""A TLS 1.2 server as they were before RFC 5746, written by hand: OpenSSL can no longer be one.

One cipher suite (TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, RFC 5289), one answer, no extensions.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bot.demo.lab import wire
from bot.demo.lab.loopback import House, Visit
from bot.demo.lab.page import WELCOME, response
from bot.demo.lab.pki import Issued

_SUITE = 0xC02F
_NAMED_CURVE_P256 = b"\x03\x00\x17"
_RSA_SHA256 = b"\x04\x01"
_CHANGE, _ALERT, _HANDSHAKE, _DATA = 20, 21, 22, 23
_MOST = 65_536


@dataclass(frozen=True, slots=True)
class LegacyServer:
    """What one address presents; the server's own certificate, with an RSA key, first."""

    chain: tuple[Issued, ...]

    def visits(self, house: House) -> Callable[[], asyncio.Protocol]:
        """What makes a protocol for each accepted connection."""
        return lambda: _LegacyVisit(house, self.chain)


class _LegacyVisit(Visit):
    """One session: the handshake of RFC 5246, 7.3, one HTTP request, its answer."""

    def __init__(self, house: House, chain: tuple[Issued, ...]) -> None:
        super().__init__(house)
        self._chain = chain
        self._share = ec.generate_private_key(ec.SECP256R1())
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
        if hello is None or _SUITE not in hello.cipher_suites:
            self._refuse()
            return
        self._client_random = message[6:38]
        certificates = [one.der for one in self._chain]
        record = wire.server_flight(
            _SUITE,
            certificates,
            secure_renegotiation=False,
            key_exchange=self._signed_point,
        )
        self._flight = record[5:]
        self._messages = message + self._flight
        self.transport.write(record)

    def _signed_point(self, server_random: bytes) -> bytes:
        """The ServerKeyExchange of RFC 8422, 5.4."""
        key = self._chain[0].key
        if not isinstance(key, rsa.RSAPrivateKey):
            msg = "an RSA key is needed"
            raise TypeError(msg)
        point = self._share.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        offered = _NAMED_CURVE_P256 + bytes((len(point),)) + point
        signed = self._client_random + server_random + offered
        signature = key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        return offered + _RSA_SHA256 + len(signature).to_bytes(2, "big") + signature

    def _exchange_keys(self, message: bytes) -> None:
        if message[0] != 16:
            msg = "no ClientKeyExchange"
            raise ValueError(msg)
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), message[5:])
        premaster = self._share.exchange(ec.ECDH(), theirs)
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
