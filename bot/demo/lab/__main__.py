"""`python -m bot.demo.lab`: the lab by itself, to be tried with openssl and curl until Ctrl-C."""

import asyncio
import contextlib
import signal
import tempfile
from pathlib import Path

from bot.demo.lab import SCENARIOS, Lab, open_lab


def _print(lab: Lab, roots: Path) -> None:
    titles = {host: one.title for one in SCENARIOS for host in one.hosts}
    width = max(map(len, lab.hosts))
    for host, addresses in lab.hosts.items():
        shown = " ".join(f"{ip}:{port}" for ip, port in addresses)
        print(f"{host:{width}}  {shown}  {titles.get(host, 'Hands out CA certificates (AIA)')}")
    ip, port = lab.address_of("healthy")
    print(
        f"\nroots: {roots}\n"
        f"try:   openssl s_client -connect {ip}:{port} -servername healthy.lab.test "
        f"-CAfile {roots} </dev/null\n"
        f"       curl --cacert {roots} --connect-to ::{ip}:{port} https://healthy.lab.test/\n"
        "Ctrl-C ends it.",
        flush=True,
    )


async def _run() -> None:
    async with open_lab() as lab:
        with tempfile.TemporaryDirectory(prefix="tlscheck-lab-") as folder:
            roots = Path(folder) / "roots.pem"
            roots.write_bytes(lab.roots_pem)
            ended = asyncio.Event()
            with contextlib.suppress(NotImplementedError):  # Windows has no such thing
                asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
            _print(lab, roots)
            await ended.wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run())
