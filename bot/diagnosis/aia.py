"""Fetching the certificate of an issuer from where a certificate says it is (AIA caIssuers).

RFC 5280, 4.2.2.1: HTTP, one DER certificate or a PKCS#7 bundle; PEM is common all the same.
What comes is only a candidate: whoever uses it checks name and signature.

Every connection goes to an address that the egress policy permits, redirects too; bytes, hops and
time are bounded; an address that answered is not asked again for a while.
"""

import asyncio
import socket
import warnings
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509 import InvalidVersion
from yarl import URL

from bot.diagnosis.certificate import (
    Certificate,
    MalformedCertificateError,
    read_certificate,
    read_pem_certificates,
)
from bot.diagnosis.egress import EgressPolicy
from bot.diagnosis.resolve import NameNotResolvedError, Place, Resolver

_MOST_BYTES = 64 * 1024
_MOST_REDIRECTS = 3
_MOST_CERTIFICATES = 10
_SECONDS = 3.0
_MOST_ADDRESSES = 4
# A CA's address is http, port 80 (Baseline Requirements 7.1.2.7.7); company CAs use what they
# like. What no CA uses are the ports of mail, shells and directories below 1024: a certificate
# must not make us knock at somebody's port 22 or write into a mail dialogue on 25.
_PRIVILEGED, _WEB_PORTS = 1024, frozenset({80, 443})
_KEPT = 512
# Bytes of DER in all; read certificates take several times that.
_KEPT_BYTES = 4 * 1024 * 1024
_KEPT_SECONDS, _KEPT_SECONDS_FAILED = 3600.0, 30.0


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an AIA address gave: certificates, or the reason why there are none."""

    url: str
    certificates: tuple[Certificate, ...] = ()
    fault: str | None = None


class _DeniedError(OSError):
    """The egress policy forbids the address."""


class _VettedResolver(AbstractResolver):
    """Gives aiohttp only addresses that the policy permits; it connects to exactly these."""

    def __init__(self, resolver: Resolver, policy: EgressPolicy) -> None:
        self._resolver = resolver
        self._policy = policy

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        try:
            found = await self._resolver.resolve(host, _SECONDS)
        except NameNotResolvedError as error:
            raise OSError(error.text) from error
        permitted = [one for one in found if self._policy.permits(one.address)]
        if not permitted:
            raise _DeniedError(host)
        return [_as_result(host, port, one) for one in permitted[:_MOST_ADDRESSES]]

    async def close(self) -> None:
        """Nothing is owned here."""


def _as_result(host: str, port: int, place: Place) -> ResolveResult:
    v4 = place.address.version == 4
    return ResolveResult(
        hostname=host,
        host=str(place.address),
        port=place.port or port,
        family=socket.AF_INET if v4 else socket.AF_INET6,
        proto=socket.IPPROTO_TCP,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )


class IssuerFetcher:
    """Fetches issuers' certificates under one egress policy, and remembers them for a while."""

    def __init__(
        self, resolver: Resolver, policy: EgressPolicy, elapsed: Callable[[], float] | None = None
    ) -> None:
        """`elapsed` is a monotonic clock in seconds; the loop's when None."""
        self._resolver = resolver
        self._policy = policy
        self._elapsed = elapsed
        self._session: aiohttp.ClientSession | None = None
        self._kept: OrderedDict[str, tuple[float, Fetched]] = OrderedDict()
        self._kept_bytes = 0
        self._running: dict[str, asyncio.Task[Fetched]] = {}

    async def fetch(self, url: str) -> Fetched:
        """The certificates behind one address. A failure is in `fault`, never raised."""
        now = self._now()
        kept = self._kept.get(url)
        if kept is not None and kept[0] > now:
            return kept[1]
        task = self._running.get(url)
        if task is None:
            task = asyncio.ensure_future(self._fetch_and_keep(url))
            self._running[url] = task
            task.add_done_callback(lambda _: self._running.pop(url, None))
        return await asyncio.shield(task)

    async def aclose(self) -> None:
        """Stop what is under way and close the connections."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def _now(self) -> float:
        return asyncio.get_running_loop().time() if self._elapsed is None else self._elapsed()

    async def _fetch_and_keep(self, url: str) -> Fetched:
        try:
            async with asyncio.timeout(_SECONDS):
                certificates = await self._download(url)
            fetched = Fetched(url, certificates[:_MOST_CERTIFICATES])
        except TimeoutError:
            fetched = Fetched(url, fault="timeout")
        except _DeniedError:
            fetched = Fetched(url, fault="denied")
        except aiohttp.ClientConnectorError as error:
            denied = isinstance(error.os_error, _DeniedError)
            fetched = Fetched(url, fault="denied" if denied else str(error.os_error))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            fetched = Fetched(url, fault=str(error) or type(error).__name__)
        seconds = _KEPT_SECONDS if fetched.certificates else _KEPT_SECONDS_FAILED
        self._forget(self._kept.pop(url, None))
        self._kept[url] = (self._now() + seconds, fetched)
        self._kept_bytes += _size(fetched)
        while len(self._kept) > _KEPT or self._kept_bytes > _KEPT_BYTES:
            self._forget(self._kept.popitem(last=False)[1])
        return fetched

    def _forget(self, kept: tuple[float, Fetched] | None) -> None:
        self._kept_bytes -= _size(kept[1]) if kept is not None else 0

    async def _download(self, url: str) -> tuple[Certificate, ...]:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    resolver=_VettedResolver(self._resolver, self._policy),
                    use_dns_cache=False,
                    limit=32,
                ),
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "tlscheck"},
                skip_auto_headers=("Accept-Encoding",),
                trust_env=False,
            )
        here = URL(url)
        for _ in range(_MOST_REDIRECTS + 1):
            self._vet(here)
            async with self._session.get(here, allow_redirects=False) as response:
                if response.status in (301, 302, 303, 307, 308):
                    here = here.join(URL(response.headers.get("Location", "")))
                    continue
                if response.status != 200:
                    msg = f"HTTP {response.status}"
                    raise ValueError(msg)
                return read_certificates(await _read_bounded(response.content))
        msg = "too many redirects"
        raise ValueError(msg)

    def _vet(self, url: URL) -> None:
        if url.scheme not in ("http", "https") or not url.host or url.raw_user or url.raw_password:
            msg = "not an http address"
            raise ValueError(msg)
        if (url.port or 0) < _PRIVILEGED and url.port not in _WEB_PORTS:
            msg = f"no port of a CA: {url.port}"
            raise ValueError(msg)
        try:
            literal = ip_address(url.host)
        except ValueError as error:
            # No top-level domain starts with a digit, and system calls read 127.1, 0x7f.1 and
            # 2130706433 as addresses that the policy has not seen.
            if url.host.rstrip(".").rpartition(".")[2][:1].isdigit():
                msg = "not an http address"
                raise ValueError(msg) from error
            return  # a name: the resolver asks the policy
        if not self._policy.permits(literal):
            raise _DeniedError(url.host)


def _size(fetched: Fetched) -> int:
    return sum(len(one.der) for one in fetched.certificates)


async def _read_bounded(content: aiohttp.StreamReader) -> bytes:
    body = bytearray()
    async for part in content.iter_any():
        body += part
        if len(body) > _MOST_BYTES:
            msg = f"more than {_MOST_BYTES} bytes"
            raise ValueError(msg)
    return bytes(body)


def read_certificates(body: bytes) -> tuple[Certificate, ...]:
    """Certificates of a DER, PEM or PKCS#7 (DER or PEM) body.

    Raises:
        MalformedCertificateError: It is none of these.
    """
    if b"-----BEGIN CERTIFICATE" in body:
        return read_pem_certificates(body)
    try:
        return (read_certificate(body),)
    except MalformedCertificateError:
        pass
    load = (
        pkcs7.load_pem_pkcs7_certificates
        if body.lstrip().startswith(b"-----BEGIN")
        else pkcs7.load_der_pkcs7_certificates
    )
    try:
        with warnings.catch_warnings():
            # BER in place of DER is common in .p7c files of CAs.
            warnings.simplefilter("ignore")
            found = load(body)
    except (ValueError, TypeError, UnsupportedAlgorithm, InvalidVersion) as error:
        reason = "neither a certificate nor a PKCS#7 bundle"
        raise MalformedCertificateError(reason) from error
    return tuple(read_certificate(one.public_bytes(Encoding.DER)) for one in found)
