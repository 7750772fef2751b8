"""A page of the stand-in for Slack in Debian's Chromium."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

from bot.demo.slack import StandIn

ARTEFACTS = Path(__file__).parents[1] / ".artefacts"
CHROMIUM = shutil.which("chromium")
# What keeps Chromium from asking for anything beyond the page.
_ARGUMENTS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
)


@dataclass(frozen=True)
class Browsing:
    """A page, and what the browser complained about."""

    page: Page
    noise: list[str]

    async def type(self, text: str) -> None:
        """Type into the composer and press Enter."""
        box = self.page.get_by_role("main").get_by_role("textbox")  # its name is in two languages
        await box.fill(text)
        await box.press("Enter")

    async def keep(self, name: str) -> None:
        """Keep a picture as an artefact."""
        ARTEFACTS.mkdir(exist_ok=True)
        await self.page.screenshot(path=ARTEFACTS / f"{name}.png")


@asynccontextmanager
async def browsing(slack: StandIn, *, height: int = 900) -> AsyncIterator[Browsing]:
    """Open the stand-in's page; the test is skipped where there is no Chromium."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine (Debian: apt-get install chromium)")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=_ARGUMENTS.split()
        )
        try:
            page = await browser.new_page(viewport={"width": 1280, "height": height})
            noise: list[str] = []
            page.on("console", lambda message: noise.append(message.text))
            page.on("pageerror", lambda error: noise.append(str(error)))
            page.on(
                "request",
                lambda request: (
                    None if request.url.startswith(slack.url) else noise.append(request.url)
                ),
            )
            await page.goto(slack.url)
            await page.get_by_role("heading", name="incident-shop").wait_for()
            yield Browsing(page, noise)
        finally:
            await browser.close()
