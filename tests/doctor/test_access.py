"""Outgoing access: real checks of the lab's servers, over real proxies and none."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.demo.lab import SCENARIOS, Lab, open_lab
from bot.demo.lab.aia import SLOW
from bot.demo.lab.authority import AIA_HOST
from bot.diagnosis.target import parse_target
from bot.doctor import Sight
from bot.doctor.access import look_outside
from bot.doctor.clock import AGREES
from bot.render.doctor import render_findings
from bot.settings import Settings
from bot.texts import LANGS, catalogue
from tests.diagnosis.names import Names
from tests.diagnosis.test_aia import handing_out, serving
from tests.doctor.findings import marks
from tests.proxies import proxy

NEEDED = {"healthy", "expired", "untrusted-root", "connection-refused"}
CA_URL = f"http://{AIA_HOST}/"


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    """A few of the lab's servers, and its CA's."""
    async with open_lab(scenarios=[one for one in SCENARIOS if one.name in NEEDED]) as running:
        yield running


async def look(
    lab: Lab, tmp_path: Path, name: str, ca_url: str | None = None, **more: Any
) -> Sight:
    """Look outside, where outside is the lab."""
    roots = tmp_path / "roots.pem"
    roots.write_bytes(lab.roots_pem)
    values: dict[str, Any] = {
        "tlscheck_allow_networks": "127.0.0.0/8",
        "tlscheck_extra_roots": roots,
    }
    settings = Settings(_env_file=None, **{**values, **more})
    table = {host: [f"{a}:{p}" for a, p in places] for host, places in lab.hosts.items()}
    return await look_outside(
        settings, parse_target(name), ca_url or _published(lab), resolver=Names(table)
    )


def _published(lab: Lab) -> str:
    """What a certificate of the lab points to."""
    return f"http://{AIA_HOST}{next(iter(lab.authority.published()))}"


async def test_all_is_open(lab: Lab, tmp_path: Path) -> None:
    """A check and a download succeed, and the CA's clock is seen."""
    sight = await look(lab, tmp_path, "healthy.lab.test")
    assert marks(sight.findings) == {"open": "fine", "ca": "fine"}
    assert [abs(one.offset) <= AGREES for one in sight.clocks] == [True]


@pytest.mark.parametrize(
    ("name", "more", "code"),
    [
        ("nowhere.lab.test", {}, "no_dns"),
        ("connection-refused.lab.test", {}, "closed"),
        ("healthy.lab.test", {"tlscheck_deny_networks": "127.0.0.0/8"}, "denied"),
        ("healthy.lab.test", {"tlscheck_extra_roots": None}, "opened"),
        ("expired.lab.test", {}, "broken"),
    ],
    ids=["no DNS", "closed", "denied", "opened on the way", "the host's own fault"],
)
async def test_what_is_in_the_way(
    lab: Lab, tmp_path: Path, name: str, more: dict[str, Any], code: str
) -> None:
    """The cause decides what to do about it; the sentence is the check's own."""
    sight = await look(lab, tmp_path, name, **more)
    [found] = [one for one in sight.findings if one.mark == "wrong"]
    assert found.code == code
    for lang in LANGS:
        lines = render_findings([found], catalogue(lang), width=100, mask=str)
        text = "".join(line.plain for line in lines)
        assert name in text
        assert "→" in text


async def test_through_a_proxy(lab: Lab, tmp_path: Path) -> None:
    """One that leads there is named; one that wants a login is what is wrong."""
    names = {host: places[0] for host, places in lab.hosts.items()}
    async with proxy(names=names) as good:
        by = {"https_proxy": f"http://{good.name}", "http_proxy": f"http://{good.name}"}
        sight = await look(lab, tmp_path, "healthy.lab.test", **by)
        assert marks(sight.findings) == {"by_proxy": "fine", "ca": "fine"}
        assert sight.findings[0].values["via"] == good.name
    async with proxy(login="dXNlcjpyaWdodA==") as locked:
        by = {"https_proxy": f"http://user:hunter2@{locked.name}"}
        sight = await look(lab, tmp_path, "healthy.lab.test", **by)
        assert marks(sight.findings)["at_proxy"] == "wrong"
        assert "hunter2" not in repr(sight)


async def test_a_ca_that_cannot_be_asked(lab: Lab, tmp_path: Path) -> None:
    """Port 80 may be closed where 443 is open; when both are, that is one fault."""
    sight = await look(lab, tmp_path, "healthy.lab.test", SLOW)
    assert marks(sight.findings) == {"open": "fine", "no_ca": "wrong"}
    sight = await look(lab, tmp_path, "nowhere.lab.test", "http://nowhere.lab.test/")
    assert marks(sight.findings) == {"no_dns": "wrong", "no_ca": "note"}


async def test_a_clock_that_differs_is_seen(lab: Lab, tmp_path: Path) -> None:
    """By the Date of the answer."""
    late = handing_out(b"x", Date="Tue, 01 Jan 2030 00:00:00 GMT")
    async with serving(late) as port:
        sight = await look(lab, tmp_path, "healthy.lab.test", f"http://127.0.0.1:{port}/")
    [clock] = sight.clocks
    assert abs(clock.offset) > AGREES
