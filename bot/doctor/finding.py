"""What a look gives: findings by code, and the clocks that it saw. No words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal, get_args

from bot.diagnosis.report import Report

Area = Literal["settings", "slack", "redis", "workers", "access", "clock", "trust", "machine"]
AREAS: tuple[Area, ...] = get_args(Area)

Mark = Literal["fine", "note", "wrong", "unset"]
"""note: works, and somebody should know; wrong: has to be mended; unset: nobody asked for it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the answer.

    `doctor.<area>.<code>` says what was found, the same with `.mend` what to do. `report` is a check
    whose summary the sentence quotes.
    """

    area: Area
    code: str
    mark: Mark
    values: Mapping[str, Any] = field(default_factory=dict)
    n: int | None = None
    report: Report | None = None


@dataclass(frozen=True, slots=True)
class OtherClock:
    """Another clock: `offset` has to be added to ours to get what it shows."""

    source: str
    offset: timedelta


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look gave."""

    findings: tuple[Finding, ...] = ()
    clocks: tuple[OtherClock, ...] = ()


def fine(area: Area, code: str, *, n: int | None = None, **values: Any) -> Finding:
    """All is well with it."""
    return Finding(area, code, "fine", values, n)


def note(area: Area, code: str, *, n: int | None = None, **values: Any) -> Finding:
    """It works, but somebody should know."""
    return Finding(area, code, "note", values, n)


def wrong(area: Area, code: str, *, n: int | None = None, **values: Any) -> Finding:
    """It has to be mended."""
    return Finding(area, code, "wrong", values, n)


def unset(area: Area, code: str, **values: Any) -> Finding:
    """It is not configured."""
    return Finding(area, code, "unset", values)
