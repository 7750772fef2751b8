"""The check against real servers: what each sends is seen over its own way into TLS."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial

import pytest

from bot.demo.lab.pki import chain_pem, make_intermediate, make_leaf, make_root
from bot.diagnosis import ConnectTo, check, parse_target
from bot.diagnosis.causes import Cause
from bot.diagnosis.report import Report
from tests.realservers import Listening, apache, dovecot, haproxy, nginx, postfix, postgres

HOST = "server.lab.test"

Start = Callable[..., AbstractAsyncContextManager[Listening]]


@dataclass(frozen=True)
class Kind:
    """One server, how TLS is begun there, and how to start it without."""

    start: Start
    starttls: str | None = None
    without_tls: Start | None = None


KINDS = {
    "nginx": Kind(nginx),
    "apache": Kind(apache),
    "haproxy": Kind(haproxy),
    "postfix": Kind(postfix, "smtp", partial(postfix, directives="")),
    "dovecot-imap": Kind(
        partial(dovecot, protocol="imap"),
        "imap",
        partial(dovecot, protocol="imap", directives="ssl = no"),
    ),
    "dovecot-pop3": Kind(
        partial(dovecot, protocol="pop3"),
        "pop3",
        partial(dovecot, protocol="pop3", directives="ssl = no"),
    ),
    "postgres": Kind(postgres, "postgres", partial(postgres, directives="")),
}
CHANGING_OVER = [name for name, kind in KINDS.items() if kind.without_tls is not None]


@dataclass(frozen=True)
class Issued:
    """A server certificate with and without its intermediate, and the root it leads to."""

    leaf: bytes
    whole: bytes
    key: bytes
    root: bytes


@cache
def issued() -> Issued:
    """One hierarchy for all tests of a process."""
    now = datetime.now(UTC)
    root = make_root("Real Servers Root", now=now)
    issuer = make_intermediate(root, "Real Servers CA", now=now)
    leaf = make_leaf(issuer, HOST, now=now)
    return Issued(leaf.pem, chain_pem(leaf, issuer), leaf.key_pem, root.pem)


async def _check(server: Listening, starttls: str | None) -> Report:
    return await check(
        parse_target(HOST, starttls=starttls),
        addresses=[ConnectTo(address=server.address, port=server.port)],
        roots=issued().root,
        allow_networks=["127.0.0.0/8"],
        fetch=False,
    )


@pytest.mark.parametrize("name", KINDS)
async def test_a_whole_chain_is_fine(name: str) -> None:
    """A server that sends its intermediate is called ok."""
    kind = KINDS[name]
    async with kind.start(issued().whole, issued().key) as server:
        report = await _check(server, kind.starttls)
    assert (report.verdict, report.cause) == ("ok", None)
    assert [one.role for one in report.endpoints[0].chain] == ["leaf", "intermediate"]


@pytest.mark.parametrize("name", KINDS)
async def test_a_missing_intermediate_is_named(name: str) -> None:
    """A server that sends only its own certificate lacks the intermediate, whatever it speaks."""
    kind = KINDS[name]
    async with kind.start(issued().leaf, issued().key) as server:
        report = await _check(server, kind.starttls)
    assert (report.verdict, report.cause) == ("broken", Cause.MISSING_INTERMEDIATE)
    assert len(report.endpoints[0].chain) == 1


@pytest.mark.parametrize("name", CHANGING_OVER)
async def test_a_server_without_starttls_is_named(name: str) -> None:
    """A server whose TLS is turned off refuses to change over."""
    kind = KINDS[name]
    assert kind.without_tls is not None
    async with kind.without_tls(issued().whole, issued().key) as server:
        report = await _check(server, kind.starttls)
    assert (report.verdict, report.cause) == ("broken", Cause.STARTTLS_REFUSED)
