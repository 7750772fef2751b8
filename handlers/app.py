"""The Bolt app: which listener hears what, and what happens when one fails.

No work at import, no globals: `build_app` puts a Desk behind every listener.
"""

import json
import logging
import re
from collections.abc import Mapping
from typing import Any

import structlog
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltContext
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.response import BoltResponse

from handlers.asking.ask import ARRIVED, answer_command
from handlers.asking.press import CHOOSE_FIX, FIX, LETTER
from handlers.asking.pressed import Listener, answer_press, listeners, press_delivery
from handlers.asking.step import STEP, take_step
from handlers.desk import Desk
from handlers.home.visit import EVENT as HOME_OPENED
from handlers.home.visit import Act, act, acts, open_home
from handlers.install.workspaces import Workspaces, hear_uninstalls
from handlers.manners.access import Access
from handlers.manners.gate import mind_manners
from handlers.slack.place import read_place
from handlers.sweeps.pressed import hear_sweeps
from handlers.talking.explain import VIEW, answer_submission
from handlers.talking.shortcut import HOST_VIEW, MESSAGE_SHORTCUT, answer_host, answer_shortcut
from handlers.talking.talk import hear
from handlers.windows.details import EARLIER, FURTHER, PICTURES, TAB
from handlers.windows.letter import CALLBACK_ID as LETTER_VIEW
from handlers.windows.letter import CHOOSE_LANG, CHOOSE_SOFTWARE
from handlers.windows.mail import choose, open_letter, submit
from handlers.windows.mend import choose_fix, show_fix
from handlers.windows.pictures import Pictures
from handlers.windows.window import turn

log = structlog.get_logger(__name__)

COMMAND = "/tlscheck"
EVENTS = ("app_mention", "message")
"""What is talked of; of messages Slack sends those in direct messages only (`message.im`)."""


