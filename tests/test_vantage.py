"""Where checks run from: the settings' networks, roots and name are used, and nothing is left open."""

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from bot.demo.lab import SCENARIOS, Lab, open_lab
from bot.diagnosis import Cause, Question, parse_target
from bot.diagnosis.egress import EgressPolicy
from bot.diagnosis.report import Report
from bot.settings import Settings, SettingsError
from bot.vantage import LocalVantage, open_local_vantage
from tests.diagnosis.names import Names

SOME = [one for one in SCENARIOS if one.name in ("healthy", "missing-intermediate")]


def names_of(lab: Lab) -> Names:
    """The lab's names, and no others."""
    return Names({host: [f"{ip}:{port}" for ip, port in all_] for host, all_ in lab.hosts.items()})


def question(name: str, **changes: object) -> Question:
    """A question about a host of the lab."""
    return Question(target=parse_target(f"{name}.lab.test"), **changes)


async def ask(lab: Lab, settings: Settings, one: Question) -> Report:
    """The answer of a vantage as the settings want it."""
    async with open_local_vantage(settings, resolver=names_of(lab)) as vantage:
        return await vantage.check(one)


async def test_the_settings_are_used(tmp_path: Path) -> None:
    """Name, allowed networks and the company's roots come from the settings."""
    async with open_lab(scenarios=SOME) as lab:
        (tmp_path / "roots.pem").write_bytes("# Autorité\n".encode("latin-1") + lab.roots_pem)
        settings = Settings(
            tlscheck_vantage="tokyo-1",
            tlscheck_allow_networks=tuple(map(ip_network, lab.networks)),
            tlscheck_extra_roots=tmp_path / "roots.pem",
        )
        report = await ask(lab, settings, question("healthy"))
        assert (report.verdict, report.vantage) == ("ok", "tokyo-1")
        assert (await ask(lab, Settings(), question("healthy"))).cause is Cause.EGRESS_DENIED
        denied = settings.model_copy(
            update={"tlscheck_deny_networks": settings.tlscheck_allow_networks}
        )
        assert (await ask(lab, denied, question("healthy"))).cause is Cause.EGRESS_DENIED


@pytest.mark.parametrize("content", [b"", b"\n", b"no certificate", b"\xff\xfe"])
async def test_wrong_roots_end_the_start(tmp_path: Path, content: bytes) -> None:
    """A file that holds no certificate is named by its setting."""
    file = tmp_path / "roots.pem"
    file.write_bytes(content)
    with pytest.raises(SettingsError, match=r"^TLSCHECK_EXTRA_ROOTS: "):
        async with open_local_vantage(Settings(tlscheck_extra_roots=file)):
            pass


async def test_an_askers_own_networks_widen_only_his_check() -> None:
    """What one question allows is not open to the next."""
    async with (
        open_lab(scenarios=SOME) as lab,
        open_local_vantage(
            Settings(), resolver=names_of(lab), extra_roots_pem=lab.roots_pem.decode()
        ) as vantage,
    ):
        wide = await vantage.check(question("healthy", allow_networks=lab.networks))
        plain = await vantage.check(question("healthy"))
    assert (wide.verdict, plain.cause) == ("ok", Cause.EGRESS_DENIED)


async def test_given_roots_stand_alone() -> None:
    """`--roots` means exactly these, without the company's own."""
    async with (
        open_lab(scenarios=SOME) as lab,
        open_local_vantage(
            Settings(), resolver=names_of(lab), extra_roots_pem=lab.roots_pem.decode()
        ) as vantage,
    ):
        other = lab.authority.private_root.pem.decode()
        asked = question("healthy", allow_networks=lab.networks, roots_pem=other, fetch=False)
        report = await vantage.check(asked)
        digests = {
            vantage.roots_digest(one)
            for one in (asked, question("healthy"), question("missing-intermediate"))
        }
    assert report.verdict == "broken"
    assert len(digests) == 2


async def test_a_bot_that_runs_for_months_judges_as_of_today() -> None:
    """The second check, a year later by the clock, sees the expired certificate as such."""
    start = datetime.now(UTC).replace(microsecond=0)
    moments = itertools.chain([start], itertools.repeat(start + timedelta(days=365)))
    async with open_lab(clock=lambda: start, scenarios=SOME) as lab:
        vantage = LocalVantage(
            "here",
            resolver=names_of(lab),
            policy=EgressPolicy(tuple(ip_network(one) for one in lab.networks)),
            extra_roots_pem=lab.roots_pem.decode(),
            clock=lambda: next(moments),
        )
        # Without fetching nobody tells the bot that its clock is a year ahead.
        first = await vantage.check(question("healthy", fetch=False))
        later = await vantage.check(question("healthy", fetch=False))
        await vantage.aclose()
    assert first.verdict == "ok"
    assert later.cause is Cause.EXPIRED
    assert later.verify is not None
    assert later.verify.code == 10


async def test_a_file_is_judged_without_a_connection() -> None:
    """The company's roots count for files as well, and the host is not connected to."""
    async with open_lab(scenarios=SOME) as lab:
        names = names_of(lab)
        async with open_local_vantage(
            Settings(), resolver=names, extra_roots_pem=lab.roots_pem.decode()
        ) as vantage:
            ca = lab.authority
            chain = [ca.leaf("new.lab.test").der, ca.issuing.der]
            report = await vantage.check_file(chain, question("new"))
    assert report.verdict == "ok"
    assert names.asked == []


async def test_missing_certificates_are_fetched_once_for_many() -> None:
    """Checks share one fetcher: the CA's server is not asked again and again."""
    async with open_lab(scenarios=SOME) as lab:
        async with open_local_vantage(
            Settings(), resolver=names_of(lab), extra_roots_pem=lab.roots_pem.decode()
        ) as vantage:
            one = question("missing-intermediate", allow_networks=lab.networks)
            reports = await asyncio.gather(*(vantage.check(one) for _ in range(20)))
        assert lab.aia_requests == ["/lab-issuing-ca-g2.cer"]
    assert all(report.fix is not None and report.fix.proven for report in reports)
    assert ip_address(reports[0].endpoints[0].address).is_loopback
