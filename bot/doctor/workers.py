"""The workers that live: versions, keys, clocks, and how old their machines' CA bundles are."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from bot import __version__
from bot.doctor.finding import Finding, Sight, fine, note, wrong
from bot.settings import Settings
from bot.store import StoreAddressError, StoreAwayError
from bot.store.connection import connect
from bot.worker import key_of
from bot.worker.presence import Presence, living
from bot.worker.wire import SCHEMA

OLD_BUNDLE = timedelta(days=2 * 365)
_SHOWN = 5


async def look_at_workers(settings: Settings, today: date) -> Sight:
    """Who lives; nothing when there is no Redis, or it is away (that is said elsewhere)."""
    if settings.redis_url is None:
        return Sight()
    try:
        connection = connect(settings.redis_url.get_secret_value())
    except StoreAddressError:
        return Sight()
    try:
        everybody = await living(connection)
        strangers = (await living(connection, key_of(settings.tlscheck_worker_key))).strangers
    except StoreAwayError:
        return Sight()
    finally:
        await connection.aclose()
    if not everybody.workers:
        return Sight((fine("workers", "none"),))
    return Sight(tuple(judge_workers(everybody.workers, settings, today, strangers)))


def judge_workers(
    workers: Sequence[Presence],
    settings: Settings,
    today: date,
    strangers: Sequence[Presence] = (),
) -> Iterator[Finding]:
    """What is to be said of them; equal things of several workers in one line.

    `strangers` are those among them whose words our key does not prove.
    """
    places = tuple(dict.fromkeys(one.vantage for one in workers))
    yield fine("workers", "live", n=len(workers), names=_names(places))
    signed = settings.tlscheck_worker_key is not None
    groups = {
        "schema": [one for one in workers if one.schema_version != SCHEMA],
        "demand_key": [one for one in workers if one.signed and not signed],
        "other_key": [one for one in strangers if one.signed],
        "take_unsigned": [one for one in workers if signed and not one.signed],
        "version": [
            one for one in workers if one.program != __version__ and one.schema_version == SCHEMA
        ],
        "clock": [one for one in workers if abs(one.clock_offset) > 60],
    }
    for code, those in groups.items():
        if those:
            say = note if code == "version" else wrong
            versions = ", ".join(dict.fromkeys(one.program for one in those))
            names = _names(tuple(dict.fromkeys(one.vantage for one in those)))
            yield say("workers", code, names=names, versions=versions, ours=__version__)
    for place, path, until in _old_bundles(workers, today):
        yield note("workers", "old_bundle", name=place, file=path, year=until.year)


def _old_bundles(workers: Sequence[Presence], today: date) -> Iterator[tuple[str, str, date]]:
    """Place, files, and until when such a bundle was current; equal ones of a place together."""
    found: dict[tuple[str, date], dict[str, None]] = {}
    for worker in workers:
        for one in worker.machine.bundles if worker.machine else ():
            if one.until is not None and today - one.until > OLD_BUNDLE:
                found.setdefault((worker.vantage, one.until), {})[one.path] = None
    for (place, until), paths in found.items():
        yield place, _names(tuple(paths)), until


def _names(places: Sequence[str]) -> str:
    return ", ".join(places[:_SHOWN]) + (", …" if len(places) > _SHOWN else "")
