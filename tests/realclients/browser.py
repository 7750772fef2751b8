"""Debian's Chromium with the lab's root in its certificate database."""

import asyncio
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from playwright.async_api import BrowserContext, async_playwright
from playwright.async_api import Error as BrowserError

from tests.realclients.clients import ENDED, Seen, Server, run

# A page with a warning takes three seconds: Chromium looks for better explanations first.
_SIDE_BY_SIDE = 16
_PATIENCE = 4.0
# A busy machine, or the automation, can hold a page up: whoever kept silent is asked once more.
_SIDE_BY_SIDE_AGAIN = 4
_PATIENCE_AGAIN = 12.0
_START = 30_000
_ARGUMENTS = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync --no-proxy-server"
)


async def chromium(
    servers: Sequence[Server], roots: bytes, folder: Path, aia: Server
) -> Mapping[str, Seen]:
    """One browser, a page for each server; names are led to the lab by the browser's own rules."""
    database = folder / ".pki" / "nssdb"
    database.mkdir(parents=True)
    (folder / "roots.pem").write_bytes(roots)
    for command in (
        ("-N", "--empty-password"),
        ("-A", "-n", "lab", "-t", "C,,", "-i", str(folder / "roots.pem")),
    ):
        status, text = await run("certutil", "-d", f"sql:{database}", *command)
        assert status == 0, text
    rules = [f"MAP {one.host}:443 {one.address}:{one.port}" for one in servers if one.address]
    rules.append(f"MAP {aia.host}:80 {aia.address}:{aia.port}")
    room = asyncio.Semaphore(_SIDE_BY_SIDE)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=[*_ARGUMENTS.split(), f"--host-resolver-rules={', '.join(rules)}"],
            timeout=_START,
            env={"HOME": str(folder), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
        )
        try:
            context = await browser.new_context()
            found = await asyncio.gather(
                *(_visit(context, room, one, _PATIENCE) for one in servers)
            )
            again = [place for place, seen in enumerate(found) if seen.text == ENDED]
            room = asyncio.Semaphore(_SIDE_BY_SIDE_AGAIN)
            late = await asyncio.gather(
                *(_visit(context, room, servers[one], _PATIENCE_AGAIN) for one in again)
            )
            for place, seen in zip(again, late, strict=True):
                found[place] = seen
        finally:
            await browser.close()
    return {server.name: seen for server, seen in zip(servers, found, strict=True)}


async def _visit(
    context: BrowserContext, room: asyncio.Semaphore, server: Server, patience: float
) -> Seen:
    async with room:
        try:
            async with asyncio.timeout(2 * patience):
                return await _ask(context, server, patience)
        except TimeoutError:
            return Seen(False, ENDED)


async def _ask(context: BrowserContext, server: Server, patience: float) -> Seen:
    page = await context.new_page()
    try:
        answer = await page.goto(
            f"https://{server.host}/", timeout=patience * 1000, wait_until="commit"
        )
        text = f"{answer.status} {answer.status_text}" if answer else ""
        if answer is not None and not answer.ok:
            text += f" {await page.title()}"
        return Seen(answer is not None and answer.ok, text)
    except BrowserError as error:
        return Seen(False, ENDED if "Timeout" in error.message else error.message)
    finally:
        await page.close()
