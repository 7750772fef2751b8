"""Fetching issuers from real HTTP servers on loopback, honest ones and hostile ones."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from ipaddress import ip_network

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.demo.lab.pki import make_intermediate, make_root
from bot.diagnosis.aia import IssuerFetcher, read_certificates
from bot.diagnosis.certificate import Certificate, MalformedCertificateError, read_certificate
from bot.diagnosis.egress import EgressPolicy
from tests.diagnosis.names import Names

NOW = datetime(2026, 5, 6, tzinfo=UTC)
ROOT = make_root("Fetched Root", now=NOW)
ISSUER = make_intermediate(ROOT, "Fetched Issuer", now=NOW)
FOUND = (read_certificate(ISSUER.der),)
ONLY_LOOPBACK = EgressPolicy((ip_network("127.0.0.1/32"),))
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler, address: str = "127.0.0.1") -> AsyncIterator[int]:
    """A real HTTP server; the port it listens on."""
    app = web.Application()
    app.router.add_get("/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, address, 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@asynccontextmanager
async def fetching(
    names: Names | None = None, policy: EgressPolicy = ONLY_LOOPBACK
) -> AsyncIterator[IssuerFetcher]:
    """A fetcher that is closed at the end."""
    fetcher = IssuerFetcher(names or Names({}), policy)
    try:
        yield fetcher
    finally:
        await fetcher.aclose()


def handing_out(body: bytes, **headers: str) -> Handler:
    """A handler that answers everything with this body."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=body, headers=headers)

    return answer


@asynccontextmanager
async def raw_server(
    speak: Callable[[asyncio.StreamWriter], Awaitable[None]], address: str = "127.0.0.1"
) -> AsyncIterator[tuple[int, list[int]]]:
    """A server that says what no HTTP library would; its port, and a list of its visits."""
    visits: list[int] = []
    tasks: set[asyncio.Task[None]] = set()

    async def visit(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visits.append(len(visits))
        own = asyncio.current_task()
        assert own is not None
        tasks.add(own)
        try:
            await speak(writer)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            tasks.discard(own)

    server = await asyncio.start_server(visit, address, 0)
    try:
        yield server.sockets[0].getsockname()[1], visits
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def pkcs7_of(*certificates: x509.Certificate, encoding: Encoding) -> bytes:
    """A certificates-only PKCS#7, as CAs publish .p7c files."""
    return pkcs7.serialize_certificates(list(certificates), encoding)


@pytest.mark.parametrize(
    "body",
    [
        ISSUER.der,
        ISSUER.pem,
        b"subject=Fetched Issuer\n" + ISSUER.pem,
        pkcs7_of(ISSUER.certificate, encoding=Encoding.DER),
        pkcs7_of(ISSUER.certificate, encoding=Encoding.PEM),
    ],
    ids=["DER", "PEM", "PEM with text before it", "PKCS#7 DER", "PKCS#7 PEM"],
)
async def test_every_usual_form_is_read(body: bytes) -> None:
    """RFC 5280 asks for DER or PKCS#7; CAs publish PEM of both as well."""
    async with serving(handing_out(body)) as port, fetching() as fetcher:
        fetched = await fetcher.fetch(f"http://127.0.0.1:{port}/issuer.cer")
    assert fetched.fault is None
    assert fetched.certificates == FOUND


async def test_a_bundle_gives_all_its_certificates() -> None:
    """A .p7c with issuer and root gives both."""
    body = pkcs7_of(ISSUER.certificate, ROOT.certificate, encoding=Encoding.DER)
    assert set(read_certificates(body)) == {*FOUND, read_certificate(ROOT.der)}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Not here</html>",
        b"\x30\x82\x01\x00",
        ISSUER.der[:-1],
        ISSUER.key_pem,
        b"\0" * 9,
    ],
    ids=["empty", "HTML", "half a header", "cut short", "a key", "zeros"],
)
async def test_garbage_is_a_fault(body: bytes) -> None:
    """What is no certificate is said to be none, and raises nothing."""
    async with serving(handing_out(body)) as port, fetching() as fetcher:
        fetched = await fetcher.fetch(f"http://127.0.0.1:{port}/")
    assert fetched.certificates == ()
    assert fetched.fault


