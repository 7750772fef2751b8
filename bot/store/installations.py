"""Installations: the tokens of the workspaces that the app was installed into, encrypted.

`tlscheck:installation:<digest of the workspace's or organisation's id>` holds a Fernet token
(AES-128-CBC with HMAC-SHA256, github.com/fernet/spec; `cryptography.fernet`) of an Installation, and
does not run out. What was encrypted with an older key is written again with the newest one when it
is read. An entry that was put under another workspace's name is not used: the id stands inside.
"""

import hashlib
from collections.abc import Sequence
from typing import Annotated

import structlog
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.store.connection import Connection

log = structlog.get_logger(__name__)

LARGEST = 8 * 1024
"""Bytes."""
STATE_SECONDS = 600

Id = Annotated[str, Field(pattern=r"^[A-Z0-9]{1,32}$")]


class Installation(BaseModel):
    """A workspace (or with `team` None a whole organisation) that the app was installed into."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    team: Id | None
    enterprise: Id | None = None
    bot_token: Annotated[str, Field(min_length=1, max_length=512, repr=False)]
    bot_user: Annotated[str, Field(max_length=32)] = ""
    bot_id: Annotated[str, Field(max_length=32)] = ""
    scopes: tuple[str, ...] = ()

    @property
    def owner(self) -> str:
        """The id that it is found by."""
        return self.team or self.enterprise or ""


class Installations:
    """Keeping, finding and forgetting them; every method raises StoreAwayError."""

    def __init__(self, connection: Connection, keys: Sequence[str]) -> None:
        """`keys`: of Fernet, the one to encrypt with first; the others still decrypt."""
        fernets = [Fernet(one) for one in keys]
        self._connection = connection
        self._newest = fernets[0]
        self._all = MultiFernet(fernets)

    async def save(self, installation: Installation) -> None:
        """Keep it, in the place of an earlier one."""
        sealed = self._newest.encrypt(installation.model_dump_json().encode())
        await self._connection.execute("SET", _name(installation.owner), sealed)

    async def find(self, owner: str) -> Installation | None:
        """That of a workspace or an organisation by its id."""
        raw: bytes = await self._connection.execute("GETRANGE", _name(owner), 0, LARGEST)
        if not raw or len(raw) > LARGEST:
            return None
        try:
            found = Installation.model_validate_json(self._all.decrypt(raw))
        except (InvalidToken, ValidationError) as error:
            log.error(
                "an installation cannot be read: it has to be installed again",
                owner=owner,
                reason=type(error).__name__,
            )
            return None
        if found.owner != owner:
            log.error("an installation stands under another workspace's name", owner=owner)
            return None
        if not self._is_newest(raw):
            await self.save(found)
        return found

    async def forget(self, owner: str) -> None:
        """It was uninstalled."""
        await self._connection.execute("DEL", _name(owner))

    async def issue_state(self, state: str) -> None:
        """Remember that an installation was begun, for ten minutes."""
        await self._connection.execute("SET", _state(state), "1", "EX", STATE_SECONDS)

    async def consume_state(self, state: str) -> bool:
        """Whether an installation was begun with it; once."""
        return bool(await self._connection.execute("DEL", _state(state)))

    def _is_newest(self, raw: bytes) -> bool:
        try:
            self._newest.decrypt(raw)
        except InvalidToken:
            return False
        return True


def _name(owner: str) -> str:
    return f"tlscheck:installation:{_digest(owner)}"


def _state(state: str) -> str:
    return f"tlscheck:oauth:{_digest(state)}"


def _digest(text: str) -> str:
    # Hashed: an id from outside must not choose the key's length or content.
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
