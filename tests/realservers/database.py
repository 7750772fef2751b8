"""PostgreSQL with a cluster of its own."""

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.realservers.process import Listening, identity, own_folder, program, serving

_LINES = "ssl = on\nssl_cert_file = '{certificate}'\nssl_key_file = '{key}'"


@asynccontextmanager
async def postgres(
    certificate: bytes, key: bytes, *, directives: str = _LINES
) -> AsyncIterator[Listening]:
    """PostgreSQL, which is asked for TLS by its SSLRequest.

    Args:
        certificate: The chain that it sends, PEM.
        key: The private key, PEM.
        directives: Lines of `postgresql.conf`, with `{certificate}` and `{key}` filled in;
            "" leaves TLS off.
    """
    initdb = program("initdb", *_debian_folders())
    # It refuses to run as root.
    user = "postgres" if os.geteuid() == 0 else None
    with own_folder(certificate, key, user) as folder:
        data = folder / "data"
        making = await asyncio.create_subprocess_exec(
            *(initdb, "--no-sync", "--auth=trust", "--encoding=UTF8", "-D", str(data)),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=folder,
            **identity(user),
        )
        _, complaint = await making.communicate()
        assert making.returncode == 0, complaint.decode(errors="replace")
        filled = directives.format(certificate=folder / "fullchain.pem", key=folder / "key.pem")
        with (data / "postgresql.conf").open("a") as file:
            file.write(f"\nunix_socket_directories = ''\nfsync = off\n{filled}\n")

        def command(address: str, port: int) -> tuple[str, ...]:
            binary = str(Path(initdb).with_name("postgres"))
            return (binary, "-D", str(data), "-h", address, "-p", str(port))

        # SIGINT is its "fast shutdown": it does not wait for clients.
        async with serving(folder, command, end=signal.SIGINT, user=user) as listening:
            yield listening


def _debian_folders() -> tuple[str, ...]:
    # One for each major version.
    return tuple(
        str(one) for one in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    )
