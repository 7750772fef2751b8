"""What it costs, and the ways in which it may go wrong, with bots in this process."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.demo.slack.server import CLIENT_ID
from bot.demo.slack.workspace import AIKO, BEN, TEAM
from bot.store import Store, open_store
from bot.store.connection import Connection
from bot.store.debts import Debt, Debts, debt_id
from handlers.asking.press import CHECK, RECHECK, SHARE
from handlers.owed.takeover import is_slacks
from tests.handlers.asking.test_pressed import action_ids, answer, shown_to_all
from tests.handlers.conftest import BOT_TOKEN, Run, Running
from tests.handlers.install.test_workspaces import KEY, MANY, OTHER, install
from tests.handlers.waiting import until
from tests.store.conftest import FragileServer, utc_now

CHANNEL = "incident-shop"
HOUR = timedelta(hours=1)


@contextmanager
def recorded(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The Redis commands about deliveries and debts, heartbeats left out."""
    sent: list[str] = []
    execute = Connection.execute

    async def noting(self: Connection, *arguments: Any) -> Any:
        line = " ".join(str(one) for one in arguments)
        about = "tlscheck:debts" in line or "tlscheck:once" in line
        # EVAL: the server learns a script, once.
        if about and "takers" not in line and arguments[0] != "EVAL":
            sent.append(str(arguments[0]))
        return await execute(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(Connection, "execute", noting)
        yield sent


async def idle(bot: Running) -> None:
    """Wait until nothing is under way in the background."""

    async def nothing() -> bool:
        return "tlscheck_background_tasks 0.0" in await bot.numbers()

    await until(nothing)


async def test_what_it_costs(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """In Redis commands: nothing where the acknowledgement answers, one or two elsewhere."""
    async with run() as bot:
        message = await answer(bot)
        with recorded(monkeypatch) as sent:
            await answer(bot)
            await idle(bot)
            # The mark that there always was: commands are done once.
            assert sent == ["SET"]
        with recorded(monkeypatch) as sent:
            await bot.slack.press(AIKO, message, RECHECK)
            await idle(bot)
            # The mark and the debt are one; and it is paid.
            assert sent == ["EVALSHA", "HDEL"]
        bot.vantage.gate.clear()
    async with run(patience=0.0) as bot:
        bot.vantage.gate.clear()
        with recorded(monkeypatch) as sent:
            await bot.slack.command(AIKO, CHANNEL, "late.example.jp")
            bot.vantage.gate.set()
            await idle(bot)
            assert sent == ["SET", "EVALSHA", "HDEL"]


@pytest.fixture
async def store(redis_url: str) -> AsyncIterator[Store]:
    """The store of a bot that is no more."""
    async with open_store(redis_url, utc_now) as opened:
        yield opened


async def left_behind(
    store: Store,
    payload: dict[str, Any],
    *,
    times: int = 1,
    app: str = BOT_TOKEN,
    secret: str = BOT_TOKEN,
) -> None:
    """A dead bot owed this."""
    debts = Debts(store.connection, store.once, app, [secret])
    debt = Debt(id=debt_id("command", "1"), at=datetime.now(UTC), payload=payload)
    await debts.put("dead", debt, times)
    await debts.release("dead")


async def command_of(bot: Running, text: str = "shop.example.jp") -> dict[str, Any]:
    """A command's payload as Slack sends it, with an address that works."""
    await bot.slack.command(BEN, CHANNEL, text)
    return dict(bot.slack.deliveries[-1].payload)


async def test_what_killed_its_bots_is_given_up(run: Run, store: Store) -> None:
    """After three bots the asker is told, with a button to ask again."""
    async with run() as bot:
        payload = await command_of(bot, "deadly.example.jp")
        asked = len(bot.vantage.asked)
        await left_behind(store, payload, times=3)
        await until(lambda: "nobody could finish" in bot.slack.messages(CHANNEL, BEN)[-1].text)
        told = bot.slack.messages(CHANNEL, BEN)[-1]
        assert action_ids(told) == [CHECK]
        assert len(bot.vantage.asked) == asked
        assert 'taken_over_total{outcome="told"} 1.0' in await bot.numbers()
        await until(lambda: _owes_nothing(store))


async def test_what_is_too_old_is_told(run: Run, store: Store) -> None:
    """After half an hour nobody waits, and the address is worth nothing; it is not checked."""
    async with run(clock=lambda: datetime.now(UTC) + HOUR) as bot:
        payload = await command_of(bot)
        await left_behind(store, payload)
        await until(lambda: _owes_nothing(store))
        assert 'taken_over_total{outcome="told"} 1.0' in await bot.numbers()


async def test_each_workspace_is_answered_by_its_own_token(run: Run, store: Store) -> None:
    """What was begun in one of several is finished there."""
    async with run(**MANY, real=True) as bot:
        for team in (TEAM, OTHER):
            await install(bot, team)
        tokens = {one.team: token for token, one in bot.slack.installs.tokens.items()}
        bot.slack.team = OTHER
        payload = await command_of(bot, "begun.example.jp share")
        before = len(bot.slack.calls)
        del bot.slack.installs.tokens[tokens[TEAM]]
        await left_behind(store, payload, app=CLIENT_ID, secret=KEY)
        await until(lambda: _owes_nothing(store))
        posts = [one for one in bot.slack.calls[before:] if one.method == "chat.postMessage"]
        assert [one.error for one in posts] == [None]


async def _owes_nothing(store: Store) -> bool:
    found = await store.connection.execute("KEYS", "tlscheck:debts:*")
    return not found


async def test_a_foreign_address_is_never_posted_to(run: Run, store: Store) -> None:
    """Not even where the seal is right."""
    async with run() as bot:
        payload = await command_of(bot)
        said = len(bot.slack.messages(CHANNEL, BEN))
        await left_behind(store, payload | {"response_url": "https://elsewhere.example/hook"})
        await until(lambda: _owes_nothing(store))
        assert len(bot.slack.messages(CHANNEL, BEN)) == said
        assert 'taken_over_total{outcome="resumed"} 0.0' in await bot.numbers()


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("https://hooks.slack.com/commands/T1/2/3", True),
        ("https://hooks.slack-gov.com/commands/T1/2/3", True),
        ("http://127.0.0.1:5000/commands/T1/x", True),
        ("http://hooks.slack.com/commands/T1/2/3", False),
        ("https://hooks.slack.com.example/x", False),
        ("https://evilslack.com/x", False),
        ("https://slack.com@elsewhere.example/x", False),
        ("https://elsewhere.example#.slack.com/x", False),
        ("https://a@hooks.slack.com/x", False),
        ("https://hooks.slack.com:8443/x", False),
        ("http://127.0.0.1:5001/commands/T1/x", False),
        ("http://[", False),
        ("", False),
    ],
)
def test_slacks_own_addresses(url: str, ours: bool) -> None:
    """HTTPS at Slack, or wherever SLACK_API_URL is."""
    assert is_slacks(url, "http://127.0.0.1:5000/api/") is ours


