"""The connections beside the first one: what they tell, and that nobody waits for them."""

import asyncio
from collections.abc import Callable

import pytest
from OpenSSL import SSL

from bot.demo.lab import wire
from bot.demo.lab.gate import Gate, Refusal
from bot.demo.lab.tls import TlsServer
from bot.diagnosis.beside import Beside, contact_with_others, oldest_version
from bot.diagnosis.contact import Contact, make_contact
from bot.diagnosis.hello import HelloAnswer
from bot.diagnosis.proxy import DIRECT
from tests.diagnosis.servers import authority, running

HOST = "beside.lab.test"
EVERYTHING = b"ALL:@SECLEVEL=0"


async def asked(
    server: TlsServer | Gate, *, usual_port: int = 443, starttls: str | None = None
) -> tuple[Contact, Beside | None, float]:
    """The first contact, the answers beside it, and the time that all of it took."""
    loop = asyncio.get_running_loop()
    async with running(server) as (address, port):
        started = loop.time()
        deadline = started + 8
        first = make_contact(
            address,
            port,
            route=DIRECT,
            usual_port=443,
            server_name=HOST,
            starttls=None,
            ask_http=False,
            deadline=deadline,
        )
        contact, beside = await contact_with_others(
            first,
            address,
            port,
            route=DIRECT,
            usual_port=usual_port,
            server_name=HOST,
            starttls=starttls,
            deadline=deadline,
        )
        return contact, beside, loop.time() - started


@pytest.mark.parametrize(
    ("lowest", "highest", "said"),
    [
        (SSL.TLS1_VERSION, SSL.TLS1_3_VERSION, "TLSv1"),
        (SSL.TLS1_1_VERSION, SSL.TLS1_3_VERSION, "TLSv1.1"),
        (SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION, "TLSv1.2"),
        (SSL.TLS1_3_VERSION, SSL.TLS1_3_VERSION, "TLSv1.3"),
        (SSL.TLS1_2_VERSION, SSL.TLS1_2_VERSION, "TLSv1.2"),
        (SSL.TLS1_VERSION, SSL.TLS1_VERSION, "TLSv1"),
    ],
)
@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
async def test_the_oldest_version_is_found(lowest: int, highest: int, said: str, kind: str) -> None:
    """What OpenSSL was told to speak is what the answers come to."""
    ca = authority()
    leaf = ca.leaf(HOST, key=ca.rsa_key) if kind == "rsa" else ca.leaf(HOST)
    server = TlsServer((leaf, ca.issuing), lowest=lowest, highest=highest, ciphers=EVERYTHING)
    contact, beside, _ = await asked(server)
    assert beside is not None
    assert oldest_version(contact.handshake.tls_version, beside) == said


@pytest.mark.parametrize(
    "beside",
    [
        Beside(),
        Beside(old=HelloAnswer()),
        Beside(old=HelloAnswer(alert=40), rsa=HelloAnswer(alert=40)),
        Beside(old=HelloAnswer(alert=70), rsa=HelloAnswer()),
    ],
    ids=["unanswered", "silent", "one alert for everything", "no word on TLS 1.2"],
)
def test_what_was_not_said_is_not_claimed(beside: Beside) -> None:
    """Without an answer that tells, there is no oldest version."""
    assert oldest_version("TLSv1.3", beside) is None


def silent_towards(judge: Callable[[wire.ClientHello], bool]) -> Gate:
    """A healthy server that never answers some hellos."""
    ca = authority()

    def decide(hello: wire.ClientHello, _: int) -> Refusal:
        return "silence" if judge(hello) else None

    return Gate(TlsServer((ca.leaf(HOST), ca.issuing)), decide)


async def test_nobody_waits_for_silence() -> None:
    """A server that keeps silent towards the hand-made hellos is answered about soon all the same."""
    gate = silent_towards(lambda hello: 0x1301 not in hello.cipher_suites)
    contact, beside, took = await asked(gate)
    assert contact.handshake.completed
    assert beside == Beside()
    assert took < 3.0  # the hellos' own patience


@pytest.mark.parametrize(("port", "starttls"), [(25, None), (443, "smtp")])
async def test_plain_protocols_are_left_alone(port: int, starttls: str | None) -> None:
    """Where a plain protocol comes first, no hello is sent beside it."""
    ca = authority()
    hellos = []

    def count(hello: wire.ClientHello, _: int) -> Refusal:
        hellos.append(hello)
        return None

    gate = Gate(TlsServer((ca.leaf(HOST), ca.issuing)), count)
    _, beside, _ = await asked(gate, usual_port=port, starttls=starttls)
    assert beside is None
    assert len(hellos) == 1


async def test_a_healthy_server_is_connected_to_three_times() -> None:
    """One handshake and two hellos: what a check of a server costs that server."""
    ca = authority()
    hellos = []

    def count(hello: wire.ClientHello, _: int) -> Refusal:
        hellos.append(hello)
        return None

    await asked(Gate(TlsServer((ca.leaf(HOST), ca.issuing)), count))
    assert len(hellos) == 3
