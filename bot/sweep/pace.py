"""Who is asked next: no host twice at once, no network too often, none held up by a slow one.

Targets are kept by network. A network that has as many checks under way as it may, or had one too
lately, waits by itself while others go on: choosing the next one costs the logarithm of how many
networks there are. Pure: the time is passed in.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from ipaddress import ip_address, ip_network

from bot.diagnosis.report import Target

# Names below a two-letter country and a short second level (co.jp, com.br) belong to three labels.
_SHORT_SECOND_LEVEL = 3


@dataclass(frozen=True, slots=True)
class Politeness:
    """Bounds of a sweep.

    `rate`: checks begun a second, in all; `network_rate`: the same for one network;
    `network_at_once`: checks under way in one network. A host has one at a time.
    """

    rate: float = 1000.0
    network_rate: float = 20.0
    network_at_once: int = 10


def network_of(host: str) -> str:
    """What is spared together: a /24 or /48 of addresses, or the domain that names belong to."""
    try:
        address = ip_address(host)
    except ValueError:
        labels = host.split(".")
        short = len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= _SHORT_SECOND_LEVEL
        return ".".join(labels[-3 if short else -2 :])
    return str(ip_network(f"{address}/{24 if address.version == 4 else 48}", strict=False))


@dataclass(slots=True)
class _Network:
    waiting: deque[Target] = field(default_factory=deque)
    running: int = 0
    next_at: float = 0.0
    queued: bool = False


class Pace:
    """The order of a sweep."""

    def __init__(self, targets: Iterable[Target], politeness: Politeness) -> None:
        """Nothing has begun."""
        self._politeness = politeness
        self._networks: dict[str, _Network] = {}
        self._ready: list[tuple[float, int, str]] = []
        self._turn = 0
        self._next_at = 0.0
        self._busy: set[str] = set()
        self.left = 0
        for target in targets:
            self._network(target).waiting.append(target)
            self.left += 1
        for name in self._networks:
            self._queue(name)

    def next(self, now: float) -> tuple[Target | None, float]:
        """The target to begin with now, if any, and else how long to wait for the next look.

        Infinite: until something ends.
        """
        if self._ready and self._next_at > now:
            return None, self._next_at - now
        while self._ready:
            at = self._ready[0][0]
            if at > now:
                return None, at - now
            _, _, name = heappop(self._ready)
            network = self._networks[name]
            network.queued = False
            target = self._free_host(network)
            if target is not None:
                self._begin(target, network, now)
                self._queue(name)
                return target, 0.0
            # All its hosts are busy; it comes back when one of them ends.
        return None, float("inf")

    def ended(self, target: Target) -> None:
        """A check is over."""
        name = network_of(target.host)
        self._networks[name].running -= 1
        self._busy.discard(target.host)
        self._queue(name)

    def _begin(self, target: Target, network: _Network, now: float) -> None:
        self.left -= 1
        network.running += 1
        network.next_at = now + 1 / self._politeness.network_rate
        self._next_at = max(self._next_at, now - 0.1) + 1 / self._politeness.rate
        self._busy.add(target.host)

    def _free_host(self, network: _Network) -> Target | None:
        for _ in range(min(len(network.waiting), self._politeness.network_at_once + 1)):
            target = network.waiting.popleft()
            if target.host not in self._busy:
                return target
            network.waiting.append(target)
        return None

    def _network(self, target: Target) -> _Network:
        return self._networks.setdefault(network_of(target.host), _Network())

    def _queue(self, name: str) -> None:
        network = self._networks[name]
        if (
            network.waiting
            and not network.queued
            and network.running < self._politeness.network_at_once
        ):
            network.queued = True
            self._turn += 1
            heappush(self._ready, (network.next_at, self._turn, name))
