"""`tlscheck sweep`: lists, over workers and from here, stopped, continued and disturbed."""

import asyncio
import json
import signal
import sys
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from bot.demo.lab import Lab
from tests.cli.conftest import Run
from tests.store.conftest import FragileServer, fragile_server
from tests.worker.process import Plan, worker_process

__all__ = ["fragile_server"]

FAST = ("--rate", "100000", "--network-rate", "100000", "--network-at-once", "1000")


def plan_of(lab: Lab, url: str) -> Plan:
    """A worker for which every name leads to one server."""
    return Plan(
        url=url,
        vantage="prod-tokyo",
        names={"*": lab.address_of("healthy")},
        networks=lab.networks,
        roots_pem=lab.roots_pem.decode(),
    )


def listed(tmp_path: Path, count: int) -> Path:
    """A list of so many hosts."""
    file = tmp_path / "hosts.txt"
    file.write_text("".join(f"h{i}.site.example\n" for i in range(count)), encoding="utf-8")
    return file


def swept(file: Path) -> list[str]:
    """The hosts that have a result, each as often as it has one."""
    if not file.exists():
        return []
    lines = file.read_bytes().splitlines(keepends=True)
    return [json.loads(line)["target"]["host"] for line in lines if line.endswith(b"\n")]


async def start(
    environment: dict[str, str], tmp_path: Path, *arguments: str, url: str
) -> asyncio.subprocess.Process:
    """A sweep under way."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "sweep", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=tmp_path,
        env=environment | {"REDIS_URL": url},
    )


async def until(file: Path, lines: int) -> None:
    """Wait for so many results."""
    async with asyncio.timeout(60):
        while len(swept(file)) < lines:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.05)


async def test_from_here(tlscheck: Run, tmp_path: Path) -> None:
    """Without Redis this machine asks, each host once; the summary is on standard output."""
    hosts = tmp_path / "hosts.txt"
    hosts.write_text("# mine\n127.0.0.1:1\n127.0.0.2:1\n\n127.0.0.1:1\n", encoding="utf-8")
    ended = await tlscheck("sweep", str(hosts), "--jsonl", "out.jsonl", "--csv", "out.csv")
    assert ended.status == 3
    assert "from this machine alone" in ended.err
    assert "2 hosts: 0 fine, 0 with warnings, 0 broken, 2 not reached." in ended.out
    assert "2  egress_denied" in ended.out
    assert sorted(swept(tmp_path / "out.jsonl")) == ["127.0.0.1", "127.0.0.2"]
    again = await tlscheck("sweep", "-", "--jsonl", "out.jsonl", stdin="127.0.0.1:1\n127.0.0.3:1\n")
    assert "Going on: 1 result is there already." in again.err
    assert len(swept(tmp_path / "out.jsonl")) == 3
    assert "全 1 件" in (await tlscheck("sweep", "-", "--lang", "ja", stdin="127.0.0.1:1")).out


async def test_wrong_usage(tlscheck: Run, tmp_path: Path) -> None:
    """One line names the file, the worker or the setting."""
    (tmp_path / "notes").write_text("127.0.0.1:1\n", encoding="utf-8")
    for arguments, text in (
        (["missing"], "missing cannot be used: No such file"),
        (["notes", "--jsonl", "notes"], "notes holds something else"),
        (["notes", "--vantage", "prod-tokyo"], "set REDIS_URL"),
    ):
        ended = await tlscheck("sweep", *arguments)
        assert (ended.status, len(ended.err.splitlines())) == (2, 1)
        assert text in ended.err


async def test_two_thousand_hosts_a_killed_worker_and_a_restarted_redis(
    lab: Lab,
    fragile_server: FragileServer,
    tmp_path: Path,
    environment: dict[str, str],
) -> None:
    """In the middle one of two workers is killed, later Redis restarts empty: one result each."""
    out = tmp_path / "out.jsonl"
    plan = plan_of(lab, fragile_server.url)
    async with AsyncExitStack() as stack:
        doomed = await stack.enter_async_context(worker_process(plan))
        await stack.enter_async_context(worker_process(replace(plan, vantage="prod-osaka")))
        process = await start(
            environment,
            tmp_path,
            *(str(listed(tmp_path, 2000)), "--jsonl", str(out), *FAST),
            url=fragile_server.url,
        )
        try:
            await until(out, 400)
            doomed.kill()
            await until(out, 1000)
            fragile_server.stop()
            fragile_server.start()
            async with asyncio.timeout(120):
                printed, err = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert sorted(swept(out)) == sorted(f"h{i}.site.example" for i in range(2000)), err
    assert process.returncode == 1
    assert b"Asking 2 workers: prod-osaka, prod-tokyo." in err
    assert b"2000 hosts: 0 fine, 0 with warnings, 2000 broken" in printed


async def test_stopped_and_continued(
    lab: Lab, redis_url: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    """Ctrl-C ends it with a summary; the same command asks only what is missing."""
    out = tmp_path / "out.jsonl"
    arguments = (str(listed(tmp_path, 600)), "--jsonl", str(out), *FAST)
    async with worker_process(plan_of(lab, redis_url)):
        process = await start(environment, tmp_path, *arguments, url=redis_url)
        await until(out, 100)
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(30):
            _, err = await process.communicate()
        assert process.returncode == 130
        assert b"Stopped; " in err
        assert b"Traceback" not in err
        first = swept(out)
        assert 100 <= len(first) < 600
        process = await start(environment, tmp_path, *arguments, url=redis_url)
        async with asyncio.timeout(60):
            _, err = await process.communicate()
    assert f"Going on: {len(first)} results".encode() in err
    found = swept(out)
    assert found[: len(first)] == first
    assert sorted(found) == sorted(f"h{i}.site.example" for i in range(600))
