"""HTTP for what certificates point to: bounded in bytes, hops and time, under the egress policy.

Every connection goes to an address that the policy permits, those of redirects too. What comes is
untrusted; whoever asked checks signatures.

A proxy is asked by name: it would put the address into the Host field, and CAs are behind shared
addresses. So the name is resolved here first, every address of it has to be permitted, and then the
proxy resolves it once more.
"""

import asyncio
import socket
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import TypedDict

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bot.diagnosis.egress import EgressPolicy
from bot.diagnosis.proxy import NO_PROXIES, Proxies, Proxy
from bot.diagnosis.resolve import NameNotResolvedError, Place, Resolver

_MOST_REDIRECTS = 3
_MOST_ADDRESSES = 4
# A CA's address is http, port 80 (Baseline Requirements 7.1.2.7.7); company CAs use what they
# like. What no CA uses are the ports of mail, shells and directories below 1024: a certificate
# must not make us knock at somebody's port 22 or write into a mail dialogue on 25.
_PRIVILEGED, _WEB_PORTS = 1024, frozenset({80, 443})
_SECONDS = 3.0


class DownloadError(Exception):
    """Nothing came from an address; the text says why: `denied`, `timeout`, or the system's word."""


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A body, and the time that the server's clock showed (RFC 9110, 6.6.1), if it said one.

    `heard` is when that was, by the loop's clock.
    """

    body: bytes
    date: datetime | None = None
    heard: float = 0.0


class _DeniedError(OSError):
    """The egress policy forbids the address."""


class _OwnResolver(AbstractResolver):
    """Finds the proxies themselves, which the operator named."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        try:
            found = await self._resolver.resolve(host, _SECONDS)
        except NameNotResolvedError as error:
            raise OSError(error.text) from error
        return [_as_result(host, port, one) for one in found[:_MOST_ADDRESSES]]

    async def close(self) -> None:
        """Nothing is owned here."""


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


class Downloader:
    """HTTP under one egress policy: a session for what is near, one for what proxies lead to."""

    def __init__(
        self, resolver: Resolver, policy: EgressPolicy, proxies: Proxies = NO_PROXIES
    ) -> None:
        self._resolver = resolver
        self._policy = policy
        self._proxies = proxies
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def download(
        self,
        url: str,
        *,
        most_bytes: int,
        body: bytes | None = None,
        content_type: str = "application/octet-stream",
        seconds: float = _SECONDS,
    ) -> Downloaded:
        """Get what is behind an address, or what it answers to `body`.

        Args:
            url: An http or https address.
            most_bytes: A larger answer is refused.
            body: Sent by POST; None for GET.
            content_type: What `body` is.
            seconds: The bound of it all, redirects included.

        Raises:
            DownloadError: There is no answer, or no acceptable one.
        """
        try:
            async with asyncio.timeout(seconds):
                return await self._download(url, most_bytes, body, content_type)
        except TimeoutError as error:
            raise DownloadError("timeout") from error
        except _DeniedError as error:
            raise DownloadError("denied") from error
        except aiohttp.ClientConnectorError as error:
            denied = isinstance(error.os_error, _DeniedError)
            raise DownloadError("denied" if denied else str(error.os_error)) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise DownloadError(str(error) or type(error).__name__) from error

    async def aclose(self) -> None:
        """Close the connections."""
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    async def _download(
        self, url: str, most_bytes: int, body: bytes | None, content_type: str
    ) -> Downloaded:
        here = URL(url)
        headers = {"Content-Type": content_type} if body is not None else {}
        for _ in range(_MOST_REDIRECTS + 1):
            proxy = self._vet(here)
            login: dict[str, str] = {}
            if proxy is not None:
                await self._vet_for_proxy(here)
                if proxy.authorization is not None:
                    login = {"Proxy-Authorization": proxy.authorization}
            async with self._session(proxied=proxy is not None).request(
                "GET" if body is None else "POST",
                here,
                data=body,
                headers=headers | (login if here.scheme == "http" else {}),
                allow_redirects=False,
                **_by(proxy, login, here),
            ) as response:
                if response.status in (301, 302, 303, 307, 308):
                    here = here.join(URL(response.headers.get("Location", "")))
                    continue
                if response.status != 200:
                    msg = f"HTTP {response.status}"
                    raise ValueError(msg)
                content = await _read_bounded(response.content, most_bytes)
                date = _date(response.headers.get("Date"), response.headers.get("Age"))
                return Downloaded(content, date, asyncio.get_running_loop().time())
        msg = "too many redirects"
        raise ValueError(msg)

    def _session(self, *, proxied: bool) -> aiohttp.ClientSession:
        session = self._sessions.get(proxied)
        if session is None:
            resolver = (
                _OwnResolver(self._resolver)
                if proxied
                else _VettedResolver(self._resolver, self._policy)
            )
            session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, limit=32),
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "tlscheck"},
                skip_auto_headers=("Accept-Encoding",),
                trust_env=False,
            )
            self._sessions[proxied] = session
        return session

    async def _vet_for_proxy(self, url: URL) -> None:
        host = url.host or ""
        try:
            ip_address(host)
        except ValueError:
            pass
        else:
            return  # the policy has seen it
        try:
            found = await self._resolver.resolve(host, _SECONDS / 2)
        except NameNotResolvedError as error:
            if self._proxies.may_resolve(host):
                return
            raise OSError(error.text) from error
        if not all(self._policy.permits(one.address) for one in found):
            raise _DeniedError(host)

    def _vet(self, url: URL) -> Proxy | None:
        """Refuse what no CA has; the proxy that leads there, if one does."""
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
        else:
            if not self._policy.permits(literal):
                raise _DeniedError(url.host)
        # A name: the resolver asks the policy.
        return self._proxies.for_url(url.scheme, url.host, url.port or 0)


class _ByProxy(TypedDict, total=False):
    proxy: str
    proxy_headers: dict[str, str]
    ssl: ssl.SSLContext


def _by(proxy: Proxy | None, login: dict[str, str], url: URL) -> _ByProxy:
    if proxy is None:
        return {}
    by: _ByProxy = {"proxy": proxy.url}
    if login and url.scheme == "https":
        by["proxy_headers"] = login  # of CONNECT; those of the request are for the server
    if proxy.tls is not None:
        by["ssl"] = proxy.tls
    return by


async def _read_bounded(content: aiohttp.StreamReader, most_bytes: int) -> bytes:
    body = bytearray()
    async for part in content.iter_any():
        body += part
        if len(body) > most_bytes:
            msg = f"more than {most_bytes} bytes"
            raise ValueError(msg)
    return bytes(body)


def _date(header: str | None, age: str | None) -> datetime | None:
    if not header:
        return None
    try:
        said = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    # What a cache keeps shows the time when it was fetched (RFC 9111, 5.1).
    kept = int(age) if age and age.isdecimal() and len(age) < 9 else 0
    said = said if said.tzinfo is not None else said.replace(tzinfo=UTC)
    try:
        return said + timedelta(seconds=kept)
    except OverflowError:
        return None
