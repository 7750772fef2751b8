"""Which handshake counts: plain protocols guessed from the port, and hellos that are too large."""

import asyncio
from pathlib import Path

import pytest

from bot.demo.lab import wire
from bot.demo.lab.gate import Gate, Refusal
from bot.demo.lab.scenario import Server
from bot.demo.lab.script import ScriptServer, to_hello
from bot.demo.lab.tls import TlsServer
from bot.diagnosis import ConnectTo, check
from bot.diagnosis.causes import Cause
from bot.diagnosis.contact import USUAL_STARTTLS, Contact, make_contact
from bot.diagnosis.proxy import DIRECT
from bot.diagnosis.report import Report
from tests.diagnosis.servers import authority, running
from tests.diagnosis.test_starttls import REFUSING, WILLING, serving

HOST = "contact.lab.test"
PORTS = sorted(USUAL_STARTTLS)


def tls() -> TlsServer:
    """A server with nothing wrong."""
    ca = authority()
    return TlsServer((ca.leaf(HOST), ca.issuing))


async def contact(server: Server, usual_port: int = 443, *, within: float = 6.0) -> Contact:
    """The contact with this server, asked for as if it listened on the usual port."""
    async with running(server) as (address, port):
        return await make_contact(
            address,
            port,
            route=DIRECT,
            usual_port=usual_port,
            server_name=HOST,
            starttls=None,
            ask_http=False,
            deadline=asyncio.get_running_loop().time() + within,
        )


async def _checked(port: int, served_port: int, root_pem: bytes) -> Report:
    return await check(
        f"mail.lab.test:{port}",
        addresses=[ConnectTo(address="127.0.0.1", port=served_port)],
        roots=root_pem,
        allow_networks=["127.0.0.0/8"],
        timeout=5,
    )


@pytest.mark.parametrize("port", PORTS)
async def test_a_plain_protocol_is_guessed_from_its_port(port: int, tmp_path: Path) -> None:
    """`mail.example.jp:587` is checked behind STARTTLS, and the commands of the answer say so."""
    protocol = USUAL_STARTTLS[port]
    async with serving(WILLING[protocol], tmp_path) as served:
        report = await _checked(port, served.port, served.root_pem)
    assert (report.verdict, report.cause) == ("ok", None)
    assert report.target.starttls == protocol


@pytest.mark.parametrize("port", [25, 143, 5432])
async def test_a_refusal_is_named_where_the_protocol_was_guessed(port: int, tmp_path: Path) -> None:
    """A server that greets and does not offer STARTTLS is not called broken TLS."""
    async with serving(REFUSING[USUAL_STARTTLS[port]], tmp_path) as served:
        report = await _checked(port, served.port, served.root_pem)
    assert (report.verdict, report.cause) == ("broken", Cause.STARTTLS_REFUSED)


@pytest.mark.parametrize("port", PORTS)
async def test_tls_at_once_works_on_such_a_port(port: int) -> None:
    """A server that speaks TLS from the first byte on a plain protocol's port is heard, too."""
    made = await contact(tls(), port)
    assert made.handshake.completed
    assert made.starttls is None


async def test_another_protocol_on_such_a_port_is_seen() -> None:
    """HTTP on the mail port: what was said to the ClientHello is what counts."""
    page = b"HTTP/1.1 400 Bad Request\r\n\r\n"
    made = await contact(ScriptServer(lambda _: page), 587)
    assert made.starttls is None
    assert made.handshake.first_bytes.startswith(b"HTTP/1.1 400")


async def test_a_dead_port_costs_one_try() -> None:
    """Nothing listens on the mail port: refused, without guessing on."""
    async with running(tls()) as (address, port):
        pass
    deadline = asyncio.get_running_loop().time() + 3
    made = await make_contact(
        address,
        port,
        route=DIRECT,
        usual_port=25,
        server_name=HOST,
        starttls=None,
        ask_http=False,
        deadline=deadline,
    )
    assert made.handshake.fault is not None
    assert made.handshake.fault.kind == "refused"


def _small_only(refusal: Refusal) -> Gate:
    def judge(_: wire.ClientHello, size: int) -> Refusal:
        return refusal if size > 1460 else None

    return Gate(tls(), judge)


@pytest.mark.parametrize("refusal", ["reset", "silence"])
async def test_a_large_hello_that_gets_no_answer_is_tried_small(refusal: Refusal) -> None:
    """Reset or swallowed: the small hello shows the chain, and only the size was the matter."""
    made = await contact(_small_only(refusal))
    assert made.handshake.completed
    assert made.unanswered is not None
    assert made.unanswered.fault is not None
    assert made.unanswered.fault.kind in ("reset", "closed", "silent")
    assert made.only_size is True


async def test_a_server_that_resets_everything_is_no_matter_of_size() -> None:
    """When the small hello is reset as well, the first one tells the story."""
    made = await contact(ScriptServer(to_hello(lambda _: b""), ends="with-reset"))
    assert made.unanswered is None
    assert made.handshake.fault is not None


async def test_our_usual_hello_is_a_large_one() -> None:
    """The widest hello is larger than one segment, the small one is not: else nothing is proven."""
    sizes: list[int] = []

    def judge(_: wire.ClientHello, size: int) -> Refusal:
        sizes.append(size)
        return "reset" if len(sizes) == 1 else None

    await contact(Gate(tls(), judge))
    assert sizes[0] > 1460 > sizes[1]
