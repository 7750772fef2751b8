"""HTTP for what certificates point to: bounded in bytes, hops and time, under the egress policy.

Every connection goes to an address that the policy permits, those of redirects too. What comes is
untrusted; whoever asked checks signatures.
"""

import asyncio
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import ip_address

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bot.diagnosis.egress import EgressPolicy
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
    """One HTTP session under one egress policy."""

    def __init__(self, resolver: Resolver, policy: EgressPolicy) -> None:
        self._resolver = resolver
        self._policy = policy
        self._session: aiohttp.ClientSession | None = None

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
        if self._session is not None:
            await self._session.close()

    async def _download(
        self, url: str, most_bytes: int, body: bytes | None, content_type: str
    ) -> Downloaded:
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
        headers = {"Content-Type": content_type} if body is not None else {}
        for _ in range(_MOST_REDIRECTS + 1):
            self._vet(here)
            async with self._session.request(
                "GET" if body is None else "POST",
                here,
                data=body,
                headers=headers,
                allow_redirects=False,
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