@given(st.binary(max_size=300))
def test_arbitrary_bodies_are_certificates_or_refused(body: bytes) -> None:
    """Reading gives certificates or says that there are none."""
    try:
        found = read_certificates(body)
    except MalformedCertificateError:
        return
    assert all(isinstance(one, Certificate) for one in found)


async def test_a_large_body_is_not_read_to_its_end() -> None:
    """A body beyond the bound is given up, though its first bytes are a certificate."""
    body = ISSUER.der + b"\0" * 5_000_000
    async with serving(handing_out(body)) as port, fetching() as fetcher:
        fetched = await fetcher.fetch(f"http://127.0.0.1:{port}/")
    assert fetched.fault == "more than 65536 bytes"


async def test_an_endless_body_is_cut() -> None:
    """A server that never stops sending is cut at the bound of bytes, not at that of time."""

    async def speak(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"\x30" * 65536)
            await writer.drain()

    async with raw_server(speak) as (port, _), fetching() as fetcher:
        async with asyncio.timeout(2):
            fetched = await fetcher.fetch(f"http://127.0.0.1:{port}/")
    assert fetched.fault == "more than 65536 bytes"


async def test_a_slow_server_is_given_up() -> None:
    """One byte now and then does not keep the fetch alive beyond its time."""

    async def speak(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"\x30")
            await asyncio.sleep(0.1)

    loop = asyncio.get_running_loop()
    async with raw_server(speak) as (port, _), fetching() as fetcher:
        started = loop.time()
        fetched = await fetcher.fetch(f"http://127.0.0.1:{port}/")
        took = loop.time() - started
    assert fetched.fault == "timeout"
    assert 2.5 < took < 4


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(200_000)) + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 3_000_000 + b"\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"",
    ],
    ids=["many headers", "one long header", "no HTTP", "closes"],
)
async def test_a_server_that_is_no_http_server(head: bytes) -> None:
    """Floods of headers and other protocols end as a fault, soon."""

    async def speak(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        await writer.drain()

    async with raw_server(speak) as (port, _), fetching() as fetcher:
        fetched = await fetcher.fetch(f"http://127.0.0.1:{port}/")
    assert fetched.certificates == ()
    assert fetched.fault


async def test_content_encoding_is_not_decoded() -> None:
    """A small body that unpacks into a huge one stays small: it is read as it came."""
    bomb = gzip.compress(b"\0" * 50_000_000)
    assert len(bomb) < 65_536
    handler = handing_out(bomb, **{"Content-Encoding": "gzip"})
    async with serving(handler) as port, fetching() as fetcher:
        fetched = await fetcher.fetch(f"http://127.0.0.1:{port}/")
    assert fetched.fault == "neither a certificate nor a PKCS#7 bundle"


async def test_an_error_page_is_no_certificate() -> None:
    """Another status than 200 is the fault, whatever the body holds."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(body=ISSUER.der, status=404)

    async with serving(answer) as port, fetching() as fetcher:
        fetched = await fetcher.fetch(f"http://127.0.0.1:{port}/")
    assert fetched.fault == "HTTP 404"


@pytest.mark.parametrize(("hops", "fault"), [(3, None), (4, "too many redirects")])
async def test_redirects_are_followed_and_counted(hops: int, fault: str | None) -> None:
    """A few redirects are usual, relative ones too; a long chain is given up."""

    async def answer(request: web.Request) -> web.StreamResponse:
        left = int(request.path.strip("/"))
        if left == 0:
            return web.Response(body=ISSUER.der)
        return web.Response(status=302, headers={"Location": f"/{left - 1}"})

    async with serving(answer) as port, fetching() as fetcher:
        fetched = await fetcher.fetch(f"http://127.0.0.1:{port}/{hops}")
    assert fetched.fault == fault
    assert fetched.certificates == (() if fault else FOUND)


@pytest.mark.parametrize(
    ("location", "fault"),
    [
        ("http://127.0.0.2:{port}/", "denied"),
        ("http://elsewhere.test:{port}/", "denied"),
        ("http://169.254.169.254/latest/meta-data/", "denied"),
        ("http://[::ffff:127.0.0.2]:{port}/", "denied"),
        ("//2130706434:{port}/", "not an http address"),
        ("file:///etc/passwd", "not an http address"),
        ("ftp://127.0.0.1/", "not an http address"),
        ("gopher://127.0.0.1:6379/_INFO", "not an http address"),
        ("", "too many redirects"),
        ("http://[", None),
    ],
)
async def test_no_redirect_leads_astray(location: str, fault: str | None) -> None:
    """Each hop is vetted as the first address was; the other server never gets a visit."""

    async def silent(_: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0)

    async with raw_server(silent, "127.0.0.2") as (port, visits):

        async def answer(_: web.Request) -> web.StreamResponse:
            return web.Response(status=302, headers={"Location": location.format(port=port)})

        names = Names({"elsewhere.test": ["127.0.0.2"]})
        async with serving(answer) as own, fetching(names) as fetcher:
            fetched = await fetcher.fetch(f"http://127.0.0.1:{own}/")
    assert fetched.fault == fault or (fault is None and fetched.fault)
    assert visits == []


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "[::ffff:127.0.0.1]",
        "[::1]",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "127.1",
        "0177.0.0.1",
        "127.0.0.01",
        "127.0.0.1.",
        "１２７.0.0.1",
        "①②⑦.0.0.1",
        "[fe80::1%25lo]",
        "0.0.0.0",
        "0",
        "localhost",
    ],
)
async def test_loopback_has_no_spelling_that_passes(host: str) -> None:
    """However loopback is written, the default policy lets no connection through to it."""

    async def silent(_: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0)

    names = Names({"localhost": ["127.0.0.1"]})
    async with raw_server(silent) as (port, visits), fetching(names, EgressPolicy()) as fetcher:
        fetched = await fetcher.fetch(f"http://{host}:{port}/")
        await asyncio.sleep(0)
    assert fetched.certificates == ()
    assert fetched.fault
    assert visits == []


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://ca.example/ca.cer",
        "ldap://ca.example/cn=CA",
        "data:application/pkix-cert;base64,MAA=",
        "//ca.example/ca.cer",
        "ca.cer",
        "http://",
        "",
        "http://user:secret@ca.example/ca.cer",
        "http://user@ca.example/ca.cer",
    ],
)
async def test_only_http_is_spoken(url: str) -> None:
    """Other schemes are refused before any name is looked up."""
    names = Names({})
    async with fetching(names) as fetcher:
        fetched = await fetcher.fetch(url)
    assert fetched.fault == "not an http address"
    assert names.asked == []


@pytest.mark.parametrize("port", [1, 21, 22, 25, 53, 110, 389, 445, 1023])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_no_certificate_makes_us_knock_at_other_services(scheme: str, port: int) -> None:
    """Mail, shells and directories below 1024 are asked nothing; the name is not looked up."""
    names = Names({})
    async with fetching(names) as fetcher:
        fetched = await fetcher.fetch(f"{scheme}://victim.example:{port}/ca.cer")
    assert fetched.fault == f"no port of a CA: {port}"
    assert names.asked == []


async def test_no_redirect_leads_to_another_service() -> None:
    """The port is looked at on each hop, and what a redirect calls credentials is not sent."""
    for location in ("http://127.0.0.1:25/", "http://u:p@127.0.0.1/"):

        async def redirect(_: web.Request, location: str = location) -> web.StreamResponse:
            return web.Response(status=302, headers={"Location": location})

        async with serving(redirect) as port, fetching() as fetcher:
            fetched = await fetcher.fetch(f"http://127.0.0.1:{port}/")
        assert fetched.fault in ("no port of a CA: 25", "not an http address")


async def test_a_name_with_many_addresses_is_tried_at_a_few() -> None:
    """One address in a certificate is no means to knock at sixteen machines."""
    visits: list[str] = []
    async with AsyncExitStack() as stack:
        places = []
        for number in range(1, 9):
            address = f"127.0.0.{number}"

            async def hang_up(_: asyncio.StreamWriter, address: str = address) -> None:
                visits.append(address)

            port, _ = await stack.enter_async_context(raw_server(hang_up, address))
            places.append(f"{address}:{port}")
        policy = EgressPolicy((ip_network("127.0.0.0/8"),))
        async with fetching(Names({"ca.test": places}), policy) as fetcher:
            assert (await fetcher.fetch("http://ca.test/")).fault
    assert len(set(visits)) <= 4


async def test_only_the_permitted_address_of_a_name_is_used() -> None:
    """A name with a permitted and a denied address is fetched, from the permitted one alone."""

    async def silent(_: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0)

    async with serving(handing_out(ISSUER.der)) as port, raw_server(silent, "127.0.0.2") as other:
        names = Names({"ca.test": [f"127.0.0.2:{other[0]}", f"127.0.0.1:{port}"]})
        async with fetching(names) as fetcher:
            fetched = await fetcher.fetch("http://ca.test/issuer.cer")
    assert fetched.certificates == FOUND
    assert other[1] == []


async def test_a_name_of_denied_addresses_only_is_denied() -> None:
    """A name inside of the network says so, and is not connected to."""
    async with fetching(Names({"ca.test": ["10.0.0.1", "192.168.0.1"]})) as fetcher:
        fetched = await fetcher.fetch("http://ca.test/issuer.cer")
    assert fetched.fault == "denied"


async def test_an_unknown_name_says_what_dns_said() -> None:
    """The resolver's own words are the fault."""
    async with fetching() as fetcher:
        fetched = await fetcher.fetch("http://gone.test/issuer.cer")
    assert fetched.fault == "Domain name not found"


async def test_many_askers_cause_one_request() -> None:
    """Askers at the same time and soon afterwards share one request."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        return web.Response(body=ISSUER.der)

    async with serving(answer) as port, fetching() as fetcher:
        url = f"http://127.0.0.1:{port}/issuer.cer"
        together = await asyncio.gather(*(fetcher.fetch(url) for _ in range(50)))
        later = await fetcher.fetch(url)
    assert asked == ["/issuer.cer"]
    assert {one.certificates for one in (*together, later)} == {FOUND}


async def test_what_was_fetched_is_asked_again_after_a_while() -> None:
    """A success is kept for an hour, a failure for half a minute."""
    asked: list[str] = []
    clock = [0.0]

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        return web.Response(body=ISSUER.der if request.path == "/good" else b"")

    async with serving(answer) as port:
        fetcher = IssuerFetcher(Names({}), ONLY_LOOPBACK, lambda: clock[0])
        try:
            for moment in (0.0, 29.0, 31.0, 3590.0, 3619.0):
                clock[0] = moment
                await fetcher.fetch(f"http://127.0.0.1:{port}/good")
                await fetcher.fetch(f"http://127.0.0.1:{port}/bad")
        finally:
            await fetcher.aclose()
    assert asked.count("/good") == 2
    assert asked.count("/bad") == 3


async def test_one_asker_who_leaves_takes_nothing_from_the_others() -> None:
    """A cancelled asker does not cancel the request that others wait for."""
    go = asyncio.Event()

    async def answer(_: web.Request) -> web.StreamResponse:
        await go.wait()
        return web.Response(body=ISSUER.der)

    async with serving(answer) as port, fetching() as fetcher:
        url = f"http://127.0.0.1:{port}/"
        first, second = (asyncio.ensure_future(fetcher.fetch(url)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        go.set()
        assert (await second).certificates == FOUND
        await asyncio.gather(first, return_exceptions=True)


async def test_closing_ends_what_is_under_way() -> None:
    """After `aclose` no request goes on, and whoever waited for it is let go."""

    async def silent(_: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    before = asyncio.all_tasks()
    async with raw_server(silent) as (port, visits):
        fetcher = IssuerFetcher(Names({}), ONLY_LOOPBACK)
        waiting = asyncio.ensure_future(fetcher.fetch(f"http://127.0.0.1:{port}/"))
        async with asyncio.timeout(5):
            while not visits:  # noqa: ASYNC110 - the visit is counted by the server
                await asyncio.sleep(0.01)
        await fetcher.aclose()
        await asyncio.gather(waiting, return_exceptions=True)
        assert waiting.cancelled()
    assert asyncio.all_tasks() <= before


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.text(max_size=60),
        st.builds("http://{}".format, st.text(max_size=60)),
        st.builds("http://{}.test:{}/{}".format, st.text(max_size=70), st.integers(), st.text()),
    )
)
def test_no_address_makes_it_raise(url: str) -> None:
    """Whoever writes a certificate writes the address: whatever it is, a fault comes back."""

    async def run() -> None:
        async with fetching(policy=EgressPolicy()) as fetcher:
            fetched = await fetcher.fetch(url)
            assert fetched.fault

    asyncio.run(run())
