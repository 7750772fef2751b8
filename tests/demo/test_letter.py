"""The letter's window as a person sees it: the demo in a real browser."""

import re

import pytest
from playwright.async_api import expect

from bot.demo.run import open_demo
from handlers.windows.letter import CHOOSE_LANG, CHOOSE_SOFTWARE
from tests.demo.browsing import browsing

pytestmark = pytest.mark.browser


async def test_a_letter_is_read_changed_and_sent() -> None:
    """Letter, Japanese, HAProxy, send: each shows at once, and the message is there at the end."""
    async with open_demo() as demo, browsing(demo.slack, height=1300) as seen:
        page = seen.page
        await seen.type("/tlscheck expired-beside-valid.lab.test")
        answer = page.get_by_role("article").last
        await answer.get_by_role("button", name="Letter").click()
        dialog = page.get_by_role("dialog")
        text = dialog.locator("textarea").first
        await expect(text).to_have_value(re.compile("Hello,"), timeout=15_000)
        await page.locator(f"[data-action={CHOOSE_LANG}]").select_option("ja")
        await expect(text).to_have_value(re.compile("お世話になっております。"))
        await page.locator(f"[data-action={CHOOSE_SOFTWARE}]").select_option("haproxy")
        await expect(dialog.locator("textarea").last).to_have_value(re.compile("HAProxy"))
        await page.get_by_role("button", name="自分に送信").click()
        await expect(page.get_by_text("ダイレクトメッセージに送りました")).to_be_visible()
        (file,) = demo.slack.files
        assert file.name == "expired-beside-valid.lab.test.fullchain.pem"
        assert demo.slack.refusals == ()
