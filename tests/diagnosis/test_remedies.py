"""What to do: a plan for every cause, commands that can be pasted, and chains that really work."""

import asyncio
import re
import shlex
import ssl
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.demo.lab import SCENARIOS
from bot.demo.lab.pki import Issued
from bot.demo.lab.tls import TlsServer
from bot.diagnosis import examine_chain
from bot.diagnosis.causes import Cause
from bot.diagnosis.certificate import read_pem_certificates
from bot.diagnosis.remedies import fix_for, full_chain
from bot.diagnosis.remedies.software.table import BY_CODE
from bot.diagnosis.report import Finding, Report, Step, Target
from bot.diagnosis.rules import ORDER
from bot.diagnosis.surroundings import utc_now
from bot.diagnosis.target import TargetError, parse_target
from bot.texts import LANGS
from bot.texts.phrase import phrase_step
from tests.diagnosis.chains import CASES, EXPIRED_ISSUING, HOST, ISSUING, LEAF, ROOT, UPPER, Case
from tests.diagnosis.servers import NOW, authority, running
from tests.diagnosis.test_trust import openssl_version
from tests.diagnosis.views import view_of

TARGET = Target(input=HOST, host=HOST)
HOSTS = st.one_of(
    st.from_regex(r"[a-z0-9_\-.;|&$`'\"\\(){}<>*?!#~ ]{1,30}", fullmatch=True),
    st.ip_addresses().map(str),
    st.text(max_size=20),
)


def steps_of(cause: Cause, target: Target = TARGET, pem: str | None = None) -> tuple[Step, ...]:
    """The steps of a cause."""
    fix = fix_for(cause, Finding(code=cause, severity="critical"), target, pem)
    assert fix is not None
    return fix.steps


@pytest.mark.parametrize("cause", ORDER)
@pytest.mark.parametrize("pem", [None, LEAF.pem.decode()], ids=["unproven", "proven"])
def test_every_cause_has_a_plan_with_words(cause: Cause, pem: str | None) -> None:
    """Whatever a rule can find, somebody is told what to do, in both languages."""
    steps = steps_of(cause, pem=pem)
    assert steps
    for step in steps:
        for lang in LANGS:
            said = phrase_step(step, lang)
            assert said.title
            assert said.text


def test_nothing_broken_needs_no_fix() -> None:
    """Without a cause there is nothing to do, and for an unknown one nobody is blamed."""
    assert fix_for(None, None, TARGET, None) is None
    unknown = fix_for(Cause.NOT_A_TLS_ERROR, None, TARGET, None)
    assert unknown is not None
    assert (unknown.owner, unknown.steps) == ("nobody", ())


def commands_of(cause: Cause, target: Target) -> list[str]:
    """The lines that a person pastes into a shell."""
    return [
        step.command
        for step in steps_of(cause, target, LEAF.pem.decode())
        if step.command and not is_configuration(step)
    ]


def is_configuration(step: Step) -> bool:
    """Whether no shell reads these lines."""
    software = BY_CODE.get(step.software or "")
    change = step.code.partition(".")[2]
    recipes = software.recipes if software is not None else ()
    return any(one.comment is not None for one in recipes if one.change.value == change)


@pytest.mark.parametrize("cause", ORDER)
@pytest.mark.parametrize(
    "text",
    ["shop.example.jp", "_dmarc.example.jp:8443", "[2001:db8::1]:8443", "192.0.2.1", "日本語.jp"],
)
def test_commands_are_whole(cause: Cause, text: str) -> None:
    """No placeholder is left, the shell reads every line, and verification is never turned off."""
    target = parse_target(text)
    for step in steps_of(cause, target, LEAF.pem.decode()):
        if step.command is None:
            continue
        assert not re.search(r"[{}]", step.command)
        assert "--insecure" not in step.command
        assert not re.search(r"(^|\s)-k(\s|$)|-verify 0|verify=False", step.command)
        assert "None" not in step.command
    for line in commands_of(cause, target):
        ran = subprocess.run(["sh", "-n", "-c", line], capture_output=True, check=False)
        assert ran.returncode == 0, line


