"""Several bots, each `serve` in a process of its own, over one Redis and one stand-in for Slack.

`python -m tests.handlers.owed.town DIRECTORY NAME PATIENCE DRAIN LEASE [CRASH]` is one bot. Its checks add a line
to DIRECTORY/checks and end when DIRECTORY/go exists; what they find is what DIRECTORY/mended says.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any

import aiohttp
import redis.asyncio as redis

from bot.demo.slack.manifest import declared
from bot.demo.slack.server import open_slack
from bot.demo.slack.stand_in import StandIn
from bot.demo.slack.values import Channel, User
from bot.diagnosis.question import Question
from bot.diagnosis.report import Report
from bot.settings import Settings, load_settings
from bot.store import Store, open_store
from bot.store.debts import Debt, Debts
from handlers.owed.delivery import is_resumed
from handlers.owed.ledger import Ledger
from handlers.serve import serve
from tests.handlers.conftest import APP_TOKEN, BOT_TOKEN, SECRET
from tests.handlers.samples import CannedVantage, phrase
from tests.handlers.waiting import until
from tests.store.conftest import utc_now

CHANNEL = "incident-shop"
SHOP = "shop.example.jp"
ANSWER = "does not send its intermediate"
LEASE = 3.0
"""Short, and long enough for a busy machine."""
PATIENT = 60.0


class FileVantage(CannedVantage):
    """Writes each check down where the test sees it, and waits for the sign to end it."""

    def __init__(self, directory: Path, bot: str) -> None:
        super().__init__()
        self._directory = directory
        self._bot = bot

    async def check(self, question: Question) -> Report:
        """A check that other processes can see."""
        with (self._directory / "checks").open("a") as checks:
            checks.write(f"{self._bot} {question.target.host}\n")
        while not (self._directory / "go").exists():  # noqa: ASYNC110 - the sign comes from another process
            await asyncio.sleep(0.02)
        self.mended = (self._directory / "mended").exists()
        report = await super().check(question)
        # Its numbers begin anew with each process.
        return report.model_copy(update={"id": token_hex(16)})


@dataclass
class Bot:
    """One bot in its process."""

    name: str
    process: asyncio.subprocess.Process
    url: str

    async def kill(self) -> None:
        """SIGKILL: no last word."""
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    def freeze(self, *, thaw: bool = False) -> None:
        """SIGSTOP: it does not run, and does not know; or SIGCONT."""
        self.process.send_signal(signal.SIGCONT if thaw else signal.SIGSTOP)

    async def stop(self) -> None:
        """SIGTERM: it drains, and has to end by itself."""
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            assert await self.process.wait() == 0

    async def number(self, name: str) -> float:
        """One of its numbers."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}metrics") as answer:
            lines = (await answer.text()).splitlines()
        return next(float(one.split()[-1]) for one in lines if one.startswith(f"{name} "))


@dataclass
class Town:
    """Where bots are started, killed, and looked at."""

    slack: StandIn
    directory: Path
    redis_url: str
    stack: AsyncExitStack
    bots: dict[str, Bot] = field(default_factory=dict)

    async def start(
        self,
        name: str,
        *,
        via: str = "http",
        patience: float = 0.0,
        drain: float = 0.2,
        crash: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> Bot:
        """Start a bot; it takes work when this returns. Over HTTP it is the one that is asked."""
        connected = self.slack.socket.opened
        options = (str(self.directory), name, str(patience), str(drain), str(LEASE), crash)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.handlers.owed.town",
            *options,
            stdout=asyncio.subprocess.PIPE,
            env={
                "PATH": os.environ["PATH"],
                "SLACK_BOT_TOKEN": BOT_TOKEN,
                "SLACK_SIGNING_SECRET": SECRET,
                "SLACK_API_URL": self.slack.api_url,
                "REDIS_URL": self.redis_url,
                "PORT": "0",
                "TLSCHECK_RATE_PERSON": "0",
                "TLSCHECK_RATE_CHANNEL": "0",
                **({"SLACK_APP_TOKEN": APP_TOKEN} if via == "socket" else {}),
                **(environment or {}),
            },
        )
        self.stack.push_async_callback(_ended, process)
        assert process.stdout is not None
        port = b""
        async with asyncio.timeout(40):
            while not port.isdigit():
                port = (await process.stdout.readline()).strip()
                assert process.returncode is None
        # What it writes from now on must not fill the pipe.
        draining = asyncio.create_task(_drained(process.stdout))
        self.stack.callback(draining.cancel)
        bot = self.bots[name] = Bot(name, process, f"http://127.0.0.1:{int(port)}/")
        if via == "socket":
            await until(lambda: self.slack.socket.opened > connected)
        else:
            self.ask(bot)
        return bot

    def ask(self, bot: Bot) -> None:
        """What is sent over HTTP goes to this bot from now on."""
        self.slack.events_url = f"{bot.url}slack/events"

    @property
    def checks(self) -> list[tuple[str, str]]:
        """Every check that was begun: by which bot, of which host."""
        file = self.directory / "checks"
        lines = file.read_text().splitlines() if file.exists() else []
        return [(bot, host) for bot, _, host in (one.partition(" ") for one in lines)]

    async def checking(self, host: str = SHOP, *, by: str | None = None) -> Bot:
        """Wait until a bot checks the host; which one."""
        found = ""

        def begun() -> bool:
            nonlocal found
            names = [bot for bot, checked in self.checks if checked == host and by in (None, bot)]
            found = names[-1] if names else ""
            return bool(names)

        await until(begun, PATIENT)
        return self.bots[found]

    def go(self) -> None:
        """All checks end now."""
        (self.directory / "go").touch()

    def hold(self) -> None:
        """Checks wait for the sign again."""
        (self.directory / "go").unlink()

    def mend(self) -> None:
        """From now on the hosts are found well."""
        (self.directory / "mended").touch()

    async def owed(self) -> int:
        """Debts in Redis, whosever they are."""
        async with redis.Redis.from_url(self.redis_url) as client:
            return sum(
                [await client.hlen(one) async for one in client.scan_iter("tlscheck:debts:*")]
            )

    async def kept(self) -> list[Debt]:
        """What Redis knows of all that is owed."""
        async with open_store(self.redis_url, utc_now) as store:
            debts = Debts(store.connection, store.once, BOT_TOKEN, [BOT_TOKEN])
            found = []
            for key in await store.connection.execute("KEYS", "tlscheck:debts:*"):
                held = await store.connection.execute("HGETALL", key)
                for id_, value in zip(held[::2], held[1::2], strict=True):
                    debt = debts._unsealed(value.partition(b" ")[2], id_.decode())
                    assert debt is not None
                    found.append(debt)
        return found

    async def takers(self) -> int:
        """Bots that take over from others."""
        async with redis.Redis.from_url(self.redis_url) as client:
            return sum(
                [await client.zcard(one) async for one in client.scan_iter("tlscheck:takers:*")]
            )

    async def paid(self) -> None:
        """Wait until nobody owes anything: what was to be said has been said."""

        async def nothing() -> bool:
            return await self.owed() == 0

        await until(nothing, PATIENT)

    def said(self, text: str, viewer: User, channel: Channel | str = CHANNEL) -> int:
        """In how many messages of a channel, threads too, this person reads the text."""
        return sum(
            text in f"{one.text} {one.blocks}" for one in self.slack.messages(channel, viewer)
        )

    async def hears(self, text: str, viewer: User, channel: Channel | str = CHANNEL) -> None:
        """Wait until this person reads the text."""
        await until(lambda: self.said(text, viewer, channel) > 0, PATIENT)


