"""What a letter says that its command prints is what the command prints, run against the lab."""

import asyncio
import re
import shutil
from pathlib import Path

import pytest

from bot.demo.lab import SCENARIOS, open_lab
from bot.diagnosis.question import Question
from bot.diagnosis.target import parse_target
from bot.letter.proof import Proof, proof_of
from tests.diagnosis.test_lab import vantage_of

pytestmark = pytest.mark.skipif(
    shutil.which("openssl") is None, reason="the openssl program is not installed"
)

# Not dh-1024: OpenSSL 3 offers named groups, and the lab then takes one of 2048 bits.
SHOWN = [
    "missing-intermediate",
    "wrong-intermediate",
    "expired-intermediate",
    "untrusted-root",
    "untrusted-root-not-sent",
    "self-signed",
    "expired",
    "expiring-soon",
    "not-yet-valid",
    "hostname-mismatch",
    "certificate-for-clients",
    "not-a-ca",
    "path-length",
    "name-not-permitted",
    "unknown-critical-extension",
    "malformed-certificate",
    "extra-certificates",
    "expired-beside-valid",
    "many-certificates",
    "must-staple-missing",
    "revoked-ocsp",
    "revoked-stapled",
    "backends-differ",
    "one-backend-down",
    "tls10-only",
    "no-shared-cipher",
    "sni-unrecognized",
    "legacy-renegotiation",
    "plaintext-http",
    "connection-reset",
    "connection-refused",
]
# What mends a fault is a server without it: there the same command prints the line to look for.
MENDED = {"return code": "healthy", "Cipher is": "healthy", "Cert Status": "must-staple"}


async def _printed(proof: Proof, place: tuple[str, int], roots: Path) -> list[str]:
    command = re.sub(
        r"s_client -connect \S+",
        f"s_client -CAfile {roots} -connect {place[0]}:{place[1]}",
        proof.command,
    )
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", command, stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(30):
            out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return [line.strip() for line in out.decode(errors="replace").splitlines()]


@pytest.mark.parametrize("name", SHOWN)
async def test_the_line_is_the_one_that_openssl_prints(name: str, tmp_path: Path) -> None:
    """Before: the broken server prints the line of the letter. After: a sound one prints that."""
    wanted = {name, "healthy", "must-staple"}
    async with (
        open_lab(scenarios=[one for one in SCENARIOS if one.name in wanted]) as lab,
        vantage_of(lab) as vantage,
    ):
        roots = tmp_path / "roots.pem"
        roots.write_bytes(lab.roots_pem)
        scenario = next(one for one in SCENARIOS if one.name == name)
        report = await vantage.check(Question(target=parse_target(scenario.host), timeout=4.0))
        proof = proof_of(report)
        assert proof is not None
        odd = next((one for one in report.findings[0].addresses), "")
        place = next(one for one in lab.hosts[scenario.host] if str(one[0]) == odd)
        printed = await _printed(proof, place, roots)
        if proof.before is None:
            assert proof.after not in printed
        else:
            assert proof.before in printed
        sound = next((MENDED[word] for word in MENDED if word in proof.command), None)
        if sound is None or "-verify_" in proof.command:
            return
        (healthy,) = (one for one in SCENARIOS if one.name == sound)
        after = await _printed(proof, next(iter(lab.hosts[healthy.host])), roots)
        if proof.after is not None:
            assert proof.after in after
        else:
            assert proof.before not in after
            assert any(line.startswith("New, TLSv1.") for line in after)
