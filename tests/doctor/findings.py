"""Reading findings in tests: by code, with the one that is meant."""

from collections.abc import Iterable

from bot.doctor import Finding


def marks(findings: Iterable[Finding]) -> dict[str, str]:
    """Code to mark."""
    return {one.code: one.mark for one in findings}


def the(findings: Iterable[Finding], code: str) -> Finding:
    """The one finding of that code."""
    [found] = [one for one in findings if one.code == code]
    return found
