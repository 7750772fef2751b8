"""The steps, applied: a server that lacks its intermediate is mended as its owner is told to."""

import asyncio
import re
import shlex
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from bot.demo.lab.pki import Issued, make_intermediate, make_leaf, make_root
from bot.diagnosis import ConnectTo, check, parse_target
from bot.diagnosis.causes import Cause
from bot.diagnosis.remedies import fix_with, softwares_for
from bot.diagnosis.report import Report, Step
from tests.diagnosis.test_aia import raw_server
from tests.realservers import Listening, apache, dovecot, haproxy, nginx, postfix, postgres
from tests.realservers.test_chains import Start

HOST = "server.lab.test"


@dataclass(frozen=True)
class Case:
    """A certificate whose issuer can be fetched, and the root that it leads to."""

    leaf: Issued
    root: Issued


@asynccontextmanager
async def a_case() -> AsyncIterator[Case]:
    """A hierarchy whose intermediate is handed out over HTTP while the block lasts."""
    now = datetime.now(UTC)
    root = make_root("Remedies Root", now=now)
    issuer = make_intermediate(root, "Remedies CA", now=now)

    async def hand_out(writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/pkix-cert\r\n"
            b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(issuer.der) + issuer.der
        )
        await writer.drain()
        writer.write_eof()
        await asyncio.sleep(0)

    async with raw_server(hand_out) as (port, _):
        url = f"http://127.0.0.1:{port}/issuer.cer"
        yield Case(make_leaf(issuer, HOST, now=now, ca_issuers=[url], ocsp=[]), root)


async def report_of(server: Listening, case: Case, starttls: str | None) -> Report:
    """What the check says of a running server."""
    return await check(
        parse_target(HOST, starttls=starttls),
        addresses=[ConnectTo(address=server.address, port=server.port)],
        roots=case.root.pem,
        allow_networks=["127.0.0.0/8"],
    )


def lines_of(step: Step) -> str:
    """The lines of a configuration file, the server's paths put in place of those of the step."""
    assert step.command is not None
    lines = [one for one in step.command.splitlines() if not one.startswith("#")]
    text = "\n".join(lines)
    text = re.sub(r"/etc/\S+?\.fullchain\.pem", "{certificate}", text)
    return re.sub(r"/etc/\S+?\.key", "{key}", text)


def as_told(step: Step, pem: str, key: bytes) -> tuple[bytes, str]:
    """What nginx, Dovecot and PostgreSQL are told: the file as it is, and these lines."""
    return pem.encode(), lines_of(step)


def with_apache(step: Step, pem: str, key: bytes) -> tuple[bytes, str]:
    """Apache's lines; SSLEngine is on wherever a certificate is sent already."""
    return pem.encode(), "SSLEngine on\n" + lines_of(step)


def with_old_apache(folder: Path, step: Step, pem: str, key: bytes) -> tuple[bytes, str]:
    """The commands split the file, the lines name its two parts."""
    assert step.command is not None
    (folder / f"{HOST}.fullchain.pem").write_text(pem)
    for line in step.command.splitlines():
        if line.startswith(("# openssl", "# sed")):
            subprocess.run(["bash", "-ec", line.removeprefix("# ")], cwd=folder, check=True)
    assert (folder / f"{HOST}.crt").read_text().count("BEGIN") == 1
    lines = lines_of(step).replace("/etc/httpd/tls", str(folder))
    return pem.encode(), "SSLEngine on\n" + lines


def with_haproxy(folder: Path, step: Step, pem: str, key: bytes) -> tuple[bytes, str]:
    """The commands make the one file that HAProxy reads."""
    assert step.command is not None
    (folder / f"{HOST}.fullchain.pem").write_text(pem)
    (folder / f"{HOST}.key").write_bytes(key)
    command = step.command.splitlines()[0].replace("sudo ", "")
    command = command.replace("/etc/haproxy/certs", str(folder / "certs"))
    (folder / "certs").mkdir()
    subprocess.run(["bash", "-ec", command], cwd=folder, check=True)
    return pem.encode(), f" ssl crt {folder / 'certs' / f'{HOST}.pem'}"


