"""Checks through real proxies on loopback, good and bad ones; curl and openssl as second opinions."""

import asyncio
import contextlib
import socket
import ssl
import tempfile
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cache
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from bot.demo.lab import wire
from bot.demo.lab.aia import serve_aia
from bot.demo.lab.authority import AIA_HOST, Authority
from bot.demo.lab.gate import Gate, Refusal
from bot.demo.lab.loopback import bound_socket
from bot.demo.lab.pki import chain_pem
from bot.demo.lab.scenario import Server
from bot.demo.lab.tls import TlsServer
from bot.diagnosis import Question, parse_target
from bot.diagnosis.aia import IssuerFetcher
from bot.diagnosis.causes import Cause
from bot.diagnosis.download import Downloader, DownloadError
from bot.diagnosis.egress import EgressPolicy
from bot.diagnosis.examine import examine
from bot.diagnosis.fault import Fault
from bot.diagnosis.proxy import NO_PROXIES, Proxies, Route, parse_bypass, parse_proxy
from bot.diagnosis.report import Report
from bot.diagnosis.resolve import FixedResolver, NameNotResolvedError, Place
from bot.diagnosis.surroundings import Surroundings
from bot.diagnosis.trust import trust_store
from bot.diagnosis.tunnel import TunnelError, connect
from bot.letter import write_letter
from bot.texts import LANGS, phrase_report
from tests.diagnosis.servers import running
from tests.diagnosis.test_starttls import WILLING, serving
from tests.proxies import Manner, Running, proxy
from tests.realclients.clients import run, why_missing
from tests.realservers.forward import tinyproxy

HOST = "shop.lab.test"
LOGIN = b64encode(b"user:secret").decode()
NOW = datetime.now(UTC)
_KEY_SHARE = 51  # RFC 8446, 4.2.8


@cache
def ca() -> Authority:
    """One hierarchy as of now, for the real clients too."""
    return Authority(NOW)


class Nobody:
    """Knows no name."""

    async def resolve(self, host: str, within: float) -> tuple[Place, ...]:
        """See `Resolver.resolve`."""
        raise NameNotResolvedError(host, "nxdomain", "Domain name not found")


def good() -> TlsServer:
    """A server with nothing wrong."""
    return TlsServer((ca().leaf(HOST), ca().issuing))


async def checked(
    place: tuple[str, int] | None,
    proxies: Proxies,
    *,
    target: str = HOST,
    starttls: str | None = None,
    more: dict[str, tuple[Place, ...]] | None = None,
    root_pem: bytes | None = None,
    allowed: str = "127.0.0.0/8",
    within: float = 5.0,
) -> Report:
    """One check of `target`, which is at `place`, with these proxies."""
    known = dict(more or {})
    if place is not None:
        known[target] = (Place(ip_address(place[0]), place[1]),)
    resolver = FixedResolver(known, Nobody())
    policy = EgressPolicy((ip_network(allowed),))
    fetcher = IssuerFetcher(resolver, policy, proxies=proxies)
    trust = trust_store((root_pem or ca().root.pem).decode())
    around = Surroundings(resolver, policy, fetcher, trust, lambda: NOW, "here", proxies=proxies)
    question = Question(target=parse_target(target, starttls=starttls), timeout=within)
    try:
        return (await examine(question, around)).report
    finally:
        await fetcher.aclose()


@asynccontextmanager
async def at(server: Server) -> AsyncIterator[tuple[str, int]]:
    """A server on loopback."""
    async with running(server) as (address, port):
        yield str(address), port


async def test_a_check_goes_through_the_proxy() -> None:
    """The proxy is asked for the very address; the report names the proxy at the endpoint."""
    async with at(good()) as place, proxy() as led:
        report = await checked(place, led.proxies())
    assert (report.verdict, report.cause) == ("ok", None)
    assert set(led.asked) == {f"CONNECT {place[0]}:{place[1]} HTTP/1.1"}
    assert report.endpoints[0].via == led.name
    assert report.endpoints[0].address == place[0]


async def test_no_proxy_leads_straight() -> None:
    """A host that NO_PROXY names is reached without the proxy."""
    async with at(good()) as place, proxy() as led:
        report = await checked(place, led.proxies(bypass=parse_bypass(".lab.test")))
    assert report.verdict == "ok"
    assert led.asked == []
    assert report.endpoints[0].via is None


