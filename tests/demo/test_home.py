"""The bot's Home tab and its workflow step in the demo's page, as a person uses them."""

import re

import pytest
from playwright.async_api import expect

from bot.demo.run import open_demo
from tests.demo.browsing import browsing

pytestmark = pytest.mark.browser


async def test_checked_watched_and_in_another_language() -> None:
    """Checked from the box, read in a window, watched, listed; then all of it in Japanese."""
    async with open_demo(lang="en") as demo, browsing(demo.slack, height=1400) as seen:
        page, slack = seen.page, demo.slack
        await slack.command("aiko", "incident-shop", "expired.lab.test")
        await slack.command("aiko", "incident-shop", "watch shop.lab.test")
        await page.get_by_role("navigation").get_by_role("button", name="tlscheck").click()
        home = page.get_by_role("region", name="Home")
        await expect(home).to_contain_text("Watched for you")
        await expect(home).to_contain_text("Certificates that expire next")
        box = home.get_by_role("textbox")
        await box.fill("wrong-intermediate.lab.test")
        await box.press("Enter")
        window = page.get_by_role("dialog")
        await expect(window).to_contain_text("wrong-intermediate.lab.test")
        await expect(window.get_by_role("button", name="Chain")).to_be_visible()
        await seen.keep("home-window")
        await window.get_by_role("button", name=re.compile("Close")).first.click()
        await expect(home).to_contain_text("wrong-intermediate.lab.test")
        await seen.keep("home-en")
        await home.get_by_role("combobox").select_option(label="日本語")
        await expect(home).to_contain_text("あなたの最近の確認")
        await seen.keep("home-ja")
        assert slack.refusals == ()
        assert seen.noise == []


async def test_a_workflow_runs_the_step() -> None:
    """Beside the channels: a host in, the outputs out."""
    async with open_demo(lang="en") as demo, browsing(demo.slack) as seen:
        page, slack = seen.page, demo.slack
        await page.get_by_label("Host", exact=True).fill("shop.lab.test")
        await page.get_by_role("button", name="Run the workflow").click()
        await slack.wait_for(lambda: any(one.status == "succeeded" for one in slack.executions))
        panel = page.get_by_role("complementary").filter(has_text="Run the workflow")
        await expect(panel).to_contain_text("missing_intermediate")
        await seen.keep("workflow-step")
        assert slack.refusals == ()
        assert seen.noise == []
