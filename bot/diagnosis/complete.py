"""Finding what a server left out: from the gap upwards, one AIA address after the other.

The only judgement here is "did this really issue that"; everything fetched is a candidate until a
path with it verifies. Bounded in hops and addresses, and by the caller's deadline.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.diagnosis.aia import Fetched
from bot.diagnosis.certificate import Certificate, is_self_signed, issued_by
from bot.diagnosis.path import Path, best_path, climb
from bot.diagnosis.trust import TrustStore

_MOST_HOPS = 6
_MOST_URLS = 12
# Of all addresses of a name together: they share their CA, and one that names others on each of
# 16 addresses would make one question hundreds of requests to servers of its choice.
_MOST_URLS_A_CHECK = 16

_TOO_MANY = "too many addresses"

# Errors of the leaf's own dates (X509_V_ERR_CERT_NOT_YET_VALID, _CERT_HAS_EXPIRED at depth 0): no
# other chain would mend them.
_DATE_CODES = (9, 10)


class Asking:
    """The AIA addresses that one check may ask, over all addresses of the name."""

    def __init__(
        self,
        fetch: Callable[[str], Awaitable[Fetched]],
        most: int = _MOST_URLS_A_CHECK,
        *,
        itself: Callable[[str], Awaitable[Fetched]] | None = None,
    ) -> None:
        """`itself` passes over what others shared; None when nobody shares."""
        self._fetch = fetch
        self._itself = itself or fetch
        self._most = most
        self._asked: set[str] = set()

    async def fetch(self, url: str) -> Fetched:
        """What is there, or a fault when the check has asked enough other addresses."""
        return await self._fetch(url) if self._grants(url) else Fetched(url, fault=_TOO_MANY)

    async def fetch_itself(self, url: str) -> Fetched:
        """The same, from the address itself."""
        return await self._itself(url) if self._grants(url) else Fetched(url, fault=_TOO_MANY)

    def _grants(self, url: str) -> bool:
        if url not in self._asked and len(self._asked) < self._most:
            self._asked.add(url)
        return url in self._asked


@dataclass(frozen=True, slots=True)
class Completion:
    """The best path that was found, and each address that was asked on the way."""

    path: Path | None
    fetches: tuple[Fetched, ...] = ()
    fetched: tuple[Certificate, ...] = ()


def needs_completion(path: Path | None) -> bool:
    """Whether what the server sent gives no path that other certificates could not better."""
    if path is None:
        return True
    verdict = path.verdict
    return not verdict.ok and not (verdict.depth == 0 and verdict.code in _DATE_CODES)


async def complete(
    leaf: Certificate,
    sent: Sequence[Certificate],
    trust: TrustStore,
    at: datetime,
    *,
    fetch: Callable[[str], Awaitable[Fetched]],
    deadline: float,
    itself: Callable[[str], Awaitable[Fetched]] | None = None,
) -> Completion:
    """Fetch missing issuers until a path verifies or nothing is left to ask.

    Args:
        leaf: The server's own certificate.
        sent: The other certificates that the server sent.
        trust: The anchors.
        at: The moment to judge by.
        fetch: Gets the certificates behind an address.
        deadline: Moment of the loop's clock after which no address is waited for.
        itself: Gets them from the address itself, where what others shared was of no use.
    """
    found: list[Certificate] = []
    fetches: list[Fetched] = []
    asked: set[str] = set()
    path = best_path(leaf, sent, found, trust, at)
    for _ in range(_MOST_HOPS):
        if not needs_completion(path):
            break
        urls = [
            url
            for one in _where_the_chain_is_open(leaf, (*sent, *found), trust, at)
            for url in one.issuer_urls
            if url not in asked
        ][: _MOST_URLS - len(asked)]
        if not urls:
            break
        asked.update(urls)
        answers = await _ask(urls, fetch, deadline)
        news = _issuers_among(answers, (leaf, *sent, *found))
        useless = [one.url for one in answers if _shared_in_vain(one, news)]
        if useless and itself is not None:
            answers = [one for one in answers if one.url not in useless]
            answers += await _ask(useless, itself, deadline)
            news = _issuers_among(answers, (leaf, *sent, *found))
        fetches.extend(answers)
        if not news:
            break
        found.extend(news)
        path = best_path(leaf, sent, found, trust, at)
    return Completion(path, tuple(fetches), tuple(found))


async def _ask(
    urls: Sequence[str], fetch: Callable[[str], Awaitable[Fetched]], deadline: float
) -> list[Fetched]:
    async def one(url: str) -> Fetched:
        try:
            async with asyncio.timeout_at(deadline):
                return await fetch(url)
        except TimeoutError:
            return Fetched(url, fault="timeout")

    return list(await asyncio.gather(*(one(url) for url in urls)))


def _shared_in_vain(one: Fetched, news: Sequence[Certificate]) -> bool:
    """Whatever stands on the shelf, it is not what this chain lacks; a failure is believed."""
    return one.shared and bool(one.certificates) and not any(c in news for c in one.certificates)


def _issuers_among(
    answers: Sequence[Fetched], chain: Sequence[Certificate]
) -> tuple[Certificate, ...]:
    """Those that issued something of the chain, or of one another: a .p7c holds several steps."""
    candidates = [one for answer in answers for one in answer.certificates if one not in chain]
    news: dict[Certificate, None] = {}
    while more := [
        one
        for one in candidates
        if one not in news and any(issued_by(below, one) for below in (*chain, *news))
    ]:
        news.update(dict.fromkeys(more))
    return tuple(news)


def _where_the_chain_is_open(
    leaf: Certificate, known: Sequence[Certificate], trust: TrustStore, at: datetime
) -> list[Certificate]:
    """The certificates whose issuer should be asked for: the top, and those under an expired one."""
    chain = climb(leaf, known)
    open_ones = [
        below
        for below, above in itertools.pairwise(chain)
        if not above.not_before <= at <= above.not_after
    ]
    if not is_self_signed(chain[-1]) and not trust.issuers_of(chain[-1]):
        open_ones.append(chain[-1])
    return open_ones
