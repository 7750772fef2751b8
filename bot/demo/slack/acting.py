"""What a person does in Slack: typing, pressing, sending off, choosing a shortcut, opening the app.

Each act sends the bot what Slack would send. What it leaves behind is `settling`'s.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.demo.slack import events, payloads
from bot.demo.slack.courier import Choice
from bot.demo.slack.methods.views import top_view
from bot.demo.slack.settling import close_view, settle_command, settle_submission
from bot.demo.slack.values import (
    Channel,
    Delivery,
    Execution,
    Json,
    Message,
    User,
    View,
)
from bot.demo.slack.workspace import fresh_id
from bot.demo.slack.writing import Writing


class Acting(Writing):
    """A workspace's people at work."""

    # --- commands, presses, windows

    async def command(
        self,
        user: User | str,
        channel: Channel | str,
        text: str = "",
        command: str = "/tlscheck",
        *,
        via: Choice | None = None,
        signed_at: datetime | None = None,
    ) -> Delivery:
        """Type a slash command.

        Args:
            user: Who, by value, id or name.
            channel: Where, by value, id or name ("dm": the direct messages with the bot).
            text: What follows the command.
            command: The command with its slash.
            via: The way to the bot; the stand-in's `transport` when None.
            signed_at: A false time for the signature, to try how stale requests are refused.

        Returns:
            The delivery, with the acknowledgement and the message that came of it.
        """
        who = self.workspace.user(user)
        where = self.workspace.channel(channel, user=who)
        payload = payloads.slash_command(
            who,
            where,
            command,
            text,
            response_url=self._response_urls.issue("commands", who, where),
            trigger_id=self._triggers.issue(who.id),
        )
        return await self._command(payload, via, signed_at)

    async def redeliver(self, delivery: Delivery, *, via: Choice | None = None) -> Delivery:
        """Send the very same payload once more (the same trigger_id and response_url)."""
        if delivery.kind == "slash_commands":
            return await self._command(delivery.payload, via, None)
        kind = "events_api" if delivery.kind == "events_api" else "interactive"
        attempt = delivery.retry_attempt + 1 if kind == "events_api" else 0
        return self._note(
            await self._courier.deliver(
                "events_api" if kind == "events_api" else "interactive",
                delivery.payload,
                via=via,
                retry_attempt=attempt,
                retry_reason="http_timeout" if attempt else "",
                accepts_response=kind != "events_api",
            )
        )

    async def press(
        self,
        user: User | str,
        place: Message | View,
        action_id: str,
        *,
        option: str | None = None,
        values: Mapping[str, Any] | None = None,
        via: Choice | None = None,
    ) -> Delivery:
        """Press a button, or choose from a menu, in a message, a modal or the Home tab.

        Args:
            user: Who presses.
            place: The message, modal or Home tab; what is pressed is what stands there now.
            action_id: Which element.
            option: The value of the chosen option, for menus; what was typed, for a text input.
            values: What else stands typed or chosen there at that moment, by action_id.
            via: The way to the bot.

        Raises:
            LookupError: The element, the option or the message is not there for this user.
        """
        who = self.workspace.user(user)
        trigger_id = self._triggers.issue(who.id)
        stamp = self.workspace.new_ts()
        typed = dict(values or {}) | ({action_id: option} if option is not None else {})
        if isinstance(place, View):
            view = self.view(place)
            entry = payloads.action(view.body["blocks"], action_id, option, stamp)
            state = payloads.state_values(view.body["blocks"], self._handed(who, view, typed))
            payload = payloads.view_actions(who, view, [entry], state, trigger_id=trigger_id)
        else:
            message = self._message(who, place)
            channel = self.workspace.channels[message.channel]
            entry = payloads.action(message.blocks, action_id, option, stamp)
            payload = payloads.message_actions(
                who,
                channel,
                message,
                [entry],
                payloads.state_values(message.blocks, typed),
                response_url=self._response_urls.issue("actions", who, channel, message),
                trigger_id=trigger_id,
            )
        return self._note(await self._courier.deliver("interactive", payload, via=via))

    async def shortcut(
        self,
        user: User | str,
        message: Message,
        callback_id: str,
        *,
        via: Choice | None = None,
    ) -> Delivery:
        """Choose a message shortcut from the message's menu.

        Raises:
            LookupError: The message is not there for this user, or has no such menu: nothing can
                be done with what is only visible to one person, and the manifest has to name it.
        """
        who = self.workspace.user(user)
        found = self._message(who, message)
        offered = self.app is None or callback_id in dict(self.app.shortcuts)
        if not offered or found.ephemeral_to is not None:
            msg = f"no shortcut {callback_id} on this message"
            raise LookupError(msg)
        channel = self.workspace.channels[found.channel]
        payload = payloads.message_shortcut(
            who,
            channel,
            found,
            callback_id,
            response_url=self._response_urls.issue("commands", who, channel),
            trigger_id=self._triggers.issue(who.id),
            action_ts=self.workspace.new_ts(),
        )
        return self._note(await self._courier.deliver("interactive", payload, via=via))

    async def submit(
        self,
        user: User | str,
        view: View | None = None,
        values: Mapping[str, Any] | None = None,
        *,
        via: Choice | None = None,
    ) -> Delivery:
        """Send off a modal (the one on top when None).

        Args:
            user: Who sends it off.
            view: Which one.
            values: What was typed or chosen, by action_id; for a `file_input`, what `upload` gave
                or the ids of it.
            via: The way to the bot.

        Raises:
            LookupError: There is no such modal, or Slack's client would not take these files.
        """
        who = self.workspace.user(user)
        shown = self.view(view) if view is not None else top_view(self.workspace, who.id)
        if shown is None:
            msg = "no modal is open"
            raise LookupError(msg)
        given = self._handed(who, shown, dict(values or {}))
        typed = payloads.state_values(shown.body["blocks"], given)
        payload = payloads.view_submission(
            who, shown, typed, trigger_id=self._triggers.issue(who.id)
        )
        delivery = await self._courier.deliver("interactive", payload, via=via)
        if delivery.outcome == "ok":
            delivery = settle_submission(self.workspace, shown, delivery)
        return self._note(delivery)

    async def close(self, user: User | str, view: View, *, clear: bool = False) -> Delivery | None:
        """Close a modal with its cross; `clear` closes the whole stack.

        Returns:
            The delivery of view_closed, when the modal asked for it.
        """
        who = self.workspace.user(user)
        shown = self.view(view)
        close_view(self.workspace, shown, whole_stack=clear)
        if not shown.body.get("notify_on_close"):
            return None
        payload = payloads.view_closed(who, shown, is_cleared=clear)
        return self._note(await self._courier.deliver("interactive", payload))

    # --- the app's own place, and workflows

    async def open_home(self, user: User | str, tab: str = "home") -> Delivery | None:
        """Click on the app: its tab "home" or "messages".

        Returns:
            The delivery of app_home_opened, when the app subscribes to it.
        """
        who = self.workspace.user(user)
        if not self._events.wanted("app_home_opened"):
            return None
        home = self.workspace.homes.get(who.id) if tab == "home" else None
        channel = self.workspace.open_dm(who)
        shown = payloads.view_object(home) if home else None
        return await self._events.send(events.home_opened(who.id, channel.id, tab, shown))

    async def run_step(
        self, user: User | str, callback_id: str, inputs: Mapping[str, Any]
    ) -> Execution:
        """Run a workflow whose one step is the bot's; what comes of it is in `executions`.

        Raises:
            LookupError: The manifest has no such step, or an input is missing.
        """
        who = self.workspace.user(user)
        step = self.app.steps.get(callback_id) if self.app else None
        if step is None:
            msg = f"no such step: {callback_id}"
            raise LookupError(msg)
        missing = [one.title for one in step.inputs if one.required and not inputs.get(one.name)]
        if missing:
            msg = f"missing: {', '.join(missing)}"
            raise LookupError(msg)
        execution = Execution(
            id=fresh_id("Fx"),
            callback_id=callback_id,
            user=who.id,
            inputs=dict(inputs),
            token=f"xwfp-{fresh_id('').lower()}{fresh_id('').lower()}",
        )
        self.workspace.executions[execution.id] = execution
        self.workspace.changed()
        delivery = await self._events.send(payloads.function_executed(step, execution))
        if delivery.outcome != "ok" and self.workspace.executions[execution.id] == execution:
            failed = replace(execution, status="failed", error=delivery.outcome)
            self.workspace.executions[execution.id] = failed
            self.workspace.changed()
        return self.workspace.executions[execution.id]

    async def event(
        self,
        event: Json,
        *,
        event_id: str | None = None,
        retry_attempt: int = 0,
        retry_reason: str = "",
        via: Choice | None = None,
    ) -> Delivery:
        """Deliver an event; with `retry_attempt` as Slack sends it again.

        One that is not acknowledged is sent again by itself: at once, after one and five minutes.
        """
        return await self._events.send(
            event,
            event_id=event_id,
            retry_attempt=retry_attempt,
            retry_reason=retry_reason,
            via=via,
        )

    # --- settling acknowledgements

    def _note(self, delivery: Delivery) -> Delivery:
        self.workspace.deliveries.append(delivery)
        self.workspace.changed()
        return delivery

    def view(self, view: View | str) -> View:
        """The modal or Home tab as it stands now.

        Raises:
            LookupError: It is closed.
        """
        view_id = view.id if isinstance(view, View) else view
        homes = {one.id: one for one in self.workspace.homes.values()}
        found = self.workspace.views.get(view_id) or homes.get(view_id)
        if found is None:
            msg = f"no such modal: {view_id}"
            raise LookupError(msg)
        return found

    async def _command(
        self, payload: Json, via: Choice | None, signed_at: datetime | None
    ) -> Delivery:
        delivery = await self._courier.deliver(
            "slash_commands", payload, via=via, signed_at=signed_at
        )
        return self._note(settle_command(self.workspace, delivery, strict=self._strict))
