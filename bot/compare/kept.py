"""Comparisons: what a message with one shows, so that it can be shared and asked again.

`tlscheck:comparison:<id>` holds a Comparison as JSON for 24 hours, without the Reports: those stand
under their own ids for as long. What is read is untrusted: whatever does not fit counts as absent.
"""

import re
from datetime import timedelta

import structlog
from pydantic import ValidationError

from bot.compare.comparison import Comparison
from bot.store.connection import Connection, StoreRefusedError

log = structlog.get_logger(__name__)

KEPT = timedelta(hours=24)
LARGEST = 256 * 1024
"""Bytes; one of fifty places takes about a tenth of it."""

_ID = re.compile(r"[0-9a-f]{32}")


class Comparisons:
    """Writing down and finding; both methods raise StoreAwayError."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def put(self, id_: str, comparison: Comparison) -> None:
        """Keep a comparison; one that is too large is left out.

        Args:
            id_: Random, hexadecimal.
            comparison: With or without Reports and texts.
        """
        bare = [
            one.model_copy(update={"report": None, "presence": None}) for one in comparison.places
        ]
        value = comparison.model_copy(update={"places": tuple(bare)}).model_dump_json(by_alias=True)
        if len(value.encode()) <= LARGEST:
            kept = KEPT // timedelta(milliseconds=1)
            await self._connection.execute("SET", _name(id_), value, "PX", kept)

    async def get(self, id_: str) -> Comparison | None:
        """The comparison of that id, without its Reports; None when there is none (any more)."""
        if not _ID.fullmatch(id_):
            return None
        try:
            raw: bytes = await self._connection.execute("GETRANGE", _name(id_), 0, LARGEST)
        except StoreRefusedError as error:
            if error.code != "WRONGTYPE":
                raise
            return None
        if not raw or len(raw) > LARGEST:
            return None
        try:
            return Comparison.model_validate_json(raw)
        except ValidationError:
            log.warning("a comparison was passed over", bytes=len(raw))
            return None


def _name(id_: str) -> str:
    return f"tlscheck:comparison:{id_}"
