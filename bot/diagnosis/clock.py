"""Whether this machine's own clock can be believed. Pure.

Before a date is held against anyone, the clocks of the servers that answered over HTTP are asked
(RFC 9110, 6.6.1). One that agrees with ours clears it; without any, the release date of the
bundled roots is a lower bound: no clock that is right shows an earlier time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median_low

import certifi

TOLERANCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Witness:
    """What another clock shows at the moment when ours shows the check's."""

    source: str
    shows: datetime


@dataclass(frozen=True, slots=True)
class Skew:
    """Ours is wrong: `offset` is what has to be added to it, `at_least` when only a bound is known."""

    offset: timedelta
    sources: tuple[str, ...]
    at_least: bool = False


def skew_of(now: datetime, witnesses: Sequence[Witness], released: datetime | None) -> Skew | None:
    """How wrong our clock is; None when it is right, or nobody can say.

    Args:
        now: What it shows.
        witnesses: What others show.
        released: A moment that is certainly past; None when there is no such knowledge.
    """
    if witnesses:
        offsets = [one.shows - now for one in witnesses]
        if any(abs(one) <= TOLERANCE for one in offsets):
            return None
        return Skew(median_low(offsets), tuple(one.source for one in witnesses))
    if released is not None and now < released - timedelta(days=1):
        return Skew(released - now, ("certifi",), at_least=True)
    return None


def bundle_date() -> datetime | None:
    """When the bundled roots were released: certifi's version is a date."""
    parts = certifi.__version__.split(".")[:3]
    try:
        year, month, day = (int(one) for one in parts)
        return datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return None
