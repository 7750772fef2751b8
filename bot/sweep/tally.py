"""What a sweep found, in numbers: by verdict, cause, issuer and expiry."""

from collections import Counter
from datetime import datetime, timedelta

from bot.sweep.results import Row

EXPIRY = ("expired", "week", "month", "quarter", "later", "unknown")
EXAMPLES = 3
"""Hosts of each cause that are named."""
_SPANS = (("week", 7), ("month", 30), ("quarter", 90))


class Tally:
    """Counts that grow with each result; its size does not grow with the list."""

    def __init__(self) -> None:
        """Nothing was counted."""
        self.verdicts: Counter[str] = Counter()
        self.causes: Counter[str] = Counter()
        self.issuers: Counter[str] = Counter()
        self.expiry: Counter[str] = Counter()
        self.examples: dict[str, list[Row]] = {}

    @property
    def total(self) -> int:
        """Results so far."""
        return self.verdicts.total()

    def add(self, row: Row, now: datetime) -> None:
        """Count one result."""
        self.verdicts[row.verdict] += 1
        if row.cause:
            self.causes[row.cause] += 1
            named = self.examples.setdefault(row.cause, [])
            if len(named) < EXAMPLES:
                named.append(row)
        if row.issuer:
            self.issuers[row.issuer] += 1
        self.expiry[expiry_of(row.not_after, now)] += 1


def expiry_of(not_after: datetime | None, now: datetime) -> str:
    """Which of `EXPIRY` a certificate that ends then belongs to."""
    if not_after is None:
        return "unknown"
    if not_after <= now:
        return "expired"
    return next((name for name, days in _SPANS if not_after - now < timedelta(days=days)), "later")
