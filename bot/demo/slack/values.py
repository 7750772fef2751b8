"""The things of a workspace: people, channels, messages, files, views, deliveries.

Here belong frozen values and what can be read off one of them alone. No state, no I/O.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.demo.slack.typed import rich_text
from bot.texts import Lang

Json = dict[str, Any]
Transport = Literal["http", "socket"]
Outcome = Literal["ok", "operation_timeout", "dispatch_failed", "invalid_response"]


@dataclass(frozen=True, slots=True)
class User:
    """A person or the bot. `locale` is what users.info gives with `include_locale`."""

    id: str
    name: str
    real_name: str
    locale: str = "en-US"
    tz: str = "Asia/Tokyo"
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class Channel:
    """A place to talk. `members` are user ids, the bot's own among them where it was invited."""

    id: str
    name: str
    kind: Literal["public", "private", "dm"]
    members: frozenset[str]
    archived: bool = False

    @property
    def payload_name(self) -> str:
        """The `channel_name` of a slash command: Slack hides the names of private places."""
        return {"public": self.name, "private": "privategroup", "dm": "directmessage"}[self.kind]


@dataclass(frozen=True, slots=True)
class UserGroup:
    """People who can be mentioned together, such as @oncall."""

    id: str
    handle: str
    name: str
    members: frozenset[str]
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class Try:
    """One thing to try, shown beside the channel: what to type, and what should come of it."""

    command: str
    title: str
    expected: str = ""


