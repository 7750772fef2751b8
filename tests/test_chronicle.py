"""The chronicle over a real Redis: compared with what was known, noted once, without special conditions."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.chronicle import Chronicle
from bot.diagnosis.causes import Cause, Verdict
from bot.diagnosis.report import PathCertificate
from bot.history import subject_key
from bot.store import Record, Store, open_store
from tests.store.conftest import FragileServer, fragile_server, utc_now
from tests.store.samples import question, record

__all__ = ["fragile_server"]  # a fixture is used by its name

NINE = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)


@pytest.fixture
async def store(redis_url: str) -> AsyncIterator[Store]:
    """An open store on an empty server."""
    async with open_store(redis_url, utc_now) as opened:
        yield opened


def at(
    minutes: int, verdict: Verdict = "broken", cause: Cause | None = Cause.EXPIRED, host: str = ""
) -> Record:
    """A result so many minutes after nine."""
    made = record(question(host or "shop.example.jp"))
    shown = made.report.model_copy(
        update={
            "checked_at": NINE + timedelta(minutes=minutes),
            "verdict": verdict,
            "cause": cause,
            "path": tuple(
                PathCertificate(subject=name, sha256=name * 64, source="server")
                for name in ("a", "b", "c")
            ),
        }
    )
    return made.model_copy(update={"report": shown})


def ok(minutes: int) -> Record:
    """A result without a fault."""
    return at(minutes, "ok", None)


async def test_the_first_result_has_changed_nothing(store: Store) -> None:
    """Nothing was known: nothing is said to be new."""
    found = await Chronicle(store).compared(at(0))
    assert (found.changes, found.known_since) == ((), NINE)


async def test_what_changed_is_said_until_it_changes_again(store: Store) -> None:
    """Who asks an hour later still reads since when it is broken."""
    chronicle = Chronicle(store)
    for minutes in (0, 10):
        await chronicle.compared(ok(minutes))
    for minutes in (20, 80):
        found = await chronicle.compared(at(minutes))
        (change,) = found.changes
        assert (change.code, change.until, change.since) == (
            "broke",
            NINE + timedelta(minutes=10),
            NINE + timedelta(minutes=20),
        )
        assert found.known_since == NINE + timedelta(minutes=20)


async def test_what_is_open_is_compared_and_not_noted(store: Store) -> None:
    """Revoked or not is still being asked: the state of now may be none in a second."""
    chronicle = Chronicle(store)
    await chronicle.compared(at(0))
    open_ = ok(5)
    open_ = open_.model_copy(
        update={"report": open_.report.model_copy(update={"pending": ("revocation",)})}
    )
    assert [one.code for one in (await chronicle.compared(open_)).changes] == ["mended"]
    subject = subject_key(open_.report.target, open_.report.vantage)
    assert len(await store.history.read(subject, NINE)) == 1
    await chronicle.compared(open_, final=True)
    assert len(await store.history.read(subject, NINE)) == 2


async def test_conditions_leave_no_trace(store: Store) -> None:
    """What is supposed for one question is no history."""
    made = at(0)
    asked = made.question.model_copy(update={"at": NINE})
    found = await Chronicle(store).compared(made.model_copy(update={"question": asked}))
    assert found.known_since is None
    assert await store.connection.execute("KEYS", "tlscheck:history:*") == []


async def test_neighbours(store: Store) -> None:
    """Hosts behind one intermediate know each other, the newest first; garbage is passed over."""
    chronicle = Chronicle(store)
    for minutes, host in enumerate(("a.example.jp", "b.example.jp", "a.example.jp")):
        await chronicle.compared(at(minutes, host=host))
    (name,) = await store.connection.execute("KEYS", "tlscheck:issuer:*")
    for raw in ("x", "169.254.169.254 80", "<!channel> 443 -", "Shop.Example.JP 443 -"):
        await store.connection.execute("ZADD", name, int(NINE.timestamp()), raw)
    found = await store.neighbours.of("b" * 64, NINE, 10)
    assert [(one.host, seen - NINE) for one, seen in found] == [
        ("a.example.jp", timedelta(minutes=2)),
        ("b.example.jp", timedelta(minutes=1)),
    ]
    assert await store.neighbours.of("c" * 64, NINE, 10) == []
    assert await store.neighbours.of("b" * 64, NINE + timedelta(days=91), 10) == []


async def test_an_outage_changes_nothing(fragile_server: FragileServer) -> None:
    """Without Redis the result is given as it is."""
    async with open_store(fragile_server.url, utc_now) as store:
        fragile_server.stop()
        made = at(0)
        assert await Chronicle(store).compared(made) == made
