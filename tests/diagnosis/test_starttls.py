"""Changing over to TLS from each plain protocol: the real bytes, then a real handshake."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.demo.lab.pki import chain_pem, make_intermediate, make_leaf, make_root
from bot.diagnosis import ConnectTo, check, parse_target
from bot.diagnosis.causes import STARTTLS_PROTOCOLS, Cause
from bot.diagnosis.report import Report
from bot.diagnosis.starttls import DIALOGUES, RefusedError

HOST = "mail.lab.test"

# Greeting of MySQL 8.0.36 (Protocol::HandshakeV10), as its documentation lays it out: version,
# thread, salt, capabilities with CLIENT_SSL, charset, status.
_MYSQL_BODY = (
    b"\x0a8.0.36\x00"
    b"\x08\x00\x00\x00"
    b"saltsalt\x00"
    b"\xff\xff"
    b"\xff\x02\x00\xff\xdf"
    b"\x15" + bytes(10) + b"saltsaltsalt\x00caching_sha2_password\x00"
)
_MYSQL_REQUEST = b"\x20\x00\x00\x01"
_MYSQL_NO_TLS = _MYSQL_BODY.replace(b"\xff\xff\xff\x02", b"\xff\xf7\xff\x02")


def _mysql(body: bytes) -> bytes:
    return len(body).to_bytes(3, "little") + b"\x00" + body


@dataclass(frozen=True)
class Script:
    """What a server says first, and what it answers to each thing it is asked."""

    greeting: bytes
    turns: tuple[tuple[bytes, bytes], ...]


_XMPP_FEATURES = (
    b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' "
    b"xmlns:stream='http://etherx.jabber.org/streams' id='1' version='1.0'><stream:features>"
    b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>"
)
_LDAP_YES = bytes.fromhex("300c02010178070a010004000400")
_LDAP_NO = bytes.fromhex("300c02010178070a013404000400")

WILLING: dict[str, Script] = {
    "smtp": Script(
        b"220-mail.lab.test ESMTP\r\n220 ready\r\n",
        (
            (b"EHLO ", b"250-mail.lab.test\r\n250-SIZE 1000\r\n250-STARTTLS\r\n250 HELP\r\n"),
            (b"STARTTLS\r\n", b"220 2.0.0 Ready to start TLS\r\n"),
        ),
    ),
    "imap": Script(
        b"* OK [CAPABILITY IMAP4rev1 STARTTLS] Dovecot ready.\r\n",
        ((b"a STARTTLS\r\n", b"a OK Begin TLS negotiation now.\r\n"),),
    ),
    "pop3": Script(b"+OK Dovecot ready.\r\n", ((b"STLS\r\n", b"+OK Begin TLS\r\n"),)),
    "ftp": Script(
        b"220 (vsFTPd 3.0.3)\r\n", ((b"AUTH TLS\r\n", b"234 Proceed with negotiation.\r\n"),)
    ),
    "nntp": Script(b"200 news\r\n", ((b"STARTTLS\r\n", b"382 Continue\r\n"),)),
    "sieve": Script(
        b'"IMPLEMENTATION" "Dovecot"\r\n"STARTTLS"\r\nOK "ready."\r\n',
        ((b"STARTTLS\r\n", b'OK "Begin TLS"\r\n'),),
    ),
    "ldap": Script(b"", ((b"\x30", _LDAP_YES),)),
    "postgres": Script(b"", ((b"\x00\x00\x00\x08\x04\xd2\x16\x2f", b"S"),)),
    "mysql": Script(_mysql(_MYSQL_BODY), ((_MYSQL_REQUEST, b""),)),
    "xmpp": Script(
        b"",
        (
            (b"<?xml", _XMPP_FEATURES),
            (b"<starttls", b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"),
        ),
    ),
}
WILLING["xmpp-server"] = WILLING["xmpp"]
REFUSING: dict[str, Script] = {
    "smtp": Script(b"220 ready\r\n", ((b"EHLO ", b"250-mail\r\n250 HELP\r\n"),)),
    "imap": Script(b"* OK ready.\r\n", ((b"a STARTTLS", b"a BAD Unknown command.\r\n"),)),
    "pop3": Script(b"+OK ready.\r\n", ((b"STLS", b"-ERR Unknown command.\r\n"),)),
    "ftp": Script(b"220 ready\r\n", ((b"AUTH TLS", b"530 Please login.\r\n"),)),
    "nntp": Script(b"200 news\r\n", ((b"STARTTLS", b"500 What?\r\n"),)),
    "sieve": Script(b'"IMPLEMENTATION" "x"\r\nOK "ready."\r\n', ()),
    "ldap": Script(b"", ((b"\x30", _LDAP_NO),)),
    "postgres": Script(b"", ((b"\x00", b"N"),)),
    "mysql": Script(_mysql(_MYSQL_NO_TLS), ()),
    "xmpp": Script(b"", ((b"<?xml", b"<stream:features><bind/></stream:features>"),)),
}
REFUSING["xmpp-server"] = REFUSING["xmpp"]


@dataclass(frozen=True)
class Served:
    """A running server: its port, and the root that its certificate leads to."""

    port: int
    root_pem: bytes


@asynccontextmanager
async def serving(script: Script, folder: Path, *, slowly: bool = False) -> AsyncIterator[Served]:
    """A server that follows the script, then upgrades with asyncio's own TLS."""
    now = datetime.now(UTC)
    root = make_root("STARTTLS Root", now=now)
    issuer = make_intermediate(root, "STARTTLS CA", now=now)
    leaf = make_leaf(issuer, HOST, now=now)
    file = folder / "server.pem"
    file.write_bytes(leaf.key_pem + chain_pem(leaf, issuer))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    loop = asyncio.get_running_loop()

    async def visit(peer: socket.socket) -> None:
        await say(peer, script.greeting)
        for asked, answer in script.turns:
            # Not a byte more than the request: MySQL's client goes on with TLS at once.
            heard = await loop.sock_recv(peer, 36 if asked == _MYSQL_REQUEST else 4096)
            if not heard.startswith(asked):
                return
            await say(peer, answer)
        await asyncio.to_thread(shake, peer)

    def shake(peer: socket.socket) -> None:
        peer.settimeout(5)
        with context.wrap_socket(peer, server_side=True) as tls:
            tls.recv(1)

    async def say(peer: socket.socket, text: bytes) -> None:
        for part in [text[at : at + 1] for at in range(len(text))] if slowly else [text]:
            await loop.sock_sendall(peer, part)
            await asyncio.sleep(0)

    async def serve(listening: socket.socket) -> None:
        peer, _ = await loop.sock_accept(listening)
        with peer, contextlib.suppress(OSError):
            await visit(peer)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        task = asyncio.create_task(serve(listening))
        try:
            yield Served(listening.getsockname()[1], root.pem)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _check(protocol: str, served: Served) -> Report:
    return await check(
        parse_target(HOST, starttls=protocol),
        addresses=[ConnectTo(address="127.0.0.1", port=served.port)],
        roots=served.root_pem,
        allow_networks=["127.0.0.0/8"],
        timeout=5,
    )


