"""The bot's own clock: other clocks are asked before a date is held against anyone."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network

import pytest

from bot.demo.lab import SCENARIOS, open_lab
from bot.diagnosis.causes import Cause
from bot.diagnosis.clock import Skew, Witness, bundle_date, skew_of
from bot.diagnosis.egress import EgressPolicy
from bot.diagnosis.question import Question
from bot.diagnosis.report import Report
from bot.diagnosis.resolve import FixedResolver, Place, SystemResolver
from bot.diagnosis.surroundings import utc_now
from bot.diagnosis.target import parse_target
from bot.vantage import LocalVantage

NOW = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("shown", "released", "skew"),
    [
        ([], None, None),
        ([timedelta(minutes=4)], None, None),
        ([HOUR], None, Skew(HOUR, ("a",))),
        ([-DAY], None, Skew(-DAY, ("a",))),
        # One clock that agrees with ours clears it: the other one is wrong.
        ([HOUR, timedelta(seconds=3)], None, None),
        ([], NOW - DAY, None),
        ([], NOW + 30 * DAY, Skew(30 * DAY, ("certifi",), at_least=True)),
        ([timedelta(0)], NOW + 30 * DAY, None),
    ],
)
def test_a_clock_is_judged_by_others(
    shown: list[timedelta], released: datetime | None, skew: Skew | None
) -> None:
    """More than five minutes from all the others, or before the release: wrong."""
    witnesses = [Witness(name, NOW + one) for name, one in zip("ab", shown, strict=False)]
    assert skew_of(NOW, witnesses, released) == skew


def test_the_bundle_says_when_it_was_released() -> None:
    """Certifi's version is a date in the past."""
    released = bundle_date()
    assert released is not None
    assert released < utc_now()


async def _checked(name: str, off: timedelta, patience: float = 1.5) -> Report:
    """Check a server of the lab, which runs by the real time, from a machine whose clock is off."""
    scenarios = [one for one in SCENARIOS if one.name == name]
    async with open_lab(scenarios=scenarios) as lab:
        places = {
            host: tuple(Place(ip_address(a), p) for a, p in found)
            for host, found in lab.hosts.items()
        }
        system = SystemResolver()
        vantage = LocalVantage(
            "lab",
            resolver=FixedResolver(places, system),
            policy=EgressPolicy(tuple(ip_network(one) for one in lab.networks)),
            extra_roots_pem=lab.roots_pem.decode(),
            clock=lambda: utc_now() + off,
            patience=patience,
        )
        try:
            return await vantage.check(Question(target=parse_target(scenarios[0].host)))
        finally:
            await vantage.aclose()
            await system.aclose()


@pytest.mark.parametrize("patience", [1.5, 0.0])
@pytest.mark.parametrize("off", [-30 * DAY, 200 * DAY], ids=["behind", "ahead"])
async def test_a_good_server_is_not_accused_by_a_wrong_clock(
    off: timedelta, patience: float
) -> None:
    """A valid certificate looks expired or too young: the CA's server shows the right time.

    It is asked also where nobody waits for revocation: the first answer would accuse wrongly.
    """
    report = await _checked("healthy", off, patience)
    assert (report.verdict, report.cause) == ("warning", Cause.CLOCK_SKEW)
    assert {one.outcome for one in report.clients} == {"works"}


@pytest.mark.parametrize(
    ("name", "cause"), [("expired", Cause.EXPIRED), ("not-yet-valid", Cause.NOT_YET_VALID)]
)
async def test_a_right_clock_accuses(name: str, cause: Cause) -> None:
    """When the other clocks agree with ours, a bad date is a bad date."""
    report = await _checked(name, timedelta(0))
    assert (report.verdict, report.cause) == ("broken", cause)


async def test_a_wrong_clock_does_not_excuse_the_expired() -> None:
    """A clock an hour off changes nothing: expired stays the cause, the clock is a footnote."""
    report = await _checked("expired", HOUR)
    assert (report.verdict, report.cause) == ("broken", Cause.EXPIRED)
    assert [one.severity for one in report.findings if one.code is Cause.CLOCK_SKEW] == ["info"]
