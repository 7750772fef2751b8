"""This machine: Python, OpenSSL, and how many files and connections may be open at once."""

import platform
import ssl
from typing import Any

from OpenSSL import SSL

from bot.doctor.finding import Finding, fine, note, wrong
from bot.service import RUNNING_CHECKS

PER_CHECK = 6
"""Connections that a check has open at its busiest: three hellos to each of two addresses."""
BESIDE = 200
"""Slack, Redis, CAs, metrics and what Python itself holds."""
NEEDED = RUNNING_CHECKS * PER_CHECK + BESIDE
_TOO_FEW = 512


def look_at_machine(limit: int | None = None) -> tuple[Finding, ...]:
    """What it has.

    Args:
        limit: How many descriptors the process may open; None asks the system.
    """
    versions = fine(
        "machine",
        "versions",
        python=platform.python_version(),
        checks=_short(SSL.OpenSSL_version(SSL.OPENSSL_VERSION).decode()),
        system=_short(ssl.OPENSSL_VERSION),
    )
    limit = _limit() if limit is None else limit
    if limit is None:
        return (versions,)
    values: dict[str, Any] = {"limit": limit, "checks": RUNNING_CHECKS, "needed": NEEDED}
    if limit >= NEEDED:
        return versions, fine("machine", "files", **values)
    say = wrong if limit < _TOO_FEW else note
    return versions, say("machine", "few_files", **values)


def _short(version: str) -> str:
    """Without its date."""
    return " ".join(version.split()[:2])


def _limit() -> int | None:
    try:
        import resource  # noqa: PLC0415 - Windows has no such module
    except ImportError:
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft
