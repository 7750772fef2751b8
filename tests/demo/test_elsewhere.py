"""From where it hurts, and a whole list, in the demo's page: as the person on call lives it."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import FilePayload, Locator, expect

from bot.demo.run import open_demo
from bot.demo.slack import Message
from handlers.asking.press import COMPARE_SHARE
from handlers.sweeps.press import CONTINUE, FILES, SHOW, STOP
from tests.demo.browsing import Browsing, browsing
from tests.handlers.owed.town import SHOP, open_town

pytestmark = pytest.mark.browser

HOSTS = 300
"""Of the list: a few seconds of work, so that it can be stopped in the middle."""


@dataclass(frozen=True)
class Words:
    """What the person reads, in their language."""

    compared: tuple[tuple[str, str, str], ...]
    the_same: str
    stopped: str
    done: str
    passed_over: str
    broken: str


ENGLISH = Words(
    compared=(
        ("pay", "prod-tokyo", "lacks tlscheck Lab Root CA X2"),
        ("api", "prod-osaka", "another server stands there"),
        ("crm", "office", "opened on the way by Zscaler"),
        ("ledger", "dmz", "its own settings there forbid it"),
        ("shop-new", "batch-nagoya", "26 hours behind"),
    ),
    the_same="it is the server, not your network",
    stopped=rf"Stopped at \d+ of {HOSTS} hosts",
    done=f"{HOSTS} hosts checked",
    passed_over="1 line names no host",
    broken="broken",
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
    stopped=rf"{HOSTS} 件中 \d+ 件で停止",
    done=f"{HOSTS} 件を確認しました",
    passed_over="1 行",
    broken="異常",
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


@BOTH
async def test_a_list_is_swept_stopped_and_continued(lang: str, words: Words) -> None:
    """A table from the inventory, in the window; one message lives; its files are handed out."""
    async with (
        open_demo(lang="ja" if lang == "ja" else "en") as demo,
        browsing(demo.slack, height=1000) as seen,
    ):
        page, slack = seen.page, demo.slack
        hosts = sorted(demo.lab.hosts)
        # One server stands behind every port of its name.
        lines = [f"{hosts[n % len(hosts)]}:{1000 + n},team-{n % 7}" for n in range(HOSTS)]
        table = "\n".join(("host,owner", *lines, "not a host!,nobody")).encode()
        await seen.type("/tlscheck sweep")
        window = page.get_by_role("dialog")
        await window.locator("input[type=file]").set_input_files(
            [FilePayload(name="inventory.csv", mimeType="text/csv", buffer=table)]
        )
        await expect(window).to_contain_text("inventory.csv")
        await seen.keep(f"elsewhere-{lang}-3-list")
        await window.locator("button[type=submit]").click()
        await expect(window).to_have_count(0)
        living = page.get_by_role("main").get_by_role("article").first
        await slack.wait_for(lambda: _done(slack.messages("incident-shop")) > 0, timeout=30)
        await living.locator(f"[data-action={STOP}]").click()
        await expect(living).to_contain_text(re.compile(words.stopped), timeout=20_000)
        await seen.keep(f"elsewhere-{lang}-4-stopped")
        await living.locator(f"[data-action={CONTINUE}]").click()
        await expect(living).to_contain_text(words.done, timeout=90_000)
        await living.locator(f"[data-action^={SHOW}]").first.click()
        await expect(page.get_by_role("dialog")).to_contain_text("missing-intermediate.lab.test")
        await seen.keep(f"elsewhere-{lang}-5-shown")
        await page.keyboard.press("Escape")
        await living.locator(f"[data-action={FILES}]").click()
        [head] = [one for one in slack.messages("incident-shop") if not one.thread_ts]
        files = await slack.wait_for(
            lambda: [
                one for one in slack.files if one.name.endswith(".csv") and one.user != "U0AIKO"
            ],
            timeout=20,
        )
        # A heading, and each host once.
        assert len(files[0].content.decode("utf-8-sig").splitlines()) == HOSTS + 1
        assert any(words.passed_over in one.words() for one in slack.replies(head))
        await living.locator(".replies").click()
        await expect(page.get_by_role("complementary")).to_contain_text(".csv")
        await seen.keep(f"elsewhere-{lang}-6-files")
        assert slack.refusals == ()
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


def _done(messages: tuple[Message, ...]) -> int:
    """How many hosts the living message counts by now."""
    words = messages[0].words() if messages else ""
    found = re.search(rf"(\d+) of {HOSTS} \(|(\d+) / {HOSTS} ", words)
    return int(found[1] or found[2]) if found else 0