async def _drained(stream: asyncio.StreamReader) -> None:
    while await stream.readline():
        pass


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()


@asynccontextmanager
async def open_town(directory: Path, redis_url: str) -> AsyncIterator[Town]:
    """No bot yet; all that were started are gone at the end."""
    async with (
        open_slack(
            signing_secret=SECRET,
            bot_token=BOT_TOKEN,
            app_token=APP_TOKEN,
            app=declared(),
            retry_pauses=(0.5,) * 40,
        ) as slack,
        AsyncExitStack() as stack,
    ):
        yield Town(slack, directory, redis_url, stack)


def _crash(when: str) -> None:
    """Die between the mark and the acknowledgement: of an event or a press, with "take" of a command,
    with "owe" of one whose answer is to follow; or with "share" once that was marked.
    """
    begin, owe, take = Ledger.begin, Ledger.owe, Ledger.take
    first_time = Store.first_time

    async def begin_and_die(self: Ledger, kind: str, delivery: str, ttl: timedelta) -> object:
        owed = await begin(self, kind, delivery, ttl)
        # What it took over from another that died like this, it does finish.
        return owed if is_resumed() else await _dead()

    async def owe_and_die(self: Ledger, *args: Any) -> object:
        await owe(self, *args)
        return await _dead()

    async def take_and_die(self: Ledger, *args: Any) -> object:
        await take(self, *args)
        return await _dead()

    async def mark_and_die(self: Store, kind: str, *args: Any, **more: Any) -> bool:
        first = await first_time(self, kind, *args, **more)
        return await _dead() if kind == when else first

    if when == "share":
        Store.first_time = mark_and_die  # type: ignore[method-assign] # this process is for that
    elif when == "take":
        Ledger.take = take_and_die  # type: ignore[method-assign, assignment] # this process is for that
    elif when == "owe":
        Ledger.owe = owe_and_die  # type: ignore[method-assign, assignment] # this process is for that
    else:
        Ledger.begin = begin_and_die  # type: ignore[method-assign, assignment] # this process is for that


async def _dead() -> bool:
    os.kill(os.getpid(), signal.SIGKILL)
    return await asyncio.Event().wait()


async def main(directory: Path, name: str, patience: float, drain: float, lease: float) -> None:
    """Be a bot until the end."""

    @asynccontextmanager
    async def open_vantage(_settings: Settings) -> AsyncIterator[FileVantage]:
        yield FileVantage(directory, name)

    await serve(
        load_settings(_env_file=None),
        open_vantage=open_vantage,
        phrase=phrase,
        host="127.0.0.1",
        patience=patience,
        drain_seconds=drain,
        lease=timedelta(seconds=lease),
        started=lambda serving: print(serving.port, flush=True),
    )


if __name__ == "__main__":
    if sys.argv[6]:
        _crash(sys.argv[6])
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], *(float(one) for one in sys.argv[3:6])))
