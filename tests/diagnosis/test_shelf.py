"""What CAs answered is shared between processes, and believed no more than a download."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from ipaddress import ip_network

import pytest

from bot.demo.lab import SCENARIOS, Lab, open_lab
from bot.diagnosis.causes import Cause
from bot.diagnosis.egress import EgressPolicy
from bot.diagnosis.question import Question
from bot.diagnosis.report import Report
from bot.diagnosis.shelf import Found, SharedAnswers
from bot.diagnosis.target import parse_target
from bot.store import Store, open_store
from bot.vantage import LocalVantage
from tests.diagnosis.names import Names
from tests.store.conftest import utc_now

NEEDED = (
    "missing-intermediate",
    "missing-intermediate-dead-aia",
    "revoked-ocsp",
    "revoked-crl",
    "crl-only",
    "ocsp-forged",
    "revoked-intermediate",
)


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    """Servers whose CAs have to be asked."""
    async with open_lab(scenarios=[one for one in SCENARIOS if one.name in NEEDED]) as running:
        yield running


@pytest.fixture
async def store(redis_url: str) -> AsyncIterator[Store]:
    """An open store on an empty server."""
    async with open_store(redis_url, utc_now) as opened:
        yield opened


@asynccontextmanager
async def process(
    lab: Lab, store: Store, *, name: str = "here", policy: EgressPolicy | None = None
) -> AsyncIterator[LocalVantage]:
    """The vantage of one process: its own memory, the shared shelf."""
    vantage = LocalVantage(
        name,
        resolver=Names(
            {host: [f"{ip}:{port}" for ip, port in all_] for host, all_ in lab.hosts.items()}
        ),
        policy=policy or EgressPolicy(tuple(ip_network(one) for one in lab.networks)),
        extra_roots_pem=lab.roots_pem.decode(),
    )
    vantage.share(store.shelf)
    yield vantage
    await store.shelf.settle()
    await vantage.aclose()


async def ask(vantage: LocalVantage, name: str, **changes: object) -> Report:
    """The Report of a server of the lab."""
    return await vantage.check(Question(target=parse_target(f"{name}.lab.test"), **changes))


async def in_turn(lab: Lab, store: Store, name: str, **changes: str) -> tuple[Report, Report]:
    """What two processes say, one after the other."""
    async with process(lab, store) as one:
        first = await ask(one, name)
    async with process(lab, store, **changes) as two:  # type: ignore[arg-type] # only names here
        return first, await ask(two, name)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("missing-intermediate", "/lab-issuing-ca-g2.cer"),
        ("revoked-ocsp", "/ocsp/revoked"),
        ("revoked-crl", "/crl/issuing.crl"),
        ("crl-only", "/crl/issuing.crl"),
        ("revoked-intermediate", "/crl/root.crl"),
    ],
)
async def test_a_second_process_does_not_ask_the_ca_again(
    lab: Lab, store: Store, name: str, path: str
) -> None:
    """The same verdict and proof, from what the first one fetched."""
    first, second = await in_turn(lab, store, name)
    assert (first.verdict, first.cause) == (second.verdict, second.cause)
    assert first.findings == second.findings
    assert lab.aia_requests == [path]


async def test_a_dead_address_costs_one_process_its_wait(lab: Lab, store: Store) -> None:
    """A failure is shared for a while, too: everybody says so, one has asked."""
    first, second = await in_turn(lab, store, "missing-intermediate-dead-aia")
    assert (first.cause, second.cause) == (Cause.MISSING_INTERMEDIATE,) * 2
    assert first.findings == second.findings
    assert lab.aia_requests == ["/moved-away.cer"]


async def test_what_does_not_count_is_not_shared(lab: Lab, store: Store) -> None:
    """A forged answer is nobody's but who got it: the next one may get a right one."""
    await in_turn(lab, store, "ocsp-forged")
    assert lab.aia_requests == ["/ocsp/forged"] * 2


@pytest.mark.parametrize("changes", [{"name": "osaka-1"}, {"policy": EgressPolicy()}])
async def test_another_place_or_policy_shares_nothing(
    lab: Lab, store: Store, changes: dict[str, object]
) -> None:
    """Who may reach less learns nothing of what others fetched; who stands elsewhere looks itself."""
    async with process(lab, store) as one:
        await ask(one, "missing-intermediate")
    async with process(lab, store, **changes) as two:  # type: ignore[arg-type] # parametrised
        report = await ask(two, "missing-intermediate")
        if "policy" in changes:
            assert report.cause is Cause.EGRESS_DENIED
            [(fetcher, _)] = two._fetchers.values()
            fetched = await fetcher.fetch("http://aia.lab.test/lab-issuing-ca-g2.cer")
            assert (fetched.certificates, fetched.shared) == ((), False)
        else:
            assert len(lab.aia_requests) == 2


async def test_a_widened_question_neither_reads_nor_writes(lab: Lab, store: Store) -> None:
    """What one asker alone may reach stays with that asker's check."""
    async with process(lab, store, policy=EgressPolicy()) as one:
        wide = await ask(one, "missing-intermediate", allow_networks=lab.networks)
        assert wide.fix is not None
        assert wide.fix.proven
    assert await store.connection.execute("KEYS", "tlscheck:shelf*") == []


@pytest.mark.parametrize(
    "poison", [b"", b"+", b"+rubbish", b"?", b"\xff" * 5000, b"other CA", b"other list"]
)
@pytest.mark.parametrize("name", ["missing-intermediate", "revoked-ocsp", "revoked-crl"])
async def test_poison_on_the_shelf_is_a_miss(
    lab: Lab, store: Store, name: str, poison: bytes
) -> None:
    """Rubbish, another CA's certificate, somebody else's list: the CA is asked, the answer is right."""
    if poison == b"other CA":
        poison = b"+" + lab.authority.unrelated.der
    elif poison == b"other list":
        poison = b"+" + lab.authority.private_root.der
    async with process(lab, store) as one:
        first = await ask(one, name)
    for key in await store.connection.execute("KEYS", "tlscheck:shelf:*"):
        await store.connection.execute("SET", key, poison)
    async with process(lab, store) as two:
        second = await ask(two, name)
    assert (second.verdict, second.cause) == (first.verdict, first.cause)
    assert second.findings == first.findings
    assert len(lab.aia_requests) == 2


async def test_names_tell_questions_apart(store: Store) -> None:
    """Scope, address and request are each part of the name, wherever one ends and the next begins."""
    here = SharedAnswers(store.shelf, "here")
    here.keep("http://ca.test/a", b"body", 60, b"b")
    await store.shelf.settle()
    assert await here.find("http://ca.test/a", b"b") == Found(b"body")
    assert await here.find("http://ca.test/ab") is None
    assert await SharedAnswers(store.shelf, "her").find("ehttp://ca.test/a", b"b") is None
    here.keep_fault("http://ca.test/a", "x" * 5000)
    await store.shelf.settle()
    assert await here.find("http://ca.test/a") == Found(fault="x" * 200)


async def test_a_shared_certificate_is_no_witness_of_the_time(lab: Lab, store: Store) -> None:
    """The clock is a year ahead: before "expired" is said, the CA itself is asked for the time."""
    async with process(lab, store) as one:
        await ask(one, "missing-intermediate")
    async with process(lab, store) as two:
        two._clock = lambda: utc_now() + timedelta(days=365)
        report = await ask(two, "missing-intermediate")
    assert report.cause is Cause.MISSING_INTERMEDIATE
    assert Cause.CLOCK_SKEW in {one.code for one in report.findings}
    assert len(lab.aia_requests) == 2
