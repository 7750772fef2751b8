"""Two real clients that know nothing of this project, and say in one word what they saw."""

import asyncio
import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

GET = b"GET / HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n"
Address = tuple[str, int]
BOUND = 20.0


def _has_openssl() -> bool:
    found = shutil.which("openssl")
    if found is None:
        return False
    version = subprocess.run([found, "version"], capture_output=True, check=True, text=True)
    return version.stdout.startswith("OpenSSL 3")


needs_openssl = pytest.mark.skipif(not _has_openssl(), reason="needs the openssl command, 3.x")


async def openssl_sees(address: Address, host: str, roots: bytes, *options: str) -> str:
    """The output of `openssl s_client` after one HTTP request."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "roots.pem"
        file.write_bytes(roots)
        process = await asyncio.create_subprocess_exec(
            *("openssl", "s_client", "-connect", f"{address[0]}:{address[1]}"),
            *("-servername", host, "-verify_hostname", host, "-CAfile", file, "-ign_eof"),
            *options,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            # The distribution's own minimum versions are not the subject here.
            env={"PATH": os.environ["PATH"], "OPENSSL_CONF": os.devnull},
        )
        try:
            output, _ = await asyncio.wait_for(process.communicate(GET), 10)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    return output.decode(errors="replace")


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition that comes about soon, or fail."""
    async with asyncio.timeout(BOUND):
        while not condition():  # noqa: ASYNC110 -- the conditions are facts outside the loop
            await asyncio.sleep(0.01)


def return_code(output: str) -> int:
    """The verify return code of `openssl s_client`."""
    found = re.search(r"Verify return code: (\d+)", output)
    assert found is not None, output
    return int(found[1])


async def python_sees(
    address: Address, host: str, roots: bytes, *, patience: float = 5.0, **options: str
) -> str:
    """What Python's own ssl sees: `HTTP/1.1 200 OK`, `verify 20`, a reason or an exception."""
    return await asyncio.to_thread(_python_sees, address, host, roots, patience, **options)


def _python_sees(
    address: Address, host: str, roots: bytes, patience: float, *, certificate: str = ""
) -> str:
    context = ssl.create_default_context(cadata=roots.decode())
    context.set_alpn_protocols(["h2", "http/1.1"])
    if certificate:
        context.load_cert_chain(certificate)
    try:
        with (
            socket.create_connection(address, timeout=patience) as raw,
            context.wrap_socket(raw, server_hostname=host) as tls,
        ):
            assert tls.selected_alpn_protocol() == "http/1.1"
            tls.sendall(GET)
            return tls.recv(4096).partition(b"\r\n")[0].decode()
    except ssl.SSLCertVerificationError as error:
        return f"verify {error.verify_code}"
    except ssl.SSLError as error:
        return error.reason or str(error)
    except OSError as error:
        return type(error).__name__
