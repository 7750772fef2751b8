"""What somebody in the workspace, or with write access to Redis, tries against the real bot."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
import redis.asyncio as redis

from bot.demo.slack.courier import signed_headers
from bot.demo.slack.workspace import AIKO
from bot.diagnosis.resolve import Place
from bot.settings import Settings
from bot.vantage import Vantage, open_local_vantage
from handlers.asking.press import RECHECK
from tests.diagnosis.names import Names
from tests.diagnosis.test_aia import raw_server
from tests.handlers.asking.test_pressed import _changed
from tests.handlers.conftest import SECRET, Run, Running
from tests.handlers.test_serve import FORM, post

CHANNEL = "incident-shop"
ALLOWED, DENIED = "127.0.0.3", "127.0.0.2"
NETWORKS = {"tlscheck_allow_networks": "127.0.0.0/8", "tlscheck_deny_networks": f"{DENIED}/32"}


class Rebinding(Names):
    """A name that is at a permitted address when asked first, and at a denied one ever after."""

    def __init__(self, first: str, later: str) -> None:
        super().__init__({"rebind.test": [first]})
        self._later = Names({"rebind.test": [later]})

    async def resolve(self, host: str, within: float) -> tuple[Place, ...]:
        """See `bot.diagnosis.resolve.Resolver`."""
        if not self.asked:
            return await super().resolve(host, within)
        self.asked.append(host)
        return await self._later.resolve(host, within)


def opens(resolver: Names) -> Any:
    """A real vantage with this resolver."""

    @asynccontextmanager
    async def open_vantage(settings: Settings) -> AsyncIterator[Vantage]:
        async with open_local_vantage(settings, resolver=resolver) as vantage:
            yield vantage

    return open_vantage


async def hang_up(_writer: object) -> None:
    """A server that says nothing."""


async def ask(bot: Running, text: str) -> str:
    """What one command is answered with."""
    delivery = await bot.slack.command(AIKO, CHANNEL, text)
    assert delivery.message is not None, text
    return delivery.message.text


async def test_no_spelling_reaches_a_denied_address(run: Run) -> None:
    """Denied beats allowed, as a target, as --address and in every form that carries it."""
    async with (
        raw_server(hang_up, DENIED) as (port, visits),
        run(open_vantage=opens(Names({"x.test": [DENIED]})), real=True, **NETWORKS) as bot,
    ):
        for text in (
            f"{DENIED}:{port}",
            f"https://user@{DENIED}:{port}/",
            f"[::ffff:{DENIED}]:{port}",
            f"[::ffff:7f00:2]:{port}",
            f"[64:ff9b::{DENIED}]:{port}",
            f"[2002:7f00:2::]:{port}",
            f"[::{DENIED}]:{port}",
            f"127.2:{port}",
            f"2130706434:{port}",
            f"0x7f000002:{port}",
            f"0177.0.0.2:{port}",
            f"x.test:{port}",
            f"shop.example.jp:{port} --address {DENIED}",
            f"shop.example.jp --address {DENIED}:{port}",
            f"shop.example.jp --address [::ffff:{DENIED}]:{port}",
            f"shop.example.jp --address [::ffff:7f00:2%1]:{port}",
            f"shop.example.jp --address {DENIED}:{port} --starttls smtp",
            f"shop.example.jp --address 127.2:{port}",
            f"{DENIED}:{port} --allow-network 127.0.0.0/8",
            f"{DENIED}:{port} ー-allow-network=127.0.0.0/8",
            "shop.example.jp --address 169.254.169.254:80",
            "169.254.169.254",
        ):
            assert await ask(bot, text)
        assert visits == []


async def test_a_name_that_changes_is_only_met_where_it_was_vetted(run: Run) -> None:
    """The second handshake and the hand-made hello go to the address of the first, without DNS."""
    async with (
        raw_server(hang_up, ALLOWED) as (port, first),
        raw_server(hang_up, DENIED) as (other_port, other),
    ):
        names = Rebinding(f"{ALLOWED}:{port}", f"{DENIED}:{other_port}")
        async with run(open_vantage=opens(names), real=True, **NETWORKS) as bot:
            assert await ask(bot, f"rebind.test:{port}")
        assert names.asked == ["rebind.test"]
        assert len(first) > 1
        assert other == []


async def test_a_poisoned_result_reaches_nothing_inside(run: Run, redis_url: str) -> None:
    """A record that allows itself a network is passed over; the button asks its own question."""
    async with raw_server(hang_up, DENIED) as (port, visits):
        names = Names({"shop.example.jp": [f"{DENIED}:{port}"]})
        async with run(open_vantage=opens(names), real=True) as bot:
            delivery = await bot.slack.command(AIKO, CHANNEL, "shop.example.jp")
            assert delivery.message is not None
            client = redis.Redis.from_url(redis_url)
            try:
                (name,) = await client.keys("tlscheck:result:*")
                tree = json.loads(await client.get(name) or b"")
                tree["question"] |= {"allow_networks": ["127.0.0.0/8"]}
                forged = "f" * 32
                tree["report"]["id"] = forged
                await client.set(f"tlscheck:result:{forged}", json.dumps(tree))
            finally:
                await client.aclose()
            await bot.slack.press(AIKO, _changed(bot, delivery.message, result=forged), RECHECK)
            await bot.slack.wait_for(lambda: len(names.asked) > 1)
        assert visits == []


async def test_what_was_asked_stays_out_of_the_numbers(bot: Running) -> None:
    """Host names, people and tokens are no business of the monitoring."""
    await ask(bot, "merger-with-example.test")
    numbers = await bot.numbers()
    for secret in ("merger", "xoxb", "xapp", SECRET, AIKO.id):
        assert secret not in numbers


async def test_a_recorded_request_cannot_be_played_again(run: Run) -> None:
    """Within the five minutes that a signature lives, the same delivery is done once."""
    async with run() as bot:
        body = (
            b"command=%2Ftlscheck&text=shop.example.jp&user_id=U1&team_id=T0STANDIN&trigger_id=1.2.abc"
            b"&response_url=http%3A%2F%2F127.0.0.1%3A1%2F"
        )
        headers = signed_headers(SECRET, body, datetime.now(UTC)) | {"Content-Type": FORM}
        for _ in range(3):
            assert await post(f"{bot.url}slack/events", body, headers) == 200
        assert len(bot.vantage.asked) == 1


@pytest.mark.parametrize("kind", ["command", "press"])
async def test_an_unsigned_payload_names_no_address_to_post_to(run: Run, kind: str) -> None:
    """A response address counts only in a payload that Slack signed."""
    async with raw_server(hang_up) as (port, visits), run(patience=0.0) as bot:
        url = f"http://127.0.0.1:{port}/"
        if kind == "command":
            body = f"command=/tlscheck&text=a.test&trigger_id=1&response_url={url}".encode()
        else:
            payload = {"type": "block_actions", "actions": [], "response_url": url}
            body = f"payload={json.dumps(payload)}".encode()
        assert await post(f"{bot.url}slack/events", body, {"Content-Type": FORM}) == 401
        assert bot.vantage.asked == []
        assert visits == []
