"""What a check needs from the place where it runs. Values only."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.diagnosis.aia import IssuerFetcher
from bot.diagnosis.egress import EgressPolicy
from bot.diagnosis.machine import MachineStore
from bot.diagnosis.proxy import NO_PROXIES, Proxies
from bot.diagnosis.resolve import Resolver
from bot.diagnosis.status import StatusAsker
from bot.diagnosis.trust import TrustStore

Clock = Callable[[], datetime]

# How long an answer waits for OCSP and CRLs; honest responders take a tenth of it.
PATIENCE = 1.5


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a check needs from the place where it runs.

    `asker` asks for revocation (None: nobody does); `patience` is how long, in seconds, the answer
    waits for that; `released` is a moment that is certainly past; `proxies` lead to the servers;
    `machine` are the trust stores of the machine, when they are to be judged by, too; `reference`
    is another clock that the place knows: whose, and what it shows beyond ours.
    """

    resolver: Resolver
    policy: EgressPolicy
    fetcher: IssuerFetcher
    trust: TrustStore
    clock: Clock
    vantage: str
    asker: StatusAsker | None = None
    patience: float = PATIENCE
    released: datetime | None = None
    proxies: Proxies = NO_PROXIES
    machine: tuple[MachineStore, ...] = ()
    reference: tuple[str, timedelta] | None = None


def utc_now() -> datetime:
    """The clock that is passed in when nobody chose another."""
    return datetime.now(UTC)