async def test_every_further_connection_takes_the_same_way() -> None:
    """A refused hello is followed by others, and all of them go through the proxy."""
    refusing = TlsServer((ca().leaf("other.lab.test"), ca().issuing))
    async with at(refusing) as place, proxy() as led:
        report = await checked(place, led.proxies())
    assert report.cause is Cause.HOSTNAME_MISMATCH
    assert len(led.asked) > 3
    assert set(led.asked) == {f"CONNECT {place[0]}:{place[1]} HTTP/1.1"}
    assert report.findings[0].evidence["via"] == led.name
    assert report.fix is not None
    commands = [one.command for one in report.fix.steps if "s_client" in (one.command or "")]
    assert commands
    assert all(f" -proxy {led.name}" in (one or "") for one in commands)


@pytest.mark.parametrize("protocol", ["smtp", "postgres", "xmpp"])
async def test_starttls_works_behind_the_proxy(protocol: str, tmp_path: Path) -> None:
    """First the proxy's dialogue, then the protocol's, then TLS."""
    async with serving(WILLING[protocol], tmp_path) as served, proxy() as led:
        report = await checked(
            ("127.0.0.1", served.port),
            led.proxies(),
            target="mail.lab.test",
            starttls=protocol,
            root_pem=served.root_pem,
        )
    assert (report.verdict, report.cause) == ("ok", None)
    assert len(led.asked) == 1


async def test_credentials_are_sent_and_not_shown() -> None:
    """The proxy gets them; no field of the report holds them."""
    async with at(good()) as place, proxy(login=LOGIN) as led:
        led.login = "user:secret"
        report = await checked(place, led.proxies())
    assert report.verdict == "ok"
    assert f"Proxy-Authorization: Basic {LOGIN}".encode() in led.heads[0]
    shown = report.to_json()
    assert "secret" not in shown
    assert LOGIN not in shown


ENDS: dict[Manner, tuple[Cause, str]] = {
    "denies": (Cause.EGRESS_DENIED, "proxy_denied"),
    "bad-gateway": (Cause.CONNECTION_REFUSED, "proxy_bad_gateway"),
    "gateway-timeout": (Cause.TIMEOUT, "proxy_gateway_timeout"),
    "garbage": (Cause.CONNECTION_RESET, "proxy_strange"),
    "web-server": (Cause.CONNECTION_RESET, "proxy_strange"),
    "closes": (Cause.CONNECTION_RESET, "proxy_closed"),
    "silent": (Cause.TIMEOUT, "proxy_silent"),
}


def _blames_the_proxy(report: Report, name: str, cause: Cause, how: str) -> None:
    assert (report.verdict, report.cause) == ("unreachable", cause)
    finding = report.findings[0]
    assert (finding.evidence["how"], finding.evidence["via"]) == (how, name)
    assert report.endpoints[0].reachable is False
    assert {one.outcome for one in report.clients} == {"depends"}
    for lang in LANGS:
        phrased = phrase_report(report, lang)
        assert name in phrased.summary
        assert len(phrased.summary) <= 200
        assert "—" not in phrased.findings[0].detail
        letter = write_letter(report, lang)
        assert letter.audience == "network"
        assert name in letter.subject
        assert "s_client" not in letter.body
        assert phrased.fix is not None
        assert phrased.fix.owner == "network"
        assert all(step.title and step.text for step in phrased.fix.steps)
        assert any(f"--proxy http://{name}" in (step.command or "") for step in phrased.fix.steps)


@pytest.mark.parametrize("manner", ENDS)
async def test_what_ends_at_the_proxy_is_not_blamed_on_the_server(manner: Manner) -> None:
    """Each way in which a proxy fails has its own words, and they name the proxy."""
    cause, how = ENDS[manner]
    async with at(good()) as place, proxy(manner) as led:
        report = await checked(place, led.proxies(), within=1.5 if manner == "silent" else 5.0)
    _blames_the_proxy(report, led.name, cause, how)


async def test_a_proxy_that_wants_a_login_is_named() -> None:
    """407 without credentials, and with wrong ones."""
    async with at(good()) as place, proxy(login=LOGIN) as led:
        without = await checked(place, led.proxies())
        led.login = "user:wrong"
        wrong = await checked(place, led.proxies())
    _blames_the_proxy(without, led.name, Cause.EGRESS_DENIED, "proxy_login")
    _blames_the_proxy(wrong, led.name, Cause.EGRESS_DENIED, "proxy_login")
    assert "wrong" not in wrong.to_json()


