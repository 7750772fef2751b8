"""What a person does with words and files: writing, changing, taking away, uploading.

The bot hears of it where it listens. Commands, presses and windows are `acting`'s.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bot.demo.slack import events
from bot.demo.slack.courier import Courier
from bot.demo.slack.events import Events
from bot.demo.slack.manifest import App
from bot.demo.slack.methods.files import MAX_UPLOAD
from bot.demo.slack.posting import tell
from bot.demo.slack.response_urls import ResponseUrls
from bot.demo.slack.triggers import Triggers
from bot.demo.slack.typed import mentioned
from bot.demo.slack.uploads import file_object, unfit
from bot.demo.slack.values import Channel, File, Json, Message, User, View, walk
from bot.demo.slack.workspace import BOT, Workspace, fresh_id


class Writing:
    """People who write."""

    def __init__(
        self,
        *,
        workspace: Workspace,
        courier: Courier,
        told: Events,
        triggers: Triggers,
        response_urls: ResponseUrls,
        app: App | None,
        strict: bool,
    ) -> None:
        self.workspace = workspace
        self.app = app
        self._courier = courier
        self._events = told
        self._triggers = triggers
        self._response_urls = response_urls
        self._strict = strict

    # --- writing

    def upload(self, user: User | str, name: str, content: bytes) -> File:
        """Choose a file of one's own machine: it is with Slack, and shared with nobody yet.

        Raises:
            LookupError: It is empty, or larger than the stand-in keeps.
        """
        who = self.workspace.user(user)
        if not 0 < len(content) <= MAX_UPLOAD:
            msg = "the file is empty" if not content else "the file is too large"
            raise LookupError(msg)
        created = int(self.workspace.clock().timestamp())
        file = File(fresh_id("F"), name, name, content, who.id, created, complete=True)
        self.workspace.files[file.id] = file
        self.workspace.changed()
        return file

    def _own(self, who: User, given: Any) -> list[File]:
        """The files that a person names, by value or id; they have to be that person's."""
        found = []
        for one in given or ():
            file = self.workspace.files.get(one.id if isinstance(one, File) else str(one))
            if file is None or file.user != who.id:
                msg = "there is no such file"
                raise LookupError(msg)
            found.append(file)
        return found

    def _handed(self, who: User, view: View, values: dict[str, Any]) -> dict[str, Any]:
        """The values with file objects where files were chosen, which the bot now may read."""
        for part in walk(view.body["blocks"]):
            name = part.get("action_id", "")
            if part.get("type") == "file_input" and values.get(name):
                own = self._own(who, values[name])
                if reason := unfit(part, own):
                    raise LookupError(reason)
                values[name] = self._keep([replace(one, handed=True) for one in own])
        return values

    def _keep(self, files: Sequence[File]) -> tuple[Json, ...]:
        """Keep what became of files; the file objects of them."""
        self.workspace.files |= {file.id: file for file in files}
        return tuple(file_object(file, self._response_urls.base) for file in files)

    async def say(
        self,
        user: User | str,
        channel: Channel | str,
        text: str,
        *,
        thread_ts: str | None = None,
        files: Sequence[File | str] = (),
    ) -> Message:
        """Write an ordinary message; the bot hears it where it is mentioned, and in its own DM.

        Args:
            user: Who writes.
            channel: Where.
            text: The text as Slack keeps it (escaped), in which "@tlscheck" is made a mention.
            thread_ts: The message under which it stands.
            files: What `upload` gave, or the ids of it.

        Raises:
            LookupError: The channel is archived, or there is no such thread or file.
        """
        who = self.workspace.user(user)
        where = self.workspace.channel(channel, user=who)
        if where.archived:
            msg = "the channel is archived"
            raise LookupError(msg)
        parent = self.workspace.message(where.id, thread_ts) if thread_ts else None
        if thread_ts and parent is None:
            msg = "there is no such thread"
            raise LookupError(msg)
        own = [replace(one, channels=(*one.channels, where.id)) for one in self._own(who, files)]
        message = self.workspace.put(
            Message(
                channel=where.id,
                ts=self.workspace.new_ts(),
                user=who.id,
                text=mentioned(text, [(BOT.name, BOT.id)]),
                file_ids=tuple(one.id for one in own),
                shared=self._keep(own),
                # "Avoid using a reply's ts value; use its parent instead" (Slack:
                # chat.postMessage, thread_ts): the client does.
                thread_ts=(parent.thread_ts or parent.ts) if parent else None,
            )
        )
        await self._hear(where, message, parent)
        return message

    async def _hear(self, where: Channel, message: Message, parent: Message | None) -> None:
        reachable = self._courier.events_url is not None or self._courier.connected
        mentions = f"<@{BOT.id}>" in message.text
        if BOT.id not in where.members:
            if mentions:
                # Slack: app_mention, "only for channels that the app is a member of"; the words
                # are Slackbot's own.
                text = f"You mentioned <@{BOT.id}>, but they’re not in this channel."
                tell(self.workspace, where.id, message.user, text, thread_ts=message.thread_ts)
        elif not reachable:
            return
        elif where.kind == "dm":
            if self._events.wanted("message.im"):
                await self._events.send(events.direct(message, parent))
        elif mentions and self._events.wanted("app_mention"):
            await self._events.send(events.mention(message, parent))
        if self.app is not None and "file_shared" in self.app.events:
            for file_id in message.file_ids if reachable and BOT.id in where.members else ():
                self._events.announce(events.file_shared(message, file_id))

    def edit(self, user: User | str, message: Message, text: str) -> Message:
        """Change one's own message; the bot hears of it in its direct messages."""
        who = self.workspace.user(user)
        before = self._message(who, message)
        if before.user != who.id:
            msg = "somebody else's message"
            raise LookupError(msg)
        after = replace(
            before,
            text=mentioned(text, [(BOT.name, BOT.id)]),
            edited_ts=self.workspace.new_ts(),
        )
        self.workspace.put(after)
        if self._direct(before.channel):
            self._events.announce(events.edited(after, before))
        return after

    def delete(self, user: User | str, message: Message) -> None:
        """Take a message away, as its author or an administrator does."""
        found = self._message(self.workspace.user(user), message)
        self.workspace.remove(found)
        if self._direct(found.channel):
            self._events.announce(events.deleted(found))

    def _direct(self, channel: str) -> bool:
        kind = self.workspace.channels[channel].kind
        return kind == "dm" and self._events.wanted("message.im")

    def _message(self, who: User, message: Message) -> Message:
        found = self.workspace.message(message.channel, message.ts)
        if found is None or found.ephemeral_to not in (None, who.id):
            msg = "the message is not there for this user"
            raise LookupError(msg)
        return found
