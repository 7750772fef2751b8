"""`tlscheck compare`, and `check --vantage`: real workers over a real Valkey."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.compare import Comparison
from bot.demo.lab import Lab
from tests.cli.conftest import Run
from tests.worker.process import Plan, worker_process

EXPIRED = "expired.lab.test"
HEALTHY = "healthy.lab.test"
Where = Callable[[str], list[str]]


def plan_of(lab: Lab, url: str, **names: str) -> Plan:
    """A worker at prod-tokyo for which the lab's names lead to its servers, some to another one."""
    hosts = {host: places[0] for host, places in lab.hosts.items()}
    hosts |= {f"{name}.lab.test": lab.address_of(other) for name, other in names.items()}
    return Plan(url=url, vantage="prod-tokyo", names=hosts, networks=lab.networks)


@pytest.fixture
def options(lab: Lab, roots: Path, redis_url: str) -> dict[str, str]:
    """The settings of the asker."""
    return {
        "REDIS_URL": redis_url,
        "TLSCHECK_ALLOW_NETWORKS": " ".join(lab.networks),
        "TLSCHECK_VANTAGE": "laptop",
    }


def places(lab: Lab, name: str, roots: Path) -> list[str]:
    """The options with which every place finds the same server of the lab, and trusts its root."""
    address, port = lab.address_of(name)
    return ["--address", f"{address}:{port}", "--roots", str(roots)]


async def test_the_same_from_everywhere(
    tlscheck: Run, lab: Lab, roots: Path, options: dict[str, str], redis_url: str
) -> None:
    """A server that is broken from everywhere is at fault itself; the status is that of check."""
    async with worker_process(plan_of(lab, redis_url)):
        ended = await tlscheck("compare", EXPIRED, *places(lab, "expired", roots), **options)
        assert (ended.status, ended.err) == (1, "")
        assert "it is the server, not your network. The certificate has expired." in ended.out
        assert "✗ laptop and prod-tokyo — The certificate has expired" in ended.out
        assert "tlscheck check expired.lab.test" in ended.out
        fine = await tlscheck("compare", HEALTHY, *places(lab, "healthy", roots), **options)
        assert fine.status == 0
        assert "healthy.lab.test works the same from 2 places." in fine.out
        japanese = await tlscheck(
            *("compare", EXPIRED, "--lang", "ja"), *places(lab, "expired", roots), **options
        )
        assert "原因はネットワークではなくサーバーにあります" in japanese.out
        assert "✗ laptop、prod-tokyo — サーバー証明書の有効期限が切れています" in japanese.out


async def test_as_json(
    tlscheck: Run, lab: Lab, roots: Path, options: dict[str, str], redis_url: str
) -> None:
    """One object on one line, with what each place reported; it reads back as the same value."""
    async with worker_process(plan_of(lab, redis_url)):
        ended = await tlscheck(
            *("compare", HEALTHY, "--json", "--roots", str(roots)),
            **options,  # here the name leads nowhere
        )
    assert len(ended.out.splitlines()) == 1
    compared = Comparison.model_validate_json(ended.out)
    assert compared.to_json() == ended.out.strip()
    assert compared.difference is not None
    assert (compared.difference.code, compared.difference.odd) == ("unknown_name", ("laptop",))
    assert json.loads(ended.out)["places"][1]["report"]["verdict"] == "ok"
    assert ended.status == 3


async def test_some_of_the_places(
    tlscheck: Run, lab: Lab, roots: Path, options: dict[str, str], redis_url: str
) -> None:
    """Those that are named; one that does not exist is one line with those that do."""
    async with worker_process(plan_of(lab, redis_url, healthy="expired")):
        ended = await tlscheck(
            *("compare", HEALTHY, "--vantage", "Prod-Tokyo", "--roots", str(roots)), **options
        )
        assert ended.status == 1
        assert "Only prod-tokyo answered" in ended.out
        wrong = await tlscheck("compare", HEALTHY, "--vantage", "prod-osaka", **options)
    assert (wrong.status, wrong.out, len(wrong.err.splitlines())) == (2, "", 1)
    assert "No worker runs at prod-osaka" in wrong.err
    assert "laptop, prod-tokyo" in wrong.err


