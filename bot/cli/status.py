"""Exit statuses, which scripts rely on, and the one exception that means wrong usage."""

from collections.abc import Iterable

from bot.diagnosis.causes import Verdict

FINE = 0
BROKEN = 1
USAGE = 2
UNCHECKED = 3
INTERRUPTED = 130  # 128 + SIGINT, as shells say it
BROKEN_PIPE = 141  # 128 + SIGPIPE


class WrongUsageError(Exception):
    """The caller's mistake; the text is the one line that says what to change."""


def status_of(verdicts: Iterable[Verdict]) -> int:
    """1 when any is broken, else 3 when any could not be reached, else 0."""
    seen = set(verdicts)
    if "broken" in seen:
        return BROKEN
    return UNCHECKED if "unreachable" in seen else FINE
