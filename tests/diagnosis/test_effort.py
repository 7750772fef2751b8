"""Hostile crowds of certificates cost one check a bounded number of signatures."""

import asyncio

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from bot.demo.lab.pki import Issued, make_leaf, make_root
from bot.diagnosis.aia import Fetched
from bot.diagnosis.certificate import issued_by, signed_by
from bot.diagnosis.complete import complete
from bot.diagnosis.effort import (
    BUDGET,
    EffortSpentError,
    bounded_effort,
    spend,
    weight_of,
)
from bot.diagnosis.trust import TrustStore
from tests.diagnosis.chains import ISSUING, LEAF, ROOT, UPPER, read
from tests.diagnosis.servers import NOW

KEY = ec.generate_private_key(ec.SECP256R1()).public_key()
# A modulus is any odd number here: verifying with it costs as much as with a real one.
MODULUS = (1 << 3071) | 1


def namesakes(count: int) -> list[Issued]:
    """Certificates of one name and as many keys: nobody can tell who issued whom but by trying."""
    return [
        make_root("Crowd", now=NOW, key=ec.generate_private_key(ec.SECP256R1()))
        for _ in range(count)
    ]


def test_nothing_is_bounded_outside_of_a_check() -> None:
    """Without a budget every signature is tried."""
    for _ in range(2 * BUDGET):
        spend(KEY)


def test_the_budget_ends() -> None:
    """What one check may spend is spent once."""
    with bounded_effort(2):
        spend(KEY)
        spend(KEY)
        with pytest.raises(EffortSpentError, match=r"^$"):
            spend(KEY)
    spend(KEY)


async def test_tasks_share_the_budget_of_their_check() -> None:
    """The addresses of one name are looked at side by side, on one account."""

    async def one() -> bool:
        try:
            spend(KEY)
        except EffortSpentError:
            return False
        return True

    with bounded_effort(3):
        assert sum(await asyncio.gather(*(one() for _ in range(8)))) == 3


@pytest.mark.parametrize(
    ("key", "weight"),
    [
        (KEY, 1),
        (ed25519.Ed25519PrivateKey.generate().public_key(), 1),
        (rsa.RSAPublicNumbers(65537, MODULUS).public_key(), 1),
        (ec.generate_private_key(ec.SECP384R1()).public_key(), 4),
        (ec.generate_private_key(ec.BrainpoolP512R1()).public_key(), 10),
        (rsa.RSAPublicNumbers(MODULUS - 2, MODULUS).public_key(), 40),
        (rsa.RSAPublicNumbers(65537, (1 << 16383) | 1).public_key(), 40),
        (None, 40),
    ],
    ids=["p256", "ed25519", "rsa", "p384", "brainpool", "rsa-exponent", "rsa-16384", "unknown"],
)
def test_slow_keys_cost_more(key: object, weight: int) -> None:
    """A key that is slow to verify with takes more of the budget."""
    assert weight_of(key) == weight


def test_what_could_not_be_tried_is_not_remembered() -> None:
    """A signature that a spent budget passed over is tried in the next check."""
    leaf, issuing = read(LEAF, ISSUING)
    signed_by.cache_clear()
    with bounded_effort(0):
        assert not issued_by(leaf, issuing)
    assert issued_by(leaf, issuing)


async def test_fetched_namesakes_cost_little() -> None:
    """A crowd that was sent and a crowd that was fetched are not all tried against each other."""
    crowd = namesakes(60)
    places = {f"http://ca.test/{n}": namesakes(10) for n in range(8)}
    leaf = make_leaf(crowd[0], "crowd.test", now=NOW, ca_issuers=list(places))

    async def fetch(url: str) -> Fetched:
        return Fetched(url, read(*places[url]))

    signed_by.cache_clear()
    sent = read(leaf, *crowd[1:])
    deadline = asyncio.get_running_loop().time() + 30
    with bounded_effort():
        await complete(
            sent[0], sent[1:], TrustStore(read(ROOT)), NOW, fetch=fetch, deadline=deadline
        )
    # The cache keeps those that were really tried.
    assert signed_by.cache_info().currsize <= BUDGET


async def test_an_honest_chain_needs_little_of_it() -> None:
    """A chain with everything in it is judged with a few dozen signatures."""
    signed_by.cache_clear()
    leaf, *others = read(LEAF, ISSUING, UPPER)
    deadline = asyncio.get_running_loop().time() + 5
    with bounded_effort(40):
        completion = await complete(
            leaf, others, TrustStore(read(ROOT)), NOW, fetch=_never, deadline=deadline
        )
    assert completion.path is not None
    assert completion.path.verdict.ok


async def _never(url: str) -> Fetched:
    raise AssertionError(url)
