"""From where it hurts, in the demo's page: what differs from place to place, and who is told."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from bot.demo.run import open_demo
from handlers.asking.press import COMPARE_SHARE
from tests.demo.browsing import Browsing, browsing
from tests.handlers.owed.town import SHOP, open_town

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Words:
    """What the person reads, in their language."""

    compared: tuple[tuple[str, str, str], ...]
    the_same: str


ENGLISH = Words(
    compared=(
        ("pay", "prod-tokyo", "lacks tlscheck Lab Root CA X2"),
        ("api", "prod-osaka", "another server stands there"),
        ("crm", "office", "opened on the way by Zscaler"),
        ("ledger", "dmz", "its own settings there forbid it"),
        ("shop-new", "batch-nagoya", "26 hours behind"),
    ),
    the_same="it is the server, not your network",
)
JAPANESE = Words(
    compared=(
        ("pay", "prod-tokyo", "tlscheck Lab Root CA X2 がなく"),
        ("api", "prod-osaka", "別のサーバーにつながっています"),
        ("crm", "office", "Zscaler が通信を復号し"),
        ("ledger", "dmz", "接続できません"),
        ("shop-new", "batch-nagoya", "26時間遅れている"),
    ),
    the_same="原因はネットワークではなくサーバーにあります",
)
BOTH = pytest.mark.parametrize(
    ("lang", "words"), [("en", ENGLISH), ("ja", JAPANESE)], ids=["en", "ja"]
)


def newest(seen: Browsing) -> Locator:
    """The last message of the channel."""
    return seen.page.get_by_role("main").get_by_role("article").last


@BOTH
async def test_the_place_that_differs_is_named(lang: str, words: Words) -> None:
    """Old bundle, split DNS, inspection, a rule, a clock; then a server broken for everybody."""
    async with (
        open_demo(lang="ja" if lang == "ja" else "en") as demo,
        browsing(demo.slack, height=1000) as seen,
    ):
        for name, place, said in words.compared:
            await seen.type(f"/tlscheck compare {name}.lab.test")
            answer = newest(seen)
            await expect(answer).to_contain_text(f"{name}.lab.test", timeout=15_000)
            await expect(answer).to_contain_text(said, timeout=15_000)
            await expect(answer).to_contain_text(place)
        await seen.keep(f"elsewhere-{lang}-1-compared")
        await seen.type("/tlscheck compare missing-intermediate.lab.test")
        await expect(newest(seen)).to_contain_text(words.the_same, timeout=15_000)
        before = len(demo.slack.messages("incident-shop"))
        await newest(seen).locator(f"[data-action={COMPARE_SHARE}]").click()
        await demo.slack.wait_for(
            lambda: len(demo.slack.messages("incident-shop")) > before, timeout=15
        )
        await seen.keep(f"elsewhere-{lang}-2-shared")
        assert demo.slack.refusals == ()
        assert seen.noise == []


async def test_the_answer_comes_though_the_bot_was_killed(tmp_path: Path, redis_url: str) -> None:
    """SIGKILL after the command was taken: the person waits a little, and reads one answer."""
    async with open_town(tmp_path, redis_url) as town:
        await town.start("one")
        await town.start("two")
        async with browsing(town.slack) as seen:
            await seen.type(f"/tlscheck {SHOP}")
            killed = await town.checking()
            await killed.kill()
            left = next(bot for bot in town.bots.values() if bot is not killed)
            await town.checking(by=left.name)
            town.go()
            await expect(seen.page.locator("[data-action=tlscheck_share]")).to_have_count(
                1, timeout=30_000
            )
            await seen.keep("elsewhere-killed")
