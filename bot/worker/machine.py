"""What a worker knows of the machine that it runs on, for people who compare places."""

import asyncio
import platform
import ssl
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Sequence
from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bot.diagnosis.machine import MachineStore

_ASK_SECONDS = 3.0
_Text = Annotated[str, Field(max_length=200)]


class Bundle(BaseModel):
    """A CA bundle of a machine; `since` and `until`: see `bot.diagnosis.roots.age_of`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    path: _Text
    kind: Annotated[str, Field(max_length=20)]
    roots: int
    digest: Annotated[str, Field(max_length=64)]
    since: date | None = None
    until: date | None = None


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
    bundles: Annotated[tuple[Bundle, ...], Field(max_length=16)] = ()


async def look_around(stores: Sequence[MachineStore] = ()) -> Machine:
    """This machine with these bundles; bounded, and never an error."""
    return Machine(
        host=platform.node()[:200],
        system=platform.platform()[:200],
        python=platform.python_version(),
        python_openssl=ssl.OPENSSL_VERSION[:200],
        openssl=await _openssl(),
        bundles=bundles_of(stores),
    )


def bundles_of(stores: Sequence[MachineStore]) -> tuple[Bundle, ...]:
    """What a machine says of its trust stores."""
    return tuple(
        Bundle(
            path=one.path[-200:],
            kind=one.kind,
            roots=len(one.trust.anchors),
            digest=one.trust.digest,
            since=one.age.since if one.age else None,
            until=one.age.until if one.age else None,
        )
        for one in stores[:16]
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