@given(HOSTS, st.sampled_from(ORDER))
def test_no_host_becomes_a_command(text: str, cause: Cause) -> None:
    """A host that is taken for one is one word in each command, and starts no option."""
    try:
        target = parse_target(text)
    except TargetError:
        return
    assert not target.host.startswith("-")
    plain = parse_target("h.example" if not is_address(target.host) else "192.0.2.7")
    plain = plain.model_copy(update={"port": target.port, "starttls": target.starttls})
    for line, other in zip(commands_of(cause, target), commands_of(cause, plain), strict=True):
        # Nothing but the words differs: no host ends a word, and none begins another command.
        assert [len(shlex.split(one)) for one in line.splitlines()] == [
            len(shlex.split(one)) for one in other.splitlines()
        ]
        assert not re.search(r"[`$\\!#~*?(){}<>|;&'\"]", target.host)


def is_address(host: str) -> bool:
    """Whether the host is an IP address."""
    return ":" in host or host.replace(".", "").isdigit()


def test_an_address_has_no_server_name() -> None:
    """SNI carries names only (RFC 6066, 3)."""
    for text in ("192.0.2.1", "[2001:db8::1]"):
        for line in commands_of(Cause.MISSING_INTERMEDIATE, parse_target(text)):
            assert "-servername" not in line


def test_one_address_of_many_is_named() -> None:
    """For an odd backend the commands go to its address and still ask for the name."""
    fix = fix_for(Cause.EXPIRED, None, TARGET, None, address="2001:db8::7")
    assert fix is not None
    (line,) = (step.command for step in fix.steps if step.kind == "prove" and step.command)
    assert f"-connect [2001:db8::7]:443 -servername {HOST} " in line


INCOMPLETE: dict[str, tuple[Case, tuple[Issued, ...]]] = {
    "leaf alone": (CASES["leaf alone"], (ISSUING, UPPER)),
    "upper one missing": (CASES["upper one missing"], (UPPER,)),
    "lower one missing": (CASES["lower one missing"], (ISSUING,)),
    "wrong one": (CASES["wrong one"], (UPPER, ISSUING)),
    "namesake": (CASES["namesake"], (ISSUING,)),
    "expired intermediate": (CASES["expired intermediate"], (ISSUING,)),
}


@pytest.mark.parametrize(("case", "fetched"), INCOMPLETE.values(), ids=INCOMPLETE.keys())
def test_the_full_chain_holds_what_clients_need(case: Case, fetched: tuple[Issued, ...]) -> None:
    """The server's own first, each issuer behind, no root: and nothing else."""
    view = view_of(case, *fetched)
    pem = full_chain(view.path, case.at, case.trust)
    assert pem is not None
    found = read_pem_certificates(pem.encode())
    assert [one.der for one in found] == [LEAF.der, ISSUING.der, UPPER.der]


@pytest.mark.parametrize(
    "which",
    [
        "leaf alone",
        "unknown root, sent",
        "self-signed",
        "self-signed and trusted",
        "expired",
        "expired intermediate",
        "names not allowed",
        "a loop",
    ],
)
def test_what_does_not_verify_is_not_given_out(which: str) -> None:
    """A file is shown when it was verified, and not otherwise."""
    case = CASES[which]
    assert full_chain(view_of(case).path, case.at, case.trust) is None


@pytest.mark.skipif(openssl_version() is None, reason="the openssl command is not installed")
@pytest.mark.parametrize(("case", "fetched"), INCOMPLETE.values(), ids=INCOMPLETE.keys())
def test_openssl_verifies_the_full_chain(
    case: Case, fetched: tuple[Issued, ...], tmp_path: Path
) -> None:
    """`openssl verify` accepts the very file, as a server would send it."""
    pem = full_chain(view_of(case, *fetched).path, case.at, case.trust)
    assert pem is not None
    (tmp_path / "fullchain.pem").write_text(pem)
    (tmp_path / "roots.pem").write_bytes(ROOT.pem)
    file = str(tmp_path / "fullchain.pem")
    ran = subprocess.run(
        [
            *("openssl", "verify", "-attime", str(int(NOW.timestamp())), "-no-CApath"),
            *("-CAfile", str(tmp_path / "roots.pem"), "-untrusted", file, file),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "OPENSSL_CONF": "/dev/null"},
    )
    assert ran.stdout.strip().endswith("fullchain.pem: OK"), ran


