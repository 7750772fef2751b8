"""The other tools of the comparison: how each is started, so that it sees as much as it can.

Each is given the lab's root, the name for SNI, and the options that look at the kind of fault in
question: somebody who knows the tool well and already suspects the right stage. That is more than
the person has whom an alarm woke, and it is meant to be. What a tool prints is judged in `criterion`.
"""

import asyncio
import os
import re
import shutil
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.diagnosis.causes import Cause
from tests.benchmarks.criterion import STILL_RUNNING

# Where a handshake is at fault a person looks at versions and key exchange, too.
HANDSHAKE = frozenset(
    {
        Cause.PROTOCOL_VERSION,
        Cause.NO_SHARED_CIPHER,
        Cause.SNI_UNRECOGNIZED,
        Cause.CLIENT_CERTIFICATE_REQUIRED,
        Cause.DH_KEY_TOO_SMALL,
        Cause.RENEGOTIATION_OR_LEGACY,
        Cause.HANDSHAKE_FAILURE,
    }
)
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_KEPT = 200_000


@dataclass(frozen=True, slots=True)
class Place:
    """One server as the tools are told of it: `address` is the name itself if it does not resolve."""

    host: str
    address: str
    port: int
    roots: Path
    cause: Cause | None


@dataclass(frozen=True, slots=True)
class Said:
    """What a tool printed, and how long it took."""

    text: str
    seconds: float
    ended: bool


@dataclass(frozen=True, slots=True)
class Tool:
    """A program: `longest` bounds one run in seconds, `said` is what it reads."""

    name: str
    programs: tuple[str, ...]
    longest: float
    command: Callable[[Place], Sequence[str]]
    said: Callable[[Place], bytes]

    def found(self) -> str | None:
        """Where it is installed; an environment variable (SSLYZE, …) goes before the path."""
        named = os.environ.get(self.name.partition(".")[0].upper().replace(" ", "_"))
        return (
            shutil.which(named)
            if named
            else next(filter(None, map(shutil.which, self.programs)), None)
        )


def _s_client(place: Place) -> list[str]:
    options = ["-connect", f"{place.address}:{place.port}", "-servername", place.host]
    options += ["-verify_hostname", place.host, "-CAfile", str(place.roots), "-no-CApath"]
    if place.cause is Cause.HANDSHAKE_FAILURE:
        options += ["-alpn", "h2,http/1.1"]
    # With a request the answer of a server that refuses after the handshake is seen.
    return ["s_client", *options, "-showcerts", "-status", "-ign_eof"]


def _request(place: Place) -> bytes:
    return f"GET / HTTP/1.1\r\nHost: {place.host}\r\nConnection: close\r\n\r\n".encode()


def _sslyze(place: Place) -> list[str]:
    where = f"{place.host}:{place.port}"
    if place.address != place.host:
        where += f"{{{place.address}}}"
    versions = ["--sslv3", "--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3"]
    also = versions if place.cause in HANDSHAKE else []
    if place.cause is Cause.RENEGOTIATION_OR_LEGACY:
        also.append("--reneg")
    return ["--certinfo", f"--certinfo_ca_file={place.roots}", *also, where]


def _testssl(place: Place) -> list[str]:
    options = ["--quiet", "--color", "0", "--warnings", "off", "--nodns", "none", "--phone-out"]
    options += ["--add-ca", str(place.roots), "--connect-timeout", "10", "--openssl-timeout", "10"]
    if place.address != place.host:
        options += ["--ip", place.address]
    also = ["--protocols", "--fs"] if place.cause in HANDSHAKE else []
    if place.cause is Cause.RENEGOTIATION_OR_LEGACY:
        also.append("--renegotiation")
    if place.cause is Cause.DH_KEY_TOO_SMALL:
        also.append("--logjam")
    return ["--server-defaults", *also, *options, f"{place.host}:{place.port}"]


def _nothing(_: Place) -> bytes:
    return b""


OPENSSL = Tool("openssl s_client", ("openssl",), 10.0, _s_client, _request)
SSLYZE = Tool("sslyze", ("sslyze",), 60.0, _sslyze, _nothing)
TESTSSL = Tool("testssl.sh", ("testssl.sh", "testssl"), 180.0, _testssl, _nothing)
TOOLS = (OPENSSL, SSLYZE, TESTSSL)


async def run(tool: Tool, program: str, place: Place, proxy: str) -> Said:
    """One run of one tool at one address, ended with all its children at its bound.

    Args:
        tool: Which.
        program: Where it is installed.
        place: The server.
        proxy: An HTTP proxy that knows the way to the lab's AIA, OCSP and CRL addresses.
    """
    started = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *(program, *tool.command(place)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            "LC_ALL": "C.UTF-8",
            "TERM": "dumb",
            "http_proxy": proxy,
        },
        start_new_session=True,
    )
    ended = True
    output = b""
    asking = asyncio.create_task(process.communicate(tool.said(place)))
    try:
        async with asyncio.timeout(tool.longest):
            output, _ = await asyncio.shield(asking)
    except TimeoutError:
        ended = False
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = await asking
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    took = time.perf_counter() - started
    text = _COLOUR.sub("", output[:_KEPT].decode(errors="replace"))
    if not ended:
        text += f"\n{STILL_RUNNING}\n"
    return Said(text, took, ended)
