"""How the programs on a machine fare with a server that was checked from there. Pure.

A check judges by today's public roots and with a new OpenSSL of its own. The programs beside it use
that machine's CA bundle and that machine's OpenSSL, which may be years old.
"""

import re
from dataclasses import dataclass
from typing import Literal

from bot.diagnosis.causes import Cause, Verdict
from bot.diagnosis.report import MachineTrust, Report
from bot.diagnosis.roots import membership_of, newest

Because = Literal["report", "clock", "roots", "openssl"]

# What another trust store can turn into its opposite.
_OF_TRUST = frozenset({Cause.UNTRUSTED_ROOT, Cause.SELF_SIGNED, Cause.INTERCEPTION_PROXY})

# `openssl version`: "OpenSSL 1.0.2k-fips  26 Jan 2017". All of 0.9.8 to 1.0.2 lack TLS 1.3 and
# prefer the untrusted chain; `clients.openssl` has them as one client.
_OLD_OPENSSL = re.compile(r"OpenSSL ((?:0\.9|1\.0)\.[0-9a-z]{1,5})")
_OLD_CLIENT = "openssl-1.0.2"


@dataclass(frozen=True, slots=True)
class Standing:
    """The verdict for the programs on that machine, and what it rests on.

    "warning" with `because` "roots": only those of Java, or those that use certifi, fail.

    `store` is the CA bundle that decided, with `because` "roots"; `openssl` the release, and `line`
    what it prints, with "openssl".
    """

    verdict: Verdict
    cause: Cause | None
    because: Because = "report"
    store: MachineTrust | None = None
    openssl: str | None = None
    line: str | None = None


def standing(report: Report, openssl: str | None = None) -> Standing:
    """How most programs on the machine of a Report fare.

    Args:
        report: From that machine.
        openssl: What `openssl version` says there.
    """
    store = usual_store(report)
    if report.verdict in ("ok", "warning"):
        if any(one.code is Cause.CLOCK_SKEW and one.severity != "info" for one in report.findings):
            # The dates were judged anew by a clock that is right; programs there have no other.
            return Standing("broken", Cause.CLOCK_SKEW, "clock")
        if store is not None and store.verify.code != 0 and store.lacks is not None:
            return Standing("broken", Cause.UNTRUSTED_ROOT, "roots", store)
        old = _OLD_OPENSSL.search(openssl or "")
        client = next((one for one in report.clients if one.client == _OLD_CLIENT), None)
        if old is not None and client is not None and client.outcome == "fails":
            return Standing("broken", None, "openssl", openssl=old[1], line=client.error)
        if (behind := _store_of_some(report)) is not None:
            return Standing("warning", Cause.UNTRUSTED_ROOT, "roots", behind)
    elif store is not None and store.verify.code == 0 and _only_of_trust(report):
        return Standing("ok", None, "roots", store)
    return Standing(report.verdict, report.cause)


def usual_store(report: Report) -> MachineTrust | None:
    """The bundle that most programs there use: the system's, else the one that a setting names."""
    for kind in ("system", "setting"):
        for one in report.machine:
            if one.kind == kind:
                return one
    return None


def lacks_private_root(one: MachineTrust) -> bool:
    """Whether a bundle of today lacks a root that is no public CA's: no update brings it."""
    today = one.until is not None and one.until >= newest()
    return today and one.lacks is not None and membership_of(one.lacks_sha256 or "") is None


def _store_of_some(report: Report) -> MachineTrust | None:
    """A store that only some programs use (Java's, certifi) and that lacks the root.

    A company's own root is in no such store unless somebody put it there: that is no news.
    """
    return next(
        (
            one
            for one in report.machine
            if one.kind in ("java", "python")
            and one.verify.code != 0
            and one.lacks_sha256 is not None
            and membership_of(one.lacks_sha256) is not None
        ),
        None,
    )


def _only_of_trust(report: Report) -> bool:
    bad = [one.code for one in report.findings if one.severity == "critical"]
    return bool(bad) and all(one in _OF_TRUST for one in bad)
