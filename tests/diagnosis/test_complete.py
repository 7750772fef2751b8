"""Finding what a server left out: which addresses are asked, and when it ends."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from bot.demo.lab.pki import Issued, make_intermediate, make_leaf
from bot.diagnosis.aia import Fetched
from bot.diagnosis.complete import Asking, Completion, complete
from tests.diagnosis.chains import (
    CASES,
    DAY,
    HOST,
    OTHER_ROOT,
    ROOT,
    STRANGER,
    Case,
    again,
    read,
)
from tests.diagnosis.servers import NOW


def at(name: str) -> list[str]:
    """The AIA address that leads to this."""
    return [f"http://ca.test/{name}"]


UPPER = make_intermediate(ROOT, "AIA Upper", now=NOW, path_length=2, ca_issuers=at("root"))
ISSUING = make_intermediate(UPPER, "AIA Issuing", now=NOW, ca_issuers=at("upper"))
LEAF = make_leaf(ISSUING, HOST, now=NOW, ca_issuers=at("issuing"))
EXPIRED = again(UPPER, ISSUING, not_after=NOW - DAY, ca_issuers=at("upper"))
PLACES: dict[str, Sequence[Issued]] = {
    "root": (ROOT,),
    "upper": (UPPER,),
    "issuing": (ISSUING,),
}


class Places:
    """What each address hands out, and which ones were asked."""

    def __init__(self, places: Mapping[str, Sequence[Issued]]) -> None:
        self.asked: list[str] = []
        self._places = places

    async def fetch(self, url: str) -> Fetched:
        """As `IssuerFetcher.fetch`."""
        name = url.removeprefix("http://ca.test/")
        self.asked.append(name)
        if name == "never":
            await asyncio.sleep(60)
        if name not in self._places:
            return Fetched(url, fault="HTTP 404")
        return Fetched(url, read(*self._places[name]))


async def completed(case: Case, places: Places, *, within: float = 5.0) -> Completion:
    """The completion of a case."""
    leaf, *rest = case.certificates
    deadline = asyncio.get_running_loop().time() + within
    return await complete(leaf, rest, case.trust, case.at, fetch=places.fetch, deadline=deadline)


@pytest.mark.parametrize(
    ("sent", "asked"),
    [
        ((LEAF,), ["issuing", "upper"]),
        ((LEAF, ISSUING), ["upper"]),
        ((LEAF, UPPER), ["issuing"]),
        ((LEAF, STRANGER), ["issuing", "upper"]),
        ((LEAF, EXPIRED, UPPER), ["issuing"]),
        ((LEAF, ISSUING, UPPER), []),
    ],
    ids=["leaf alone", "no upper", "no lower", "a stranger", "expired", "complete"],
)
async def test_only_what_is_missing_is_asked_for(
    sent: tuple[Issued, ...], asked: list[str]
) -> None:
    """From the gap upwards, one address after the other, until a path verifies."""
    places = Places(PLACES)
    found = await completed(Case(sent, (ROOT,)), places)
    assert found.path is not None
    assert found.path.verdict.ok
    assert places.asked == asked
    assert [one.url for one in found.fetches] == [f"http://ca.test/{one}" for one in asked]


async def test_an_expired_leaf_asks_nobody_when_its_chain_is_there() -> None:
    """No other chain would mend the leaf's own dates."""
    places = Places(PLACES)
    leaf = make_leaf(ISSUING, HOST, now=NOW, not_after=NOW - DAY, ca_issuers=at("issuing"))
    await completed(Case((leaf, ISSUING, UPPER), (ROOT,)), places)
    assert places.asked == []


async def test_an_expired_leaf_with_a_gap_is_completed() -> None:
    """Both faults are worth knowing: the renewed certificate needs the intermediate too."""
    leaf = make_leaf(ISSUING, HOST, now=NOW, not_after=NOW - DAY, ca_issuers=at("issuing"))
    found = await completed(Case((leaf,), (ROOT,)), Places(PLACES))
    assert found.path is not None
    assert found.path.verdict.code == 10
    assert found.path.fetched == read(ISSUING, UPPER)


async def test_what_did_not_issue_is_not_taken() -> None:
    """An address that hands out somebody else's certificate closes no gap."""
    found = await completed(Case((LEAF,), (ROOT,)), Places({"issuing": (STRANGER,)}))
    assert found.path is None
    assert found.fetched == ()


async def test_a_bundle_closes_two_gaps_at_once() -> None:
    """A .p7c with the whole chain needs one request."""
    places = Places({"issuing": (ROOT, UPPER, ISSUING)})
    found = await completed(Case((LEAF,), (ROOT,)), places)
    assert found.path is not None
    assert found.path.verdict.ok
    assert places.asked == ["issuing"]


async def test_an_unknown_root_is_climbed_to() -> None:
    """Without a trusted root the climb ends at the top, and what was found is kept."""
    places = Places(PLACES)
    found = await completed(Case((LEAF,), (OTHER_ROOT,)), places)
    assert found.path is None
    assert places.asked == ["issuing", "upper", "root"]
    assert found.fetched == read(ISSUING, UPPER, ROOT)


async def test_a_silent_address_ends_at_the_deadline() -> None:
    """An address that never answers is a timeout, and the others count."""
    leaf = make_leaf(
        ISSUING, HOST, now=NOW, ca_issuers=["http://ca.test/never", "http://ca.test/issuing"]
    )
    loop = asyncio.get_running_loop()
    started = loop.time()
    found = await completed(Case((leaf, UPPER), (ROOT,)), Places(PLACES), within=0.3)
    assert loop.time() - started < 2
    assert found.path is not None
    assert found.path.verdict.ok
    assert {one.fault for one in found.fetches} == {"timeout", None}


async def test_addresses_are_asked_once_and_not_without_end() -> None:
    """A certificate with a hundred addresses, all dead, does not keep the checker busy."""
    many = [f"http://ca.test/dead{number}" for number in range(100)]
    places = Places({})
    leaf = make_leaf(ISSUING, HOST, now=NOW, ca_issuers=many)
    await completed(Case((leaf,), (ROOT,)), places)
    assert 0 < len(places.asked) <= 12
    assert len(set(places.asked)) == len(places.asked)


async def test_an_endless_ladder_ends() -> None:
    """CAs that always name one more above them are followed a few steps."""
    rungs: list[Issued] = [make_intermediate(ROOT, "Rung 0", now=NOW, ca_issuers=at("x"))]
    for number in range(1, 20):
        above = rungs[-1]
        rungs.append(
            make_intermediate(above, f"Rung {number}", now=NOW, ca_issuers=at(str(number - 1)))
        )
    places = Places({str(number): (one,) for number, one in enumerate(rungs)})
    leaf = make_leaf(rungs[-1], HOST, now=NOW, ca_issuers=at("19"))
    found = await completed(Case((leaf,), (ROOT,)), places)
    assert found.path is None
    assert len(places.asked) <= 6


async def test_a_self_signed_server_certificate_has_nobody_above() -> None:
    """Nothing is asked for a certificate that names itself."""
    places = Places(PLACES)
    found = await completed(CASES["self-signed"], places)
    assert found == Completion(None)
    assert places.asked == []


async def test_one_check_asks_a_bounded_number_of_addresses() -> None:
    """However many addresses the certificates of one name's servers hold; the same counts once."""
    places = Places({})
    asking = Asking(places.fetch, 3)
    for name in ("a", "b", "a", "c", "d", "b"):
        last = await asking.fetch(f"http://ca.test/{name}")
        assert (last.fault == "too many addresses") == (name == "d")
    assert places.asked == ["a", "b", "a", "c", "b"]
