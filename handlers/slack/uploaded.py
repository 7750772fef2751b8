"""Files that people gave the bot: what Slack says of them, and reading them within bounds.

A private file is read with the bot's token and the scope `files:read`. The token goes to Slack's
own hosts only, whatever address a payload names, and follows no redirect: without a right to the
file Slack sends its sign-in page (docs.slack.dev/reference/objects/file-object, url_private).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.web.async_client import AsyncWebClient

from handlers.slack.web import api_error

log = structlog.get_logger(__name__)

LARGEST: Final = 10_000_000
"""Bytes; a file input of Slack's windows takes no more either."""
READ_SECONDS: Final = 30.0
_ID: Final = re.compile(r"F[A-Z0-9]{2,30}")


class NoFileError(Exception):
    """The file cannot be had; `reason` is Slack's word for it, `too_large` or a short one of ours."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Uploaded:
    """A file as a payload names it; `address` may be missing (files.info has it)."""

    id: str
    name: str
    address: str = ""
    size: int = 0


def read_files(files: Any) -> tuple[Uploaded, ...]:
    """The files of a message's event, or of a file input."""
    found = []
    for one in files if isinstance(files, list) else ():
        if isinstance(one, Mapping) and _ID.fullmatch(str(one.get("id"))):
            found.append(_uploaded(one))
    return tuple(found)


def _uploaded(one: Mapping[str, Any]) -> Uploaded:
    address, size, name = one.get("url_private"), one.get("size"), one.get("name")
    return Uploaded(
        id=str(one["id"]),
        name=name.strip()[:100] if isinstance(name, str) and name.strip() else str(one["id"]),
        address=address if isinstance(address, str) else "",
        size=size if isinstance(size, int) else 0,
    )


class Files:
    """Reads files over the one session for Slack."""

    def __init__(
        self, session: aiohttp.ClientSession, client: AsyncWebClient, api_url: str
    ) -> None:
        """`api_url`: the address of the Web API; its host is Slack's, too."""
        self._session = session
        self._client = client
        self._api = urlsplit(api_url)

    async def read(self, file: Uploaded) -> bytes:
        """The bytes of a file.

        Raises:
            NoFileError: It is too large, not ours to read, or Slack does not hand it out in time.
        """
        if not file.address:
            # In channels shared with others an event names the file only ("check_file_info").
            file = await self._asked(file)
        if file.size > LARGEST:
            raise NoFileError("too_large")
        if not self._is_slack(file.address):
            log.warning("a file's address is not Slack's", file=file.id)
            raise NoFileError("not_slack")
        headers = {"Authorization": f"Bearer {self._client.token or ''}"}
        bound = aiohttp.ClientTimeout(total=READ_SECONDS, sock_connect=10)
        try:
            async with self._session.get(
                file.address, headers=headers, timeout=bound, allow_redirects=False
            ) as answer:
                if answer.status != 200:
                    # It redirects to its sign-in page whom it lets not read the file.
                    raise NoFileError("file_not_found" if answer.status == 404 else "missing_scope")
                page = answer.content_type == "text/html"
                if page and not file.name.casefold().endswith((".html", ".htm")):
                    raise NoFileError("missing_scope")
                return await self._bounded(answer)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise NoFileError(type(error).__name__) from error

    async def _bounded(self, answer: aiohttp.ClientResponse) -> bytes:
        parts, size = [], 0
        async for part in answer.content.iter_any():
            size += len(part)
            if size > LARGEST:
                raise NoFileError("too_large")
            parts.append(part)
        return b"".join(parts)

    async def _asked(self, file: Uploaded) -> Uploaded:
        try:
            answer = await self._client.files_info(file=file.id)
        except SlackApiError as error:
            raise NoFileError(api_error(error)) from error
        except (SlackRequestError, aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NoFileError(type(error).__name__) from error
        (found,) = read_files([answer.get("file")]) or (file,)
        return found

    def _is_slack(self, address: str) -> bool:
        try:
            parts = urlsplit(address)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return False
        if (parts.scheme, host, port) == (self._api.scheme, self._api.hostname, self._api.port):
            return True
        ours = f".{host}".endswith((".slack.com", ".slack-files.com"))
        return parts.scheme == "https" and ours and port in (None, 443) and not parts.username
