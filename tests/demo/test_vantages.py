"""The demo's other places: each differs in one thing, over the real queue, and ends cleanly."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from pydantic import SecretStr

from bot.compare import Seen, gather
from bot.demo.lab import Lab, open_lab
from bot.demo.lab.loopback import PLAIN_NETWORK
from bot.demo.lab.scenarios.elsewhere import (
    ELSEWHERE,
    INSPECTED,
    NOT_FROM_THERE,
    OLD_BUNDLE,
    RENEWED_TODAY,
    SPLIT_DNS,
)
from bot.demo.vantages import BATCH, DMZ, OFFICE, OSAKA, TOKYO, lab_vantage, open_vantages
from bot.diagnosis.causes import Cause
from bot.diagnosis.question import Question
from bot.diagnosis.target import parse_target
from bot.places import Places, places_of
from bot.service import Service
from bot.settings import Settings
from bot.store import open_store
from bot.worker import open_post

KEY = "a key that only the tests know"


@asynccontextmanager
async def _around(lab: Lab, url: str) -> AsyncIterator[tuple[Service, Places]]:
    settings = Settings(
        _env_file=None,
        redis_url=SecretStr(url),
        tlscheck_worker_key=SecretStr(KEY),
        tlscheck_allow_networks=lab.networks,
    )
    async with (
        open_store(url, lambda: datetime.now(UTC)) as store,
        lab_vantage(lab)(settings) as own,
        open_vantages(lab, url, KEY),
        places_of(settings, own) as places,
    ):
        service = Service(own, store, places=places)
        yield service, places
        await service.aclose()


async def _compared(service: Service, places: Places, host: str) -> dict[str, Seen]:
    question = Question(target=parse_target(host))
    return {one.vantage: one async for one in gather(service, places, question)}


async def test_each_place_differs_at_its_own_host(redis_url: str) -> None:
    """An old bundle, a gateway, other name servers, a policy, a slow clock: one host for each."""
    async with (
        open_lab(scenarios=ELSEWHERE) as lab,
        _around(lab, redis_url) as (service, places),
    ):
        seen = {one.host: await _compared(service, places, one.host) for one in ELSEWHERE}
    odd = {
        host: {name for name, one in by_place.items() if not _sound(one)}
        for host, by_place in seen.items()
    }
    assert odd == {
        OLD_BUNDLE.host: {TOKYO},
        INSPECTED.host: {OFFICE},
        SPLIT_DNS.host: {OSAKA},
        NOT_FROM_THERE.host: {DMZ},
        RENEWED_TODAY.host: {BATCH},
    }
    there = {host: by_place[next(iter(odd[host]))] for host, by_place in seen.items()}
    causes = {host: one.report.cause for host, one in there.items() if one.report}
    assert causes == {
        OLD_BUNDLE.host: None,
        INSPECTED.host: Cause.INTERCEPTION_PROXY,
        SPLIT_DNS.host: Cause.EXPIRED,
        NOT_FROM_THERE.host: Cause.EGRESS_DENIED,
        RENEWED_TODAY.host: Cause.CLOCK_SKEW,
    }
    old = there[OLD_BUNDLE.host].report
    assert old is not None
    assert (old.machine[0].lacks, old.machine[0].until) == (
        "tlscheck Lab Root CA X2",
        datetime(2019, 9, 11, tzinfo=UTC).date(),
    )
    batch = there[RENEWED_TODAY.host].presence
    assert batch is not None
    assert batch.clock_offset > 25 * 3600
    inspected = seen[INSPECTED.host]
    assert len({_address(one) for one in inspected.values()}) == 1
    assert _address(seen[SPLIT_DNS.host][OSAKA]) != _address(seen[SPLIT_DNS.host]["here"])


async def test_nobody_is_left_there(redis_url: str) -> None:
    """When the demo ends, its workers have said goodbye."""
    async with open_lab(scenarios=ELSEWHERE) as lab, open_post(redis_url) as post:
        async with open_vantages(lab, redis_url, KEY) as names:
            assert {one.vantage for one in await post.look()} == set(names)
            assert all(one.signed for one in post.workers)
        assert await post.look() == ()


async def test_one_address_for_all_servers_has_no_dmz(redis_url: str) -> None:
    """Where 127.77.x.y cannot be bound, nothing can be denied to one place alone."""
    async with open_lab(scenarios=ELSEWHERE) as lab:
        plain = Lab(
            lab.roots_pem,
            (PLAIN_NETWORK,),
            lab.hosts,
            lab.aia_requests,
            lab.switches,
            lab.authority,
        )
        async with open_vantages(plain, redis_url, KEY) as names:
            assert names == (TOKYO, OSAKA, OFFICE, BATCH)


def _sound(seen: Seen) -> bool:
    report = seen.report
    return (
        report is not None
        and report.verdict == "ok"
        and all(one.verify.code == 0 for one in report.machine)
    )


def _address(seen: Seen) -> str:
    assert seen.report is not None
    return seen.report.endpoints[0].address


async def test_workers_that_just_began_end_at_once(redis_url: str) -> None:
    """However a stop falls together with a first read of the queue, nobody is waited for."""
    async with open_lab(scenarios=ELSEWHERE) as lab:
        for _ in range(12):
            async with asyncio.timeout(10), open_vantages(lab, redis_url, KEY):
                pass
