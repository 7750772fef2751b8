"""What places saw, put together: groups that saw the same, and the difference as the cause. Pure.

Which of two sides is the usual one is decided here, by how they fare and how many they are; in what
they differ is said by `bot.diagnosis.differ`. What is known of the places themselves (clock,
version of the program) comes from their presence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median_low

from pydantic import JsonValue

from bot import __version__
from bot.compare.comparison import Comparison, Difference, Group, Seen
from bot.diagnosis.causes import Verdict
from bot.diagnosis.clock import TOLERANCE
from bot.diagnosis.differ import (
    DifferenceCode,
    Divergence,
    Side,
    addresses_of,
    are_inside,
    chains_of,
    divergences,
)
from bot.diagnosis.report import Report, Target
from bot.diagnosis.standing import standing

SAME_MOMENT = timedelta(minutes=2)
"""Reports that are further apart may differ because the server was changed in between."""

_MOST_FOOTNOTES = 4
_MOST_ADDRESSES = 16
_BADNESS: dict[Verdict, int] = {"ok": 0, "warning": 1, "unreachable": 2, "broken": 3}
# Who did not reach the server says less of it than who found it broken.
_SAYS_LEAST: dict[Verdict, int] = {"ok": 0, "warning": 1, "broken": 2, "unreachable": 3}


@dataclass(frozen=True, slots=True)
class _Looked:
    """A place with its Report, and how programs there fare."""

    seen: Seen
    report: Report
    side: Side

    @property
    def badness(self) -> int:
        return _BADNESS[self.side.standing.verdict]


@dataclass(slots=True)
class _Same:
    """Places that saw the same, while they are put together."""

    members: list[_Looked]

    @property
    def lead(self) -> _Looked:
        return self.members[0]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.seen.vantage for one in self.members)


def judge(target: Target, places: Sequence[Seen], now: datetime) -> Comparison:
    """Compare what places saw.

    Args:
        target: What was asked for.
        places: Each place once, in any order.
        now: The moment of the comparison.
    """
    ordered = sorted(places, key=lambda one: (not one.own, one.vantage))
    groups = _folded(_looked(ordered))
    groups.sort(key=lambda one: (-one.lead.badness, -len(one.members), one.names))
    differences = _differences(groups)
    # Who could not reach the server does not speak against those who all found the same fault.
    agree = sum(one.lead.side.standing.verdict != "unreachable" for one in groups) == 1
    only_reach = agree and groups[0].lead.side.standing.verdict == "broken"
    silent = [one for one in ordered if one.report is None]
    verdicts = [one.lead.side.standing.verdict for one in groups]
    answered = sum(len(one.members) for one in groups)
    cause = differences[0] if differences and not only_reach else None
    notes = [*(one for one in differences if one is not cause), *_about_places(groups)]
    return Comparison(
        target=target,
        compared_at=now,
        verdict=max(verdicts, key=_BADNESS.__getitem__) if verdicts else None,
        same=len(groups) == 1 and answered > 1,
        difference=cause,
        footnotes=tuple(notes[:_MOST_FOOTNOTES]),
        groups=(*map(_group, groups), *_silent_groups(silent)),
        places=tuple(ordered),
    )


def _looked(places: Sequence[Seen]) -> list[_Looked]:
    offsets = {
        one.vantage: one.presence.clock_offset if one.presence is not None else 0.0
        for one in places
        if one.presence is not None or one.own
    }
    # Redis' own clock may be the one that is wrong: what most of the machines show counts.
    usual = median_low(offsets.values()) if len(offsets) > 2 else 0.0
    found = []
    for one in places:
        if one.report is None:
            continue
        offset = offsets.get(one.vantage, usual) - usual
        machine = one.presence.machine if one.presence is not None else None
        side = Side(
            one.report,
            standing(one.report, machine.openssl if machine is not None else None),
            offset if abs(offset) > TOLERANCE.total_seconds() else None,
        )
        found.append(_Looked(one, one.report, side))
    return found


def _folded(looked: Sequence[_Looked]) -> list[_Same]:
    groups: dict[tuple[object, ...], _Same] = {}
    for one in looked:
        groups.setdefault((_key(one), chains_of(one.report)), _Same([])).members.append(one)
    folded: list[_Same] = []
    # Who was given fewer of the addresses saw a part of the same, if nothing is wrong with it.
    for same in sorted(groups.values(), key=lambda one: -len(chains_of(one.lead.report))):
        chains, key = chains_of(same.lead.report), _key(same.lead)
        whole = next(
            (
                one
                for one in folded
                if same.lead.report.cause is None
                and chains
                and key == _key(one.lead)
                and chains <= chains_of(one.lead.report)
            ),
            None,
        )
        if whole is None:
            folded.append(same)
        else:
            whole.members += same.members
    for same in folded:
        same.members.sort(key=lambda member: (not member.seen.own, member.seen.vantage))
    return folded


def _key(one: _Looked) -> tuple[object, ...]:
    """What is equal for places that see the same, beside the chains that were sent to them.

    Addresses count only as being inner or public ones: load balancers give other ones each time.
    """
    report, fares = one.report, one.side.standing
    first = report.findings[0] if report.cause is not None and report.findings else None
    how = str(first.evidence.get("how")) if first is not None else ""
    store = fares.store
    bundle = (store.lacks_sha256, store.until) if store is not None else None
    inside = are_inside(addresses_of(report))
    return (
        fares.verdict,
        fares.cause,
        fares.because,
        how,
        bundle,
        inside,
        bool(first is not None and first.at_proxy),
    )


def _differences(groups: Sequence[_Same]) -> list[Difference]:
    """The difference of the worst group first; then those of the others, each once."""
    if len(groups) < 2:
        return []
    # Of those that fare best, the one with the most places is what the others are compared with.
    usual = min(
        groups,
        key=lambda one: (
            _SAYS_LEAST[one.lead.side.standing.verdict],
            not any(chains_of(one.lead.report)),  # who got no certificate got less far
            -len(one.members),
            one.names,
        ),
    )
    found: list[Difference] = []
    beside: list[Difference] = []
    for one in groups:
        if one is usual:
            continue
        first, *rest = divergences(usual.lead.side, one.lead.side)
        found.append(_difference(first, usual, one))
        beside += [_difference(note, usual, one) for note in rest]
    # What explains more places says more; what is certain, before what is not.
    found.sort(key=lambda one: not one.certain)
    told: dict[tuple[DifferenceCode, tuple[str, ...]], Difference] = {}
    # Of healthy servers of many regions one line is enough.
    fine = all(one.lead.badness < _BADNESS["unreachable"] for one in groups)
    for difference in (*found, *beside):
        told.setdefault((difference.code, () if fine else difference.odd), difference)
    return list(told.values())


def _difference(one: Divergence, usual: _Same, odd: _Same) -> Difference:
    swapped = one.evidence.get("at_odd") is False
    odd_names, usual_names = (usual, odd) if swapped else (odd, usual)
    evidence: dict[str, JsonValue] = {
        key: value for key, value in one.evidence.items() if key != "at_odd"
    }
    decide_from = None
    if one.decide is not None:
        # An address that only the odd side knows is looked at from the other one.
        known = one.decide in addresses_of(usual.lead.report)
        decide_from = (odd if known else usual).lead.seen.vantage
    return Difference(
        code=one.code,
        certain=one.certain,
        odd=odd_names.names,
        others=usual_names.names,
        evidence=evidence,
        decide=one.decide,
        decide_from=decide_from,
    )


def _about_places(groups: Sequence[_Same]) -> list[Difference]:
    """What is to be known of the places themselves, whether or not they differ."""
    members = [one for group in groups for one in group.members]
    notes: list[Difference] = []
    if len(groups) == 1:
        notes += [
            Difference(
                code=DifferenceCode.CLOCK,
                odd=(one.seen.vantage,),
                evidence={
                    "seconds": abs(round(one.side.offset)),
                    "behind": one.side.offset > 0,
                    "at_least": False,
                    "source": None,
                },
            )
            for one in members
            if one.side.offset is not None
        ]
    other = [
        one.seen
        for one in members
        if one.seen.presence is not None and one.seen.presence.program != __version__
    ]
    if other:
        programs = sorted({one.presence.program for one in other if one.presence is not None})
        notes.append(
            Difference(
                code=DifferenceCode.PROGRAM,
                odd=tuple(one.vantage for one in other),
                evidence={"program": ", ".join(programs), "ours": __version__},
            )
        )
    if len(groups) > 1 and (apart := _apart(members)) > SAME_MOMENT:
        notes.append(
            Difference(
                code=DifferenceCode.MOMENT,
                certain=False,
                odd=(min(members, key=_moment).seen.vantage,),
                evidence={"seconds": round(apart.total_seconds())},
            )
        )
    return notes


def _moment(one: _Looked) -> datetime:
    """When a place looked, by a clock that is right (a worker corrects what is far off itself)."""
    offset = one.seen.presence.clock_offset if one.seen.presence is not None else 0.0
    small = abs(offset) <= TOLERANCE.total_seconds()
    return one.report.checked_at + timedelta(seconds=offset if small else 0.0)


def _apart(members: Sequence[_Looked]) -> timedelta:
    moments = [_moment(one) for one in members]
    return max(moments) - min(moments)


def _group(same: _Same) -> Group:
    lead = same.lead
    fares = lead.side.standing
    detail = ""
    if fares.because == "roots" and fares.store is not None:
        detail = fares.store.lacks or fares.store.store
    elif fares.because == "openssl":
        detail = fares.openssl or ""
    addresses = dict.fromkeys(
        address for one in same.members for address in addresses_of(one.report)
    )
    return Group(
        vantages=same.names,
        verdict=fares.verdict,
        cause=fares.cause,
        because=fares.because,
        detail=detail,
        bundle=fares.store.kind if fares.store is not None else None,
        result=lead.report.id,
        addresses=tuple(addresses)[:_MOST_ADDRESSES],
    )


def _silent_groups(silent: Sequence[Seen]) -> list[Group]:
    by_failure: dict[str, list[Seen]] = {}
    for one in silent:
        by_failure.setdefault(one.failure or "defect", []).append(one)
    return [
        Group(
            vantages=tuple(one.vantage for one in those),
            verdict=None,
            failure=those[0].failure or "defect",
        )
        for those in by_failure.values()
    ]
