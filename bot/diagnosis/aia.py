"""Fetching the certificate of an issuer from where a certificate says it is (AIA caIssuers).

RFC 5280, 4.2.2.1: HTTP, one DER certificate or a PKCS#7 bundle; PEM is common all the same.
What comes is only a candidate: whoever uses it checks name and signature.

Every connection goes to an address that the egress policy permits, redirects too; bytes, hops and
time are bounded; an address that answered is not asked again for a while.
"""

import asyncio
import warnings
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509 import InvalidVersion

from bot.diagnosis.certificate import (
    Certificate,
    MalformedCertificateError,
    read_certificate,
    read_pem_certificates,
)
from bot.diagnosis.download import Downloader, DownloadError
from bot.diagnosis.egress import EgressPolicy
from bot.diagnosis.proxy import NO_PROXIES, Proxies
from bot.diagnosis.resolve import Resolver
from bot.diagnosis.shelf import SharedAnswers

_MOST_BYTES = 64 * 1024
_MOST_CERTIFICATES = 10
_KEPT = 512
# Bytes of DER in all; read certificates take several times that.
_KEPT_BYTES = 4 * 1024 * 1024
_KEPT_SECONDS, _KEPT_SECONDS_FAILED = 3600.0, 30.0
# Somebody else's failure is old already.
_KEPT_SECONDS_SHARED_FAULT = 5.0
_SHARED_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Fetched:
    """What an AIA address gave: certificates, or the reason why there are none.

    `date` is what the clock of that server showed when ours, the loop's, showed `heard`. `shared`:
    another check fetched it, and it was found on the shelf; that says nothing of clocks.
    """

    url: str
    certificates: tuple[Certificate, ...] = ()
    fault: str | None = None
    date: datetime | None = None
    heard: float = 0.0
    shared: bool = False


class IssuerFetcher:
    """Fetches issuers' certificates under one egress policy, and remembers them for a while."""

    def __init__(
        self,
        resolver: Resolver,
        policy: EgressPolicy,
        elapsed: Callable[[], float] | None = None,
        *,
        proxies: Proxies = NO_PROXIES,
        shared: SharedAnswers | None = None,
    ) -> None:
        """Make one; nothing is connected yet.

        Args:
            resolver: Asked for the names in addresses.
            policy: Where connections may go.
            elapsed: A monotonic clock in seconds; the loop's when None.
            proxies: What requests go through.
            shared: What others of the same policy fetched; None when nobody shares.
        """
        self.downloader = Downloader(resolver, policy, proxies)
        self._elapsed = elapsed
        self._shared = shared
        self._kept: OrderedDict[str, tuple[float, Fetched]] = OrderedDict()
        self._kept_bytes = 0
        self._running: dict[tuple[str, bool], asyncio.Task[Fetched]] = {}

    async def fetch(self, url: str) -> Fetched:
        """The certificates behind one address. A failure is in `fault`, never raised."""
        return await self._fetch(url, itself=False)

    async def fetch_itself(self, url: str) -> Fetched:
        """The same, from the address itself: what was only found on the shelf does not count."""
        return await self._fetch(url, itself=True)

    async def _fetch(self, url: str, *, itself: bool) -> Fetched:
        kept = self._kept.get(url)
        if kept is not None and kept[0] > self._now() and not (itself and kept[1].shared):
            return kept[1]
        key = (url, itself)
        task = self._running.get(key)
        if task is None:
            task = asyncio.ensure_future(self._fetch_and_keep(url, itself=itself))
            self._running[key] = task
            task.add_done_callback(lambda _: self._running.pop(key, None))
        return await asyncio.shield(task)

    async def aclose(self) -> None:
        """Stop what is under way and close the connections."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self.downloader.aclose()

    def _now(self) -> float:
        return asyncio.get_running_loop().time() if self._elapsed is None else self._elapsed()

    async def _fetch_and_keep(self, url: str, *, itself: bool) -> Fetched:
        fetched = None if itself else await self._find(url)
        if fetched is None:
            fetched = await self._download(url)
        seconds = _KEPT_SECONDS if fetched.certificates else _KEPT_SECONDS_FAILED
        if fetched.shared and not fetched.certificates:
            seconds = _KEPT_SECONDS_SHARED_FAULT
        self._forget(self._kept.pop(url, None))
        self._kept[url] = (self._now() + seconds, fetched)
        self._kept_bytes += _size(fetched)
        while len(self._kept) > _KEPT or self._kept_bytes > _KEPT_BYTES:
            self._forget(self._kept.popitem(last=False)[1])
        return fetched

    async def _find(self, url: str) -> Fetched | None:
        """What is on the shelf, if it can be used."""
        found = await self._shared.find(url) if self._shared is not None else None
        if found is None:
            return None
        if found.fault is not None:
            return Fetched(url, fault=found.fault, shared=True)
        if len(found.body) > _MOST_BYTES:
            return None
        try:
            certificates = read_certificates(found.body)[:_MOST_CERTIFICATES]
        except ValueError:
            return None
        return Fetched(url, certificates, shared=True)

    async def _download(self, url: str) -> Fetched:
        date, heard = None, 0.0
        try:
            got = await self.downloader.download(url, most_bytes=_MOST_BYTES)
            date, heard = got.date, got.heard
            certificates = read_certificates(got.body)[:_MOST_CERTIFICATES]
        except DownloadError as error:
            fetched = Fetched(url, fault=str(error))
        except ValueError as error:
            fetched = Fetched(url, fault=str(error) or type(error).__name__, date=date, heard=heard)
        else:
            if self._shared is not None:
                self._shared.keep(url, got.body, _SHARED_SECONDS)
            return Fetched(url, certificates, date=date, heard=heard)
        if self._shared is not None and fetched.fault is not None:
            self._shared.keep_fault(url, fetched.fault)
        return fetched

    def _forget(self, kept: tuple[float, Fetched] | None) -> None:
        self._kept_bytes -= _size(kept[1]) if kept is not None else 0


def _size(fetched: Fetched) -> int:
    return sum(len(one.der) for one in fetched.certificates)


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
