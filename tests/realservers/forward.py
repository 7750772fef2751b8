"""tinyproxy, a small HTTP proxy."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.realservers.process import Listening, own_folder, program, serving


@asynccontextmanager
async def tinyproxy(directives: str = "") -> AsyncIterator[Listening]:
    """A proxy that leads anywhere, unless `directives` (lines of its configuration) say otherwise."""
    binary = program("tinyproxy")

    def command(address: str, port: int) -> tuple[str, ...]:
        text = f"Listen {address}\nPort {port}\nTimeout 10\nMaxClients 20\n{directives}"
        (folder / "tinyproxy.conf").write_text(text)
        return (binary, "-d", "-c", str(folder / "tinyproxy.conf"))

    with own_folder(b"", b"") as folder:
        async with serving(folder, command) as listening:
            yield listening
