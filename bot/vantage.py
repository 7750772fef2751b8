"""Where a check runs from: here, or (later) a worker elsewhere. The service knows only this shape."""

from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from pydantic import SecretStr

from bot.diagnosis.aia import IssuerFetcher
from bot.diagnosis.certificate import read_pem_certificates
from bot.diagnosis.clock import bundle_date
from bot.diagnosis.egress import EgressPolicy
from bot.diagnosis.examine import examine, examine_file
from bot.diagnosis.later import Unfinished, finish
from bot.diagnosis.machine import MachineStore
from bot.diagnosis.proxy import NO_PROXIES, Proxies, Proxy, parse_bypass, parse_proxy
from bot.diagnosis.question import Question
from bot.diagnosis.report import Report
from bot.diagnosis.resolve import Resolver, SystemResolver
from bot.diagnosis.shelf import SharedAnswers, Shelf
from bot.diagnosis.status import StatusAsker
from bot.diagnosis.surroundings import PATIENCE, Surroundings, utc_now
from bot.diagnosis.trust import TrustStore, trust_store
from bot.settings import Settings, SettingsError

CHANNEL_PATIENCE = 0.1
"""How long an answer that a person waits for waits for OCSP and CRLs, in seconds: beside the other
connections that is nearly free, and what comes later arrives as an update."""

OVERTIME_SECONDS = 5.0
"""Beyond the question's own timeout: when a vantage, or another process' check, is given up."""

_UNFINISHED = 256


class Vantage(Protocol):
    """A place that can answer questions."""

    @property
    def name(self) -> str:
        """How people call the place."""

    def roots_digest(self, question: Question) -> str:
        """Hex digest of the trust anchors that this question would be judged against."""

    async def check(self, question: Question) -> Report:
        """Run one check, bounded by the question's timeout; never raises for what a server does.

        A Report whose `pending` is not empty has a later one: `later` waits for it.
        """

    async def later(self, report: Report) -> Report | None:
        """The later Report to one that this vantage gave, with the same id; to be asked for once.

        Bounded (`bot.diagnosis.later.LATER_SECONDS` from the check's beginning).

        Returns:
            None when nothing is known beyond the first one.
        """

    async def aclose(self) -> None:
        """Release sockets and other resources."""


class LocalVantage:
    """Checks run in this process. What is costly to build (roots, connections) is kept."""

    def __init__(
        self,
        name: str,
        *,
        resolver: Resolver,
        policy: EgressPolicy,
        extra_roots_pem: str | None = None,
        clock: Callable[[], datetime] = utc_now,
        patience: float = PATIENCE,
        proxies: Proxies = NO_PROXIES,
    ) -> None:
        """`patience`: how long an answer waits for OCSP and CRLs, in seconds."""
        self._name = name
        self._resolver = resolver
        self._policy = policy
        self._extra_roots_pem = extra_roots_pem
        self._clock = clock
        self._patience = patience
        # Of those who do not ask for the later Report, only so many are kept.
        self._unfinished: OrderedDict[str, Unfinished] = OrderedDict()
        self._proxies = proxies
        self._machine: tuple[MachineStore, ...] = ()
        self._reference: tuple[str, timedelta] | None = None
        self._shelf: Shelf | None = None
        self._fetchers: dict[tuple[str, ...], tuple[IssuerFetcher, StatusAsker]] = {}
        trust_store(None, extra_roots_pem)  # a bad file is a fault of the start, not of a check

    @property
    def name(self) -> str:
        """How people call the place."""
        return self._name

    def roots_digest(self, question: Question) -> str:
        """Hex digest of the trust anchors that this question would be judged against."""
        return self._trust(question).digest

    def share(self, shelf: Shelf) -> None:
        """From now on, share what CAs answer with other processes.

        Not for questions that widen the policy: what they may fetch is nobody else's to read, and
        the other way round. The scope keeps places with another policy or name apart as well.
        """
        self._shelf = shelf

    def know_clock(self, source: str, ahead: timedelta) -> None:
        """From now on, hold another clock against ours; `ahead` is what it shows beyond it."""
        self._reference = (source, ahead)

    def know_machine(self, stores: Sequence[MachineStore]) -> None:
        """From now on, judge by these trust stores of the machine, too (not with own roots)."""
        self._machine = tuple(stores)

    async def check(self, question: Question, *, patience: float | None = None) -> Report:
        """Run one check. See `bot.diagnosis.examine.examine`.

        Args:
            question: What is asked.
            patience: How long this answer waits for OCSP and CRLs; None: as this place does.
        """
        around = self._surroundings(question)
        if patience is not None:
            around = replace(around, patience=patience)
        examined = await examine(question, around)
        if examined.unfinished is not None:
            self._unfinished[examined.report.id] = examined.unfinished
            while len(self._unfinished) > _UNFINISHED:
                self._unfinished.popitem(last=False)
        return examined.report

    async def later(self, report: Report) -> Report | None:
        """The later Report. See `bot.diagnosis.later.finish`."""
        unfinished = self._unfinished.pop(report.id, None)
        return await finish(unfinished) if unfinished is not None else None

    async def check_file(self, certificates: Sequence[bytes], question: Question) -> Report:
        """Judge a chain as if the question's target had sent exactly that; nothing connects there.

        Args:
            certificates: DER, in the order of the file.
            question: `fetch` allows AIA requests; `addresses` play no part.
        """
        at = question.at or self._clock()
        return await examine_file(
            certificates,
            question.target,
            self._surroundings(question),
            at=at,
            fetch=question.fetch,
        )

    def _surroundings(self, question: Question) -> Surroundings:
        policy = self._policy.widened(question.allow_networks)
        fetching = self._fetchers.get(question.allow_networks)
        if fetching is None:
            shared = None
            if self._shelf is not None and not question.allow_networks:
                # The proxies decide, too, what can be reached from here.
                parts = (self._name, repr(self._proxies), *map(str, policy.allow), "|")
                scope = "\n".join((*parts, *map(str, policy.deny)))
                shared = SharedAnswers(self._shelf, scope)
            fetcher = IssuerFetcher(self._resolver, policy, proxies=self._proxies, shared=shared)
            fetching = (fetcher, StatusAsker(fetcher.downloader, shared=shared))
            self._fetchers[question.allow_networks] = fetching
        fetcher, asker = fetching
        return Surroundings(
            self._resolver,
            policy,
            fetcher,
            self._trust(question),
            self._clock,
            self._name,
            asker,
            self._patience,
            bundle_date() if self._clock is utc_now else None,
            proxies=self._proxies,
            machine=self._machine if question.roots_pem is None else (),
            reference=self._reference,
        )

    async def aclose(self) -> None:
        """Close the connections of the fetchers."""
        for fetcher, asker in self._fetchers.values():
            await asker.aclose()
            await fetcher.aclose()
        self._fetchers.clear()
        self._unfinished.clear()

    def _trust(self, question: Question) -> TrustStore:
        # `--roots` means exactly these: the company's own do not come on top.
        if question.roots_pem is not None:
            return trust_store(question.roots_pem)
        return trust_store(None, self._extra_roots_pem)


