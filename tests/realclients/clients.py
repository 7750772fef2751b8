"""Real clients against the lab: each says for every server what it saw, in its own words."""

import asyncio
import functools
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

HERE = Path(__file__).parent
PATIENCE = 2
# What stands for a client without a bound of its own, which we ended: it said nothing.
ENDED = "no answer in time"
_SIDE_BY_SIDE = 6
_LONGEST = 45.0
_PASSWORD = "changeit"


@dataclass(frozen=True, slots=True)
class Server:
    """One server of the lab; without an address its name does not resolve."""

    name: str
    host: str
    address: str = ""
    port: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """What a client saw: whether it got its answer, and all that it printed."""

    works: bool
    text: str


@functools.cache
def why_missing(*command: str) -> str | None:
    """Why this program cannot be run here; None when it can."""
    found = shutil.which(command[0])
    if found is None:
        return f"{command[0]} is not installed"
    ran = subprocess.run([found, *command[1:]], capture_output=True, check=False, timeout=20)
    return None if ran.returncode == 0 else f"{command[0]} does not run here"


async def run(
    *command: str,
    said: bytes = b"",
    bound: float = _LONGEST,
    more: Mapping[str, str] = MappingProxyType({}),
) -> tuple[int, str]:
    """Exit status and output of a program; one that does not end is ended."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        # No proxy, and words in English; the distribution's own minimum versions stay in force.
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **more},
        # A group of its own: git leaves the work to a child.
        start_new_session=True,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(said), bound)
    except TimeoutError:
        return -1, ENDED
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    return process.returncode or 0, output.decode(errors="replace")


async def each(
    servers: Sequence[Server], ask: Callable[[Server], Awaitable[Seen]]
) -> Mapping[str, Seen]:
    """What is seen at each server by a program that is started for each."""
    room = asyncio.Semaphore(_SIDE_BY_SIDE)

    async def one(server: Server) -> Seen:
        async with room:
            return await ask(server)

    found = await asyncio.gather(*(one(server) for server in servers))
    return {server.name: seen for server, seen in zip(servers, found, strict=True)}


async def curl(servers: Sequence[Server], roots: bytes, folder: Path) -> Mapping[str, Seen]:
    """`curl https://host/`, led to the lab's address."""
    file = folder / "roots.pem"
    file.write_bytes(roots)

    async def ask(server: Server) -> Seen:
        place = f"{server.host}:443:{server.address}:{server.port}"
        status, text = await run(
            *("curl", "-q", "-sS", "--cacert", str(file), "--connect-timeout", str(PATIENCE)),
            *(("--connect-to", place) if server.address else ()),
            *("-w", "\nstatus %{http_code}\n", f"https://{server.host}/"),
        )
        # With --connect-to it names the place that it was led to; by itself, host and port.
        text = text.replace(f"{server.address} port {server.port}", f"{server.host} port 443")
        return Seen(status == 0 and "status 200" in text, text)

    return await each(servers, ask)


async def openssl(servers: Sequence[Server], roots: bytes, folder: Path) -> Mapping[str, Seen]:
    """`openssl s_client`, which goes on after an error and prints the last one's code."""
    file = folder / "roots.pem"
    file.write_bytes(roots)

    async def ask(server: Server) -> Seen:
        place = f"{server.address}:{server.port}" if server.address else f"{server.host}:443"
        _, text = await run(
            *("openssl", "s_client", "-connect", place, "-servername", server.host),
            *("-verify_hostname", server.host, "-CAfile", str(file), "-no-CApath", "-ign_eof"),
            said=f"GET / HTTP/1.1\r\nHost: {server.host}\r\nConnection: close\r\n\r\n".encode(),
            bound=PATIENCE + 1,
        )
        return Seen("Verify return code: 0 (ok)" in text and "HTTP/1.1 200" in text, text)

    return await each(servers, ask)


def lines(output: str, servers: Sequence[Server]) -> Mapping[str, Seen]:
    """What a program that meets all servers printed: a line for each, its name first."""
    found = dict(line.split("\t", 1) for line in output.splitlines() if "\t" in line)
    assert set(found) == {one.name for one in servers}, output
    return {name: Seen(text.startswith("WORKS "), text) for name, text in found.items()}


def listed(servers: Sequence[Server], folder: Path) -> str:
    """A file that says where each server is met."""
    file = folder / "servers.txt"
    file.write_text(
        "".join(
            # A name that does not resolve is asked for as such.
            f"{one.name}\t{one.host}\t{one.address or one.host}\t{one.port or 443}\n"
            for one in servers
        )
    )
    return str(file)


async def python(
    servers: Sequence[Server], roots: bytes, folder: Path, interpreter: str = sys.executable
) -> Mapping[str, Seen]:
    """Python's http.client over ssl's default context."""
    file = folder / "roots.pem"
    file.write_bytes(roots)
    _, text = await run(
        interpreter, "-I", str(HERE / "probe.py"), listed(servers, folder), str(file)
    )
    return lines(text, servers)


async def node(servers: Sequence[Server], roots: bytes, folder: Path) -> Mapping[str, Seen]:
    """Node's https."""
    file = folder / "roots.pem"
    file.write_bytes(roots)
    _, text = await run("node", str(HERE / "probe.mjs"), listed(servers, folder), str(file))
    return lines(text, servers)


async def java(
    servers: Sequence[Server], roots: bytes, folder: Path, *options: str
) -> Mapping[str, Seen]:
    """Java's HttpsURLConnection, with the lab's names in a hosts file."""
    store = pkcs12.serialize_java_truststore(
        [pkcs12.PKCS12Certificate(x509.load_pem_x509_certificate(roots), b"lab")],
        serialization.BestAvailableEncryption(_PASSWORD.encode()),
    )
    (folder / "roots.p12").write_bytes(store)
    (folder / "hosts").write_text(
        "".join(f"{one.address} {one.host}\n" for one in servers if one.address)
    )
    (folder / "urls.txt").write_text(
        "".join(f"{one.name}\thttps://{one.host}:{one.port or 443}/\n" for one in servers)
    )
    _, text = await run(
        *("java", "-XX:TieredStopAtLevel=1", f"-Djdk.net.hosts.file={folder / 'hosts'}"),
        *options,
        f"-Djavax.net.ssl.trustStore={folder / 'roots.p12'}",
        f"-Djavax.net.ssl.trustStorePassword={_PASSWORD}",
        *(str(HERE / "Probe.java"), str(folder / "urls.txt")),
    )
    return lines(text, servers)
