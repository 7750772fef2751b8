"""A worker in a process of its own that finds names in a table, for tests and benchmarks.

`python -m tests.worker.process JSON`: `Plan` says which. It prints one line when it takes orders,
and ends on SIGTERM. What it is sent is never unpickled: it ends with 70 if that happens.
"""

import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from pydantic import SecretStr

from bot.diagnosis.machine import MachineStore
from bot.diagnosis.resolve import NameNotResolvedError, Place
from bot.diagnosis.roots import Age
from bot.diagnosis.surroundings import utc_now
from bot.settings import Settings, load_settings
from bot.vantage import LocalVantage, open_local_vantage
from bot.worker.bundles import find_bundles
from bot.worker.worker import open_worker

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


@dataclass(frozen=True)
class Plan:
    """What a worker of the tests does.

    `names` leads a name, or with the key `*` any name, to an address and port. `root` is a folder
    in which its machine's CA bundles lie as in `/`, `bundles_of` the date of Mozilla's list that
    they count as (of roots that were removed since we have no file), `behind` how many seconds its clock is behind,
    `core` the processor that it is kept to.
    """

    url: str
    vantage: str
    names: dict[str, tuple[str, int]] = field(default_factory=dict)
    networks: tuple[str, ...] = ()
    roots_pem: str | None = None
    key: str | None = None
    at_once: int = 100
    core: int | None = None
    root: str | None = None
    bundles_of: str | None = None
    behind: float = 0.0
    deny: tuple[str, ...] = ()


class _Table:
    def __init__(self, names: dict[str, tuple[str, int]]) -> None:
        self._names = names

    async def resolve(self, host: str, within: float) -> tuple[Place, ...]:
        """The place of a name."""
        found = self._names.get(host) or self._names.get("*")
        if found is None:
            raise NameNotResolvedError(host, "nxdomain", "Domain name not found")
        return (Place(ip_address(found[0]), found[1]),)


async def _main(plan: Plan) -> None:
    settings = load_settings(
        _env_file=None,
        tlscheck_vantage=plan.vantage,
        tlscheck_allow_networks=plan.networks,
        tlscheck_deny_networks=" ".join(plan.deny),
        tlscheck_worker_key=SecretStr(plan.key) if plan.key else None,
    )

    def shows() -> datetime:
        return utc_now() - timedelta(seconds=plan.behind)

    @asynccontextmanager
    async def vantage(settings: Settings) -> AsyncIterator[LocalVantage]:
        table = _Table(plan.names)
        async with open_local_vantage(
            settings,
            resolver=table,
            extra_roots_pem=plan.roots_pem,
            clock=shows if plan.behind else utc_now,
        ) as opened:
            yield opened

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    logging.getLogger("taskiq").setLevel(logging.ERROR)

    def bundles() -> tuple[MachineStore, ...]:
        found = find_bundles(root=Path(plan.root or "/"))
        if plan.bundles_of is None:
            return found
        day = date.fromisoformat(plan.bundles_of)
        return tuple(replace(one, age=Age(day, day)) for one in found)

    async with open_worker(
        settings,
        plan.url,
        at_once=plan.at_once,
        open_vantage=vantage,
        bundles=bundles,
        clock=shows,
    ) as worker:
        print(worker.id, flush=True)
        await worker.run(stop)


class Running:
    """A worker process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    def kill(self) -> None:
        """SIGKILL: it cannot say goodbye."""
        self.process.kill()

    def pause(self) -> None:
        """SIGSTOP: it is there, and says nothing."""
        self.process.send_signal(signal.SIGSTOP)

    async def stop(self) -> int:
        """SIGTERM, and its exit status."""
        if self.process.returncode is None:
            self.process.terminate()
        async with asyncio.timeout(30):
            return await self.process.wait()


@asynccontextmanager
async def worker_process(plan: Plan) -> AsyncIterator[Running]:
    """A worker that runs until the end of the block."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.worker.process", json.dumps(asdict(plan))),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            assert await process.stdout.readline()
        yield Running(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def _no_unpickling(event: str, arguments: tuple[object, ...]) -> None:
    """End at once when a pickle looks anything up (docs.python.org/3/library/audit_events.html)."""
    if event == "pickle.find_class":
        print("something was unpickled:", *arguments, file=sys.stderr, flush=True)
        os._exit(70)


if __name__ == "__main__":
    sys.addaudithook(_no_unpickling)
    _said = json.loads(sys.argv[1])
    if _said.get("core") is not None:
        os.sched_setaffinity(0, {_said["core"]})
    asyncio.run(_main(Plan(**_said)))
