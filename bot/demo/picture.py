"""`python -m bot.demo.picture FILE.svg`: an answer as a picture, from a real check in the lab."""

import asyncio
import io
import re
import sys
from ipaddress import ip_address
from pathlib import Path

from rich.console import Console

from bot.demo.lab import open_lab
from bot.diagnosis.question import Question
from bot.diagnosis.resolve import FixedResolver, Place, SystemResolver
from bot.diagnosis.target import parse_target
from bot.render.terminal import render_report
from bot.settings import load_settings
from bot.texts import phrase_report
from bot.vantage import open_local_vantage

HOST = "missing-intermediate.lab.test"
_WIDTH = 100


async def draw() -> str:
    """The picture of one answer, as SVG."""
    async with open_lab() as lab:
        settings = load_settings(
            tlscheck_allow_networks=lab.networks, tlscheck_extra_roots=None, tlscheck_vantage="here"
        )
        names = {
            host: tuple(Place(ip_address(address), port) for address, port in places)
            for host, places in lab.hosts.items()
        }
        others = SystemResolver()
        async with open_local_vantage(
            settings,
            resolver=FixedResolver(names, others),
            extra_roots_pem=lab.roots_pem.decode(),
        ) as vantage:
            report = await vantage.check(Question(target=parse_target(HOST)))
        await others.aclose()
    phrased = phrase_report(report, "en")
    console = Console(
        record=True, width=_WIDTH, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    save = f"tlscheck check {HOST} --fullchain fullchain.pem"
    for line in render_report(phrased, "en", width=_WIDTH, save_command=save):
        console.print(line, markup=False, highlight=False)
    svg = console.export_svg(title=f"tlscheck check {HOST}", unique_id="answer")
    # No font from elsewhere: the picture loads nothing when it is looked at.
    return re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(asyncio.run(draw()), encoding="utf-8")
