"""`tlscheck check` and `tlscheck chain` against servers that are broken on purpose."""

import asyncio
import json
import os
import pty
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from OpenSSL import SSL, crypto

from bot.demo.lab import Lab
from bot.diagnosis.report import Report
from tests.cli.conftest import SECONDS, Run

Where = Callable[[str], list[str]]


async def test_healthy(tlscheck: Run, where: Where) -> None:
    """A server without a fault: status 0, and the answer says so."""
    ended = await tlscheck("check", "healthy.lab.test", *where("healthy"))
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith("✓ OK  healthy.lab.test — ")
    assert "\nopenssl verify: 0 (ok)\n" in ended.out
    assert "\x1b" not in ended.out


async def test_missing_intermediate(tlscheck: Run, where: Where) -> None:
    """The story: status 1, the drawing, the line that curl prints, the fix."""
    ended = await tlscheck("check", "missing-intermediate.lab.test", *where("missing-intermediate"))
    assert (ended.status, ended.err) == (1, "")
    assert ended.out.startswith("✗ BROKEN  missing-intermediate.lab.test — ")
    assert "✗ NOT SENT" in ended.out
    # The line is long and may be wrapped.
    printed = " ".join(ended.out.split())
    assert "SSL certificate problem: unable to get local issuer certificate" in printed
    assert "-servername missing-intermediate.lab.test -showcerts" in ended.out


async def test_unreachable(tlscheck: Run, where: Where) -> None:
    """A closed port: status 3."""
    ended = await tlscheck("check", "connection-refused.lab.test", *where("connection-refused"))
    assert ended.status == 3
    assert ended.out.startswith("? UNREACHABLE  connection-refused.lab.test — ")


async def test_loopback_is_denied(tlscheck: Run) -> None:
    """Without permission nothing on this machine is reached."""
    ended = await tlscheck("check", "127.0.0.1:1", "--json")
    assert ended.status == 3
    assert json.loads(ended.out)["cause"] == "egress_denied"
    told = await tlscheck("check", "127.0.0.1:1")
    assert "tlscheck check 127.0.0.1:1 --allow-network 127.0.0.1\n" in told.out


async def test_json_is_the_report(tlscheck: Run, where: Where) -> None:
    """One line that fits the model, phrased in the asked language."""
    ended = await tlscheck("check", "expired.lab.test", *where("expired"), "--json", "--lang", "ja")
    assert ended.status == 1
    assert ended.out.count("\n") == 1
    report = Report.model_validate_json(ended.out)
    assert (report.verdict, report.cause) == ("broken", "expired")
    assert any("\u3040" <= character <= "\u30ff" for character in report.summary)


async def test_list_keeps_its_order(tlscheck: Run, where: Where) -> None:
    """Several targets: one line each in their order, a tally, and the worst status."""
    listed = "healthy.lab.test\n# a comment\n\nb.example\nhealthy.lab.test:8443\n"
    ended = await tlscheck("check", "-", *where("healthy"), stdin=listed)
    assert (ended.status, ended.err) == (1, "")
    lines = ended.out.splitlines()
    assert [line.split()[:3] for line in lines[:3]] == [
        ["✓", "OK", "healthy.lab.test"],
        ["✗", "BROKEN", "b.example"],
        ["✓", "OK", "healthy.lab.test:8443"],
    ]
    assert lines[-1] == "3 targets: 2 OK, 0 WARNING, 1 BROKEN, 0 UNREACHABLE"


async def test_worst_status(tlscheck: Run, where: Where) -> None:
    """Unreachable is worse than fine, broken is worse than unreachable."""
    refused = where("connection-refused")
    ended = await tlscheck("check", "a.lab.test", "b.lab.test", *refused, "--json")
    assert ended.status == 3
    assert [json.loads(line)["target"]["host"] for line in ended.out.splitlines()] == [
        "a.lab.test",
        "b.lab.test",
    ]


async def test_verbose_list(tlscheck: Run, where: Where) -> None:
    """With --verbose each target of a list gets its full answer."""
    ended = await tlscheck("check", "healthy.lab.test", "b.lab.test", *where("healthy"), "-v")
    assert ended.out.count("openssl verify: ") == 2


async def test_host_and_port_as_two_words(tlscheck: Run, where: Where) -> None:
    """`host port` needs no quotes."""
    ended = await tlscheck("check", "healthy.lab.test", "8443", *where("healthy"), "--json")
    assert json.loads(ended.out)["target"]["port"] == 8443


async def test_at(tlscheck: Run, where: Where) -> None:
    """The same certificate is judged as of another moment."""
    at = ("--at", "2199-01-01T00:00:00+09:00")
    ended = await tlscheck("check", "healthy.lab.test", *where("healthy"), *at)
    assert ended.status == 1
    assert "EXPIRED" in ended.out
    assert "judged as of 2198-12-31 15:00 UTC" in ended.out


async def test_injection(tlscheck: Run, where: Where) -> None:
    """What a certificate says cannot give orders to the terminal."""
    ended = await tlscheck("check", "cn-injection.lab.test", *where("cn-injection"), "--verbose")
    assert "\x1b" not in ended.out
    assert "\u202e" not in ended.out


async def test_timeout_bounds_the_check(tlscheck: Run, where: Where) -> None:
    """A server that never answers is given up in time."""
    silent = where("timeout-silent")
    ended = await tlscheck(
        "check", "timeout-silent.lab.test", *silent, "--timeout", "0.5", "--json"
    )
    assert ended.status == 3
    report = json.loads(ended.out)
    assert report["cause"] == "timeout"
    assert report["duration_ms"] < 5_000