@dataclass(frozen=True, slots=True)
class Lever:
    """Something outside of Slack that the person at the page can change, such as a server.

    `states` are its possible states, `now` tells the present one, `turn` makes it another.
    """

    host: str
    states: tuple[str, ...]
    now: Callable[[], str]
    turn: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Panel:
    """What the page offers beside the channel.

    `tries` fill the panel, `hints` (what to type, what it does) the list that "/" opens, `locales`
    and `zones` the choice of a person's language and time zone, `levers` what can be mended; an
    empty one is not shown. `lang` is the page's own language; None: that of the person who looks.
    `install` is the address of the bot's "Add to Slack", where it has one.
    """

    tries: tuple[Try, ...] = ()
    hints: tuple[tuple[str, str], ...] = ()
    locales: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    levers: tuple[Lever, ...] = ()
    lang: Lang | None = None
    install: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it stands now. `ephemeral_to` is the only person who sees it, if any.

    `app_id` is set where another app than the bot wrote it; `shared` are the file objects that a
    person's message carries.
    """

    channel: str
    ts: str
    user: str
    text: str
    blocks: tuple[Json, ...] = ()
    attachments: tuple[Json, ...] = ()
    bot_id: str | None = None
    app_id: str | None = None
    ephemeral_to: str | None = None
    thread_ts: str | None = None
    edited_ts: str | None = None
    file_ids: tuple[str, ...] = ()
    shared: tuple[Json, ...] = ()
    reactions: tuple[tuple[str, str], ...] = ()
    metadata: Json | None = None

    @property
    def elements(self) -> tuple[Json, ...]:
        """Every interactive element (what has an `action_id`), in reading order."""
        return tuple(part for part in walk(self.blocks) if "action_id" in part)

    @property
    def action_ids(self) -> tuple[str, ...]:
        """The action ids of its buttons and menus, in reading order."""
        return tuple(str(element["action_id"]) for element in self.elements)

    def words(self) -> str:
        """All text that a reader of the message sees or hears, a part a line (for assertions)."""
        return "\n".join([self.text, *texts(self.blocks), *_attached(self.attachments)])

    def to_api(self, team: str, app: str) -> Json:
        """The message object as the Web API, events and interaction payloads give it."""
        body: Json = {"type": "message", "user": self.user, "ts": self.ts, "text": self.text}
        if self.bot_id:
            body |= {"bot_id": self.bot_id, "app_id": self.app_id or app}
        body["team"] = team
        if self.blocks:
            body["blocks"] = list(self.blocks)
        elif not self.bot_id and self.text:
            body["blocks"] = [rich_text(self.text, f"typed-{self.ts}")]
        if self.attachments:
            body["attachments"] = [
                # Slack numbers them, and makes a text of each for clients that show none.
                {"id": number, "fallback": "[no preview available]"} | one
                for number, one in enumerate(self.attachments, start=1)
            ]
        if self.thread_ts:
            body["thread_ts"] = self.thread_ts
        if self.edited_ts:
            body["edited"] = {"user": self.user, "ts": self.edited_ts}
        if self.metadata:
            body["metadata"] = self.metadata
        if self.shared:
            body |= {"files": list(self.shared), "upload": False, "display_as_bot": False}
        return body


@dataclass(frozen=True, slots=True)
class File:
    """An uploaded file. `channels` is empty until it is shared.

    `handed` says that a person gave it to the bot in a window.
    """

    id: str
    name: str
    title: str
    content: bytes
    user: str
    created: int
    channels: tuple[str, ...] = ()
    thread_ts: str | None = None
    complete: bool = False
    alt_text: str = ""
    processed: bool = True
    handed: bool = False

    @property
    def image_type(self) -> str | None:
        """png, jpg or gif, read off its first bytes: what image blocks take."""
        for kind, beginning in _IMAGES:
            if self.content.startswith(beginning):
                return kind
        return None


_IMAGES = (
    ("png", b"\x89PNG\r\n\x1a\n"),
    ("jpg", b"\xff\xd8\xff"),
    ("gif", b"GIF8"),
)


@dataclass(frozen=True, slots=True)
class View:
    """A modal that is open for `user`, or their Home tab; `body` is what the bot sent, with ids."""

    id: str
    user: str
    body: Json
    hash: str
    root_id: str
    previous_id: str | None = None
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def callback_id(self) -> str:
        """The bot's own name for it."""
        return str(self.body.get("callback_id", ""))

    @property
    def action_ids(self) -> tuple[str, ...]:
        """The action ids of its buttons, menus and inputs, in reading order."""
        return tuple(str(p["action_id"]) for p in walk(self.body["blocks"]) if "action_id" in p)

    def words(self) -> str:
        """All text that a reader of the modal sees (for assertions)."""
        title = self.body.get("title") or {}
        return "\n".join([str(title.get("text", "")), *texts(self.body["blocks"])])


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request that the stand-in sent to the bot, and what came back within 3 seconds.

    `body` is the acknowledgement: a parsed JSON object, or the text as it came ("" for none).
    `status` is the HTTP status, 200 for a Socket Mode acknowledgement, None when none came.
    """

    kind: str
    transport: Transport
    payload: Json
    outcome: Outcome
    status: int | None
    body: Json | str
    seconds: float
    retry_attempt: int = 0
    retry_reason: str = ""
    no_retry: bool = False
    message: Message | None = None

    @property
    def response_url(self) -> str:
        """Where the bot may answer later; "" when the payload has none."""
        return str(self.payload.get("response_url", ""))


@dataclass(frozen=True, slots=True)
class Execution:
    """One run of a workflow's step. `token` is the one that came with its event."""

    id: str
    callback_id: str
    user: str
    inputs: Json
    token: str
    status: Literal["running", "succeeded", "failed"] = "running"
    outputs: Json = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that the bot sent and that Slack would have refused, with Slack's error name."""

    surface: str
    error: str
    messages: tuple[str, ...]
    sent: Json | str


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that Slack takes but advises against."""

    surface: str
    text: str


def walk(part: Any) -> Iterator[Json]:
    """Every JSON object within, depth first in reading order."""
    if isinstance(part, Mapping):
        yield dict(part)
        for value in part.values():
            yield from walk(value)
    elif isinstance(part, list | tuple):
        for value in part:
            yield from walk(value)


def texts(blocks: Any) -> Iterator[str]:
    """Every text that the blocks show, in reading order."""
    for part in walk(blocks):
        for key in ("text", "alt_text"):
            if isinstance(part.get(key), str):
                yield part[key]


def _attached(attachments: Any) -> Iterator[str]:
    # Slack: "Reference: Secondary message attachments"
    for part in walk(attachments):
        for key in ("pretext", "author_name", "title", "text", "value", "footer", "fallback"):
            if isinstance(part.get(key), str):
                yield part[key]
