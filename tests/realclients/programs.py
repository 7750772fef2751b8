"""Programs of other languages that meet all servers in one start."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.realclients.clients import HERE, Seen, Server, lines, listed, run


async def go(servers: Sequence[Server], roots: bytes, folder: Path) -> Mapping[str, Seen]:
    """Go's net/http."""
    file = folder / "roots.pem"
    file.write_bytes(roots)
    cache = Path(os.environ.get("GOCACHE", Path.home() / ".cache" / "go-build"))
    status, text = await run(
        *("go", "build", "-o", str(folder / "probe"), str(HERE / "probe.go")),
        more={"GOCACHE": str(cache), "GOPATH": str(folder / "go"), "CGO_ENABLED": "0"},
        bound=120.0,
    )
    assert status == 0, text
    _, text = await run(str(folder / "probe"), listed(servers, folder), str(file))
    return lines(text, servers)


async def ruby(servers: Sequence[Server], roots: bytes, folder: Path) -> Mapping[str, Seen]:
    """Ruby's net/http."""
    file = folder / "roots.pem"
    file.write_bytes(roots)
    _, text = await run("ruby", str(HERE / "probe.rb"), listed(servers, folder), str(file))
    return lines(text, servers)


async def php(servers: Sequence[Server], roots: bytes, folder: Path) -> Mapping[str, Seen]:
    """PHP's own streams."""
    file = folder / "roots.pem"
    file.write_bytes(roots)
    _, text = await run("php", str(HERE / "probe.php"), listed(servers, folder), str(file))
    return lines(text, servers)