async def test_nobody_to_compare_with(tlscheck: Run, options: dict[str, str]) -> None:
    """Each time one line says how to make a place."""
    for settings, status, words in (
        (options | {"REDIS_URL": ""}, 2, "set REDIS_URL"),
        (options, 2, "start one: tlscheck worker --vantage prod-tokyo"),
        (options | {"REDIS_URL": "redis://127.0.0.1:1"}, 3, "Redis does not answer"),
        (options | {"REDIS_URL": "ftp://x"}, 2, "REDIS_URL: ftp://x is no address"),
    ):
        ended = await tlscheck("compare", HEALTHY, **settings)
        assert (ended.status, ended.out, len(ended.err.splitlines())) == (status, "", 1), ended.err
        assert words in ended.err


async def test_check_from_there(
    tlscheck: Run, lab: Lab, roots: Path, options: dict[str, str], redis_url: str
) -> None:
    """One target or a list, by the worker of that name; its networks are its own matter."""
    async with worker_process(plan_of(lab, redis_url, healthy="expired")):
        there = ("--vantage", "prod-tokyo", "--roots", str(roots))
        ended = await tlscheck("check", HEALTHY, *there, **options)
        assert ended.status == 1
        assert "prod-tokyo" in ended.out
        listed = await tlscheck("check", HEALTHY, EXPIRED, *there, **options)
        assert listed.status == 1
        assert "2 targets" in listed.out
        reported = await tlscheck("check", HEALTHY, "--json", *there, **options)
        assert json.loads(reported.out)["vantage"] == "prod-tokyo"
        wide = await tlscheck("check", HEALTHY, *there, "--allow-network", "127.0.0.0/8", **options)
        assert (wide.status, wide.out) == (2, "")
        assert "prod-tokyo decides by its own settings" in wide.err
        own = await tlscheck("check", "127.0.0.1:1", "--vantage", "laptop", **options)
        assert own.status == 3


async def test_check_from_a_place_that_is_not_there(tlscheck: Run, options: dict[str, str]) -> None:
    """One line says what to do."""
    for settings, status, words in (
        (options, 2, "These places can be asked: laptop."),
        (options | {"REDIS_URL": ""}, 2, "set REDIS_URL"),
        (options | {"REDIS_URL": "redis://127.0.0.1:1"}, 3, "Redis does not answer"),
    ):
        ended = await tlscheck("check", HEALTHY, "--vantage", "prod-tokyo", **settings)
        assert (ended.status, ended.out, len(ended.err.splitlines())) == (status, "", 1)
        assert words in ended.err


@pytest.mark.parametrize(
    ("ours", "theirs", "status"),
    [("k" * 16, None, 2), ("k" * 16, "o" * 16, 2), (None, "o" * 16, 3)],
)
async def test_another_key(  # noqa: PLR0917 - the case, and the fixtures
    tlscheck: Run,
    lab: Lab,
    options: dict[str, str],
    redis_url: str,
    ours: str | None,
    theirs: str | None,
    status: int,
) -> None:
    """Workers that do not share our key are named as such, not as being absent."""
    if ours is not None:
        options["TLSCHECK_WORKER_KEY"] = ours
    async with worker_process(replace(plan_of(lab, redis_url), key=theirs)):
        ended = await tlscheck("check", HEALTHY, "--vantage", "prod-tokyo", **options)
        assert (ended.status, ended.out) == (status, "")
        assert "TLSCHECK_WORKER_KEY" in ended.err
        compared = await tlscheck("compare", HEALTHY, **options)
        assert compared.status == status
        assert "TLSCHECK_WORKER_KEY" in compared.err + compared.out
