"""What a worker knows of the machine that it runs on: versions, for people who compare places."""

import asyncio
import platform
import ssl
from asyncio.subprocess import DEVNULL, PIPE
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

_ASK_SECONDS = 3.0
_Text = Annotated[str, Field(max_length=200)]


class Machine(BaseModel):
    """One machine.

    `openssl` is what the command `openssl` there says; None where there is none.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    host: _Text
    system: _Text
    python: _Text
    python_openssl: _Text
    openssl: _Text | None = None


async def look_around() -> Machine:
    """This machine; bounded, and never an error."""
    return Machine(
        host=platform.node()[:200],
        system=platform.platform()[:200],
        python=platform.python_version(),
        python_openssl=ssl.OPENSSL_VERSION[:200],
        openssl=await _openssl(),
    )


async def _openssl() -> str | None:
    try:
        asked = await asyncio.create_subprocess_exec(
            "openssl", "version", stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL
        )
    except OSError:
        return None
    try:
        async with asyncio.timeout(_ASK_SECONDS):
            printed, _ = await asked.communicate()
    except TimeoutError:
        asked.kill()
        await asked.wait()
        return None
    return printed.decode(errors="replace").strip()[:200] or None
