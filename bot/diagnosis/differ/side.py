"""The two sides that are compared, what is found between them, and what they have in common."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from bot.diagnosis.differ.code import DifferenceCode
from bot.diagnosis.differ.outline import addresses_of, leaf_of, sockets_of
from bot.diagnosis.report import Report
from bot.diagnosis.roots import membership_of
from bot.diagnosis.standing import Standing

_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Divergence:
    """One difference of two Reports; `decide` is an address that the other side should look at."""

    code: DifferenceCode
    certain: bool = True
    evidence: Mapping[str, JsonValue] = field(default_factory=dict)
    decide: str | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """A Report, how programs beside it fare, and the offset of its clock where that is known.

    `offset` is in seconds, what has to be added to that clock; only one that is wrong is given.
    """

    report: Report
    standing: Standing
    offset: float | None = None


def both_causes(usual: Side, odd: Side) -> dict[str, JsonValue]:
    """What each side is told to have."""
    return {
        "usual_cause": usual.report.cause.value if usual.report.cause else None,
        "odd_cause": odd.report.cause.value if odd.report.cause else None,
        "odd_addresses": list(addresses_of(odd.report)[:_SHOWN]),
    }


def both_certificates(usual: Side, odd: Side) -> dict[str, JsonValue]:
    """The two certificates, for comparing them by hand."""
    facts: dict[str, JsonValue] = {}
    for name, one in (("odd", leaf_of(odd.report)), ("usual", leaf_of(usual.report))):
        if one is not None:
            facts[f"{name}_issuer"] = one.issuer_name or one.issuer
            facts[f"{name}_not_after"] = one.not_after.isoformat()
            facts[f"{name}_sha256"] = one.sha256
    return facts


def whose(there: Side, odd: Side) -> dict[str, JsonValue]:
    """On which side it happens: by a company's own CA it may be the side that fares well."""
    return {"at_odd": there is odd}


def own_root(side: Side) -> str | None:
    """The root that is trusted there and by nobody in public; None: it is a public one."""
    if side.report.path is not None:
        root = side.report.path[-1]
        return None if membership_of(root.sha256) else root.name or root.subject
    if side.standing.because == "roots" and side.standing.verdict == "ok":
        first = side.report.findings[0] if side.report.findings else None
        return str(first.evidence.get("root") or "") if first else None
    return None


def has_public_root(side: Side) -> bool:
    """Whether it is trusted by a root of Mozilla's list."""
    path = side.report.path
    return path is not None and membership_of(path[-1].sha256) is not None


def same_address_other_leaf(usual: Side, odd: Side) -> bool:
    """Whether one address gave them two certificates."""
    ours, theirs = leaf_of(usual.report), leaf_of(odd.report)
    return (
        common_address(usual, odd) is not None
        and ours is not None
        and theirs is not None
        and ours.sha256 != theirs.sha256
    )


def common_address(usual: Side, odd: Side) -> str | None:
    """An address that both looked at."""
    known = sockets_of(usual.report)
    return next(
        (one.address for one in odd.report.endpoints if (one.address, one.port) in known), None
    )
