"""The page in a real browser: what a person types, sees and presses."""

import re
from dataclasses import replace

import pytest
from playwright.async_api import expect
from slack_sdk.web.async_client import AsyncWebClient

from tests.demo.page.conftest import Demo
from tests.demo.slack.conftest import BOT_TOKEN

pytestmark = pytest.mark.browser


async def test_answer_is_seen_by_the_asker_only(demo: Demo) -> None:
    """A typed command is answered, marked as private, and not there for the other person."""
    await demo.type("/tlscheck shop.example.jp")

    message = demo.page.get_by_role("article", name="only visible to you")
    await expect(message).to_contain_text("✗ shop.example.jp")
    await expect(message).to_contain_text("unable to get local issuer certificate")
    await expect(message.get_by_role("columnheader", name="Client")).to_be_visible()
    await demo.keep("page-answer")

    await demo.page.get_by_role("button", name="Ben").click()
    await expect(demo.page.get_by_text("Nothing here yet.")).to_be_visible()
    assert demo.noise == []
    assert not demo.slack.refusals


async def test_shared_answer_is_seen_by_both(demo: Demo) -> None:
    """A press on Share posts for everybody."""
    await demo.type("/tlscheck shop.example.jp")
    await demo.page.get_by_role("button", name="Share").click()
    await demo.page.get_by_role("button", name="Ben").click()

    await expect(demo.page.get_by_role("article")).to_have_count(1)
    await expect(demo.page.get_by_role("article")).to_contain_text("shared")


async def test_things_to_try_are_sent_by_a_click(demo: Demo) -> None:
    """A click on one of the things to try sends its command."""
    await demo.page.get_by_role("button", name="Missing intermediate").click()

    await expect(demo.page.get_by_role("article")).to_have_count(1)
    assert demo.slack.deliveries[0].payload["text"] == "missing-intermediate.lab.test"


async def test_the_way_to_the_bot_can_be_chosen(demo: Demo) -> None:
    """The switch sends commands over HTTP or Socket Mode, and the page says which it was."""
    for label, transport in (("HTTP", "http"), ("Socket Mode", "socket")):
        await demo.page.get_by_label("Delivered by").select_option(label)
        await demo.slack.wait_for(lambda wanted=transport: demo.slack.transport == wanted)  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        await demo.type("/tlscheck x")
        await expect(demo.page.get_by_text(f"over {label}")).to_be_visible()

    assert [d.transport for d in demo.slack.deliveries] == ["http", "socket"]


async def test_silence_shows_slacks_error(demo: Demo) -> None:
    """While the bot is silent a spinner turns; then Slack's own error stands there."""
    await demo.type("/tlscheck slow")

    await expect(demo.page.locator(".pending")).to_be_visible()
    await expect(
        demo.page.get_by_text('/tlscheck failed with the error "operation_timeout"')
    ).to_be_visible()
    await expect(demo.page.locator(".pending")).to_have_count(0)
    await demo.keep("page-timeout")


async def test_press_without_answer_is_told_beside_the_button(demo: Demo) -> None:
    """A press that nobody acknowledges says so where it was pressed."""
    await demo.type("/tlscheck x")
    await demo.page.get_by_role("button", name="Deaf").click()

    await expect(demo.page.get_by_role("alert")).to_contain_text("operation_timeout")


async def test_file_has_name_size_preview_and_download(demo: Demo) -> None:
    """An uploaded file can be looked into and saved."""
    await demo.type("/tlscheck x")
    await demo.page.get_by_role("button", name="Full chain").click()

    figure = demo.page.get_by_role("figure")
    await expect(figure).to_contain_text("shop.fullchain.pem · 28 bytes")
    await expect(figure).to_contain_text("-----BEGIN CERTIFICATE-----")
    async with demo.page.expect_download() as download:
        await figure.get_by_role("link", name="Download").click()
    assert (await download.value).suggested_filename == "shop.fullchain.pem"
    await demo.keep("page-file")


async def test_modal_shows_errors_and_closes(demo: Demo) -> None:
    """A modal opens, says what is wrong beside the input, and closes when it is right."""
    await demo.type("/tlscheck x")
    await demo.page.get_by_role("button", name="Watch").click()
    modal = demo.page.get_by_role("dialog", name="Watch until fixed")
    await modal.get_by_label("Host").fill("nowhere")
    await modal.get_by_role("button", name="Start").click()

    await expect(modal.get_by_role("alert")).to_have_text("There is no such host.")
    await demo.keep("page-modal")
    await modal.get_by_label("Host").fill("shop.example.jp")
    await modal.get_by_role("button", name="Start").click()
    await expect(modal).to_have_count(0)

    await demo.page.get_by_role("button", name="Watch").click()
    await expect(modal).to_be_visible()
    await demo.page.keyboard.press("Escape")
    await expect(modal).to_have_count(0)
    assert demo.slack.views == ()


