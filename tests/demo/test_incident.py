"""A whole incident in the demo's page: from the alert to the end, as the person on call lives it."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect

from bot.demo.run import open_demo
from tests.demo.browsing import browsing

pytestmark = pytest.mark.browser


@dataclass
class Clock:
    """The present, and as much later as wished."""

    later: timedelta = timedelta()

    def __call__(self) -> datetime:
        """The moment that everything here takes for now."""
        return datetime.now(UTC) + self.later


@dataclass(frozen=True)
class Words:
    """What the person reads and types, in their language."""

    more: str
    reply: str
    thread: str
    questions: tuple[tuple[str, str], ...]
    watch: str
    mend: str
    home: str


ENGLISH = Words(
    more="More actions",
    reply="Reply in thread",
    thread="Thread",
    questions=(
        ("why does it work in Chrome?", "AIA"),
        ("fix for apache", "SSLCertificateFile"),
        ("since when?", "shop.lab.test"),
        ("blah", "which clients break?"),
    ),
    watch="watch",
    mend="Install the full chain",
    home="Home",
)
JAPANESE = Words(
    more="その他の操作",
    reply="スレッドで返信",
    thread="スレッド",
    questions=(
        ("Chromeで見られるのはなぜ？", "AIA"),
        ("Apacheの直し方", "SSLCertificateFile"),
        ("いつから？", "shop.lab.test"),
        ("ほげほげ", "次のような言葉"),
    ),
    watch="監視して",
    mend="fullchain.pemを入れる",
    home="ホーム",
)


@pytest.mark.parametrize(("lang", "words"), [("en", ENGLISH), ("ja", JAPANESE)], ids=["en", "ja"])
async def test_from_the_alert_to_the_end(lang: str, words: Words) -> None:
    """Alert → shortcut → explained and checked → shared → asked on → watched → mended → told → home."""
    clock = Clock()
    async with (
        open_demo(lang="ja" if lang == "ja" else "en", clock=clock) as demo,
        browsing(demo.slack, height=1000) as seen,
    ):
        page, slack = seen.page, demo.slack
        await page.get_by_role("navigation").get_by_role("button", name="alerts").click()
        alert = page.get_by_role("main").get_by_role("article", name="Alertmanager")
        await alert.hover()
        await alert.get_by_role("button", name=words.more).click()
        await alert.get_by_role("menuitem").first.click()
        answer = page.get_by_role("article").filter(
            has=page.locator("[data-action=tlscheck_share]")
        )
        await expect(answer).to_contain_text("shop.lab.test")
        await expect(answer).to_contain_text("unable to get local issuer certificate")
        await seen.keep(f"incident-{lang}-1-checked")
        before = len(slack.messages("alerts"))
        await answer.locator("[data-action=tlscheck_share]").click()
        await slack.wait_for(lambda: len(slack.messages("alerts")) > before)
        # It is shared where it was begun: under the alert.
        parent = next(one for one in slack.messages("alerts") if "CheckoutErrors" in one.words())
        await alert.hover()
        await alert.get_by_role("button", name=words.reply).click()
        thread = page.get_by_role("complementary", name=words.thread)
        await expect(thread.get_by_role("article")).to_have_count(2)
        box = thread.get_by_role("textbox")
        for question, expected in words.questions:
            await box.fill(f"@tlscheck {question}")
            await box.press("Enter")
            await expect(thread.get_by_role("article").last).to_contain_text(expected)
        await seen.keep(f"incident-{lang}-2-asked")
        asked = len(slack.replies(parent, "aiko"))
        await box.fill(f"@tlscheck {words.watch}")
        await box.press("Enter")
        await slack.wait_for(lambda: len(slack.replies(parent, "aiko")) == asked + 2)
        await thread.get_by_role("button").first.click()
        await page.get_by_role("button", name=words.mend).click()
        clock.later = timedelta(minutes=2)
        await slack.wait_for(lambda: len(slack.replies(parent, "aiko")) > asked + 2, timeout=20)
        told = slack.replies(parent)[-1]
        assert "<@U0AIKO>" in told.words()
        await page.get_by_role("button", name=re.compile(r"^\d+ (replies|件の返信)")).click()
        await expect(thread.get_by_role("article").last).to_contain_text("shop.lab.test")
        await seen.keep(f"incident-{lang}-3-mended")
        await page.get_by_role("navigation").get_by_role("button", name="tlscheck").click()
        home = page.get_by_role("region", name=words.home)
        await expect(home).to_contain_text("shop.lab.test")
        await seen.keep(f"incident-{lang}-4-home")
        assert slack.refusals == ()
        assert seen.noise == []


async def test_a_workflow_calls_the_check() -> None:
    """The step of the manifest, run from the page's panel: verdict, cause and summary come back."""
    async with open_demo() as demo, browsing(demo.slack) as seen:
        card = seen.page.get_by_role("region", name="Check TLS")
        await card.get_by_label("Host").fill("shop.lab.test")
        await card.get_by_role("button", name="Run the workflow").click()
        await expect(card).to_contain_text("missing_intermediate", timeout=15_000)
        await seen.keep("incident-workflow")
        (run,) = demo.slack.executions
        assert run.status == "succeeded"
        assert run.outputs["verdict"] == "broken"
        assert demo.slack.refusals == ()
        assert seen.noise == []
