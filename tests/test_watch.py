"""What one more look means for a watch: when to tell, when to look again, when to end."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from bot.diagnosis.causes import Cause, Verdict
from bot.diagnosis.report import Endpoint, Report
from bot.watch import (
    FIRST_INTERVAL,
    LAST_INTERVAL,
    STATE_KEPT,
    STAYS_WELL,
    Asked,
    Kind,
    Watch,
    begin,
    look,
    next_attempt,
    next_look,
)
from bot.watcher import ATTEMPTS
from tests.store.samples import certificate, question, report

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)
ASKED = Asked(channel="C024BE91L", user="U2147483697", lang="en", thread_ts="1700000000.000100")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def seen(
    verdict: Verdict,
    at: datetime,
    cause: Cause | None = None,
    *,
    sha256: str = "aa" * 32,
    days: float = 60,
    life: float = 90,
) -> Report:
    """A Report of that moment; the certificate ends `days` after nine."""
    end = NINE + timedelta(days=days)
    leaf = certificate("shop.example.jp", ends=end).model_copy(
        update={"sha256": sha256, "not_before": end - timedelta(days=life)}
    )
    chain = () if verdict == "unreachable" else (leaf,)
    return report(question(), verdict=verdict, cause=cause).model_copy(
        update={
            "checked_at": at,
            "endpoints": (
                Endpoint(address="192.0.2.1", port=443, reachable=bool(chain), chain=chain),
            ),
        }
    )


def broken(
    at: datetime, cause: Cause = Cause.MISSING_INTERMEDIATE, sha256: str = "aa" * 32
) -> Report:
    """A broken host."""
    return seen("broken", at, cause, sha256=sha256)


def watch_of(first: Report, kind: Kind = "state", id_: str = "0" * 16) -> Watch:
    """A watch that began with this Report."""
    return begin(id_, kind, question(), report=first, asked=ASKED, now=first.checked_at)


def told(watch: Watch) -> list[str]:
    """What the last look has to tell, in codes."""
    return [
        f"{one.code}:{'+'.join(change.code for change in one.changes)}".rstrip(":")
        for one in watch.untold
    ]


def test_nothing_new_is_nothing_to_tell() -> None:
    """The same result again only makes the watch quieter."""
    after = look(watch_of(broken(NINE)), broken(NINE + MINUTE))
    assert told(after) == []
    assert (after.turn, after.quiet, after.seen) == (1, 1, NINE + MINUTE)


def test_mended_and_stays_well() -> None:
    """Told at once; the watch ends, without a word, when the host has stayed well."""
    mended = look(watch_of(broken(NINE)), seen("ok", NINE + MINUTE))
    assert told(mended) == ["changed:mended"]
    assert not mended.ended
    told_of = mended.model_copy(update={"untold": ()})
    soon = look(told_of, seen("ok", NINE + 10 * MINUTE))
    assert (told(soon), soon.ended) == ([], False)
    later = look(soon, seen("ok", NINE + MINUTE + STAYS_WELL))
    assert (told(later), later.ended) == ([], True)


def test_broken_again() -> None:
    """A host that falls back is told, and watched on."""
    watch = look(watch_of(broken(NINE)), seen("ok", NINE + MINUTE))
    again = look(watch, broken(NINE + 5 * MINUTE))
    assert (told(again), again.ended) == (["changed:broke"], False)
    assert look(again, broken(NINE + STAYS_WELL + 6 * MINUTE)).ended is False


def test_another_certificate_and_still_broken() -> None:
    """The renewal that mends nothing is news."""
    after = look(watch_of(broken(NINE, Cause.EXPIRED)), broken(NINE + MINUTE, sha256="bb" * 32))
    assert told(after) == ["changed:other_fault+new_certificate"]


def test_one_failed_connection_is_doubted() -> None:
    """Only the second failure in a row is told, and the next look comes soon."""
    first = look(watch_of(seen("ok", NINE)), seen("unreachable", NINE + MINUTE, Cause.TIMEOUT))
    assert told(first) == []
    assert next_look(first, NINE + MINUTE) <= NINE + MINUTE + 1.1 * FIRST_INTERVAL
    back = look(first, seen("ok", NINE + 2 * MINUTE))
    assert told(back) == []
    second = look(first, seen("unreachable", NINE + 2 * MINUTE, Cause.TIMEOUT))
    assert told(second) == ["changed:unreachable"]


def test_certificates_are_compared_across_an_outage() -> None:
    """Back with another certificate: said."""
    watch = look(watch_of(seen("ok", NINE)), seen("unreachable", NINE + MINUTE, Cause.TIMEOUT))
    watch = look(watch, seen("unreachable", NINE + 2 * MINUTE, Cause.TIMEOUT))
    back = look(watch, seen("ok", NINE + 3 * MINUTE, sha256="bb" * 32))
    assert told(back) == ["changed:reachable+new_certificate"]


def test_it_gives_up() -> None:
    """After its bound a watch says that it ends; a host that was well from the start, too."""
    for first in (broken(NINE), seen("ok", NINE)):
        last = look(watch_of(first), first.model_copy(update={"checked_at": NINE + STATE_KEPT}))
        assert (told(last), last.ended) == (["gave_up"], True)


def test_looks_back_off() -> None:
    """Every minute first, every ten minutes at the end, never more rarely."""
    watch = watch_of(broken(NINE))
    waits = []
    for quiet in range(40):
        quieter = watch.model_copy(update={"quiet": quiet})
        waits.append(next_look(quieter, NINE) - NINE)
    assert waits == sorted(waits)
    assert waits[0] == FIRST_INTERVAL
    assert waits[-1] == LAST_INTERVAL


def test_watches_that_began_together_drift_apart() -> None:
    """A thousand watches of one minute do not look in the same second."""
    moments = {
        next_look(watch_of(broken(NINE), id_=f"{n * 4_000_000:08x}" + "0" * 8), NINE)
        for n in range(1000)
    }
    assert len(moments) == 1000
    assert max(moments) - min(moments) <= FIRST_INTERVAL / 10


@pytest.mark.parametrize(
    ("life", "reminders"),
    [(398, [30, 14, 7, 3, 1]), (90, [30, 14, 7, 3, 1]), (47, [14, 7, 3, 1]), (6, [3, 1]), (2, [1])],
)
def test_reminders(life: int, reminders: list[int]) -> None:
    """Each once, when it is due; short-lived certificates later."""
    watch = watch_of(seen("ok", NINE, days=life, life=life), "expiry")
    found: list[int] = []
    now = NINE
    for _ in range(4000):
        now = next_look(watch, now)
        watch = look(watch, seen("ok", now, days=life, life=life))
        for notice in watch.untold:
            if notice.code == "expired":
                assert found == reminders
                return
            assert notice.left is not None
            found.append(round(notice.left / DAY.total_seconds()))
    pytest.fail("the end was never told")


def test_a_lifetime_of_hours() -> None:
    """A certificate for a day is spoken of in its last hours."""
    watch = watch_of(seen("ok", NINE, days=1, life=1), "expiry")
    now, left = NINE, []
    while now < NINE + DAY:
        now = next_look(watch, now)
        watch = look(watch, seen("ok", now, days=1, life=1))
        left += [round((one.left or 0) / 3600, 1) for one in watch.untold]
    assert left == [8.0, 3.0, 0.0]


def test_reminders_that_are_past_are_not_told_at_the_start() -> None:
    """The asker has just read how many days are left."""
    watch = watch_of(seen("ok", NINE, days=5), "expiry")
    assert told(look(watch, seen("ok", NINE + MINUTE, days=5))) == []
    assert told(look(watch, seen("ok", NINE + 2 * DAY, days=5))) == ["expires"]


def test_renewed() -> None:
    """Who was reminded is told of the renewal, and reminded anew before the next end."""
    watch = watch_of(seen("ok", NINE, days=31), "expiry")
    renewed = look(watch, seen("ok", NINE + DAY, sha256="bb" * 32, days=120))
    assert told(renewed) == []
    reminded = look(watch, seen("ok", NINE + 2 * DAY, days=31))
    assert told(reminded) == ["expires"]
    after = look(reminded, seen("ok", NINE + 3 * DAY, sha256="bb" * 32, days=120))
    assert told(after) == ["renewed"]
    assert told(look(after, seen("ok", NINE + 91 * DAY, sha256="bb" * 32, days=120))) == ["expires"]


def test_an_outage_says_nothing_of_the_end() -> None:
    """Without a certificate there is nothing to remind of; the next look comes within the hour."""
    watch = watch_of(seen("ok", NINE, days=20), "expiry")
    for n in (1, 2):
        watch = look(watch, seen("unreachable", NINE + n * MINUTE, Cause.TIMEOUT))
        assert told(watch) == []
    assert watch.state.leaf is not None


def test_ports_and_kinds_are_told_apart() -> None:
    """The same host may be watched for its state and for its end; how it was typed is the same."""
    state = watch_of(seen("ok", NINE))
    end = watch_of(seen("ok", NINE), "expiry")
    typed = state.model_copy(update={"question": question(typed="https://shop.example.jp/x")})
    other = state.model_copy(update={"question": question(port=8443)})
    assert len({state.subject, end.subject, typed.subject, other.subject}) == 3


def test_what_cannot_be_told_is_tried_for_two_hours() -> None:
    """Each time later, and two watches of one storm not at the same moments."""

    def moments(id_: str) -> list[datetime]:
        made, now = [], NINE
        started = begin(id_, "state", question(), report=report(question()), asked=ASKED, now=NINE)
        for attempts in range(ATTEMPTS):
            now = next_attempt(started.model_copy(update={"attempts": attempts}), now)
            made.append(now)
        return made

    one, other = moments("00" * 8), moments("f0" * 8)
    assert one[0] == other[0] == NINE + MINUTE
    assert timedelta(hours=2) <= one[-1] - NINE < timedelta(hours=3)
    gaps = [later - sooner for sooner, later in pairwise(one)]
    assert gaps == sorted(gaps)
    assert not set(one[1:]) & set(other[1:])