async def test_a_proxy_that_is_not_there_is_named() -> None:
    """Nothing listens at the proxy's port: the server is not called dead."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        gone = Running(bound.getsockname()[1])
        async with at(good()) as place:
            report = await checked(place, gone.proxies())
    _blames_the_proxy(report, gone.name, Cause.CONNECTION_REFUSED, "proxy_refused")


async def test_a_proxy_whose_name_does_not_resolve_is_named() -> None:
    """The proxy's name is what DNS does not know, not the server's (RFC 6761, 6.4)."""
    lost = parse_proxy("http://proxy.invalid:3128")
    async with at(good()) as place:
        report = await checked(place, Proxies(lost, lost))
    _blames_the_proxy(report, "proxy.invalid:3128", Cause.DNS_FAILURE, "proxy_unknown")


async def test_an_inspecting_proxy_is_named_beside_its_root() -> None:
    """Its own certificate is untrusted, and the words name the proxy that the check went through."""
    async with at(good()) as place, proxy("inspects", tls=_own_context()) as led:
        report = await checked(place, led.proxies())
    assert report.cause is Cause.UNTRUSTED_ROOT
    assert report.findings[0].evidence["via"] == led.name
    for lang in LANGS:
        assert led.name in phrase_report(report, lang).findings[0].detail


def _own_context() -> ssl.SSLContext:
    leaf = ca().leaf_from(ca().private_issuing, HOST)
    return _serving(chain_pem(leaf, ca().private_issuing), leaf.key_pem)


def _serving(chain: bytes, key: bytes) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as file:
        file.write(chain + key)
        file.flush()
        context.load_cert_chain(file.name)
    return context


async def test_the_egress_policy_decides_before_the_proxy_is_asked() -> None:
    """A private address stays forbidden, though the proxy would lead there."""
    async with at(good()) as place, proxy() as led:
        report = await checked(place, led.proxies(), allowed="192.0.2.0/24")
    assert report.cause is Cause.EGRESS_DENIED
    assert report.findings[0].evidence["how"] == "denied"
    assert led.asked == []


async def test_a_name_that_only_the_proxy_knows_is_not_given_to_it_by_itself() -> None:
    """Unless the operator wants it, a name that does not resolve here is reached by nobody."""
    async with at(good()) as place, proxy(names={HOST: place}) as led:
        report = await checked(None, led.proxies())
    assert (report.verdict, report.cause) == ("unreachable", Cause.DNS_FAILURE)
    assert led.asked == []
    for lang in LANGS:
        phrased = phrase_report(report, lang)
        assert "TLSCHECK_PROXY_RESOLVES" in phrased.findings[0].detail
        assert led.name in phrased.summary
    assert {one.outcome for one in report.clients} == {"depends"}


async def test_the_operator_may_let_the_proxy_resolve() -> None:
    """Then the name itself goes into CONNECT, and the endpoint is called by it."""
    async with at(good()) as place, proxy(names={"shop.example": place}) as led:
        report = await checked(None, led.proxies(resolves=True), target="shop.example")
        inside = await checked(None, led.proxies(resolves=True), target="db.corp")
    assert led.asked[0] == "CONNECT shop.example:443 HTTP/1.1"
    assert report.endpoints[0].address == "shop.example"
    assert report.cause is Cause.HOSTNAME_MISMATCH  # the lab's server has another name
    assert inside.cause is Cause.DNS_FAILURE
    assert not any("db.corp" in line for line in led.asked)


async def test_downloads_go_through_the_proxy_as_well() -> None:
    """A missing intermediate is fetched by the proxy, by the CA's own name."""
    leaf_only = TlsServer((ca().leaf(HOST),))
    aia_socket = bound_socket(9_001)
    aia_place: tuple[str, int] = aia_socket.getsockname()
    paths: list[str] = []
    async with (
        serve_aia(aia_socket, ca(), paths),
        at(leaf_only) as place,
        proxy(names={AIA_HOST: aia_place}, login=LOGIN) as led,
    ):
        led.login = "user:secret"
        more: dict[str, tuple[Place, ...]] = {AIA_HOST: (Place(ip_address(aia_place[0])),)}
        report = await checked(place, led.proxies(), more=more)
        refused = await checked(
            place, led.proxies(), more={AIA_HOST: (Place(ip_address("10.0.0.1")),)}
        )
    assert report.cause is Cause.MISSING_INTERMEDIATE
    assert report.findings[0].evidence["proven"]
    assert paths == ["/lab-issuing-ca-g2.cer"]
    assert any(line.startswith(f"GET http://{AIA_HOST}/") for line in led.asked)
    assert not refused.findings[0].evidence["proven"]
    assert "secret" not in report.to_json() + refused.to_json()