@pytest.mark.parametrize("slowly", [False, True], ids=["at once", "byte by byte"])
@pytest.mark.parametrize("protocol", STARTTLS_PROTOCOLS)
async def test_the_chain_is_seen_behind_starttls(
    protocol: str, slowly: bool, tmp_path: Path
) -> None:
    """After the protocol's own dialogue the handshake shows the server's chain."""
    async with serving(WILLING[protocol], tmp_path, slowly=slowly) as served:
        report = await _check(protocol, served)
    assert (report.verdict, report.cause) == ("ok", None)
    assert [one.role for one in report.endpoints[0].chain] == ["leaf", "intermediate"]


@pytest.mark.parametrize("protocol", STARTTLS_PROTOCOLS)
async def test_a_refusal_is_named(protocol: str, tmp_path: Path) -> None:
    """A server that does not offer or accept STARTTLS is told apart from broken TLS."""
    async with serving(REFUSING[protocol], tmp_path) as served:
        report = await _check(protocol, served)
    assert (report.verdict, report.cause) == ("broken", Cause.STARTTLS_REFUSED)
    assert report.fix is not None
    assert any(f"-starttls {protocol}" in (one.command or "") for one in report.fix.steps)


@pytest.mark.parametrize("protocol", STARTTLS_PROTOCOLS)
@given(replies=st.lists(st.binary(max_size=300), max_size=6))
def test_no_reply_upsets_a_dialogue(protocol: str, replies: list[bytes]) -> None:
    """Whatever a server says, a dialogue goes on, ends or is refused, and nothing else."""
    dialogue = DIALOGUES[protocol](HOST)
    try:
        next(dialogue)
        for one in replies:
            dialogue.send(one)
    except (StopIteration, RefusedError):
        pass


async def test_a_server_that_talks_for_ever_is_refused(tmp_path: Path) -> None:
    """An endless greeting is cut off at a bound."""
    async with serving(Script(b"220-more\r\n" * 5000, ()), tmp_path) as served:
        report = await _check("smtp", served)
    assert report.cause is Cause.STARTTLS_REFUSED
