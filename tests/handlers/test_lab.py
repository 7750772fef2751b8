"""The whole way: a command, a real handshake with a broken server, an answer in Slack."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Any

import pytest

from bot.demo.lab import SCENARIOS, Lab, Scenario, open_lab
from bot.demo.slack.workspace import AIKO
from bot.diagnosis.resolve import FixedResolver, Place, SystemResolver
from bot.settings import Settings
from bot.texts import LANGS, Lang, catalogue
from bot.vantage import Vantage, open_local_vantage
from handlers.asking.press import DETAILS, FULL_CHAIN
from handlers.serve import OpenVantage
from handlers.slack import limits
from tests.handlers.conftest import Run, Running

CHANNEL = "incident-shop"


def opens(lab: Lab) -> OpenVantage:
    """The vantage of this process, with the lab's names and root."""
    names = {
        host: tuple(Place(ip_address(address), port) for address, port in places)
        for host, places in lab.hosts.items()
    }

    @asynccontextmanager
    async def open_vantage(settings: Settings) -> AsyncIterator[Vantage]:
        async with open_local_vantage(
            settings,
            resolver=FixedResolver(names, SystemResolver()),
            extra_roots_pem=lab.roots_pem.decode(),
        ) as vantage:
            yield vantage

    return open_vantage


def headline_words(lang: Lang) -> dict[str, str]:
    """What the headline of each verdict begins with."""
    texts = catalogue(lang)
    return {
        verdict: texts.text(f"slack.headline.{verdict}.titled", host="\0", title="").partition(
            "\0"
        )[0]
        for verdict in ("ok", "warning", "broken", "unreachable")
    }


async def ask(bot: Running, scenario: Scenario, lang: Lang) -> dict[str, Any]:
    """Ask for one server, and take the message."""
    text = f"{scenario.host} --lang {lang} --timeout 3"
    delivery = await bot.slack.command(AIKO, CHANNEL, text)
    assert delivery.message is not None, scenario.name
    return {"text": delivery.message.text, "blocks": list(delivery.message.blocks)}


@pytest.mark.parametrize("lang", LANGS)
async def test_every_broken_server_is_answered_rightly(run: Run, lang: Lang) -> None:
    """All scenarios side by side: the verdict in words, within all limits, nothing refused."""
    words = headline_words(lang)
    async with open_lab() as lab:
        networks = " ".join(lab.networks)
        async with run(
            open_vantage=opens(lab), real=True, tlscheck_allow_networks=networks, ack_seconds=30.0
        ) as bot:
            # The servers share our processor: more would wait for each other, not for the network.
            turns = asyncio.Semaphore(16)

            async def asked(one: Scenario) -> dict[str, Any]:
                async with turns:
                    return await ask(bot, one, lang)

            shown = await asyncio.gather(*(asked(one) for one in SCENARIOS))
            for scenario, message in zip(SCENARIOS, shown, strict=True):
                if scenario.judged:
                    assert message["text"].startswith(words[scenario.verdict]), scenario.name
                size = len(json.dumps(message["blocks"], ensure_ascii=False)) + len(message["text"])
                assert size <= limits.MESSAGE_CHARACTERS, scenario.name
            assert bot.slack.refusals == ()


async def test_the_story_from_the_error_to_the_file(run: Run) -> None:
    """A missing intermediate: the reason, the line that curl prints, the verified file, the details."""
    async with open_lab() as lab:
        networks = " ".join(lab.networks)
        async with run(open_vantage=opens(lab), real=True, tlscheck_allow_networks=networks) as bot:
            delivery = await bot.slack.command(AIKO, CHANNEL, "missing-intermediate.lab.test")
            assert delivery.message is not None
            text = str(delivery.message.blocks)
            assert "NOT SENT" in text
            assert "SSL certificate problem: unable to get local issuer certificate" in text
            assert "ssl_certificate " in text
            await bot.slack.press(AIKO, delivery.message, FULL_CHAIN)
            (file,) = await bot.slack.wait_for(lambda: bot.slack.files)
            assert file.content.count(b"BEGIN CERTIFICATE") == 2
            await bot.slack.press(AIKO, delivery.message, DETAILS)
            await bot.slack.wait_for(
                lambda: "does not send" in str([one.body for one in bot.slack.views])
            )
            assert bot.slack.refusals == ()


@pytest.mark.parametrize(
    "target",
    ["localhost", "127.0.0.1", "169.254.169.254", "[::ffff:127.0.0.1]", "10.0.0.1 22", "[::1]:443"],
)
async def test_an_address_that_is_not_public_is_denied(run: Run, target: str) -> None:
    """One clear answer, and no connection; the vantage is the usual one."""
    async with run(open_vantage=open_local_vantage, real=True) as bot:
        delivery = await bot.slack.command(AIKO, CHANNEL, target)
        assert delivery.message is not None
        assert delivery.message.text.startswith("✗ Not reached: ")
        assert "may not" in delivery.message.text
