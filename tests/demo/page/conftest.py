"""A small bot behind the stand-in, and a page of it in Debian's Chromium."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.slack import StandIn, Try
from tests.demo.browsing import Browsing, browsing
from tests.demo.slack.conftest import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET, served, stand_in

TRIES = (
    Try("/tlscheck missing-intermediate.lab.test", "Missing intermediate", "Fails in curl only"),
    Try("/tlscheck slow", "No answer", "operation_timeout"),
)


def button(action_id: str, text: str, **fields: Any) -> dict[str, Any]:
    """A button."""
    label = {"type": "plain_text", "text": text}
    return {"type": "button", "action_id": action_id, "text": label, **fields}


def answer_blocks(*evidence: str) -> list[dict[str, Any]]:
    """An answer in the shape of the bot's."""
    line = "curl: (60) SSL certificate problem: unable to get local issuer certificate"
    return [
        {"type": "header", "text": {"type": "plain_text", "text": "✗ shop.example.jp"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "\n".join(evidence) or "*Broken*"}},
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_preformatted",
                    "elements": [{"type": "text", "text": line}],
                }
            ],
        },
        {
            "type": "table",
            "rows": [
                [{"type": "raw_text", "text": "Client"}, {"type": "raw_text", "text": "Outcome"}],
                [{"type": "raw_text", "text": "curl"}, {"type": "raw_text", "text": "✗ fails"}],
            ],
        },
        {
            "type": "actions",
            "elements": [
                button("share", "Share", style="primary"),
                button("file", "Full chain"),
                button("watch", "Watch"),
                button("deaf", "Deaf"),
            ],
        },
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "checked 12 s ago"}]},
    ]


MODAL: dict[str, Any] = {
    "type": "modal",
    "callback_id": "watch",
    "title": {"type": "plain_text", "text": "Watch until fixed"},
    "submit": {"type": "plain_text", "text": "Start"},
    "blocks": [
        {
            "type": "input",
            "block_id": "host",
            "label": {"type": "plain_text", "text": "Host"},
            "element": {"type": "plain_text_input", "action_id": "host"},
        }
    ],
}


LIST: dict[str, Any] = {
    "type": "modal",
    "callback_id": "list",
    "title": {"type": "plain_text", "text": "Sweep a list"},
    "submit": {"type": "plain_text", "text": "Start"},
    "blocks": [
        {
            "type": "input",
            "block_id": "list",
            "label": {"type": "plain_text", "text": "Your list"},
            "hint": {"type": "plain_text", "text": "One server a line"},
            "element": {
                "type": "file_input",
                "action_id": "list",
                "filetypes": ["txt", "csv"],
                "max_files": 1,
            },
        }
    ],
}


def small_bot(app: AsyncApp) -> None:
    """Listeners that do what the page has to show."""

    @app.command("/tlscheck")
    async def command(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        if body["text"] == "list":
            await ack()
            await client.views_open(trigger_id=body["trigger_id"], view=LIST)
            return
        if body["text"] == "slow":
            await asyncio.sleep(1)
        evidence = [body["text"]] if body["text"].startswith("say ") else []
        await ack(text="answer", blocks=answer_blocks(*evidence))

    @app.action("share")
    async def share(ack: Any, respond: Any) -> None:
        await ack()
        await respond(
            text="shared",
            blocks=answer_blocks("*shared*"),
            response_type="in_channel",
            replace_original=False,
        )

    @app.action("file")
    async def file(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        await client.files_upload_v2(
            channel=body["channel"]["id"],
            filename="shop.fullchain.pem",
            title="Full chain",
            content="-----BEGIN CERTIFICATE-----\n",
            initial_comment="Install this.",
        )

    @app.action("watch")
    async def watch(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=MODAL)

    @app.action("deaf")
    async def deaf() -> None:
        await asyncio.sleep(1)

    @app.view("list")
    async def listed(
        ack: Any, body: dict[str, Any], view: dict[str, Any], client: AsyncWebClient
    ) -> None:
        await ack()
        [file] = view["state"]["values"]["list"]["list"]["files"]
        await client.chat_postMessage(channel="D0AIKO", text=f"taken: {file['name']}")

    @app.view("watch")
    async def submitted(ack: Any, view: dict[str, Any]) -> None:
        if view["state"]["values"]["host"]["host"]["value"] == "nowhere":
            await ack(response_action="errors", errors={"host": "There is no such host."})
        else:
            await ack()


@pytest.fixture
async def slack() -> AsyncIterator[StandIn]:
    """A stand-in that knows no bot."""
    async with stand_in() as opened:
        yield opened


@dataclass(frozen=True)
class Demo(Browsing):
    """A page, and the stand-in that it shows."""

    slack: StandIn


@pytest.fixture
async def demo() -> AsyncIterator[Demo]:
    """The page in Chromium with the small bot behind it, over HTTP and Socket Mode."""
    async with stand_in(tries=TRIES, locales=("en-US", "ja-JP"), ack_seconds=0.6) as slack:
        client = AsyncWebClient(token=BOT_TOKEN, base_url=slack.api_url)
        app = AsyncApp(client=client, signing_secret=SIGNING_SECRET)
        small_bot(app)
        async with served(app) as url:
            slack.events_url = url
            handler = AsyncSocketModeHandler(app, APP_TOKEN)
            await handler.connect_async()  # type: ignore[no-untyped-call]  # Bolt has no types here
            try:
                async with browsing(slack) as seen:
                    yield Demo(seen.page, seen.noise, slack)
            finally:
                await handler.close_async()  # type: ignore[no-untyped-call]  # as above