async def test_the_login_goes_to_the_proxy_and_to_nobody_else() -> None:
    """For https it stands in CONNECT, not in the request that travels inside."""
    async with at(good()) as place, proxy(names={"ca.lab.test": place}, login=LOGIN) as led:
        led.login = "user:secret"
        known: dict[str, tuple[Place, ...]] = {"ca.lab.test": (Place(ip_address(place[0])),)}
        policy = EgressPolicy((ip_network("127.0.0.0/8"),))
        downloader = Downloader(FixedResolver(known, Nobody()), policy, led.proxies())
        try:
            with pytest.raises(DownloadError, match="certificate verify failed"):
                await downloader.download("https://ca.lab.test/ca.cer", most_bytes=1000)
            with pytest.raises(DownloadError, match="denied"):
                await downloader.download("https://10.0.0.1/ca.cer", most_bytes=1000)
            with pytest.raises(DownloadError, match="not found"):
                await downloader.download("http://db.corp/ca.cer", most_bytes=1000)
        finally:
            await downloader.aclose()
    assert led.asked == ["CONNECT ca.lab.test:443 HTTP/1.1"]
    assert f"Proxy-Authorization: Basic {LOGIN}".encode() in led.heads[0]


async def test_a_proxy_that_is_itself_reached_over_tls() -> None:
    """`https://` proxies: TLS to the proxy, and in it TLS to the server."""
    leaf = ca().leaf("proxy.lab.test", names=["127.0.0.1"])
    own = _serving(chain_pem(leaf, ca().issuing), leaf.key_pem)
    async with at(good()) as place, proxy(own=own) as led:
        trusting = parse_proxy(
            f"https://127.0.0.1:{led.port}", more_roots_pem=ca().root.pem.decode()
        )
        report = await checked(place, Proxies(trusting))
        refused = await checked(place, led.proxies())
    assert (report.verdict, report.endpoints[0].via) == ("ok", led.name)
    assert refused.cause is Cause.CONNECTION_RESET
    assert refused.findings[0].evidence["how"] == "proxy_tls"


@asynccontextmanager
async def behind_starttls(server: Server) -> AsyncIterator[tuple[str, int]]:
    """SMTP that changes over with anybody, and then passes every byte on to this server."""
    async with at(server) as inner:

        async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError):
                while part := await reader.read(65536):
                    writer.write(part)
            writer.close()

        async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"220 mail ESMTP\r\n")
            await reader.readline()
            writer.write(b"250-mail\r\n250 STARTTLS\r\n")
            await reader.readline()
            writer.write(b"220 go\r\n")
            far_reader, far = await asyncio.open_connection(*inner)
            await asyncio.gather(relay(reader, far), relay(far_reader, writer))

        outer = await asyncio.start_server(visit, "127.0.0.1", 0)
        async with outer:
            yield outer.sockets[0].getsockname()


@pytest.mark.parametrize("refusal", ["reset", "silence"])
@pytest.mark.parametrize("by_proxy", [False, True], ids=["straight", "through a proxy"])
@pytest.mark.parametrize("starttls", [None, "smtp"], ids=["at once", "behind STARTTLS"])
async def test_a_large_hello_is_tried_small_everywhere(
    starttls: str | None, by_proxy: bool, refusal: Refusal
) -> None:
    """What swallows large hellos is found behind STARTTLS and through proxies as well."""
    gate = Gate(good(), lambda _, size: refusal if size > 1460 else None)
    opened = at(gate) if starttls is None else behind_starttls(gate)
    async with opened as place, proxy() as led:
        report = await checked(place, led.proxies() if by_proxy else NO_PROXIES, starttls=starttls)
    assert report.cause is Cause.CONNECTION_RESET
    evidence = report.findings[0].evidence
    assert (evidence["how"], evidence["only_size"]) == ("large_hello", True)
    assert report.endpoints[0].chain
    assert "larger than one packet" in phrase_report(report, "en").summary