async def test_foreign_text_stays_text(demo: Demo) -> None:
    """Markup and escaped mentions from a certificate are shown, never carried out."""
    await demo.slack.say(
        "ben",
        "incident-shop",
        "&lt;!channel&gt; <img src=x onerror=alert(1)> <script>alert(2)</script> "
        "<javascript:alert(3)|click> &amp;lt;b&amp;gt; <!channel> *bold*",
    )

    message = demo.page.get_by_role("article", name="Ben")
    await expect(message).to_contain_text(
        "<!channel> <img src=x onerror=alert(1)> <script>alert(2)</script>"
    )
    await expect(message).to_contain_text("&lt;b&gt;")
    await expect(message.locator(".mention")).to_have_text("@channel")
    await expect(message.locator("strong", has_text="bold")).to_be_visible()
    await expect(message.locator("img, script, a")).to_have_count(0)
    assert demo.noise == []


async def test_unknown_block_leaves_a_mark(demo: Demo) -> None:
    """A block that the page cannot draw is named, and its neighbours are drawn."""
    channel = demo.slack.workspace.channel("incident-shop")
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "still here"}}
    said = await demo.slack.say("ben", channel, "x")
    # The stand-in would refuse it from a bot, so it is put there by hand.
    demo.slack.workspace.put(replace(said, blocks=({"type": "hologram"}, section)))

    await expect(demo.page.get_by_text("hologram")).to_be_visible()
    await expect(demo.page.get_by_text("still here")).to_be_visible()


async def test_keyboard_alone(demo: Demo) -> None:
    """Tab completes a command, Enter sends it, and the buttons of the answer can be reached."""
    box = demo.page.get_by_role("textbox", name="Message")
    await box.focus()
    await demo.page.keyboard.type("/tl")
    await expect(demo.page.get_by_role("option", name="/tlscheck help")).to_be_visible()
    await demo.keep("page-commands")
    await demo.page.keyboard.press("Tab")
    await expect(box).to_have_value("/tlscheck ")
    await demo.page.keyboard.type("shop.example.jp")
    await demo.page.keyboard.press("Enter")
    share = demo.page.get_by_role("button", name="Share")
    await share.wait_for()
    for _ in range(12):
        await demo.page.keyboard.press("Shift+Tab")
        if await share.evaluate("element => element === document.activeElement"):
            break
    await demo.page.keyboard.press("Enter")

    await expect(demo.page.get_by_role("article")).to_have_count(2)


async def test_dark_and_narrow(demo: Demo) -> None:
    """At 390 pixels nothing sticks out, and the panels open from the bar; dark mode is kept."""
    await demo.type("/tlscheck say &lt;b&gt; " + "x" * 120)
    await demo.page.get_by_role("article").wait_for()
    await demo.page.get_by_role("button", name="Dark mode").click()
    await demo.page.set_viewport_size({"width": 390, "height": 844})
    await demo.keep("page-narrow")

    width = await demo.page.evaluate("document.documentElement.scrollWidth")
    assert width <= 390
    await demo.page.get_by_role("button", name="Things to try").click()
    await expect(demo.page.get_by_role("button", name="Missing intermediate")).to_be_visible()
    await demo.keep("page-narrow-tries")
    await demo.page.keyboard.press("Escape")
    await demo.page.get_by_role("button", name="Channels").click()
    await demo.page.get_by_role("button", name=re.compile("security-private")).click()
    await expect(demo.page.get_by_role("heading", name="security-private")).to_be_visible()
    await demo.page.reload()
    await expect(demo.page.get_by_role("button", name="Light mode")).to_be_visible()


async def test_language_is_the_persons_own(demo: Demo) -> None:
    """The choice of language changes what users.info says of this person, and of no other."""
    await demo.page.get_by_label("Language").select_option("日本語")

    await demo.slack.wait_for(lambda: demo.slack.workspace.users["U0AIKO"].locale == "ja-JP")
    assert demo.slack.workspace.users["U0BEN"].locale == "en-US"


async def test_unread_places_are_marked(demo: Demo) -> None:
    """A message in another place is announced beside its name until one looks there."""
    place = demo.page.get_by_role("navigation").get_by_role("button", name="tlscheck")
    client = AsyncWebClient(token=BOT_TOKEN, base_url=demo.slack.api_url)
    await client.chat_postMessage(channel="U0AIKO", text="It is in your direct messages.")

    await expect(place).to_contain_text("new")
    await place.click()
    await expect(demo.page.get_by_text("It is in your direct messages.")).to_be_visible()
    await expect(place).not_to_contain_text("new")


async def test_long_answer_is_read_from_its_first_line(demo: Demo) -> None:
    """An answer that is higher than the window is shown from its beginning."""
    await demo.slack.say("ben", "incident-shop", "first line\n" + "more\n" * 80)

    await expect(demo.page.get_by_text("first line")).to_be_in_viewport()


async def test_unknown_command_is_said_to_be_one(demo: Demo) -> None:
    """Another command is answered as Slack does."""
    await demo.type("/shrug")

    await expect(demo.page.get_by_role("alert")).to_have_text("/shrug is not a valid command.")
