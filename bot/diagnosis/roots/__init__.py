"""When each root entered and left Mozilla's list, by releases of certifi that carried it.

`history.json` is made by `build`; it knows about two releases a year, so a date is a span: "after
the release that lacked it, by the release that has it".
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Membership:
    """One root's time on the list.

    Attributes:
        name: What people call the root.
        after: The last release known that lacked it; None when the first one had it.
        entered: The first release that has it.
        last: The last release that has it.
        left: The first release that lacks it again; None while the newest one has it.
    """

    name: str
    after: date | None
    entered: date
    last: date
    left: date | None


@cache
def _history() -> dict[str, Membership]:
    read = json.loads(files(__package__).joinpath("history.json").read_text("utf-8"))
    days = [date.fromisoformat(one) for one in read["releases"]]
    return {
        sha256: Membership(
            name=name,
            after=days[first - 1] if first else None,
            entered=days[first],
            last=days[last],
            left=days[last + 1] if last + 1 < len(days) else None,
        )
        for sha256, (name, first, last) in read["roots"].items()
    }


@cache
def newest() -> date:
    """The newest list that is known here."""
    return _lists()[-1][0]


def membership_of(sha256: str) -> Membership | None:
    """When a root was on Mozilla's list; None for one that never was.

    Args:
        sha256: The fingerprint of its DER, lower-case hexadecimal.
    """
    return _history().get(sha256)


@cache
def _removed() -> dict[str, Membership]:
    named: dict[str, list[Membership]] = {}
    for one in _history().values():
        named.setdefault(one.name, []).append(one)
    return {name: those[0] for name, those in named.items() if len(those) == 1 and those[0].left}


def removed_root(sha256: str | None, name: str) -> Membership | None:
    """The root of this fingerprint, or else of this name, if it has left the list.

    Args:
        sha256: The fingerprint, if the certificate itself was seen.
        name: What people call it; counts only where no other root is called so.
    """
    if sha256 is None:
        return _removed().get(name)
    found = membership_of(sha256)
    return found if found is not None and found.left is not None else None


@dataclass(frozen=True, slots=True)
class Age:
    """Which of Mozilla's lists a bundle resembles most: releases from `since` to `until`."""

    since: date
    until: date


_FEWEST_KNOWN = 30
_MOST_OTHER = 40


@cache
def _lists() -> tuple[tuple[date, frozenset[str]], ...]:
    read = json.loads(files(__package__).joinpath("history.json").read_text("utf-8"))
    return tuple(
        (
            date.fromisoformat(day),
            frozenset(
                one for one, (_, first, last) in read["roots"].items() if first <= number <= last
            ),
        )
        for number, day in enumerate(read["releases"])
    )


def age_of(sha256s: Iterable[str]) -> Age | None:
    """How old a bundle of roots is, by the list that it differs from least.

    Distributions drop or keep a root or two on their own, so no exact match is demanded.

    Args:
        sha256s: The fingerprints of its roots, lower-case hexadecimal.

    Returns:
        None for a bundle that is no copy of Mozilla's list.
    """
    known = frozenset(sha256s) & _history().keys()
    if len(known) < _FEWEST_KNOWN:
        return None
    differences = [(len(known ^ one), day) for day, one in _lists()]
    least = min(number for number, _ in differences)
    if least > _MOST_OTHER:
        return None
    days = [day for number, day in differences if number == least]
    return Age(days[0], days[-1])