def build_app(
    desk: Desk,
    access: Access,
    *,
    signing_secret: str | None,
    workspaces: Workspaces | None = None,
) -> AsyncApp:
    """The app with all its listeners.

    Args:
        desk: What the listeners work with; its client holds the bot's token.
        access: Who may use it.
        signing_secret: Proves requests over HTTP. None (Socket Mode): every request over HTTP is
            refused.
        workspaces: Those that the app was installed into; None: the one of the desk's token.
    """

    async def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        if workspaces is not None:
            # Bolt takes None for "not installed", which its types do not say.
            return await workspaces.authorize(enterprise_id, team_id)  # type: ignore[return-value]
        # One workspace, one token, tested at the start: no auth.test for each request.
        return AuthorizeResult(
            enterprise_id=enterprise_id, team_id=team_id, bot_token=desk.client.token
        )

    # Its warnings are about what is meant here (a token beside `authorize`), and some quote bodies.
    logger = logging.getLogger("handlers.bolt")
    logger.setLevel(logging.ERROR)
    app = AsyncApp(
        name="tlscheck",
        logger=logger,
        # Else Bolt looks every 10 ms whether a listener has acknowledged.
        process_before_response=True,
        signing_secret=signing_secret or "",
        authorize=authorize,
        raise_error_for_unhandled_request=True,
        # A step's own token goes along with what ends the step, and with nothing else.
        attaching_function_token_enabled=False,
        attaching_conversation_kwargs_enabled=False,
    )

    mind_manners(app, desk, access, many=workspaces is not None)
    if workspaces is not None:
        hear_uninstalls(app, workspaces)

    @app.command(COMMAND)
    async def on_command(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        await answer_command(desk, ack, body, context)

    for action_id, listener in listeners().items():
        app.action(action_id)(_on_press(desk, listener))

    app.action(LETTER)(_on_press(desk, open_letter))
    app.action(FIX)(_on_press(desk, show_fix))

    @app.action(CHOOSE_FIX)
    async def on_software(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        desk.work.start(choose_fix(desk, body, action), name="choose_fix")

    @app.action(CHOOSE_LANG)
    @app.action(CHOOSE_SOFTWARE)
    async def on_choice(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        desk.work.start(choose(desk, body, action), name="choose")

    @app.action(re.compile(rf"{TAB}_[a-z]+|{EARLIER}|{FURTHER}"))
    async def on_turn(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        desk.work.start(turn(desk, body, action), name="turn")

    pictures = Pictures()

    @app.action(PICTURES)
    async def on_pictures(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        owed = await desk.begin("pictures", press_delivery(read_place(body), action))
        if owed is not None:
            delivering = desk.ledger.carry(owed, pictures.deliver, desk, body, action)
            desk.work.start(delivering, name="pictures")

    @app.view(LETTER_VIEW)
    async def on_submission(ack: AsyncAck, body: dict[str, Any]) -> None:
        await submit(desk, ack, body)

    @app.view(VIEW)
    async def on_explain(ack: AsyncAck, body: dict[str, Any]) -> None:
        await answer_submission(desk, ack, body)

    for name in EVENTS:
        app.event(name)(_on_event(desk))

    @app.event(HOME_OPENED)
    async def on_home(event: dict[str, Any], context: AsyncBoltContext) -> None:
        await open_home(desk, event, context.get(ARRIVED))

    @app.function(STEP)
    async def on_step(body: dict[str, Any], context: AsyncBoltContext) -> None:
        await take_step(desk, body, context.get(ARRIVED))

    for action_id, listener_at_home in acts().items():
        app.action(action_id)(_on_act(desk, listener_at_home))

    @app.shortcut(MESSAGE_SHORTCUT)
    async def on_shortcut(ack: AsyncAck, body: dict[str, Any], context: AsyncBoltContext) -> None:
        await ack()
        await answer_shortcut(desk, body, context.get(ARRIVED))

    @app.view(HOST_VIEW)
    async def on_host(ack: AsyncAck, body: dict[str, Any]) -> None:
        await answer_host(desk, ack, body)

    hear_sweeps(app, desk)
    app.error(_on_error(desk))
    return app


def _on_event(desk: Desk) -> Any:
    async def on_event(event: dict[str, Any], context: AsyncBoltContext) -> None:
        await hear(desk, event, context.get(ARRIVED))

    return on_event


def _on_press(desk: Desk, listener: Listener) -> Any:
    async def on_press(
        ack: AsyncAck,
        body: dict[str, Any],
        action: dict[str, Any],
        context: AsyncBoltContext,
    ) -> None:
        await ack()
        await answer_press(desk, listener, body=body, action=action, arrived=context.get(ARRIVED))

    return on_press


def _on_act(desk: Desk, listener: Act) -> Any:
    async def on_act(
        ack: AsyncAck, body: dict[str, Any], action: dict[str, Any], context: AsyncBoltContext
    ) -> None:
        await ack()
        await act(desk, listener, body, action, context.get(ARRIVED))

    return on_act


def _on_error(desk: Desk) -> Any:
    """What Bolt calls when a listener or middleware failed in a way that it did not foresee."""

    async def on_error(error: Exception, body: Mapping[str, Any]) -> BoltResponse:
        if isinstance(error, BoltUnhandledRequestError):
            log.warning("nobody listens to this", kind=str(body.get("type") or "?")[:50])
            return BoltResponse(status=404, body="")
        message = desk.failure(error, desk.lang, "", "listener")
        await desk.ledger.forgive()
        if "command" in body:
            answer = {
                "response_type": "ephemeral",
                "text": message.text,
                "blocks": list(message.blocks),
            }
            return BoltResponse(
                status=200,
                body=json.dumps(answer),
                headers={"content-type": "application/json;charset=utf-8"},
            )
        url = body.get("response_url")
        await desk.tell(url if isinstance(url, str) else None, message)
        return BoltResponse(status=200, body="")

    return on_error
