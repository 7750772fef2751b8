"""uv, for rustls under reqwest: it asks each server for the index page of a package."""

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.realclients.clients import PATIENCE, Seen, Server, each, run
from tests.realclients.gnutls import listens, open_proxy


def program() -> str | None:
    """Where uv is: on the path, or beside this Python."""
    beside = Path(sys.executable).with_name("uv")
    return shutil.which("uv") or (str(beside) if beside.exists() else None)


def missing() -> str | None:
    """Why it cannot be run here; None when it can."""
    return None if program() else "uv is not installed"


async def uv(servers: Sequence[Server], roots: bytes, folder: Path) -> Mapping[str, Seen]:
    """`uv pip install`, through a proxy that knows the way: it has no option for addresses."""
    file = folder / "roots.pem"
    file.write_bytes(roots)
    found = program()
    assert found is not None

    async def ask(server: Server) -> Seen:
        # Where nothing listens the proxy would answer in its place; so it goes there by itself.
        refused = server.address and not await listens(server)
        place = f"{server.address}:{server.port}" if refused else server.host
        through = {} if refused or not server.address else {"ALL_PROXY": proxy}
        _, text = await run(
            *(found, "pip", "install", "--no-cache", "--no-config", "--dry-run", "--color=never"),
            *("--python", sys.executable, "--target", str(folder / "target")),
            *("--default-index", f"https://{place}/simple/", "nothing"),
            bound=PATIENCE + 10,
            more={
                "SSL_CERT_FILE": str(file),
                "UV_HTTP_TIMEOUT": str(PATIENCE),
                "UV_HTTP_RETRIES": "0",
                "HOME": str(folder),
                **through,
            },
        )
        # The lab's page lists no files: that is what it says once it has read it.
        return Seen("there are no versions of nothing" in text, text)

    async with open_proxy(servers) as proxy:
        return await each(servers, ask)
