"""Asking whether a certificate was revoked: first what was stapled, then OCSP, then the CRL.

Asking is bounded by the patience of the place where the check runs; an answer that comes later is
kept for the next check. Judging is in `revocation`, HTTP in `download`.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot.diagnosis.certificate import Certificate
from bot.diagnosis.download import Downloaded, Downloader, DownloadError
from bot.diagnosis.revocation import How, Status, ocsp_request, places_of, read_crl, read_ocsp

_MOST_OCSP_BYTES = 64 * 1024
# Partitioned CRLs of public CAs are below 2 MB; a larger one is not worth an answer's time.
_MOST_CRL_BYTES = 2 * 1024 * 1024
_KEPT = 512
_KEPT_SECONDS, _KEPT_SECONDS_FAILED = 600.0, 30.0
_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Revocation:
    """What is known: the stapled answer (None: none came), and what was asked for.

    `pending` says that an answer was under way when patience ended; `dates` are what the clocks of
    the servers that answered showed, each with the moment of the loop's clock.
    """

    must_staple: bool = False
    stapled: Status | None = None
    asked: tuple[Status, ...] = ()
    pending: bool = False
    dates: tuple[tuple[str, datetime, float], ...] = ()

    @property
    def answers(self) -> tuple[Status, ...]:
        """All that was said, the stapled answer first."""
        return (self.stapled, *self.asked) if self.stapled else self.asked


_Kept = Downloaded | str


class StatusAsker:
    """Asks responders and distribution points, and remembers their answers for a while."""

    def __init__(self, downloader: Downloader, elapsed: Callable[[], float] | None = None) -> None:
        """`elapsed` is a monotonic clock in seconds; the loop's when None."""
        self._downloader = downloader
        self._elapsed = elapsed
        self._kept: OrderedDict[tuple[str, bytes | None], tuple[float, _Kept]] = OrderedDict()
        self._running: dict[tuple[str, bytes | None], asyncio.Task[_Kept]] = {}

    async def ask(
        self, leaf: Certificate, issuer: Certificate, at: datetime, *, until: float
    ) -> Revocation:
        """Ask where the certificate says, until a usable answer comes or patience ends.

        Args:
            leaf: The certificate whose status is asked for.
            issuer: Its issuer: names and verifies the answer.
            at: The moment to judge by.
            until: Moment of the loop's clock after which no answer is waited for; what is under
                way then goes on, and the next check finds it.
        """
        places = places_of(leaf)
        asked: list[Status] = []
        dates: list[tuple[str, datetime, float]] = []
        steps: list[tuple[How, str, bytes | None]] = []
        if places.ocsp:
            try:
                request = ocsp_request(leaf, issuer)
            except ValueError:
                request = None
            if request is not None:
                steps += [("ocsp", url, request) for url in places.ocsp]
        steps += [("crl", url, None) for url in places.crl]
        for how, url, body in steps:
            got = await self._get(url, body, until)
            if got is None:
                return Revocation(asked=tuple(asked), pending=True, dates=tuple(dates))
            if isinstance(got, str):
                asked.append(Status(how, "unusable", got, url))
                continue
            if got.date is not None:
                dates.append((url, got.date, got.heard))
            if how == "ocsp":
                asked.append(read_ocsp(got.body, leaf, issuer, at, url=url))
            else:
                asked.append(read_crl(got.body, leaf, issuer, at, url=url))
            if asked[-1].state in ("good", "revoked"):
                break
        return Revocation(asked=tuple(asked), dates=tuple(dates))

    async def aclose(self) -> None:
        """Stop what is under way."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _get(self, url: str, body: bytes | None, until: float) -> _Kept | None:
        key = (url, body)
        kept = self._kept.get(key)
        if kept is not None and kept[0] > self._now():
            return kept[1]
        task = self._running.get(key)
        if task is None:
            task = asyncio.ensure_future(self._fetch_and_keep(key))
            self._running[key] = task
            task.add_done_callback(lambda _: self._running.pop(key, None))
        try:
            async with asyncio.timeout_at(until):
                return await asyncio.shield(task)
        except TimeoutError:
            return None

    async def _fetch_and_keep(self, key: tuple[str, bytes | None]) -> _Kept:
        url, body = key
        got: _Kept
        seconds = _KEPT_SECONDS
        try:
            got = await self._downloader.download(
                url,
                most_bytes=_MOST_CRL_BYTES if body is None else _MOST_OCSP_BYTES,
                body=body,
                content_type="application/ocsp-request",
                seconds=_SECONDS,
            )
        except DownloadError as error:
            got, seconds = str(error), _KEPT_SECONDS_FAILED
        self._kept[key] = (self._now() + seconds, got)
        self._kept.move_to_end(key)
        while len(self._kept) > _KEPT or self._weight() > 16 * _MOST_CRL_BYTES:
            self._kept.popitem(last=False)
        return got

    def _weight(self) -> int:
        return sum(len(one.body) for _, one in self._kept.values() if isinstance(one, Downloaded))

    def _now(self) -> float:
        return asyncio.get_running_loop().time() if self._elapsed is None else self._elapsed()
