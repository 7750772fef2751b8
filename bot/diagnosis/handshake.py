"""One TLS connection: what a server really sends. All sockets of the handshake are in this file.

OpenSSL runs over memory buffers on an asyncio socket, with verification off: the chain is kept
exactly as sent, also when it is broken or when the server wants a client certificate and hangs
up. Judging is for others.

The ClientHello is the widest that our OpenSSL can make (TLS 1.0 to 1.3, every cipher suite that
authenticates the server), so that one connection shows the chain of old servers too; whether
today's clients would have got this far is a rule's question.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv6Address
from typing import cast

from OpenSSL import SSL, crypto

from bot.diagnosis.distinguished import ca_names
from bot.diagnosis.fault import Fault, FaultKind, fault_of
from bot.diagnosis.held import Held
from bot.diagnosis.hello import knows_renegotiation
from bot.diagnosis.modulus import ModulusWatch
from bot.diagnosis.offer import Noted, Profile, context_of
from bot.diagnosis.proxy import DIRECT, Route
from bot.diagnosis.starttls import DIALOGUES, Dialogue, GoAhead, RefusedError
from bot.diagnosis.tunnel import TunnelError, connect, fault_of_opening, open_connection

# A whole handshake of honest servers is below 20 KB; OpenSSL refuses a Certificate message of
# more than 100 KB by itself (SSL_CTX_set_max_cert_list).
MOST_BYTES = 512 * 1024
_MOST_TEXT = 4096

# How long a server that asked for a client certificate may take to refuse its absence. One that
# does not mind simply waits for us to speak.
_GRACE = 1.0

# Ends at which the peer's first bytes say who it is.
_SAID = ("plaintext", "starttls", "closed")


@dataclass(slots=True)
class Progress:
    """How far a handshake has come, for whoever waits for it with another one in hand.

    `connected`: to the server itself, not only to a proxy; `heard`: any byte of the server;
    `hello_sent`: TLS has begun; `answered`: a byte came after that.
    """

    connected: bool = False
    heard: bool = False
    answered: bool = False
    hello_sent: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Handshake:
    """What one connection showed. `chain` is DER, in the order it was sent.

    `client_ca_names` are the first of the `client_cas` whose certificates the server takes.

    `staple` is the OCSP response that came with it (RFC 6066, 8); `route` is the way that the
    connection took. `greeting` is what was said in the clear before STARTTLS, `reply` what came
    over TLS to an HTTP request. `held` is the connection itself, where it was to be kept.
    """

    address: IPv4Address | IPv6Address
    port: int
    connected: bool = False
    completed: bool = False
    fault: Fault | None = None
    tls_version: str | None = None
    cipher: str | None = None
    alpn: str | None = None
    chain: tuple[bytes, ...] = field(default=(), repr=False)
    client_certificate_asked: bool = False
    client_ca_names: tuple[str, ...] = ()
    client_cas: int = 0
    staple: bytes | None = field(default=None, repr=False)
    secure_renegotiation: bool | None = None
    first_bytes: bytes = b""
    received: int = 0
    reply: bytes = b""
    route: Route = DIRECT
    greeting: bytes = b""
    held: Held | None = field(default=None, repr=False, compare=False)


class _Conversation(asyncio.Protocol):
    """Feeds OpenSSL from the socket and the socket from OpenSSL until the handshake has ended."""

    def __init__(
        self,
        *,
        server_name: str | None,
        profile: Profile,
        request: bytes | None,
        tunnel: Dialogue | None,
        dialogue: Dialogue | None,
        progress: Progress,
    ) -> None:
        self.ended: asyncio.Future[Fault | None] = asyncio.get_running_loop().create_future()
        self.completed = False
        self.first_bytes = b""
        self.received = 0
        self.reply = b""
        self.greeting = b""
        self.held: Held | None = None
        self._behind = 0
        self.on_waiting: Callable[[], None] = lambda: None
        self._request = request
        self._tunnel = tunnel
        self._dialogue = dialogue
        self._progress = progress
        self._transport: asyncio.Transport | None = None
        self.tls = SSL.Connection(context_of(profile, with_alpn=dialogue is None))
        self._modulus = ModulusWatch()
        self._noted = Noted()
        self.tls.set_app_data(self._noted)
        self.tls.set_connect_state()
        self.tls.request_ocsp()
        if server_name is not None:
            self.tls.set_tlsext_host_name(server_name.encode("ascii"))

    @property
    def staple(self) -> bytes | None:
        return self._noted.staple

    @property
    def certificate_asked(self) -> bool:
        return self._noted.certificate_asked

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if self._tunnel is None:
            self._begin()
        else:
            self._dig(self._tunnel, None)

    @property
    def reached(self) -> bool:
        """Whether there is a connection to the server itself."""
        return self._tunnel is None and self._transport is not None

    def _begin(self) -> None:
        self._progress.connected = True
        if self._dialogue is None:
            self._say_hello()
        else:
            self._talk(self._dialogue, None)

    def _say_hello(self) -> None:
        self._progress.hello_sent.set()
        self._advance()

    def _dig(self, tunnel: Dialogue, data: bytes | None) -> None:
        """Go on with the proxy; what comes from it counts as nothing that the server said."""
        try:
            answer = next(tunnel) if data is None else tunnel.send(data)
        except StopIteration as ended:
            go_ahead: GoAhead = ended.value
            self._tunnel = None
            self._begin()
            if go_ahead.received:
                self.data_received(go_ahead.received)
        except TunnelError as error:
            self._end(error.fault)
        else:
            if self._transport is not None and answer:
                self._transport.write(answer)

    def data_received(self, data: bytes) -> None:
        if self.held is not None:
            self.held.feed(data)
            return
        if self.ended.done():
            self._behind += len(data)
            if self.completed and self._behind <= MOST_BYTES:
                # Session tickets: whoever holds the connection wants all of it, in its order.
                self.tls.bio_write(data)
            return
        if self._tunnel is not None:
            self._dig(self._tunnel, data)
            return
        self._progress.heard = True
        self._progress.answered = self._dialogue is None
        self.received += len(data)
        if len(self.first_bytes) < _MOST_TEXT:
            self.first_bytes = (self.first_bytes + data)[:_MOST_TEXT]
        if self.received > MOST_BYTES:
            self._end(Fault("openssl", "excessive message size"))
            return
        if self._dialogue is not None:
            self._talk(self._dialogue, data)
            return
        if self.received <= len(data) and not starts_like_tls(self.first_bytes):
            self._end(Fault("plaintext", "wrong version number"))
            return
        safe = self._modulus.safe_bytes(data)
        if data[:safe]:
            self.tls.bio_write(data[:safe])
            self._advance()
        if safe is not None:
            self._end(Fault("openssl", "modulus too large"))  # as OpenSSL says beyond 10 000 bits

    def eof_received(self) -> bool:
        if self.held is not None:
            self.held.lose()
        kind: FaultKind = "closed" if self._tunnel is None else "proxy_closed"
        self._end(Fault(kind, "unexpected eof while reading"))
        return False

    def connection_lost(self, error: Exception | None) -> None:
        if self.held is not None:
            self.held.lose()
        if self._tunnel is not None:
            self._end(Fault("proxy_closed", "Connection reset by peer"))
        elif isinstance(error, ConnectionResetError | BrokenPipeError):
            self._end(Fault("reset", "Connection reset by peer"))
        else:
            self._end(Fault("closed", "unexpected eof while reading"))

    def hold(self) -> None:
        """Keep the connection for one question more."""
        if self._transport is not None and not self._transport.is_closing():
            self.held = Held(self.tls, self._transport, self.close)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        """Say goodbye as TLS wants it, then close without waiting."""
        if self._transport is None:
            return
        if self.completed and not self._transport.is_closing():
            try:
                self.tls.shutdown()
                self._flush()
            except SSL.Error:
                pass
        self._transport.close()

    def _talk(self, dialogue: Dialogue, data: bytes | None) -> None:
        """Go on with the plain dialogue; TLS begins with the server's go-ahead."""
        try:
            answer = next(dialogue) if data is None else dialogue.send(data)
        except StopIteration as ended:
            go_ahead: GoAhead = ended.value
            self._dialogue = None
            self.greeting = self.first_bytes
            self.received, self.first_bytes = 0, b""
            if self._transport is not None and go_ahead.to_send:
                self._transport.write(go_ahead.to_send)
            self._say_hello()
            if go_ahead.received:
                self.data_received(go_ahead.received)
        except RefusedError as refused:
            self._end(Fault("starttls", str(refused)))
        else:
            if self._transport is not None and answer:
                self._transport.write(answer)

    def _advance(self) -> None:
        try:
            if not self.completed:
                self.tls.do_handshake()
                self.completed = True
                self._flush()
                if not self.certificate_asked:
                    self._end(None)
                    return
                if self.tls.get_alpn_proto_negotiated() == b"h2":
                    # Asking in HTTP/1.1 would be an error of ours; the caller connects again.
                    self._end(None)
                    return
                if self._request is not None:
                    self.tls.sendall(self._request)
                else:
                    self.on_waiting()
            if self.certificate_asked:
                # Whether the server insists on a client certificate shows only in what it does
                # next: in TLS 1.3 its alert comes after our side is done (RFC 8446, 4.4.2.4).
                while len(self.reply) < _MOST_TEXT:
                    self.reply += self.tls.recv(_MOST_TEXT)
                self._end(None)
        except SSL.WantReadError:
            self._flush()
            if self.reply and b"\r\n\r\n" in self.reply:
                self._end(None)
        except SSL.ZeroReturnError:
            self._flush()
            self._end(None if self.reply else Fault("closed", "unexpected eof while reading"))
        except SSL.SysCallError:
            self._flush()
            self._end(Fault("closed", "unexpected eof while reading"))
        except SSL.Error as error:
            # The alert that OpenSSL wrote goes out, so that the server's log is not misleading.
            self._flush()
            self._end(fault_of(error, self.first_bytes))

    def _flush(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        while True:
            try:
                self._transport.write(self.tls.bio_read(65536))
            except SSL.WantReadError:
                return

    def _end(self, fault: Fault | None) -> None:
        if not self.ended.done():
            self.ended.set_result(fault)


async def shake_hands(
    address: IPv4Address | IPv6Address,
    port: int,
    *,
    route: Route,
    server_name: str | None,
    deadline: float,
    profile: Profile = "widest",
    ask_http: bool = False,
    hold: bool = False,
    starttls: str | None = None,
    progress: Progress | None = None,
) -> Handshake:
    """Connect to this very address and run one handshake.

    Args:
        address: Where to connect; the caller has asked the egress policy.
        port: TCP port.
        route: The way there; the proxy on it is asked for this very address.
        server_name: Goes into SNI (RFC 6066); None for an IP address.
        deadline: Moment of the loop's clock after which the connection is given up.
        profile: Which ClientHello is sent.
        ask_http: Send an HTTP request when the server asked for a client certificate: nginx and
            others finish the handshake and refuse only then, with a page.
        hold: Keep the connection of a whole handshake open, in `Handshake.held`.
        starttls: The protocol to change over from (a key of `starttls.DIALOGUES`).
        progress: Kept up to date while the handshake goes on.

    Returns:
        What was seen; a failure is in `fault`, never raised.
    """
    loop = asyncio.get_running_loop()
    request = None
    if ask_http:
        host = server_name or str(address)
        head = f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        request = head.encode("ascii")
    seen = Handshake(address, port, route=route)
    dialogue = DIALOGUES[starttls](server_name or str(address)) if starttls else None
    conversation = _Conversation(
        server_name=server_name,
        profile=profile,
        request=request,
        tunnel=connect(route, address, port) if route.proxy is not None else None,
        dialogue=dialogue,
        progress=progress or Progress(),
    )
    try:
        async with asyncio.timeout(max(0.0, deadline - loop.time())):
            await open_connection(lambda: conversation, address, port, route)
    except OSError as error:  # TimeoutError is one
        return replace(seen, fault=fault_of_opening(error, route.proxy))
    try:
        async with asyncio.timeout(max(0.0, deadline - loop.time())) as bound:
            conversation.on_waiting = lambda: bound.reschedule(
                min(loop.time() + _GRACE, bound.when() or deadline)
            )
            await asyncio.shield(conversation.ended)
    except TimeoutError:
        pass
    finally:
        if not conversation.ended.done():
            conversation.abort()
        elif hold and conversation.completed and conversation.ended.result() is None:
            conversation.hold()
        if conversation.held is None:
            conversation.close()
    return _seen(seen, conversation)


def _seen(seen: Handshake, conversation: _Conversation) -> Handshake:
    tls = conversation.tls
    fault: Fault | None
    if conversation.ended.done():
        fault = conversation.ended.result()
    elif conversation.completed:
        fault = None  # an optional client certificate: the server waits for us to speak
    else:
        fault = Fault("silent" if conversation.reached else "proxy_silent", "timed out")
    if not conversation.reached:
        return replace(seen, fault=fault)
    chain: tuple[bytes, ...] = ()
    peer = tls.get_peer_cert_chain()
    if peer:
        chain = tuple(crypto.dump_certificate(crypto.FILETYPE_ASN1, one) for one in peer)
    negotiated = bool(chain) or conversation.completed
    alpn = tls.get_alpn_proto_negotiated()
    return replace(
        seen,
        connected=True,
        completed=conversation.completed,
        fault=fault,
        tls_version=tls.get_protocol_version_name() if negotiated else None,
        cipher=tls.get_cipher_name() if negotiated else None,
        alpn=alpn.decode("ascii", "replace") if alpn else None,
        chain=chain,
        client_certificate_asked=conversation.certificate_asked,
        client_ca_names=ca_names(tls.get_client_ca_list())
        if conversation.certificate_asked
        else (),
        client_cas=len(tls.get_client_ca_list()) if conversation.certificate_asked else 0,
        staple=conversation.staple,
        secure_renegotiation=None
        if tls.get_protocol_version_name() == "TLSv1.3"
        else knows_renegotiation(conversation.first_bytes),
        first_bytes=conversation.first_bytes if fault and fault.kind in _SAID else b"",
        received=conversation.received,
        reply=conversation.reply,
        greeting=conversation.greeting,
        held=conversation.held,
    )


def starts_like_tls(start: bytes) -> bool:
    """Whether these bytes can be the start of a TLS record."""
    # TLSPlaintext.type is 20 to 23 and legacy_record_version 0x03XX (RFC 8446, 5.1).
    return (
        start[:1] != b""
        and start[0] in (0x14, 0x15, 0x16, 0x17)
        and (len(start) < 2 or start[1] == 3)
    )
