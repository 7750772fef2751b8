"""Choices: the language that a person chose to be answered in, for a year after the last choice.

`tlscheck:lang:<digest of the person's id>` holds the language's code; nobody who chose nothing is
known here. What is read is untrusted.
"""

import hashlib
from datetime import timedelta

from bot.store.connection import Connection, StoreRefusedError
from bot.store.space import in_space
from bot.texts.catalogue import LANGS, Lang

KEPT = timedelta(days=365)


class Choices:
    """Choosing and finding; both methods raise StoreAwayError."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def choose_lang(self, user: str, lang: Lang | None) -> None:
        """From now on in this language; None: as Slack and the settings say."""
        if lang is None:
            await self._connection.execute("DEL", _name(user))
        else:
            milliseconds = KEPT // timedelta(milliseconds=1)
            await self._connection.execute("SET", _name(user), lang, "PX", milliseconds)

    async def lang(self, user: str) -> Lang | None:
        """The language that was chosen, or None."""
        try:
            raw: bytes = await self._connection.execute("GETRANGE", _name(user), 0, 8)
        except StoreRefusedError as error:
            if error.code != "WRONGTYPE":
                raise
            return None
        return next((one for one in LANGS if one.encode() == raw), None)


def _name(user: str) -> str:
    # Hashed: an id from outside must not choose the key's length or content.
    return f"tlscheck:lang:{hashlib.sha256(in_space(user).encode(errors='replace')).hexdigest()}"
