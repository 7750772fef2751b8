"""What gives a server's software away, and the one request that is made for it."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.diagnosis import ConnectTo, check, parse_target
from bot.diagnosis.certificate import Certificate
from bot.diagnosis.handshake import Handshake
from bot.diagnosis.remedies import guess
from bot.diagnosis.report import Report, Target
from bot.diagnosis.surroundings import utc_now
from bot.diagnosis.view import View
from bot.texts import LANGS, phrase_guess, phrase_report
from tests.diagnosis.chains import CASES
from tests.diagnosis.servers import authority
from tests.diagnosis.views import view_of

HOST = "guess.lab.test"
NGINX = b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\n\r\n"


def answered(*lines: str, address: str = "192.0.2.1", leaf: Certificate | None = None) -> View:
    """The evidence of a web server that answered with these header fields."""
    view = view_of(CASES["leaf alone"])
    reply = "\r\n".join(("HTTP/1.1 200 OK", *lines, "", "")).encode()
    head = Handshake(ip_address(address), 443, connected=True, completed=True, reply=reply)
    return replace(view, head=head, handshake=head, sent=(leaf,) if leaf else view.sent)


def greeted(greeting: bytes, starttls: str) -> View:
    """The evidence of a server that greeted before STARTTLS."""
    view = view_of(CASES["leaf alone"])
    seen = Handshake(ip_address("192.0.2.1"), 25, connected=True, greeting=greeting)
    target = Target(input="x", host="mail.example.jp", port=25, starttls=starttls)
    return replace(view, target=target, handshake=seen)


def code_of(view: View, *aliases: str) -> str | None:
    """What it is taken for."""
    found = guess(view, aliases)
    return found.code if found else None


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("Server: nginx", "nginx"),
        ("Server: nginx/1.22.1", "nginx"),
        ("server: openresty", "nginx"),
        ("Server: Apache", "apache"),
        ("Server: Apache/2.4.62 (Debian)", "apache"),
        ("Server: Apache/2.4.7 (Ubuntu)", "apache-old"),
        ("Server: Apache/2.4.6 (CentOS) OpenSSL/1.0.2k-fips", "apache-old"),
        ("Server: Apache/2.2.15 (CentOS)", "apache-old"),
        ("Server: Apache-Coyote/1.1", "tomcat"),
        ("Server: Jetty(9.4.z-SNAPSHOT)", "tomcat"),
        ("Server: Microsoft-IIS/10.0", "iis"),
        ("Server: Caddy", "caddy"),
        ("Server: envoy", "envoy"),
        ("Server: istio-envoy", "envoy"),
        ("Server: awselb/2.0", "aws-alb"),
        ("Server: CloudFront", "aws-cloudfront"),
        ("Server: cloudflare", "cloudflare"),
        ("CF-RAY: 8f1-NRT", "cloudflare"),
        ("X-Amz-Cf-Id: abc==", "aws-cloudfront"),
        ("Via: 1.1 google", "gcp-lb"),
        ("x-azure-ref: 0abc", "azure"),
        ("X-Powered-By: Express", "node-server"),
        ("Server: gunicorn", None),
        ("X-Server: nginx", None),
        ("Server: not-nginx", None),
    ],
)
def test_headers(line: str, code: str | None) -> None:
    """The header names the software, whatever its case; nothing alike is taken for it."""
    assert code_of(answered(line)) == code


def test_who_ends_tls_comes_before_who_serves_the_page() -> None:
    """Behind CloudFront the page is nginx's, and the certificate is not."""
    assert code_of(answered("Server: nginx", "X-Amz-Cf-Pop: NRT57-P1")) == "aws-cloudfront"
    assert code_of(answered("Server: nginx", "Via: 1.1 google")) == "gcp-lb"
    assert code_of(answered("X-Powered-By: Express", "Server: nginx")) == "nginx"


