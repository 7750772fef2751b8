"""`check` and `examine_chain`, as programs call them."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from bot.demo.lab import SCENARIOS, open_lab
from bot.diagnosis import (
    Cause,
    ConnectTo,
    Question,
    Report,
    Target,
    TargetError,
    check,
    examine_chain,
    parse_target,
)
from bot.diagnosis.certificate import MalformedCertificateError
from bot.texts import phrase_report
from tests.diagnosis.chains import CASES, HOST, ISSUING, LEAF, OTHER_ROOT, ROOT, UPPER
from tests.diagnosis.servers import NOW

FIELDS = {
    *("schema", "id", "target", "checked_at", "duration_ms", "vantage", "verdict", "cause"),
    *(
        "summary",
        "verify",
        "findings",
        "aliases",
        "endpoints",
        "path",
        "clients",
        "fix",
        "software",
    ),
    "pending",
    "machine",
}
HEALTHY = [one for one in SCENARIOS if one.name in ("healthy", "missing-intermediate", "expired")]


def file_of(*parts: bytes) -> bytes:
    """A PEM file of these blocks."""
    return b"".join(parts)


def chain_report(*parts: bytes, host: str = HOST, at: datetime = NOW) -> Report:
    """The Report of a file under the chain's own root."""
    return examine_chain(file_of(*parts), host, roots=ROOT.pem, at=at)


def test_a_right_file_is_right() -> None:
    """A complete chain is ok, and says so in every field."""
    report = chain_report(LEAF.pem, ISSUING.pem, UPPER.pem)
    assert (report.verdict, report.cause) == ("ok", None)
    assert report.verify is not None
    assert (report.verify.code, report.verify.message) == (0, "ok")
    assert report.fix is None
    assert report.path is not None
    assert [one.source for one in report.path] == ["server", "server", "server", "roots"]
    assert [one.role for one in report.endpoints[0].chain] == [
        "leaf",
        "intermediate",
        "intermediate",
    ]
    assert {one.outcome for one in report.clients} == {"works"}


def test_the_json_has_the_fields_of_the_contract() -> None:
    """What programs read is there under its name, and reads back as the same Report."""
    report = chain_report(LEAF.pem)
    found = json.loads(report.to_json())
    assert set(found) == FIELDS
    assert found["schema"] == 1
    assert found["checked_at"].endswith("Z")
    assert "\n" not in report.to_json()
    assert Report.model_validate_json(report.to_json()).to_json() == report.to_json()


def test_order_is_kept() -> None:
    """What the file holds is shown in its order, though another one works as well."""
    report = chain_report(LEAF.pem, UPPER.pem, ISSUING.pem)
    assert (report.verdict, report.cause) == ("warning", Cause.WRONG_CHAIN_ORDER)
    names = [one.name for one in report.endpoints[0].chain]
    assert names == [HOST, "Chains Upper", "Chains Issuing"]


def test_keys_and_text_are_passed_over() -> None:
    """A combined file, as HAProxy wants it, is a chain with a key in it."""
    report = chain_report(
        b"# \xe9\xa9 our new file\n", LEAF.key_pem, LEAF.pem, ISSUING.pem, UPPER.pem, LEAF.key_pem
    )
    assert report.verdict == "ok"
    assert b"PRIVATE" not in report.to_json().encode()


def test_the_first_certificate_is_the_servers_own() -> None:
    """A file that begins with an intermediate is judged as a server that sends it first."""
    report = chain_report(ISSUING.pem, LEAF.pem, UPPER.pem)
    assert report.verdict == "broken"
    assert report.cause is Cause.WRONG_CHAIN_ORDER


@pytest.mark.parametrize(
    "pem",
    [b"", b"\n\n", b"garbage", b"\xff\xfe\x00", LEAF.key_pem, LEAF.der, LEAF.pem[:200]],
    ids=["empty", "blank", "text", "binary", "a key", "DER", "cut short"],
)
def test_a_file_without_a_certificate_is_refused(pem: bytes) -> None:
    """Nothing to judge is said in one clear way."""
    with pytest.raises(MalformedCertificateError, match=r"."):
        examine_chain(pem, HOST, roots=ROOT.pem)


@pytest.mark.parametrize("roots", [b"", b"\xff\xfe", LEAF.key_pem])
async def test_roots_without_a_certificate_are_refused(roots: bytes) -> None:
    """Wrong roots are an error of the asker, in both calls, before anything is opened."""
    with pytest.raises(MalformedCertificateError, match=r"."):
        await check("healthy.lab.test", roots=roots)


def test_roots_may_carry_text() -> None:
    """A bundle with comments in any encoding is a bundle."""
    roots = "# Autorité de confiance\n".encode("latin-1") + ROOT.pem + b"\n" + OTHER_ROOT.pem
    report = examine_chain(file_of(LEAF.pem, ISSUING.pem, UPPER.pem), HOST, roots=roots, at=NOW)
    assert report.verdict == "ok"


