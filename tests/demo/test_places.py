"""The places in the demo's page: who is there, looked at from one by name, compared by the button."""

from dataclasses import dataclass

import pytest
from playwright.async_api import expect

from bot.demo.lab.scenarios.elsewhere import INSPECTED, OLD_BUNDLE, SPLIT_DNS
from bot.demo.run import open_demo
from handlers.asking.press import COMPARE, COMPARE_SHARE, DETAILS
from tests.demo.browsing import browsing

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Words:
    """What people read, in their language."""

    clock: str
    inspected: str
    old: str
    shared: str
    there: str
    elsewhere: str
    expired: str
    nobody: str


ENGLISH = Words(
    clock="clock 26 hours behind",
    inspected="From office the connection is opened on the way by Zscaler",
    old="The CA bundle at prod-tokyo is from about 2019 and lacks tlscheck Lab Root CA X2",
    shared="Compared for @Aiko",
    there="Refused on prod-tokyo: pay.lab.test",
    expired="The certificate has expired",
    elsewhere="Works where that root is trusted: curl",
    nobody="No worker runs at prod-kyoto. You can check from: ",
)
JAPANESE = Words(
    clock="時計が26時間",
    inspected="office からは、途中で Zscaler が通信を復号し",
    old="prod-tokyo のCAバンドルは2019年ごろのもので tlscheck Lab Root CA X2 がなく",
    shared="@Aiko の依頼で比較",
    there="prod-tokyo では接続不可: pay.lab.test",
    expired="サーバー証明書の有効期限が切れています",
    elsewhere="このルートを信頼する環境では成功: curl",
    nobody="prod-kyoto で動いているワーカーがありません",
)


@pytest.mark.parametrize(("lang", "words"), [("en", ENGLISH), ("ja", JAPANESE)], ids=["en", "ja"])
async def test_from_where_it_hurts(lang: str, words: Words) -> None:
    """Who is there → what one group saw → compared by the button → shared → looked at from there."""
    async with (
        open_demo(lang="ja" if lang == "ja" else "en") as demo,
        browsing(demo.slack, height=1000) as seen,
    ):
        page, slack = seen.page, demo.slack
        articles = page.get_by_role("main").get_by_role("article")
        last, window = articles.last, page.get_by_role("dialog")

        await seen.type("/tlscheck vantages")
        await expect(last).to_contain_text(words.clock)
        await seen.keep(f"places-{lang}-1-vantages")
        await seen.type(f"/tlscheck compare {INSPECTED.host}")
        await expect(last).to_contain_text(words.inspected, timeout=20_000)
        await last.locator(f"[data-action={DETAILS}]").first.click()
        await expect(window).to_contain_text("Zscaler")
        await seen.keep(f"places-{lang}-2-details")
        await page.keyboard.press("Escape")

        # Here all is well, so the button leads to whom it hurts.
        await seen.type(f"/tlscheck {OLD_BUNDLE.host}")
        await last.locator(f"[data-action={COMPARE}]").click()
        await expect(last).to_contain_text(words.old, timeout=20_000)
        await seen.keep(f"places-{lang}-3-compared")
        await last.locator(f"[data-action={COMPARE_SHARE}]").click()
        await page.get_by_role("banner").get_by_role("button", name="Ben").click()
        await expect(articles).to_have_count(1)
        await expect(last).to_contain_text(words.shared)
        await expect(last).to_contain_text(words.old)
        await seen.keep(f"places-{lang}-4-shared")

        await seen.type(f"/tlscheck {OLD_BUNDLE.host} --vantage prod-tokyo")
        await expect(last).to_contain_text(words.there)
        await expect(last).to_contain_text(words.elsewhere)
        await seen.keep(f"places-{lang}-5-from-there")
        await seen.type(f"/tlscheck {SPLIT_DNS.host} --vantage prod-osaka")
        await expect(last).to_contain_text(words.expired)
        await seen.type(f"/tlscheck {SPLIT_DNS.host} --vantage prod-kyoto")
        await expect(last).to_contain_text(words.nobody)
        await seen.keep(f"places-{lang}-6-nobody")
        assert slack.refusals == ()
        assert seen.noise == []