@pytest.mark.parametrize(
    ("alias", "code"),
    [
        ("d111111abcdef8.cloudfront.net.", "aws-cloudfront"),
        ("my-lb-1234.ap-northeast-1.elb.amazonaws.com", "aws-alb"),
        ("my-lb-1234.elb.ap-northeast-1.amazonaws.com", "aws-alb"),
        ("shop.azurefd.net", "azure"),
        ("www.example.jp.cdn.cloudflare.net", "cloudflare"),
        ("cloudfront.net.example.jp", None),
    ],
)
def test_aliases(alias: str, code: str | None) -> None:
    """A name that leads to a cloud's own names is served there."""
    assert code_of(view_of(CASES["leaf alone"]), alias) == code


@pytest.mark.parametrize(
    ("issuer", "code"),
    [
        ("O=Acme Co,CN=Kubernetes Ingress Controller Fake Certificate", "kubernetes-ingress"),
        ("CN=TRAEFIK DEFAULT CERT", "traefik"),
        ("CN=Caddy Local Authority - ECC Intermediate", "caddy"),
        ("C=US,O=Amazon,CN=Amazon RSA 2048 M02", "aws-acm"),
        ("C=US,O=CloudFlare, Inc.,OU=CloudFlare Origin SSL Certificate Authority", "cloudflare"),
        ("C=US,O=Let's Encrypt,CN=R11", None),
        ("C=US,O=Amazonas Trading,CN=CA", None),
    ],
)
def test_issuers(issuer: str, code: str | None) -> None:
    """A certificate that some software makes by itself, or that one cloud issues, tells who serves."""
    view = view_of(CASES["leaf alone"])
    assert view.leaf is not None
    leaf = replace(view.leaf, issuer=issuer)
    assert code_of(replace(view, sent=(leaf,))) == code


@pytest.mark.parametrize(
    ("greeting", "starttls", "code"),
    [
        (
            b"220 mail.example.jp ESMTP Postfix (Debian/GNU)\r\n250-PIPELINING\r\n",
            "smtp",
            "postfix",
        ),
        (b"220 mail.example.jp ESMTP Exim 4.96 Mon, 23 Nov 2026\r\n", "smtp", "exim"),
        (b"220 mail.example.jp ESMTP\r\n", "smtp", None),
        (b"* OK [CAPABILITY IMAP4rev1 STARTTLS] Dovecot (Debian) ready.\r\n", "imap", "dovecot"),
        (b"+OK Dovecot ready.\r\n", "pop3", "dovecot"),
        (b"S", "postgres", "postgresql"),
        (b"\x4a\x00\x00\x00\x0a8.0.36\x00", "mysql", "mysql"),
        (b"\x30\x0c\x02\x01\x01", "ldap", None),
    ],
)
def test_banners_and_protocols(greeting: bytes, starttls: str, code: str | None) -> None:
    """Mail servers greet by name; a database's protocol is spoken by one software."""
    assert code_of(greeted(greeting, starttls)) == code


def test_addresses() -> None:
    """Cloudflare publishes its addresses; a neighbour's are not its."""
    assert code_of(answered(address="104.16.1.1")) == "cloudflare"
    assert code_of(answered(address="2606:4700::6810:101")) == "cloudflare"
    assert code_of(answered(address="104.32.1.1")) is None


@given(st.binary(max_size=3000))
def test_nothing_that_a_server_says_makes_it_raise(said: bytes) -> None:
    """Whatever comes back, it takes no time to pass over it, and what is kept is bounded."""
    view = view_of(CASES["leaf alone"])
    head = Handshake(ip_address("192.0.2.1"), 443, reply=b"HTTP/1.1 200 OK\r\n" + said)
    started = time.perf_counter()
    found = guess(replace(view, head=head, handshake=head))
    assert time.perf_counter() - started < 0.5
    assert found is None or len(str(found.evidence["value"])) <= 300


