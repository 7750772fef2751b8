"""Asking whether certificates were revoked: OCSP first, then the CRL, side by side along the path.

Asking is bounded by the patience of the place where the check runs; an answer that comes later is
kept, and found when the check asks once more (`later`). Judging is in `revocation`, HTTP in
`download`.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import pairwise

from bot.diagnosis.certificate import Certificate
from bot.diagnosis.download import Downloaded, Downloader, DownloadError
from bot.diagnosis.path import Path
from bot.diagnosis.revocation import (
    Fault,
    How,
    Status,
    ocsp_request,
    places_of,
    read_crl,
    read_ocsp,
)
from bot.diagnosis.shelf import SharedAnswers

_MOST_OCSP_BYTES = 64 * 1024
# Partitioned CRLs of public CAs are below 2 MB; a larger one is not worth an answer's time.
_MOST_CRL_BYTES = 2 * 1024 * 1024
_KEPT = 512
_KEPT_SECONDS, _KEPT_SECONDS_FAILED = 600.0, 30.0
# Somebody else's failure is old already.
_KEPT_SECONDS_SHARED_FAULT = 5.0
# Answers are valid for days; whoever has just revoked a certificate wants to see it before that.
_SHARED_SECONDS = 3600.0
_SECONDS = 5.0
# Of all addresses of a name together: as with AIA, whoever is checked chooses what is asked.
_MOST_URLS_A_CHECK = 24
# The leaf and the CAs above it; public paths have one or two.
_MOST_CERTIFICATES = 5

_Dates = tuple[tuple[str, datetime, float], ...]


@dataclass(frozen=True, slots=True)
class Answers:
    """What was said of one certificate.

    `dates` are what the clocks of the servers that answered showed, each with the moment of the
    loop's clock.
    """

    asked: tuple[Status, ...] = ()
    dates: _Dates = ()

    @property
    def pending(self) -> bool:
        """Whether an answer was under way when patience ended."""
        return any(one.state == "pending" for one in self.asked)


@dataclass(frozen=True, slots=True)
class Above:
    """What was said of one CA certificate of the path."""

    certificate: Certificate
    issuer: Certificate
    asked: tuple[Status, ...]


@dataclass(frozen=True, slots=True)
class Revocation:
    """What is known of a path: the leaf's stapled answer (None: none came), and what was asked for.

    `asked` is about the leaf, `above` about the CAs between it and the anchor, which nobody revokes.
    """

    must_staple: bool = False
    stapled: Status | None = None
    asked: tuple[Status, ...] = ()
    above: tuple[Above, ...] = ()
    dates: _Dates = ()

    @property
    def answers(self) -> tuple[Status, ...]:
        """All that was said of the leaf, the stapled answer first."""
        return (self.stapled, *self.asked) if self.stapled else self.asked

    @property
    def pending(self) -> bool:
        """Whether an answer was under way when patience ended."""
        every = (self.asked, *(one.asked for one in self.above))
        return any(status.state == "pending" for asked in every for status in asked)

    def given_up(self) -> "Revocation":
        """The same without waiting any longer: what has not answered by now does not answer."""

        def ended(asked: tuple[Status, ...]) -> tuple[Status, ...]:
            return tuple(
                replace(one, state="unusable", fault="timeout") if one.state == "pending" else one
                for one in asked
            )

        above = tuple(replace(one, asked=ended(one.asked)) for one in self.above)
        return replace(self, asked=ended(self.asked), above=above)


class Allowance:
    """The OCSP and CRL addresses that one check may ask, over all addresses of the name."""

    def __init__(self, most: int = _MOST_URLS_A_CHECK) -> None:
        self._most = most
        self._granted: set[str] = set()

    def grants(self, url: str) -> bool:
        """Whether this address may be asked, too."""
        if url not in self._granted and len(self._granted) < self._most:
            self._granted.add(url)
        return url in self._granted


@dataclass(frozen=True, slots=True)
class _Failed:
    fault: Fault
    said: str | None = None


_Kept = Downloaded | _Failed
_Key = tuple[str, bytes | None]
_Read = Callable[[bytes], Status]


class StatusAsker:
    """Asks responders and distribution points, and remembers their answers for a while."""

    def __init__(
        self,
        downloader: Downloader,
        elapsed: Callable[[], float] | None = None,
        shared: SharedAnswers | None = None,
    ) -> None:
        """Make one; nothing is connected yet.

        Args:
            downloader: The way to responders and distribution points.
            elapsed: A monotonic clock in seconds; the loop's when None.
            shared: What others of the same policy were answered; None when nobody shares.
        """
        self._downloader = downloader
        self._elapsed = elapsed
        self._shared = shared
        self._kept: OrderedDict[_Key, tuple[float, _Kept]] = OrderedDict()
        self._running: dict[_Key, asyncio.Task[_Kept]] = {}

    async def ask_along(
        self, path: Path, known: Revocation, at: datetime, *, until: float, allowance: Allowance
    ) -> Revocation:
        """Ask for each certificate of a path but its anchor, all side by side.

        Args:
            path: The best path known, the leaf first.
            known: What needs no asking: a usable stapled answer spares the leaf's.
            at: The moment to judge by.
            until: As for `ask`.
            allowance: What the whole check may ask.
        """
        stapled = known.stapled is not None and known.stapled.state in ("good", "revoked")
        pairs = [
            (number, one, issuer)
            for number, (one, issuer) in enumerate(pairwise(path.certificates))
            if (number or not stapled) and places_of(one).any
        ][:_MOST_CERTIFICATES]
        if not pairs:
            return known
        found = await asyncio.gather(
            *(
                self.ask(one, issuer, at, until=until, allowance=allowance)
                for _, one, issuer in pairs
            )
        )
        return replace(
            known,
            asked=next(
                (got.asked for got, (n, _, _) in zip(found, pairs, strict=True) if not n), ()
            ),
            above=tuple(
                Above(one, issuer, got.asked)
                for got, (number, one, issuer) in zip(found, pairs, strict=True)
                if number
            ),
            dates=tuple(date for got in found for date in got.dates),
        )

    async def ask(
        self,
        certificate: Certificate,
        issuer: Certificate,
        at: datetime,
        *,
        until: float,
        allowance: Allowance | None = None,
    ) -> Answers:
        """Ask where the certificate says, until a usable answer comes or patience ends.

        Args:
            certificate: The one whose status is asked for.
            issuer: Its issuer: names and verifies the answer.
            at: The moment to judge by.
            until: Moment of the loop's clock after which no answer is waited for; what is under
                way then goes on, and whoever asks next finds it.
            allowance: What the whole check may ask; None sets no bound beside the certificate's.
        """
        asked: list[Status] = []
        dates: list[tuple[str, datetime, float]] = []
        for how, url, body in _steps(certificate, issuer):
            if allowance is not None and not allowance.grants(url):
                asked.append(Status(how, "unusable", "too_many", url))
                continue
            read = partial(
                read_ocsp if how == "ocsp" else read_crl,
                leaf=certificate,
                issuer=issuer,
                at=at,
                url=url,
            )
            got = await self._get(url, body, until, read, at)
            if got is None:
                asked.append(Status(how, "pending", url=url))
                break
            if isinstance(got, _Failed):
                asked.append(Status(how, "unusable", got.fault, url, said=got.said))
                continue
            if got.date is not None:
                dates.append((url, got.date, got.heard))
            asked.append(read(got.body))
            if asked[-1].state in ("good", "revoked"):
                break
        return Answers(tuple(asked), tuple(dates))

    async def aclose(self) -> None:
        """Stop what is under way."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _get(
        self, url: str, body: bytes | None, until: float, read: _Read, at: datetime
    ) -> _Kept | None:
        key = (url, body)
        kept = self._kept.get(key)
        if kept is not None and kept[0] > self._now():
            return kept[1]
        task = self._running.get(key)
        if task is None:
            task = asyncio.ensure_future(self._fetch_and_keep(key, read, at))
            self._running[key] = task
            task.add_done_callback(lambda _: self._running.pop(key, None))
        try:
            async with asyncio.timeout_at(until):
                return await asyncio.shield(task)
        except TimeoutError:
            return None

    async def _fetch_and_keep(self, key: _Key, read: _Read, at: datetime) -> _Kept:
        got = await self._find(key, read)
        seconds = _KEPT_SECONDS if isinstance(got, Downloaded) else _KEPT_SECONDS_SHARED_FAULT
        if got is None:
            got = await self._download(key, read, at)
            seconds = _KEPT_SECONDS if isinstance(got, Downloaded) else _KEPT_SECONDS_FAILED
        self._kept[key] = (self._now() + seconds, got)
        self._kept.move_to_end(key)
        while len(self._kept) > _KEPT or self._weight() > 16 * _MOST_CRL_BYTES:
            self._kept.popitem(last=False)
        return got

    async def _find(self, key: _Key, read: _Read) -> _Kept | None:
        """What is on the shelf, if it can be used: signed by whom it should be, and in date."""
        found = await self._shared.find(*key) if self._shared is not None else None
        if found is None:
            return None
        if found.fault is not None:
            return _failed(found.fault)
        return Downloaded(found.body) if read(found.body).state in ("good", "revoked") else None

    async def _download(self, key: _Key, read: _Read, at: datetime) -> _Kept:
        url, body = key
        try:
            got = await self._downloader.download(
                url,
                most_bytes=_MOST_CRL_BYTES if body is None else _MOST_OCSP_BYTES,
                body=body,
                content_type="application/ocsp-request",
                seconds=_SECONDS,
            )
        except DownloadError as error:
            if self._shared is not None:
                self._shared.keep_fault(url, str(error), body)
            return _failed(str(error))
        if self._shared is not None:
            said = read(got.body)
            if said.state in ("good", "revoked") and said.next_update is not None:
                left = (said.next_update - at).total_seconds()
                self._shared.keep(url, got.body, min(left, _SHARED_SECONDS), body)
        return got

    def _weight(self) -> int:
        return sum(len(one.body) for _, one in self._kept.values() if isinstance(one, Downloaded))

    def _now(self) -> float:
        return asyncio.get_running_loop().time() if self._elapsed is None else self._elapsed()


def _steps(certificate: Certificate, issuer: Certificate) -> list[tuple[How, str, bytes | None]]:
    places = places_of(certificate)
    steps: list[tuple[How, str, bytes | None]] = []
    if places.ocsp:
        try:
            request = ocsp_request(certificate, issuer)
        except ValueError:
            request = None
        if request is not None:
            steps += [("ocsp", url, request) for url in places.ocsp]
    steps += [("crl", url, None) for url in places.crl]
    return steps


def _failed(said: str) -> _Failed:
    """The fault that a download's words mean; words of the system stay beside it."""
    if said == "timeout":
        return _Failed("timeout")
    if said == "denied":
        return _Failed("denied")
    if said.startswith("HTTP "):
        return _Failed("http", said)
    return _Failed("too_large" if said.startswith("more than ") else "unreachable", said[:200])
