"""Debian's Firefox, steered over Marionette, with the lab's root in the certificate database.

https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html: each message is its length,
a colon and JSON; the browser writes the port that it took into its profile.
"""

import asyncio
import contextlib
import itertools
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote

from tests.realclients.clients import ENDED, PATIENCE, Seen, Server, run, why_missing
from tests.realclients.gnutls import listens, open_proxy

_START = 60.0
_ANSWER = 30.0
_PAGE = """
const wrapped = document.documentURI.startsWith("about:") ? document.documentURI : "";
const config = document.getNetErrorInfo && wrapped ? document.getNetErrorInfo() : null;
const failed = document.getFailedCertSecurityInfo && wrapped.startsWith("about:certerror")
  ? document.getFailedCertSecurityInfo() : null;
return [wrapped, failed ? failed.errorCodeString : config ? config.errorCodeString : "",
  document.title, document.body ? document.body.innerText.slice(0, 400) : ""];
"""
_PREFERENCES: Mapping[str, object] = {
    "marionette.port": 0,
    "network.proxy.type": 1,
    "network.proxy.allow_hijacking_localhost": True,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "browser.aboutwelcome.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.enabled": False,
    "app.normandy.enabled": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "extensions.getAddons.cache.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.safebrowsing.downloads.remote.enabled": False,
    "dom.security.https_only_mode": False,
    "security.enterprise_roots.enabled": False,
    "network.http.speculative-parallel-limit": 0,
}


def missing() -> str | None:
    """Why it cannot be run here; None when it can."""
    if shutil.which("certutil") is None:
        return "certutil (libnss3-tools) is not installed"
    return why_missing("firefox-esr", "--version")


async def firefox(
    servers: Sequence[Server], roots: bytes, folder: Path, aia: Server
) -> Mapping[str, Seen]:
    """One browser, one tab, one server after the other; a proxy knows the way to each name."""
    profile = folder / "profile"
    profile.mkdir()
    (folder / "roots.pem").write_bytes(roots)
    for command in (
        ("-N", "--empty-password"),
        ("-A", "-n", "lab", "-t", "C,,", "-i", str(folder / "roots.pem")),
    ):
        status, text = await run("certutil", "-d", f"sql:{profile}", *command)
        assert status == 0, text
    async with open_proxy(servers) as proxy:
        host, port = proxy.removeprefix("http://").rstrip("/").split(":")
        own = {
            "network.proxy.ssl": host,
            "network.proxy.ssl_port": int(port),
            # Names that do not resolve are looked up by the browser itself.
            "network.proxy.no_proxies_on": ",".join(
                ["127.0.0.0/8", *(one.host for one in servers if not one.address)]
            ),
            "network.proxy.http": aia.address,
            "network.proxy.http_port": aia.port,
        }
        (profile / "user.js").write_text(
            "".join(
                f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
                for name, value in {**_PREFERENCES, **own}.items()
            )
        )
        async with _browser(profile, folder) as steer:
            return {server.name: await _visit(steer, server) for server in servers}


class _Marionette:
    """One connection to the browser; commands are asked one after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._numbers = itertools.count(1)

    async def read(self) -> object:
        """The next message."""
        length = await self._reader.readuntil(b":")
        return json.loads(await self._reader.readexactly(int(length[:-1])))

    async def ask(self, command: str, **parameters: object) -> tuple[object, object]:
        """The error and the result of a command, one of them None."""
        body = json.dumps([0, next(self._numbers), command, parameters]).encode()
        self._writer.write(str(len(body)).encode() + b":" + body)
        async with asyncio.timeout(_ANSWER):
            answer = await self.read()
        assert isinstance(answer, list), answer
        return answer[2], answer[3]


@contextlib.asynccontextmanager
async def _browser(profile: Path, folder: Path) -> AsyncIterator[_Marionette]:
    process = await asyncio.create_subprocess_exec(
        *("firefox-esr", "--headless", "--marionette", "--no-remote", "--profile", str(profile)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C.UTF-8"},
        start_new_session=True,
    )
    writer = None
    try:
        port = await _port(profile / "MarionetteActivePort", process)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        steer = _Marionette(reader, writer)
        await steer.read()  # it says who it is
        error, _ = await steer.ask(
            "WebDriver:NewSession",
            capabilities={
                "alwaysMatch": {"acceptInsecureCerts": False, "pageLoadStrategy": "eager"}
            },
        )
        assert error is None, error
        await steer.ask("WebDriver:SetTimeouts", pageLoad=(PATIENCE + 1) * 1000, script=5000)
        yield steer
    finally:
        if writer is not None:
            writer.close()
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


async def _port(file: Path, process: asyncio.subprocess.Process) -> int:
    """The port that the browser took, once it has written it down."""
    async with asyncio.timeout(_START):
        # The browser tells nobody: its file is all there is.
        while (port := _written(file)) is None:
            assert process.returncode is None, "Firefox ended while it started"
            await asyncio.sleep(0.05)
    return port


def _written(file: Path) -> int | None:
    text = file.read_text().strip() if file.exists() else ""
    return int(text) if text.isdecimal() else None


async def _visit(steer: _Marionette, server: Server) -> Seen:
    # Where nothing listens the proxy would answer in its place; so it goes there by itself.
    refused = not server.address or not await listens(server)
    place = f"{server.address or server.host}:{server.port or 443}" if refused else server.host
    error, _ = await steer.ask("WebDriver:Navigate", url=f"https://{place}/")
    if isinstance(error, dict) and error.get("error") == "timeout":
        return Seen(False, ENDED)
    _, found = await steer.ask("WebDriver:ExecuteScript", script=_PAGE, args=[], newSandbox=True)
    told = found.get("value") if isinstance(found, dict) else None
    page = [str(one) for one in told] if isinstance(told, list) else ["", "", "", ""]
    # The address of an error page holds its text.
    said = unquote(
        f"{' '.join(page)} {error.get('message', '') if isinstance(error, dict) else ''}"
    )
    said = said.replace(f"{server.address}:{server.port}", server.host)
    return Seen(error is None and "It works" in page[3], said)
