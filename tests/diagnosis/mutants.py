"""Chains that somebody broke: bytes flipped, cut, lengths made huge, certificates shuffled.

Each mutant follows from its number, so a failing one can be made again.
"""

import asyncio
import random
from base64 import encodebytes
from datetime import datetime

from bot.diagnosis import Question, Report, examine_chain, parse_target
from bot.diagnosis.certificate import MalformedCertificateError
from bot.diagnosis.egress import EgressPolicy
from bot.diagnosis.resolve import NameNotResolvedError, Place
from bot.diagnosis.target import TargetError
from bot.texts import phrase_report
from bot.texts.catalogue import LANGS
from bot.vantage import LocalVantage
from tests.diagnosis.chains import CASES


class _Nowhere:
    async def resolve(self, host: str, within: float) -> tuple[Place, ...]:
        raise NameNotResolvedError(host, "nxdomain", "no name is asked for here")


NOWHERE = _Nowhere()
_CHAINS = tuple(CASES.values())
_LENGTHS = (b"\x84\xff\xff\xff\xff", b"\x82\xff\xff", b"\x80", b"\x88" + b"\xff" * 8, b"\x00")


def outcome(number: int) -> str:
    """Judge one mutant: the verdict, or the word "refused" for one clear error.

    Raises:
        Exception: Anything else is the defect that is looked for.
    """
    chosen = random.Random(number)
    case = chosen.choice(_CHAINS)
    ders = [bytearray(one.der) for one in case.sent]
    for _ in range(chosen.choice((1, 1, 2, 3))):
        _mutate(ders, chosen)
    pem = b"".join(_pem(bytes(one)) for one in ders)
    if chosen.random() < 0.1:
        pem = _spoilt(pem, chosen)
    roots = b"".join(one.pem for one in case.roots)
    host = chosen.choice(("chain.lab.test", "chain.lab.test", "192.0.2.1", "x" * 63 + ".test"))
    if chosen.random() < 0.5:
        # As a server sends them: what cannot be read is one finding among others.
        report = asyncio.run(_sent([bytes(one) for one in ders], host, roots.decode(), case.at))
    else:
        try:
            report = examine_chain(pem, host, roots=roots, at=case.at)
        except (MalformedCertificateError, TargetError):
            return "refused"
    for lang in LANGS:
        phrase_report(report, lang).to_json()
    return report.verdict


async def _sent(ders: list[bytes], host: str, roots: str, at: datetime) -> Report:
    vantage = LocalVantage("mutants", resolver=NOWHERE, policy=EgressPolicy())
    question = Question(target=parse_target(host), roots_pem=roots, at=at, fetch=False)
    try:
        return await vantage.check_file(ders, question)
    finally:
        await vantage.aclose()


def _mutate(ders: list[bytearray], chosen: random.Random) -> None:
    if not ders:
        return
    place = chosen.randrange(len(ders))
    der = ders[place]
    match chosen.randrange(8):
        case 0 | 1:
            for _ in range(chosen.choice((1, 1, 1, 5))):
                if der:
                    der[chosen.randrange(len(der))] ^= 1 << chosen.randrange(8)
        case 2:
            del der[chosen.randrange(len(der) + 1) :]
        case 3:
            at = chosen.randrange(len(der) + 1)
            der[at : at + 1] = chosen.choice(_LENGTHS)
        case 4:
            at = chosen.randrange(len(der) + 1)
            der[at:at] = chosen.randbytes(chosen.randrange(1, 200))
        case 5:
            chosen.shuffle(ders)
        case 6:
            ders.extend(bytearray(der) for _ in range(chosen.choice((1, 3, 200))))
        case _:
            other = chosen.choice(chosen.choice(_CHAINS).sent).der
            at = chosen.randrange(len(der) + 1)
            der[at:] = other[at:]


def _pem(der: bytes) -> bytes:
    return b"-----BEGIN CERTIFICATE-----\n" + encodebytes(der) + b"-----END CERTIFICATE-----\n"


def _spoilt(pem: bytes, chosen: random.Random) -> bytes:
    text = bytearray(pem)
    for _ in range(chosen.randrange(1, 30)):
        if text:
            text[chosen.randrange(len(text))] = chosen.randrange(256)
    return bytes(text)