async def test_chain(tlscheck: Run, lab: Lab, roots: Path, tmp_path: Path) -> None:
    """A file with only the server's own certificate is broken, and the completed one is right."""
    sent = await _sent(lab, "healthy")
    options = ("--host", "healthy.lab.test", "--roots", str(roots))
    leaf = tmp_path / "leaf.pem"
    leaf.write_text(sent[0])
    broken = await tlscheck("chain", str(leaf), *options, "--json")
    assert broken.status == 1
    assert json.loads(broken.out)["cause"] == "missing_intermediate"
    whole = await tlscheck("chain", "-", *options, stdin="".join(sent))
    assert whole.status == 0, whole.out
    assert "openssl verify: 0 (ok)" in whole.out
    other = await tlscheck("chain", "-", "--host", "b.example", *options[2:], stdin="".join(sent))
    assert other.status == 1


async def test_fullchain_never_overwrites(tlscheck: Run, where: Where, tmp_path: Path) -> None:
    """Nothing to write is said; a file that exists stays as it is."""
    file = tmp_path / "x.pem"
    options = (*where("healthy"), "--fullchain", str(file))
    ended = await tlscheck("check", "healthy.lab.test", *options)
    assert ended.status == 0
    assert ended.err.startswith("No full chain was written")
    assert not file.exists()


async def test_schema(tlscheck: Run) -> None:
    """The published schema is that of the JSON lines."""
    ended = await tlscheck("schema")
    assert ended.status == 0
    published = json.loads(ended.out)
    assert published["$schema"].endswith("/2020-12/schema")
    assert published["properties"]["schema"]["const"] == 1
    line = json.loads((await tlscheck("check", "127.0.0.1", "--json")).out)
    assert list(line) == published["required"] == list(published["properties"])


@pytest.mark.parametrize(("colour", "settings"), [(True, {}), (False, {"NO_COLOR": "1"})])
async def test_colour_on_a_terminal(
    environment: dict[str, str],
    where: Where,
    tmp_path: Path,
    colour: bool,
    settings: dict[str, str],
) -> None:
    """A terminal gets colours, unless NO_COLOR says no."""
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "check", "healthy.lab.test", *where("healthy")),
        stdout=theirs,
        stdin=asyncio.subprocess.DEVNULL,
        cwd=tmp_path,
        env=environment | {"TERM": "xterm-256color"} | settings,
    )
    os.close(theirs)
    output = await asyncio.wait_for(asyncio.to_thread(_read_all, ours), SECONDS)
    assert await process.wait() == 0
    assert ("\x1b[1;32m" in output) is colour
    assert "✓ OK" in output.replace("\x1b[0m", "")


async def test_progress_is_for_people(
    environment: dict[str, str], where: Where, tmp_path: Path
) -> None:
    """A list draws its bar on a terminal at standard error, and standard output stays clean."""
    ours, theirs = pty.openpty()
    hosts = [f"h{number}.lab.test" for number in range(5)]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "check", *hosts, *where("healthy"), "--json"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=theirs,
        cwd=tmp_path,
        env=environment | {"TERM": "xterm-256color"},
    )
    os.close(theirs)
    drawn, (out, _) = await asyncio.wait_for(
        asyncio.gather(asyncio.to_thread(_read_all, ours), process.communicate()), SECONDS
    )
    assert "5/5" in drawn
    assert [json.loads(line)["target"]["host"] for line in out.splitlines()] == hosts


async def test_ctrl_c_is_quiet(environment: dict[str, str], tmp_path: Path) -> None:
    """Ctrl-C in the middle of a check ends with 130 and without a word."""
    begun = asyncio.Event()

    def visit(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visitors.append(writer)
        begun.set()

    visitors: list[asyncio.StreamWriter] = []
    silent = await asyncio.start_server(visit, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "check", "a.example", "b.example", "--timeout", "60"),
        *("--address", f"127.0.0.1:{port}", "--allow-network", "127.0.0.0/8"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=tmp_path,
        env=environment,
    )
    try:
        await asyncio.wait_for(begun.wait(), SECONDS)
        process.send_signal(signal.SIGINT)
        out, err = await asyncio.wait_for(process.communicate(), SECONDS)
    finally:
        for visitor in visitors:
            visitor.close()
        silent.close()
    assert (process.returncode, out, err) == (130, b"", b"")


async def test_broken_pipe_is_quiet(
    environment: dict[str, str], where: Where, tmp_path: Path
) -> None:
    """`| head -1` ends the command without a word."""
    reader, writer = os.pipe()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "check", "-", *where("healthy")),
        stdin=asyncio.subprocess.PIPE,
        stdout=writer,
        stderr=asyncio.subprocess.PIPE,
        cwd=tmp_path,
        env=environment,
    )
    os.close(writer)
    os.close(reader)
    _, err = await asyncio.wait_for(process.communicate(b"healthy.lab.test\n" * 5), SECONDS)
    assert (process.returncode, err) == (141, b"")


async def _sent(lab: Lab, name: str) -> list[str]:
    """The certificates that a server of the lab sends, as PEM."""

    def ask() -> list[str]:
        with socket.create_connection(lab.address_of(name), timeout=10) as raw:
            connection = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), raw)
            raw.settimeout(None)
            connection.set_tlsext_host_name(f"{name}.lab.test".encode())
            connection.set_connect_state()
            connection.do_handshake()
            chain = connection.get_peer_cert_chain() or []
            return [crypto.dump_certificate(crypto.FILETYPE_PEM, one).decode() for one in chain]

    pems = await asyncio.to_thread(ask)
    assert len(pems) > 1
    return pems


def _read_all(terminal: int) -> str:
    output = b""
    while True:
        try:
            data = os.read(terminal, 65_536)
        except OSError:  # how Linux says that the other side has closed
            data = b""
        if not data:
            os.close(terminal)
            return output.decode()
        output += data
