"""`tlscheck sweep`: lists, over workers and from here, stopped and continued (disturbed: tests/sweep)."""

import asyncio
import json
import signal
import sys
from dataclasses import replace
from pathlib import Path

from bot.demo.lab import Lab
from tests.cli.conftest import Run
from tests.worker.process import Plan, worker_process

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


async def test_a_chart(tlscheck: Run, tmp_path: Path) -> None:
    """The summary as a picture; nothing but an earlier picture is written over."""
    for _ in range(2):
        ended = await tlscheck("sweep", "-", "--chart", "out.png", stdin="127.0.0.1:1\n")
        assert ended.status == 3, ended.err
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")
    (tmp_path / "notes").write_text("mine", encoding="utf-8")
    ended = await tlscheck("sweep", "-", "--chart", "notes", stdin="127.0.0.1:1\n")
    assert (ended.status, "notes is no picture" in ended.err) == (2, True)
    assert (tmp_path / "notes").read_text(encoding="utf-8") == "mine"


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


async def test_stopped_and_continued(
    lab: Lab, redis_url: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    """Ctrl-C ends it with a summary; the same command asks only what is missing."""
    out = tmp_path / "out.jsonl"
    arguments = (str(listed(tmp_path, 2000)), "--jsonl", str(out), *FAST)
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
        assert 100 <= len(first) < 2000
        process = await start(environment, tmp_path, *arguments, url=redis_url)
        async with asyncio.timeout(60):
            _, err = await process.communicate()
    assert f"Going on: {len(first)} results".encode() in err
    found = swept(out)
    assert found[: len(first)] == first
    assert sorted(found) == sorted(f"h{i}.site.example" for i in range(2000))


async def test_workers_with_another_key(tlscheck: Run, lab: Lab, redis_url: str) -> None:
    """Are named before anything is asked: nobody sweeps from here in their place by mistake."""
    plan = replace(plan_of(lab, redis_url), key="another key of theirs")
    async with worker_process(plan):
        ended = await tlscheck(
            *("sweep", "-"),
            stdin="127.0.0.1:1",
            REDIS_URL=redis_url,
            TLSCHECK_WORKER_KEY="0123456789abcdef-shared",
        )
    assert (ended.status, len(ended.err.splitlines())) == (2, 1)
    assert "prod-tokyo" in ended.err
    assert "TLSCHECK_WORKER_KEY" in ended.err