async def test_a_server_that_installs_it_works(tmp_path: Path) -> None:
    """Python's own ssl loads the file into a server, and a strict client accepts it."""
    ca = authority(utc_now().replace(microsecond=0))
    leaf = ca.leaf("installed.lab.test")
    case = Case((leaf,), (ca.root,), ca.now)
    pem = full_chain(view_of(case, ca.issuing, host="installed.lab.test").path, ca.now, case.trust)
    assert pem is not None
    (tmp_path / "installed.fullchain.pem").write_text(pem)
    (tmp_path / "installed.key").write_bytes(leaf.key_pem)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(tmp_path / "installed.fullchain.pem", tmp_path / "installed.key")

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"welcome")
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0, ssl=serving)
    address = server.sockets[0].getsockname()
    client = ssl.create_default_context(cadata=ca.root.pem.decode())
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    async with server:
        reader, writer = await asyncio.open_connection(
            *address, ssl=client, server_hostname="installed.lab.test"
        )
        assert await reader.read() == b"welcome"
        writer.close()


async def test_without_it_the_same_server_fails() -> None:
    """The counterpart: the leaf alone is refused by the same client."""
    ca = authority(utc_now().replace(microsecond=0))
    client = ssl.create_default_context(cadata=ca.root.pem.decode())
    async with running(TlsServer((ca.leaf("installed.lab.test"),))) as (address, port):
        with pytest.raises(ssl.SSLCertVerificationError, match="local issuer"):
            await asyncio.open_connection(
                str(address), port, ssl=client, server_hostname="installed.lab.test"
            )


def file_report(case: Case) -> Report:
    """The Report of a file."""
    pem = b"".join(one.pem for one in case.sent)
    roots = b"".join(one.pem for one in case.roots)
    return examine_chain(pem, HOST, roots=roots, at=case.at)


def test_an_expired_one_of_two_is_a_proven_fix() -> None:
    """An expired intermediate beside its valid twin is a warning, with a file that leaves it out."""
    report = file_report(CASES["expired intermediate and a valid one"])
    assert (report.verdict, report.cause) == ("warning", Cause.EXPIRED_INTERMEDIATE)
    assert report.fix is not None
    assert report.fix.fullchain_pem == "".join(one.pem.decode() for one in (LEAF, ISSUING, UPPER))
    alone = file_report(Case((LEAF, EXPIRED_ISSUING, UPPER), (ROOT,)))
    assert alone.fix is not None
    assert alone.fix.proven is False
    assert alone.fix.fullchain_pem is None


def test_the_lab_covers_the_causes_with_a_full_chain() -> None:
    """Each cause for which a file can be given out has a scenario that proves it."""
    proven = {one.cause for one in SCENARIOS if one.proven}
    assert proven >= {
        Cause.MISSING_INTERMEDIATE,
        Cause.WRONG_INTERMEDIATE,
        Cause.EXPIRED_INTERMEDIATE,
    }


def test_a_renewal_is_proven_with_its_chain() -> None:
    """The renewed certificate that comes without its intermediate must not pass as mended."""
    assert [one.code for one in steps_of(Cause.EXPIRED)] == [
        "renew",
        "nginx.renew",
        "apache.renew",
        "install_renewed",
        "nginx.install",
        "apache.install",
        "prove_chain",
    ]


@pytest.mark.parametrize(("protocol", "told"), [("HTTP", True), (None, True), ("SSH", False)])
def test_nobody_is_told_to_configure_nginx_for_ssh(protocol: str | None, told: bool) -> None:
    """The line for a web server is given where a web server answers, or nobody knows what."""
    finding = Finding(
        code=Cause.PLAINTEXT_ON_TLS_PORT, severity="critical", evidence={"protocol": protocol}
    )
    fix = fix_for(Cause.PLAINTEXT_ON_TLS_PORT, finding, TARGET, None)
    assert fix is not None
    assert any(step.software == "nginx" for step in fix.steps) is told