@pytest.mark.parametrize("filler", ["a", ":", " ", "server:", "\t", "x-powered-by: "])
def test_long_lines_are_read_in_linear_time(filler: str) -> None:
    """No pattern takes long over what was made to take long."""
    started = time.perf_counter()
    guess(answered(*(["Server: " + filler * 4000] * 50)))
    assert time.perf_counter() - started < 0.5


@asynccontextmanager
async def web_server(
    tmp_path: Path, *, whole: bool, answer: bytes | None = NGINX
) -> AsyncIterator[tuple[ConnectTo, bytes, list[bytes]]]:
    """A web server with or without its intermediate: its place, its root, and what it was asked."""
    ca = authority(utc_now().replace(microsecond=0))
    leaf = ca.leaf(HOST)
    chain = (leaf, ca.issuing) if whole else (leaf,)
    (tmp_path / "chain.pem").write_bytes(b"".join(one.pem for one in chain))
    (tmp_path / "key.pem").write_bytes(leaf.key_pem)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(tmp_path / "chain.pem", tmp_path / "key.pem")
    asked: list[bytes] = []
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = await reader.read(4096)
        if said:
            asked.append(said)
            if answer is None:
                await ended.wait()
            else:
                writer.write(answer)
        writer.transport.abort() if answer is None else writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=serving)
    try:
        _, port = server.sockets[0].getsockname()
        yield ConnectTo(address="127.0.0.1", port=port), ca.root.pem, asked
    finally:
        ended.set()
        server.close()


async def report_at(place: ConnectTo, root: bytes, target: str = HOST) -> Report:
    """What the check says of it."""
    return await check(
        parse_target(target),
        addresses=[place],
        roots=root,
        allow_networks=["127.0.0.0/8"],
        fetch=False,
    )


async def test_a_broken_web_server_is_asked_once(tmp_path: Path) -> None:
    """One HEAD, and the steps are those of the software that answered."""
    async with web_server(tmp_path, whole=False) as (place, root, asked):
        report = await report_at(place, root)
    assert asked == [f"HEAD / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode()]
    assert report.software is not None
    assert report.software.code == "nginx"
    assert report.software.evidence == {"sign": "server", "value": "nginx/1.22.1"}
    assert report.fix is not None
    assert {one.software for one in report.fix.steps} == {None, "nginx"}
    for lang in LANGS:
        said = phrase_guess(phrase_report(report, lang), lang)
        assert "nginx/1.22.1" in said
    assert Report.model_validate_json(report.to_json()).software == report.software


async def test_a_healthy_server_is_asked_nothing(tmp_path: Path) -> None:
    """Where there is nothing to mend, nothing beyond TLS is sent."""
    async with web_server(tmp_path, whole=True) as (place, root, asked):
        report = await report_at(place, root)
    assert (report.verdict, asked, report.software) == ("ok", [], None)
    assert phrase_guess(report, "en") == ""


async def test_no_other_port_is_asked(tmp_path: Path) -> None:
    """On the ports of other protocols nobody sends HTTP."""
    async with web_server(tmp_path, whole=False) as (place, root, asked):
        report = await report_at(place, root, f"{HOST}:6380")
    assert report.cause is not None
    assert asked == []


async def test_silence_is_not_waited_for(tmp_path: Path) -> None:
    """A server that never answers costs no more than a short wait, and nothing is guessed."""
    async with web_server(tmp_path, whole=False, answer=None) as (place, root, asked):
        started = time.monotonic()
        report = await report_at(place, root)
        took = time.monotonic() - started
    assert len(asked) == 1
    assert report.software is None
    assert report.cause is not None
    assert took < 5


async def test_a_flood_is_cut_off(tmp_path: Path) -> None:
    """A head without an end is read to a bound only."""
    flood = b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200_000
    async with web_server(tmp_path, whole=False, answer=flood) as (place, root, _):
        report = await report_at(place, root)
    assert report.software is None
    assert report.cause is not None
