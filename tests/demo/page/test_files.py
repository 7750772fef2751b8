"""Files in the page: attached to messages, chosen in windows, handed out by the bot."""

import pytest
from playwright.async_api import FilePayload, expect

from tests.demo.page.conftest import Demo

pytestmark = pytest.mark.browser

HOSTS = FilePayload(name="サーバー一覧.txt", mimeType="text/plain", buffer=b"healthy.lab.test\n")


async def test_a_file_is_attached_to_a_message(demo: Demo) -> None:
    """Chosen, taken away, chosen again, sent without a word; everybody there can look and save."""
    page = demo.page
    main = page.get_by_role("main")
    await main.get_by_label("Attach files").set_input_files([HOSTS])
    await main.get_by_role("button", name="Remove サーバー一覧.txt").click()
    await expect(main.get_by_role("button", name="Send")).to_be_disabled()
    await main.get_by_label("Attach files").set_input_files([HOSTS])
    await expect(main.get_by_role("list", name="Files to send")).to_contain_text("17 bytes")
    await main.get_by_role("button", name="Send").click()
    message = page.get_by_role("article", name="Aiko")
    await expect(message).to_contain_text("healthy.lab.test")
    await expect(main.get_by_role("list", name="Files to send")).to_have_count(0)
    async with page.expect_download() as started:
        await message.get_by_role("link", name="Download").click()
    download = await started.value
    assert download.suggested_filename == HOSTS["name"]
    assert (await download.path()).read_bytes() == HOSTS["buffer"]
    assert demo.noise == []


async def test_a_comment_on_files_is_no_command(demo: Demo) -> None:
    """What is typed beside a file is said, whatever it begins with."""
    await demo.page.get_by_role("main").get_by_label("Attach files").set_input_files([HOSTS])
    await expect(demo.page.get_by_role("list", name="Files to send")).to_be_visible()
    await demo.type("/tlscheck sweep")
    await demo.slack.wait_for(lambda: demo.slack.messages("incident-shop"))
    [message] = demo.slack.messages("incident-shop")
    assert (message.text, len(message.shared)) == ("/tlscheck sweep", 1)


async def test_a_window_takes_a_file(demo: Demo) -> None:
    """It is needed, only of the named kinds, and reaches the bot with the window."""
    page = demo.page
    await demo.type("/tlscheck list")
    window = page.get_by_role("dialog", name="Sweep a list")
    await window.get_by_role("button", name="Start").click()
    await expect(window).to_be_visible()
    picture = FilePayload(name="hosts.png", mimeType="image/png", buffer=b"x")
    await window.locator("input[type=file]").set_input_files([picture])
    await expect(window.get_by_role("alert")).to_have_text("Only files of these kinds: txt, csv.")
    await window.locator("input[type=file]").set_input_files([HOSTS])
    await expect(window).to_contain_text("サーバー一覧.txt")
    await demo.keep("window-file")
    await window.get_by_role("button", name="Start").click()
    await expect(window).to_have_count(0)
    await demo.slack.wait_for(lambda: demo.slack.messages("dm", "aiko"))
    assert demo.slack.messages("dm", "aiko")[0].text == "taken: サーバー一覧.txt"
    assert demo.slack.refusals == ()
    assert demo.noise == []
