"""Servers that really speak TLS, by pyOpenSSL over memory BIOs: the same OpenSSL on every machine.

What a server presents and demands is one `TlsServer` value. Faults that OpenSSL refuses to commit
are written by hand in `script` and `wire`.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from OpenSSL import SSL

from bot.demo.lab.loopback import House, Visit
from bot.demo.lab.page import BAD_REQUEST, NO_CERTIFICATE, WELCOME, response
from bot.demo.lab.pki import Issued

ClientCertificate = Literal["unasked", "optional", "required", "required-by-page"]

_NO_AUTO_CHAIN = 0x8  # SSL_MODE_NO_AUTO_CHAIN: send what was configured, never add from a store
_NO_PROTOCOL = SSL.NO_OVERLAPPING_PROTOCOLS
_REQUEST_LIMIT = 16_384
_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class TlsServer:
    """What one address presents: its chain exactly as sent (the server's own certificate first).

    `lowest` and `highest` are pyOpenSSL's version numbers (`SSL.TLS1_2_VERSION`). `client_ca` is
    named in the request for a client certificate, `client_cas` after it. `pace`: seconds between two sent bytes.
    `staple`: an OCSP response, DER.
    `also`: a second certificate with a key of another kind, for clients that want that; `own_order`:
    which one is given goes by the server's order, not by the client's. `alpn`: the protocol that it
    chooses whatever is offered.
    """

    chain: tuple[Issued, ...]
    lowest: int = SSL.TLS1_2_VERSION
    highest: int = SSL.TLS1_3_VERSION
    ciphers: bytes | None = None
    client_certificate: ClientCertificate = "unasked"
    client_ca: Issued | None = None
    client_cas: tuple[Issued, ...] = ()
    pace: float | None = None
    staple: bytes | None = None
    also: Issued | None = None
    own_order: bool = False
    alpn: bytes | None = None

    def visits(self, house: House) -> Callable[[], asyncio.Protocol]:
        """What makes a protocol for each accepted connection."""
        context = self.context()
        return lambda: TlsVisit(house, context, self)

    def context(self) -> SSL.Context:
        """What each connection is made from."""
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.set_min_proto_version(self.lowest)
        context.set_max_proto_version(self.highest)
        context.set_mode(_NO_AUTO_CHAIN)
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        if self.own_order:
            context.set_options(SSL.OP_CIPHER_SERVER_PREFERENCE)
        if self.ciphers is not None:  # first: it may lower the security level for what follows
            context.set_cipher_list(self.ciphers)
        if self.staple is not None:
            staple = self.staple
            context.set_ocsp_server_callback(lambda *_: staple)
        context.use_certificate(self.chain[0].certificate)
        context.use_privatekey(self.chain[0].key)
        if self.also is not None:
            context.use_certificate(self.also.certificate)
            context.use_privatekey(self.also.key)
        for one in self.chain[1:]:
            context.add_extra_chain_cert(one.certificate)
        chosen = self.alpn
        context.set_alpn_select_callback(
            lambda _, offered: chosen or (b"http/1.1" if b"http/1.1" in offered else _NO_PROTOCOL)
        )
        self._ask_for_certificate(context)
        return context

    def _ask_for_certificate(self, context: SSL.Context) -> None:
        if self.client_certificate == "unasked":
            return
        named = (self.client_ca, *self.client_cas)
        for one in named:
            if one is not None:
                context.add_client_ca(one.certificate)
        mode = SSL.VERIFY_PEER
        if self.client_certificate == "required":
            mode |= SSL.VERIFY_FAIL_IF_NO_PEER_CERT
        # Whose certificate it is does not matter here, only whether one is demanded.
        context.set_verify(mode, lambda *_: True)


class TlsVisit(Visit):
    """One TLS session: handshake, one HTTP/1.1 request, its answer, close_notify."""

    def __init__(self, house: House, context: SSL.Context, server: TlsServer) -> None:
        super().__init__(house)
        self._server = server
        self._tls = SSL.Connection(context, None)
        self._tls.set_accept_state()
        self._shaken = False
        self._ended = False
        self._request = b""
        self._slow = bytearray()
        self._tick: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        """Go on with what came."""
        if self.finished or self._ended:
            return
        self._tls.bio_write(data)
        self._ended = self._advance()
        self._send(self._outgoing())

    def _advance(self) -> bool:
        """Go as far as the bytes so far allow; true when nothing more will be said."""
        try:
            if not self._shaken:
                self._tls.do_handshake()
                self._shaken = True
            while b"\r\n\r\n" not in self._request and len(self._request) < _REQUEST_LIMIT:
                self._request += self._tls.recv(_CHUNK)
            self._tls.sendall(self._answer())
            self._tls.shutdown()
        except SSL.WantReadError:
            return False
        except SSL.ZeroReturnError:
            self._tls.shutdown()
        except SSL.Error:  # the alert that says why is already in the outgoing BIO
            return True
        return True

    def _answer(self) -> bytes:
        demanded = self._server.client_certificate == "required-by-page"
        if b"\r\n\r\n" not in self._request:
            return response(self._request, BAD_REQUEST)
        if demanded and self._tls.get_peer_certificate(as_cryptography=True) is None:
            return response(self._request, NO_CERTIFICATE)
        return response(self._request, WELCOME)

    def _outgoing(self) -> bytes:
        pieces = []
        while True:
            try:
                pieces.append(self._tls.bio_read(_CHUNK))
            except SSL.WantReadError:
                return b"".join(pieces)

    def _send(self, data: bytes) -> None:
        if self._server.pace is None:
            if data and not self.transport.is_closing():
                self.transport.write(data)
            if self._ended:
                self.finish()
        else:
            self._slow += data
            if self._tick is None:
                self._drip(self._server.pace)

    def _drip(self, pace: float) -> None:
        """Send one byte, and the next one `pace` seconds later."""
        self._tick = None
        if self._slow:
            self.transport.write(bytes(self._slow[:1]))
            del self._slow[:1]
            self._tick = asyncio.get_running_loop().call_later(pace, self._drip, pace)
        elif self._ended:
            self.finish()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the dripping and leave."""
        if self._tick is not None:
            self._tick.cancel()
        super().connection_lost(exc)