def with_postfix(step: Step, pem: str, key: bytes) -> tuple[bytes, str]:
    """`postconf -e` writes these settings into main.cf."""
    assert step.command is not None
    program, option, *settings = shlex.split(step.command.splitlines()[0])
    assert (program, option) == ("postconf", "-e")
    text = "\n".join(("smtpd_tls_security_level = may", *settings))
    text = re.sub(r"/etc/\S+?\.fullchain\.pem", "{certificate}", text)
    return pem.encode(), re.sub(r"/etc/\S+?\.key", "{key}", text)


Apply = Callable[[Step, str, bytes], tuple[bytes, str]]


@dataclass(frozen=True)
class Mended:
    """One server: how it is started, and how its step is applied."""

    code: str
    start: Start
    apply: Apply | None = None
    in_folder: Callable[[Path, Step, str, bytes], tuple[bytes, str]] | None = None
    starttls: str | None = None
    option: str = "directives"
    sign: str | None = None


SERVERS = {
    "nginx": Mended("nginx", nginx, as_told, sign="server"),
    "apache": Mended("apache", apache, with_apache, sign="server"),
    "apache-old": Mended("apache-old", apache, in_folder=with_old_apache),
    "haproxy": Mended("haproxy", haproxy, in_folder=with_haproxy, option="bind"),
    "postfix": Mended("postfix", postfix, with_postfix, starttls="smtp", sign="banner"),
    "dovecot": Mended(
        "dovecot", partial(dovecot, protocol="imap"), as_told, starttls="imap", sign="banner"
    ),
    "dovecot-pop3": Mended(
        "dovecot", partial(dovecot, protocol="pop3"), as_told, starttls="pop3", sign="banner"
    ),
    "postgresql": Mended("postgresql", postgres, as_told, starttls="postgres", sign="protocol"),
}
# PostgreSQL is told of TLS beside its files.
TLS_ON = {"postgresql": "ssl = on\n", "dovecot": "ssl = yes\n"}


def proof_of(step: Step, server: Listening, root: Path) -> str:
    """What the last step prints, run against this server under the test's root."""
    assert step.command is not None
    place = f"-connect {server.address}:{server.port} -CAfile {root}"
    command = re.sub(r"-connect \S+", place, step.command)
    ran = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=False, timeout=60
    )
    return ran.stdout


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl command is not installed")
@pytest.mark.parametrize("name", SERVERS)
async def test_the_fix_mends_the_server(name: str, tmp_path: Path) -> None:
    """The file and the lines of the step, put into the broken server, make the proof come true."""
    kind = SERVERS[name]
    root = tmp_path / "root.pem"
    async with a_case() as case:
        root.write_bytes(case.root.pem)
        async with kind.start(case.leaf.pem, case.leaf.key_pem) as server:
            broken = await report_of(server, case, kind.starttls)
            assert broken.cause is Cause.MISSING_INTERMEDIATE
            assert kind.code in softwares_for(broken)
            if kind.sign is not None:
                assert broken.software is not None
                assert broken.software.code == kind.code
                assert broken.software.evidence["sign"] == kind.sign
                assert softwares_for(broken)[0] == kind.code
                assert broken.fix == fix_with(broken, kind.code)
            fix = fix_with(broken, kind.code)
            assert fix.proven
            assert fix.fullchain_pem is not None
            (proof,) = (one for one in fix.steps if one.kind == "prove")
            assert proof.expect == "Verify return code: 0 (ok)"
            before = await asyncio.to_thread(proof_of, proof, server, root)
        assert "Verify return code: 21 (unable to verify the first certificate)" in before
        (step,) = (one for one in fix.steps if one.software == kind.code)
        if kind.in_folder is not None:
            pem, lines = kind.in_folder(tmp_path, step, fix.fullchain_pem, case.leaf.key_pem)
        else:
            assert kind.apply is not None
            pem, lines = kind.apply(step, fix.fullchain_pem, case.leaf.key_pem)
        lines = TLS_ON.get(kind.code, "") + lines
        async with kind.start(pem, case.leaf.key_pem, **{kind.option: lines}) as server:
            after = await asyncio.to_thread(proof_of, proof, server, root)
            mended = await report_of(server, case, kind.starttls)
        assert proof.expect in after
        assert (mended.verdict, mended.cause) == ("ok", None)
