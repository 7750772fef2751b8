"""From the addresses of one name to one answer. Pure.

Addresses that show the same are folded; when they do not agree, that is the cause, and the odd
ones are named.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from bot.diagnosis.causes import Cause, Verdict
from bot.diagnosis.report import Finding
from bot.diagnosis.rules import in_order
from bot.diagnosis.view import View

# Where no TLS was seen at all, nothing could be checked.
_UNREACHABLE = frozenset(
    {
        Cause.DNS_FAILURE,
        Cause.EGRESS_DENIED,
        Cause.CONNECTION_REFUSED,
        Cause.CONNECTION_RESET,
        Cause.TIMEOUT,
    }
)


@dataclass(frozen=True, slots=True)
class Judged:
    """One address: what was seen there, and what the rules found."""

    address: str
    view: View
    findings: tuple[Finding, ...]

    @property
    def cause(self) -> Cause | None:
        """What breaks this address; None when nothing does."""
        first = self.findings[0] if self.findings else None
        return first.code if first is not None and first.severity == "critical" else None

    @property
    def reached(self) -> bool:
        """Whether there was anything to judge: a connection, or a chain from a file."""
        seen = self.view.handshake
        return seen is None or seen.connected

    @property
    def no_way_there(self) -> bool:
        """This machine has no route (often: no IPv6), which says nothing of the server."""
        seen = self.view.handshake
        return seen is not None and seen.fault is not None and seen.fault.kind == "no_route"


@dataclass(frozen=True, slots=True)
class Combined:
    """The one answer: `lead` is the address that it is told by."""

    verdict: Verdict
    cause: Cause | None
    findings: tuple[Finding, ...]
    lead: Judged
    groups: tuple[tuple[Judged, ...], ...]


def combine(judged: Sequence[Judged]) -> Combined:
    """Put the addresses of one name together.

    Args:
        judged: At least one address, in the order of the resolver.
    """
    counted = [one for one in judged if not one.no_way_there] or list(judged)
    by_cause: dict[Cause | None, list[Judged]] = defaultdict(list)
    for one in counted:
        by_cause[one.cause].append(one)
    groups = tuple(tuple(group) for group in by_cause.values())
    reached = [one for one in counted if one.reached]
    reached_causes = {one.cause for one in reached}
    findings = _merged(counted)
    lead = _lead(reached or counted, by_cause)
    if len(reached_causes) > 1:
        findings = (_differ(groups, "critical"), *findings)
        return Combined("broken", Cause.BACKENDS_DIFFER, findings, lead, groups)
    if len(groups) > 1 and reached:
        # All that can be reached agree; the others are out of service.
        differ = _differ(groups, "warning")
        down = [
            one.model_copy(update={"severity": "warning"})
            for one in _merged([one for one in counted if not one.reached])
        ]
        findings = _merged(reached)
        if lead.cause is None:
            findings = (differ, *in_order((*findings, *down)))
            return Combined("warning", Cause.BACKENDS_DIFFER, findings, lead, groups)
        findings = in_order((*findings, differ, *down))
    first = findings[0] if findings else None
    if first is None or first.severity == "info":
        return Combined("ok", None, findings, lead, groups)
    if first.severity == "warning":
        return Combined("warning", first.code, findings, lead, groups)
    seen_nothing = first.code in _UNREACHABLE and not lead.view.sent
    verdict: Verdict = "unreachable" if seen_nothing else "broken"
    return Combined(verdict, first.code, findings, lead, groups)


def _lead(candidates: Sequence[Judged], by_cause: Mapping[Cause | None, list[Judged]]) -> Judged:
    # The broken ones tell the story; among them the smallest group is the odd one out.
    broken = [one for one in candidates if one.cause is not None] or list(candidates)
    return min(broken, key=lambda one: len(by_cause[one.cause]))


def _merged(judged: Sequence[Judged]) -> tuple[Finding, ...]:
    kept: dict[str, tuple[Finding, list[str]]] = {}
    for one in judged:
        for finding in one.findings:
            key = finding.model_dump_json(include={"code", "severity", "evidence"})
            kept.setdefault(key, (finding, []))[1].append(one.address)
    return in_order(
        finding.model_copy(update={"addresses": tuple(addresses)})
        for finding, addresses in kept.values()
    )


def _differ(groups: Sequence[Sequence[Judged]], severity: str) -> Finding:
    shown: list[JsonValue] = []
    for group in groups:
        leaf = group[0].view.leaf
        shown.append(
            {
                "addresses": [one.address for one in group],
                "cause": group[0].cause.value if group[0].cause else None,
                "not_after": leaf.not_after.isoformat() if leaf else None,
                "sha256": leaf.sha256 if leaf else None,
            }
        )
    broken = [one for group in groups for one in group if one.cause is not None]
    total = sum(len(group) for group in groups)
    return Finding.model_validate(
        {
            "code": Cause.BACKENDS_DIFFER,
            "severity": severity,
            "addresses": [one.address for one in broken],
            "evidence": {
                "groups": shown,
                "broken": len(broken),
                "total": total,
                "down": severity == "warning",
                "odd": ", ".join(one.address for one in broken[:4]),
                "odd_cause": broken[0].cause.value if broken and broken[0].cause else None,
            },
        }
    )