@asynccontextmanager
async def open_local_vantage(
    settings: Settings,
    *,
    resolver: Resolver | None = None,
    extra_roots_pem: str | None = None,
    clock: Callable[[], datetime] = utc_now,
    patience: float = PATIENCE,
) -> AsyncIterator[LocalVantage]:
    """The vantage of this process, as the settings want it.

    Args:
        settings: Networks, extra roots, the vantage's name.
        resolver: Asked in place of the system's (the lab's names).
        extra_roots_pem: Trusted beside certifi's and the settings' (the lab's root).
        clock: The time of checks and judgements.
        patience: How long an answer waits for OCSP and CRLs, in seconds.

    Raises:
        SettingsError: The extra roots cannot be read.
    """
    own = SystemResolver() if resolver is None else None
    try:
        vantage = LocalVantage(
            settings.tlscheck_vantage,
            resolver=resolver or own or SystemResolver(),
            policy=EgressPolicy(settings.tlscheck_allow_networks, settings.tlscheck_deny_networks),
            extra_roots_pem=_extra_roots(settings, extra_roots_pem),
            clock=clock,
            patience=patience,
            proxies=proxies_of(settings),
        )
    except ValueError as error:
        msg = (
            f"TLSCHECK_EXTRA_ROOTS: {settings.tlscheck_extra_roots} is no PEM file of certificates"
        )
        raise SettingsError(msg) from error
    try:
        yield vantage
    finally:
        await vantage.aclose()
        if own is not None:
            await own.aclose()


def proxies_of(settings: Settings) -> Proxies:
    """The proxies that the settings name."""
    more = _extra_roots(settings, None)

    def read(value: SecretStr | None) -> Proxy | None:
        text = value.get_secret_value() if value is not None else ""
        return parse_proxy(text, more_roots_pem=more) if text.strip() else None

    return Proxies(
        read(settings.https_proxy),
        read(settings.http_proxy),
        parse_bypass(settings.no_proxy),
        settings.tlscheck_proxy_resolves,
    )


def _extra_roots(settings: Settings, more: str | None) -> str | None:
    texts = [more] if more else []
    if settings.tlscheck_extra_roots is not None:
        try:
            # PEM is ASCII; what stands around it (names of CAs, often in Latin-1) does not matter.
            text = settings.tlscheck_extra_roots.read_bytes().decode("ascii", "replace")
        except OSError as error:
            msg = f"TLSCHECK_EXTRA_ROOTS: cannot read {settings.tlscheck_extra_roots}"
            raise SettingsError(msg) from error
        read_pem_certificates(text.encode())  # an empty file is wrong, whatever comes beside it
        texts.append(text)
    return "\n".join(texts) or None