async def test_without_redis_it_works_as_ever(run: Run) -> None:
    """No promise, and nobody hears of it."""
    async with run(redis_url="redis://127.0.0.1:1/0", patience=0.0) as bot:
        bot.vantage.gate.clear()
        first = await bot.slack.command(AIKO, CHANNEL, "shop.example.jp")
        assert first.message is not None
        assert "Checking" in first.message.text
        bot.vantage.gate.set()
        await bot.slack.wait_for(
            lambda: "does not send its intermediate" in str(bot.slack.messages(CHANNEL, AIKO))
        )
        message = bot.slack.messages(CHANNEL, AIKO)[-1]
        await bot.slack.press(AIKO, message, SHARE)
        await bot.slack.wait_for(lambda: shown_to_all(bot, CHANNEL))
        await idle(bot)
        assert "tlscheck_debts_open 0.0" in await bot.numbers()


async def test_what_was_begun_without_redis_is_noted_when_it_is_back(
    run: Run, fragile_server: FragileServer
) -> None:
    """And what was paid meanwhile is not owed any more."""
    async with run(redis_url=fragile_server.url, patience=0.0, lease=timedelta(seconds=1)) as bot:
        bot.vantage.gate.clear()
        await bot.slack.command(AIKO, CHANNEL, "before.example.jp")
        async with open_store(fragile_server.url, utc_now) as other:
            await until(lambda: _owed(other, 1))
            fragile_server.stop()
            await bot.slack.command(AIKO, CHANNEL, "during.example.jp")
            fragile_server.start()
            await until(lambda: not other.away and _owed(other, 2), 20)
            bot.vantage.gate.set()
            await until(lambda: _owed(other, 0), 20)
        shown = [str(one.blocks) for one in bot.slack.messages(CHANNEL, AIKO)]
        for host in ("before", "during"):
            assert sum(f"Broken: {host}.example.jp" in one for one in shown) == 1


async def _owed(store: Store, count: int) -> bool:
    await store.ping()
    if store.away:
        return False
    keys = await store.connection.execute("KEYS", "tlscheck:debts:*")
    held = await asyncio.gather(*(store.connection.execute("HLEN", key) for key in keys))
    return sum(int(one) for one in held) == count


async def test_a_bot_that_comes_back_from_the_dead_says_nothing(run: Run, redis_url: str) -> None:
    """Another was given what it owed; it notices before it speaks."""
    async with run(patience=0.0) as bot, open_store(redis_url, utc_now) as store:
        bot.vantage.gate.clear()
        await bot.slack.command(AIKO, CHANNEL, "shop.example.jp")
        await until(lambda: _owed(store, 1))
        debts = Debts(store.connection, store.once, BOT_TOKEN, [BOT_TOKEN])
        [name] = await store.connection.execute("ZRANGE", debts._bots, 0, -1)
        # As if its lease had ended while it did not run.
        await store.connection.execute("ZADD", debts._bots, 0, name)
        assert len(await debts.claim(name.decode(), "other", 10)) == 1
        await until(lambda: _lost(bot))
        bot.vantage.gate.set()
        await idle(bot)
        assert not any("Broken" in str(one.blocks) for one in bot.slack.messages(CHANNEL, AIKO))
        await bot.slack.command(BEN, CHANNEL, "shop.example.jp")
        await bot.slack.wait_for(
            lambda: "Broken" in str([one.blocks for one in bot.slack.messages(CHANNEL, BEN)])
        )


async def _lost(bot: Running) -> bool:
    return "tlscheck_debts_open 0.0" in await bot.numbers()