def test_the_moment_is_chosen() -> None:
    """A file is judged as of the moment that was asked for."""
    parts = (LEAF.pem, ISSUING.pem, UPPER.pem)
    assert chain_report(*parts, at=NOW + timedelta(days=200)).cause is Cause.EXPIRED
    assert chain_report(*parts, at=NOW - timedelta(days=20)).cause is Cause.NOT_YET_VALID
    assert chain_report(*parts).verdict == "ok"


def test_a_file_that_begins_with_the_intermediate_is_told_to_be_turned_round() -> None:
    """The right certificate is there: nobody is sent to the CA for another one."""
    report = chain_report(ISSUING.pem, LEAF.pem, UPPER.pem)
    assert report.cause is Cause.WRONG_CHAIN_ORDER
    assert report.findings[0].evidence["position"] == 2
    assert report.fix is not None
    assert report.fix.proven
    assert report.fix.fullchain_pem == file_of(LEAF.pem, ISSUING.pem, UPPER.pem).decode()
    assert "“Chains Issuing”" in str(phrase_report(report, "en"))


def test_without_roots_the_bundled_ones_count() -> None:
    """A private chain is not trusted by the public store."""
    report = examine_chain(file_of(LEAF.pem, ISSUING.pem, UPPER.pem, ROOT.pem), HOST, at=NOW)
    assert report.cause is Cause.UNTRUSTED_ROOT
    assert report.verify is not None
    assert report.verify.code == 19


@pytest.mark.parametrize("host", ["", "-h", "a b c", "http://"])
def test_a_host_that_is_none_is_refused(host: str) -> None:
    """The mistake is the asker's, and is told apart from a broken file."""
    with pytest.raises(TargetError, match=r"."):
        chain_report(LEAF.pem, host=host)


@pytest.mark.parametrize("which", CASES)
def test_every_chain_ends_in_a_report(which: str) -> None:
    """Each kind of chain gives a Report that can be sent, with OpenSSL's opinion in it."""
    case = CASES[which]
    report = examine_chain(
        b"".join(one.pem for one in case.sent),
        HOST,
        roots=b"".join(one.pem for one in case.roots),
        at=case.at,
    )
    assert report.verify is not None
    stumbles = any(one.evidence.get("rule") == "path_building" for one in report.findings)
    assert (report.verdict in ("ok", "warning")) <= (report.verify.code == 0 or stumbles)
    assert Report.model_validate_json(report.to_json()).to_json() == report.to_json()


async def test_a_live_server_is_checked() -> None:
    """Name, address, roots and network are the caller's; the Report is of that server."""
    async with open_lab(scenarios=HEALTHY) as lab:
        for name, verdict, cause in (
            ("healthy", "ok", None),
            ("expired", "broken", Cause.EXPIRED),
            ("missing-intermediate", "broken", Cause.MISSING_INTERMEDIATE),
        ):
            address, port = lab.address_of(name)
            report = await check(
                f"{name}.lab.test",
                addresses=[ConnectTo(address=address, port=port)],
                roots=lab.roots_pem,
                allow_networks=lab.networks,
                fetch=False,
            )
            assert (report.verdict, report.cause) == (verdict, cause)
            assert report.endpoints[0].address == address
        assert lab.aia_requests == []


async def test_the_default_policy_holds() -> None:
    """Loopback is not connected to unless the caller allows it."""
    async with open_lab(scenarios=HEALTHY) as lab:
        address, port = lab.address_of("healthy")
        place = [ConnectTo(address=address, port=port)]
        report = await check("healthy.lab.test", addresses=place, roots=lab.roots_pem)
    assert report.cause is Cause.EGRESS_DENIED
    assert not report.endpoints[0].reachable


@pytest.mark.parametrize(
    "target", ["127.0.0.1", "[::ffff:127.0.0.1]", "169.254.169.254", "[::1]:443", "10.0.0.1"]
)
async def test_special_addresses_are_denied(target: str) -> None:
    """An address that is typed is vetted like one that was resolved."""
    report = await check(target, timeout=2)
    assert (report.verdict, report.cause) == ("unreachable", Cause.EGRESS_DENIED)


async def test_a_moment_in_the_past() -> None:
    """A live server is judged as of another moment, too."""
    async with open_lab(scenarios=HEALTHY) as lab:
        address, port = lab.address_of("healthy")
        report = await check(
            Target(input="x", host="healthy.lab.test"),
            addresses=[ConnectTo(address=address, port=port)],
            roots=lab.roots_pem,
            allow_networks=lab.networks,
            at=datetime.now(UTC) + timedelta(days=1000),
        )
    assert report.cause is Cause.EXPIRED
    assert report.verify is not None
    assert report.verify.code == 10


def test_the_question_tells_answers_apart() -> None:
    """How it was typed does not matter; where the connection goes does."""
    plain = Question(target=parse_target("Healthy.lab.test"))
    same = Question(target=parse_target("https://healthy.lab.test/path"), timeout=3)
    other = Question(target=parse_target("healthy.lab.test:8443"))
    led = Question(target=parse_target("healthy.lab.test"), addresses=(ConnectTo(address="::1"),))
    assert plain.digest() == same.digest()
    assert len({one.digest() for one in (plain, other, led)}) == 3