async def test_the_size_is_blamed_only_when_it_was_proven() -> None:
    """Where a padded hello is answered, the new key share is what the server stumbles over."""
    gate = Gate(good(), lambda hello, size: "reset" if _post_quantum(size, hello) else None)
    async with at(gate) as place:
        report = await checked(place, NO_PROXIES)
    assert report.findings[0].evidence["only_size"] is False
    for lang in LANGS:
        phrased = phrase_report(report, lang)
        assert "1パケット" not in phrased.summary
        assert "one packet" not in phrased.summary
    unknown = report.findings[0].model_copy(
        update={"evidence": {**report.findings[0].evidence, "only_size": None}}
    )
    phrased = phrase_report(report.model_copy(update={"findings": (unknown,)}), "en")
    assert "could not be found out" in phrased.findings[0].detail


def _post_quantum(size: int, hello: wire.ClientHello) -> bool:
    # Ours by hand is of TLS 1.2 and has no key share, however long it is padded.
    return size > 1460 and _KEY_SHARE in hello.extensions


@pytest.mark.parametrize(
    "answer", [b"\x00" * 20_000, b"HTTP/1.1 200" + b"x" * 20_000, b"HTTP/2 200\r\n\r\n"]
)
def test_what_a_proxy_says_is_bounded(answer: bytes) -> None:
    """An endless or meaningless answer ends the dialogue."""
    dialogue = connect(Route(parse_proxy("http://proxy.example:1")), ip_address("192.0.2.7"), 443)
    next(dialogue)
    with pytest.raises(TunnelError) as raised:
        dialogue.send(answer)
    assert isinstance(raised.value.fault, Fault)
    assert raised.value.fault.kind == "proxy_strange"
    assert len(raised.value.fault.reason) <= 100


def test_ipv6_addresses_stand_in_brackets() -> None:
    """RFC 9110, 9.3.6: authority form."""
    dialogue = connect(
        Route(parse_proxy("http://proxy.example:1")), ip_address("2001:db8::7"), 8443
    )
    assert next(dialogue).startswith(
        b"CONNECT [2001:db8::7]:8443 HTTP/1.1\r\nHost: [2001:db8::7]:8443"
    )


@pytest.mark.parametrize("program", ["curl", "openssl"])
async def test_real_clients_use_the_same_proxy(program: str, tmp_path: Path) -> None:
    """What our commands say works with the real program, through the very proxy of the check."""
    missing = why_missing(program, "version" if program == "openssl" else "--version")
    if missing:
        pytest.skip(missing)
    roots = tmp_path / "roots.pem"
    roots.write_bytes(ca().root.pem)
    async with at(good()) as place, proxy(names={HOST: place}) as led:
        report = await checked(place, led.proxies())
        by_proxy = {
            "curl": f"-sS --cacert {roots} --proxy http://{led.name} https://{HOST}/",
            "openssl": (
                f"s_client -connect {HOST}:443 -servername {HOST} -proxy {led.name} -CAfile {roots}"
            ),
        }
        status, text = await run(program, *by_proxy[program].split())
    assert report.verdict == "ok"
    *ours, theirs = led.asked
    assert set(ours) == {f"CONNECT {place[0]}:{place[1]} HTTP/1.1"}
    assert theirs.startswith(f"CONNECT {HOST}:443 HTTP/1.")
    assert status == 0, text
    if program == "openssl":
        assert "Verify return code: 0 (ok)" in text


async def test_a_real_proxy_understands_us() -> None:
    """Debian's tinyproxy: through it, refused by its rules, and without its login."""
    async with at(good()) as place:
        async with tinyproxy() as real:
            address = parse_proxy(f"http://{real.address}:{real.port}")
            report = await checked(place, Proxies(address))
        async with tinyproxy("ConnectPort 563\n") as real:
            denied = await checked(
                place, Proxies(parse_proxy(f"http://{real.address}:{real.port}"))
            )
        async with tinyproxy("BasicAuth user secret\n") as real:
            place_of = f"{real.address}:{real.port}"
            without = await checked(place, Proxies(parse_proxy(f"http://{place_of}")))
            with_login = await checked(
                place, Proxies(parse_proxy(f"http://user:secret@{place_of}"))
            )
    assert report.verdict == with_login.verdict == "ok"
    assert denied.findings[0].evidence["how"] == "proxy_denied"
    assert without.findings[0].evidence["how"] == "proxy_login"


async def test_without_proxies_nothing_changes() -> None:
    """The empty setting leads straight."""
    async with at(good()) as place:
        report = await checked(place, NO_PROXIES)
    assert (report.verdict, report.endpoints[0].via) == ("ok", None)
