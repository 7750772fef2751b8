"""Threads, shortcuts, windows, the Home tab, pictures and workflows, as a person uses them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Locator, expect
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack import App, Lever
from bot.demo.slack.manifest import Parameter, Step
from tests.demo.browsing import browsing
from tests.demo.page.conftest import Demo, button
from tests.demo.slack.conftest import BOT_TOKEN, SIGNING_SECRET, served, stand_in
from tests.demo.slack.test_surfaces import png, section

pytestmark = pytest.mark.browser

APP = App(
    scopes=frozenset({"chat:write", "files:write", "files:read", "im:history"}),
    events=frozenset({"app_mention", "message.im", "app_home_opened"}),
    shortcuts=(("look", "Check TLS in this message"),),
    steps={
        "check_tls": Step(
            "check_tls",
            "Check TLS",
            "Says why TLS fails",
            (Parameter("host", "string", "Host", "", required=True),),
            (Parameter("verdict", "string", "Verdict", "", required=True),),
        )
    },
    home_tab=True,
)


def plain(text: str) -> dict[str, Any]:
    """A plain text."""
    return {"type": "plain_text", "text": text}


def choice(kind: str, action_id: str, *values: str) -> dict[str, Any]:
    """A menu or radio buttons, the first option chosen."""
    options = [{"text": plain(one.title()), "value": one} for one in values]
    return {
        "type": kind,
        "action_id": action_id,
        "options": options,
        "initial_option": options[0],
    }


def page_of(number: int) -> dict[str, Any]:
    """A window with inputs and pages."""
    return {
        "type": "modal",
        "callback_id": "settings",
        "title": plain("Settings"),
        "submit": plain("Save"),
        "blocks": [
            section(f"Page {number}"),
            {
                "type": "input",
                "block_id": "kind",
                "label": plain("Kind"),
                "element": choice("radio_buttons", "kind", "state", "expiry"),
            },
            {
                "type": "input",
                "block_id": "note",
                "optional": True,
                "label": plain("Note"),
                "element": {"type": "plain_text_input", "action_id": "note", "multiline": True},
            },
            {"type": "actions", "elements": [button("next", "Next page"), button("push", "More")]},
        ],
    }


def lively_bot(app: AsyncApp, seen: list[dict[str, Any]]) -> None:
    """Listeners that do what the page has to show."""

    @app.event("app_mention")
    async def mentioned(event: dict[str, Any], say: Any) -> None:
        thread = event.get("thread_ts") or event["ts"]
        posted = await say(text="first word", thread_ts=thread)
        await app.client.chat_update(channel=event["channel"], ts=posted["ts"], text="second word")

    @app.shortcut("look")
    async def look(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        seen.append(body["message"])
        await client.views_open(trigger_id=body["trigger_id"], view=page_of(1))

    @app.action("next")
    async def following(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        seen.append(body["view"]["state"]["values"])
        await client.views_update(view_id=body["view"]["id"], view=page_of(2))

    @app.action("push")
    async def push(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        view = {"type": "modal", "title": plain("More"), "blocks": [section("On top")]}
        await client.views_push(trigger_id=body["trigger_id"], view=view)

    @app.view("settings")
    async def saved(ack: Any, view: dict[str, Any]) -> None:
        seen.append(view["state"]["values"])
        await ack()

    @app.event("app_home_opened")
    async def home(event: dict[str, Any], client: AsyncWebClient) -> None:
        if event["tab"] == "home":
            await client.views_publish(user_id=event["user"], view=home_of(event["user"]))

    @app.action("host")
    @app.action("go")
    async def go(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        host = body["view"]["state"]["values"]["host"]["host"]["value"]
        user = body["user"]["id"]
        await client.views_publish(user_id=user, view=home_of(user, f"checked {host}"))

    @app.function("check_tls")
    async def check(inputs: dict[str, Any], complete: Any, fail: Any) -> None:
        if inputs["host"] == "nowhere":
            await fail(error="There is no such host.")
        else:
            await complete(outputs={"verdict": f"{inputs['host']} is broken"})


def home_of(user: str, words: str = "nothing yet") -> dict[str, Any]:
    """A Home tab with a box."""
    return {
        "type": "home",
        "blocks": [
            section(f"Home of <@{user}>: {words}"),
            {
                "type": "input",
                "block_id": "host",
                "dispatch_action": True,
                "label": plain("Host to check"),
                "element": {"type": "plain_text_input", "action_id": "host"},
            },
            {"type": "actions", "elements": [button("go", "Check it")]},
        ],
    }


@pytest.fixture
def seen() -> list[dict[str, Any]]:
    """What the bot was told."""
    return []


@pytest.fixture
async def demo(seen: list[dict[str, Any]]) -> AsyncIterator[Demo]:
    """The page with a bot behind it that uses every surface."""
    now = ["broken"]

    def turn(to: str) -> None:
        now[0] = to

    lever = Lever("shop.lab.test", ("broken", "mended"), lambda: now[0], turn)
    zones = ("Asia/Tokyo", "UTC")
    async with stand_in(app=APP, levers=[lever], locales=("en-US", "ja-JP"), zones=zones) as slack:
        client = AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url)
        app = AsyncApp(client=client, signing_secret=SIGNING_SECRET)
        lively_bot(app, seen)
        async with served(app) as url, browsing(slack) as browser:
            slack.events_url = url
            yield Demo(browser.page, browser.noise, slack)


async def opened_menu(demo: Demo, message: Locator) -> Locator:
    """The menu of a message."""
    await message.hover()
    await message.get_by_role("button", name="More actions").click()
    return message.get_by_role("menu")


async def test_a_thread_is_read_and_written_beside_the_channel(demo: Demo) -> None:
    """Replies stand in the panel and as a number under the message; a command is refused there."""
    await demo.type("look at https://shop.lab.test/?a=1&b=2 <b>")
    message = demo.page.get_by_role("article", name="Aiko")
    await expect(message.get_by_role("link")).to_have_attribute(
        "href", "https://shop.lab.test/?a=1&b=2"
    )
    await message.hover()
    await message.get_by_role("button", name="Reply in thread").click()
    thread = demo.page.get_by_role("complementary", name="Thread")
    box = thread.get_by_role("textbox", name="Reply in this thread")
    await expect(box).to_be_focused()
    await box.fill("@tlscheck why?")
    await box.press("Enter")
    await expect(thread.get_by_text("second word")).to_be_visible()
    await expect(thread.get_by_text("(edited)")).to_be_visible()
    await expect(demo.page.get_by_role("button", name="2 replies")).to_be_visible()
    await box.fill("/tlscheck x")
    await box.press("Enter")
    await expect(thread.get_by_role("alert")).to_have_text(
        "/tlscheck is not supported in threads. Sorry!"
    )
    await demo.keep("page-thread")
    await demo.page.set_viewport_size({"width": 390, "height": 844})
    assert await demo.page.evaluate("document.documentElement.scrollWidth") <= 390
    await demo.keep("page-thread-narrow")
    await box.press("Escape")
    await expect(thread).to_have_count(0)
    assert demo.noise == []


async def test_a_shortcut_of_a_message_opens_a_window(
    demo: Demo, seen: list[dict[str, Any]]
) -> None:
    """From the menu by keyboard; inputs keep what was typed over an update, and are sent off."""
    demo.slack.alert(
        "Alertmanager",
        "incident-shop",
        attachments=[{"color": "danger", "title": "FIRING", "text": "*url:* shop.lab.test"}],
    )
    menu = await opened_menu(demo, demo.page.get_by_role("article", name="Alertmanager"))
    await demo.keep("page-shortcut")
    await expect(menu.get_by_role("menuitem").first).to_be_focused()
    await demo.page.keyboard.press("Enter")
    window = demo.page.get_by_role("dialog", name="Settings")
    await window.get_by_label("Expiry").check()
    await window.get_by_label("Note").fill("two\nlines")
    await window.get_by_role("button", name="Next page").click()
    await expect(window.get_by_text("Page 2")).to_be_visible()
    await expect(window.get_by_label("Note")).to_have_value("two\nlines")
    await demo.keep("page-window")
    await window.get_by_role("button", name="More").click()
    top = demo.page.get_by_role("dialog", name="More")
    await expect(top).to_contain_text("On top")
    await top.get_by_role("button", name="Back").click()
    await window.get_by_role("button", name="Save").click()
    await expect(window).to_have_count(0)
    alert, state, _sent = seen
    assert alert["attachments"][0]["text"] == "*url:* shop.lab.test"
    assert state["kind"]["kind"]["selected_option"]["value"] == "expiry"
    assert state["note"]["note"]["value"] == "two\nlines"
    assert demo.noise == []


async def test_the_home_tab_takes_what_is_typed(demo: Demo) -> None:
    """Apps → tlscheck opens it; Enter or a press checks; the other person has their own."""
    place = demo.page.get_by_role("navigation").get_by_role("button", name="tlscheck")
    await place.click()
    home = demo.page.get_by_role("region", name="Home")
    await expect(home).to_contain_text("Home of @Aiko: nothing yet")
    await home.get_by_label("Host to check").fill("shop.lab.test")
    await home.get_by_label("Host to check").press("Enter")
    await expect(home).to_contain_text("checked shop.lab.test")
    await home.get_by_label("Host to check").fill("mail.lab.test")
    await home.get_by_role("button", name="Check it").click()
    await expect(home).to_contain_text("checked mail.lab.test")
    await demo.keep("page-home")
    await demo.page.get_by_role("tab", name="Messages").click()
    await expect(demo.page.get_by_role("main").get_by_role("textbox")).to_be_visible()
    await demo.page.get_by_role("button", name="Ben").click()
    await place.click()
    await expect(home).to_contain_text("Home of @Ben: nothing yet")
    assert demo.slack.refusals == ()
    assert demo.noise == []


async def test_pictures_are_shown_with_their_words(demo: Demo) -> None:
    """A picture as a file, in a block by its id, and one from elsewhere, which is only named."""
    client = AsyncWebClient(token=BOT_TOKEN, base_url=demo.slack.api_url)
    await client.files_upload_v2(
        channel="C0INCIDENT", filename="chain.png", content=png(80, 40), alt_txt="The gap"
    )
    await demo.slack.wait_for(lambda: demo.slack.files[0].processed)
    blocks: list[dict[str, Any]] = [
        {
            "type": "image",
            "title": plain("The chain"),
            "alt_text": "From an id",
            "slack_file": {"id": demo.slack.files[0].id},
        },
        {"type": "image", "alt_text": "Elsewhere", "image_url": "https://example.jp/x.png"},
    ]
    await client.chat_postMessage(channel="C0INCIDENT", text="x", blocks=blocks)
    for words in ("The gap", "From an id"):
        image = demo.page.get_by_role("img", name=words)
        await expect(image).to_be_visible()
        assert await image.evaluate("element => element.naturalWidth") == 80
    await expect(demo.page.get_by_text("Elsewhere")).to_be_visible()
    await demo.keep("page-pictures")
    assert demo.noise == []


async def test_a_workflow_shows_what_came_of_it(demo: Demo) -> None:
    """The step runs from the panel, and its outputs or its error are shown."""
    card = demo.page.get_by_role("region", name="Check TLS")
    await card.get_by_label("Host").fill("shop.lab.test")
    await card.get_by_role("button", name="Run the workflow").click()
    await expect(card).to_contain_text("shop.lab.test is broken")
    await card.get_by_label("Host").fill("nowhere")
    await card.get_by_role("button", name="Run the workflow").click()
    await expect(card).to_contain_text("There is no such host.")
    await demo.keep("page-workflow")


async def test_channels_can_be_joined_left_and_archived(demo: Demo) -> None:
    """The title's buttons change membership; an archived channel takes no words."""
    main = demo.page.get_by_role("main")
    await main.get_by_role("button", name="Remove tlscheck").click()
    await expect(main).to_contain_text("tlscheck is not a member here")
    await demo.type("/invite @tlscheck")
    await expect(main).to_contain_text("tlscheck is a member here")
    await main.get_by_role("button", name="Archive").click()
    await expect(main).to_contain_text("This channel is archived")
    await expect(main.get_by_role("textbox")).to_have_count(0)
    await main.get_by_role("button", name="Unarchive").click()
    await expect(main.get_by_role("textbox")).to_be_visible()


async def test_own_messages_can_be_taken_away(demo: Demo) -> None:
    """A message goes with a press on its menu."""
    await demo.type("a slip")
    message = demo.page.get_by_role("article", name="Aiko")
    menu = await opened_menu(demo, message)
    await menu.get_by_role("menuitem", name="Delete message").click()
    await expect(message).to_have_count(0)


async def test_a_server_is_mended_and_the_page_speaks_japanese(demo: Demo) -> None:
    """The panel's button turns the server; language and time zone are the person's own."""
    await demo.page.get_by_role("button", name="Install the full chain").click()
    await expect(demo.page.get_by_role("region", name="shop.lab.test")).to_contain_text(
        "Sends the full chain"
    )
    await demo.page.get_by_label("Time zone").select_option("UTC")
    await demo.page.get_by_label("Language").select_option("日本語")
    await expect(demo.page.get_by_role("button", name="元に戻す")).to_be_visible()
    await expect(demo.page.get_by_text("まだ何もありません。")).to_be_visible()
    await expect(demo.page.locator("html")).to_have_attribute("lang", "ja")
    assert demo.slack.workspace.users["U0AIKO"].tz == "UTC"
    await demo.keep("page-ja")
