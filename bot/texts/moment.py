"""Moments as people read them: the reader's own time, with UTC beside it.

Logs and certificates speak UTC, people live somewhere: both stand there, so that neither has to
be worked out at three in the morning.
"""

import contextlib
import os
import re
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import LOCALTZ

_ABBREVIATION = re.compile(r"[A-Za-z]{2,6}")
_ZONE_NAME = re.compile(r"[A-Za-z0-9_+-]{1,40}(/[A-Za-z0-9_+-]{1,40}){0,2}")


def moment_text(moment: datetime, zone: tzinfo = UTC) -> str:
    """A moment to the minute.

    Args:
        moment: Aware of its zone.
        zone: The reader's.

    Returns:
        "2026-11-23 09:00 UTC", or "2026-11-23 18:00 JST / 09:00 UTC" for a reader elsewhere; the
        date of UTC stands there too where it is another one.
    """
    utc = moment.astimezone(UTC)
    try:
        local = moment.astimezone(zone)
    except (OverflowError, ValueError):  # the first and the last day that a datetime can hold
        local = utc
    if not local.utcoffset():
        return f"{utc:%Y-%m-%d %H:%M} UTC"
    form = "%H:%M" if local.date() == utc.date() else "%Y-%m-%d %H:%M"
    return f"{local:%Y-%m-%d %H:%M} {_zone_text(local)} / {utc:{form}} UTC"


def _zone_text(local: datetime) -> str:
    name = local.tzname() or ""
    if _ABBREVIATION.fullmatch(name):
        return name
    offset = local.utcoffset() or timedelta()
    sign = "-" if offset < timedelta() else "+"
    hours, minutes = divmod(int(abs(offset).total_seconds()) // 60, 60)
    return f"UTC{sign}{hours}" + (f":{minutes:02d}" if minutes else "")


def zone_named(name: str | None) -> tzinfo | None:
    """The zone of that name in the tz database; None when there is none."""
    if not name or not _ZONE_NAME.fullmatch(name):
        return None
    with contextlib.suppress(ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(name)
    return None


def local_zone() -> tzinfo:
    """The zone of this machine: `TZ` where it is set, else the system's."""
    return zone_named(os.environ.get("TZ", "").removeprefix(":")) or LOCALTZ
