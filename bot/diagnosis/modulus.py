"""Looks for a Diffie-Hellman modulus that is too large to compute with, before OpenSSL does.

Up to TLS 1.2 the server chooses the modulus (RFC 5246, 7.4.3), any odd number of up to 10 000 bits
for OpenSSL: the two exponentiations with such a one take a second, on the loop that answers
everybody. So its message is found in the clear first flight and kept from OpenSSL. Pure.
"""

MOST_BITS = 4096
"""Beyond what servers are told to use (RFC 7919 names larger groups; nobody needs them)."""

_ALERT, _HANDSHAKE = 21, 22
_SERVER_KEY_EXCHANGE, _SERVER_HELLO_DONE = 12, 14


class ModulusWatch:
    """Reads along with one connection's first flight."""

    def __init__(self) -> None:
        self._records = bytearray()
        self._message = bytearray()
        self._message_from = 0
        self._at = 0
        self._over = False

    def safe_bytes(self, data: bytes) -> int | None:
        """How much of what just came OpenSSL may see, None: all of it.

        Less than all means that a modulus of more than `MOST_BITS` bits follows.
        """
        if self._over:
            return None
        before = self._at + len(self._records)
        self._records += data
        while len(self._records) >= 5:
            kind, length = self._records[0], int.from_bytes(self._records[3:5])
            if kind not in (_ALERT, _HANDSHAKE):  # encrypted from here on
                self._over = True
                return None
            if len(self._records) < 5 + length:
                return None
            if kind == _HANDSHAKE and self._too_large_in(self._records[5 : 5 + length]):
                self._over = True
                return max(0, self._message_from - before)
            del self._records[: 5 + length]
            self._at += 5 + length
            if self._over:
                return None
        return None

    def _too_large_in(self, payload: bytearray) -> bool:
        if not self._message:
            self._message_from = self._at
        self._message += payload
        while len(self._message) >= 4:
            end = 4 + int.from_bytes(self._message[1:4])
            if len(self._message) < end:
                return False
            kind, body = self._message[0], self._message[4:end]
            if kind == _SERVER_KEY_EXCHANGE and modulus_bits(body) > MOST_BITS:
                return True
            self._over = kind in (_SERVER_KEY_EXCHANGE, _SERVER_HELLO_DONE)
            del self._message[:end]
            self._message_from = self._at
        return False


def modulus_bits(body: bytes | bytearray) -> int:
    """Bits of dh_p in a ServerKeyExchange (RFC 5246, 7.4.3); 0 when it is of another kind.

    An elliptic one (RFC 8422, 5.4) begins with bytes that look like a long modulus, but does not go
    on like one.
    """
    size = int.from_bytes(body[:2])
    generator_at = 2 + size
    generator = int.from_bytes(body[generator_at : generator_at + 2])
    public_at = generator_at + 2 + generator
    public = int.from_bytes(body[public_at : public_at + 2])
    fits = 0 < generator <= size and 0 < public <= size and public_at + 2 + public <= len(body)
    return int.from_bytes(body[2:generator_at]).bit_length() if fits else 0
