"""A server judged by the trust stores of the machine that checks."""

from datetime import date
from ipaddress import ip_address, ip_network

import pytest

from bot.demo.lab import SCENARIOS, open_lab
from bot.diagnosis.egress import EgressPolicy
from bot.diagnosis.machine import MachineStore
from bot.diagnosis.question import Question
from bot.diagnosis.report import Report
from bot.diagnosis.resolve import FixedResolver, Place
from bot.diagnosis.roots import Age, _history, _lists, age_of
from bot.diagnosis.target import parse_target
from bot.diagnosis.trust import trust_store
from bot.render.terminal import render_report
from bot.texts import phrase_report
from bot.texts.catalogue import Lang
from bot.vantage import LocalVantage
from tests.benchmarks.peer import _Nowhere


async def checked(name: str, *, own: bool) -> Report:
    """A server of the lab, checked where one store is certifi's and one is the lab's (`own`)."""
    scenarios = [one for one in SCENARIOS if one.name == name]
    async with open_lab(scenarios=scenarios) as lab:
        places = {
            host: tuple(Place(ip_address(ip), port) for ip, port in found)
            for host, found in lab.hosts.items()
        }
        vantage = LocalVantage(
            "prod-tokyo",
            resolver=FixedResolver(places, _Nowhere()),
            policy=EgressPolicy(tuple(ip_network(one) for one in lab.networks)),
            extra_roots_pem=lab.roots_pem.decode() if own else None,
        )
        stores = [
            MachineStore(
                "/etc/ssl/old.pem",
                "system",
                trust_store(),
                Age(date(2019, 3, 9), date(2019, 9, 11)),
            ),
            MachineStore("/etc/own.pem", "setting", trust_store(lab.roots_pem.decode()), None),
        ]
        vantage.know_machine(stores)
        try:
            return await vantage.check(Question(target=parse_target(f"{name}.lab.test")))
        finally:
            await vantage.aclose()


def shown(report: Report, lang: Lang = "en") -> str:
    """On a terminal, without its line ends."""
    lines = render_report(phrase_report(report, lang), lang, width=100)
    return " ".join(" ".join(line.plain for line in lines).split())


@pytest.mark.parametrize("name", ["healthy", "missing-intermediate"])
async def test_an_old_bundle_is_named_with_its_age_and_what_it_lacks(name: str) -> None:
    """Also where an intermediate is missing: that is another fault, and said elsewhere."""
    report = await checked(name, own=True)
    old, fine = report.machine
    assert (old.verify.code in (2, 19, 20), fine.verify.code) == (True, 0)
    assert old.lacks is not None
    assert (fine.lacks, fine.since, old.until) == (None, None, date(2019, 9, 11))
    assert (
        f"On prod-tokyo the CA bundle /etc/ssl/old.pem is from about 2019 and lacks {old.lacks}: "
        "curl, OpenSSL and most programs there refuse this server"
    ) in shown(report)
    assert "prod-tokyo のCAバンドル /etc/ssl/old.pem は 2019 年ごろのもの" in shown(report, "ja")
    assert "/etc/own.pem" not in shown(report)
    assert Report.model_validate_json(report.to_json()).machine == report.machine


async def test_a_private_root_that_the_machine_knows() -> None:
    """The public roots do not lead to it, a bundle there does."""
    report = await checked("healthy", own=False)
    assert report.verdict == "broken"
    assert "On prod-tokyo the CA bundle /etc/own.pem trusts this chain" in shown(report)


def test_a_bundle_is_dated_by_what_it_holds() -> None:
    """Each list that we know, also with a few roots more or less; not a company's own."""
    for day, roots in _lists():
        found = age_of(roots)
        assert found is not None
        assert found.since <= day <= found.until
        fewer = age_of(sorted(roots)[2:])
        assert fewer is not None
        assert abs((fewer.until - day).days) <= 800
    assert age_of(list(_history())[:10]) is None
    assert age_of(["00" * 32] * 100) is None
    assert age_of(_history()) is None


def test_certifi_of_today_is_the_newest_list() -> None:
    """The bundle that is installed here resembles one of the last lists."""
    found = age_of(one.sha256 for one in trust_store().anchors)
    assert found is not None
    assert found.until >= date(2025, 6, 15)
