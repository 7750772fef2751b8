"""`tlscheck check` beside a responder that takes its time: the first answer at once, then the update."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from bot.demo.lab import open_lab
from bot.demo.lab.authority import Authority
from bot.demo.lab.loopback import bound_socket
from bot.demo.lab.responder import answer_ocsp
from bot.demo.lab.scenario import Scenario
from bot.demo.lab.tls import TlsServer
from bot.diagnosis.causes import Cause
from tests.cli.conftest import SECONDS, Run

HOST = "held.lab.test"


@dataclass
class Held:
    """A server whose CA's responder answers when `go` is set, and the options that reach it."""

    kind: str
    options: list[str] = field(default_factory=list)
    go: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def held(kind: str, folder: Path) -> AsyncIterator[Held]:
    """Start both; the responder has an address that needs no name server."""
    case = Held(kind)
    authorities: list[Authority] = []

    async def answer(request: web.Request) -> web.Response:
        asked = await request.read()
        await case.go.wait()
        return web.Response(body=answer_ocsp(authorities[0], kind, asked))

    app = web.Application()
    app.router.add_post("/", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    listening = bound_socket(240)
    ip, port = listening.getsockname()
    await web.SockSite(runner, listening).start()

    def build(ca: Authority, host: str) -> tuple[TlsServer, ...]:
        authorities.append(ca)
        return (TlsServer((ca.leaf(host, ocsp=[f"http://{ip}:{port}/"]), ca.issuing)),)

    scenario = Scenario(
        name="held",
        cause=Cause.REVOKED,
        verdict="broken",
        title="",
        title_ja="",
        story="",
        build=build,
    )
    try:
        async with open_lab(scenarios=[scenario]) as lab:
            roots = folder / "roots.pem"
            roots.write_bytes(lab.roots_pem)
            where, at = lab.address_of("held")
            case.options = ["--address", f"{where}:{at}", "--roots", str(roots)]
            case.options += [one for net in lab.networks for one in ("--allow-network", net)]
            yield case
    finally:
        case.go.set()
        await runner.cleanup()


async def read_until(stream: asyncio.StreamReader | None, words: str) -> str:
    """What was printed up to these words; whatever else may follow has not been waited for."""
    assert stream is not None
    said = ""
    async with asyncio.timeout(SECONDS):
        while words not in said:
            part = await stream.read(4096)
            assert part, said
            said += part.decode()
    return said


@pytest.mark.parametrize(("kind", "status"), [("revoked", 1), ("good", 0)])
async def test_the_first_answer_is_printed_before_the_responder_has_answered(
    tmp_path: Path, environment: dict[str, str], kind: str, status: int
) -> None:
    """Revoked: one clear update and its status; not revoked: nothing more is said."""
    async with held(kind, tmp_path) as case:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "check", HOST, *case.options),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=tmp_path,
            env=environment,
        )
        try:
            first = await read_until(process.stdout, "openssl verify: 0 (ok)")
            assert first.startswith(f"✓ OK  {HOST} — ")
            case.go.set()
            async with asyncio.timeout(SECONDS):
                out, err = await process.communicate()
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    rest = out.decode()
    assert (process.returncode, err) == (status, b"")
    assert ("\nUpdate: the CA has answered" in rest) is (kind == "revoked")
    assert (f"✗ BROKEN  {HOST} — " in rest) is (kind == "revoked")
    assert ("✗ REVOKED by its CA" in rest) is (kind == "revoked")


async def test_a_json_line_waits_a_little_and_says_what_is_open(
    tmp_path: Path, tlscheck: Run
) -> None:
    """One Report a line, never two; one that came too early for an answer says so."""
    async with held("revoked", tmp_path) as case:
        ended = await tlscheck("check", HOST, *case.options, "--json")
        [line] = ended.out.splitlines()
        assert (ended.status, json.loads(line)["pending"]) == (0, ["revocation"])
        case.go.set()
        ended = await tlscheck("check", HOST, *case.options, "--json")
        [line] = ended.out.splitlines()
        found = json.loads(line)
        assert (ended.status, found["cause"], found["pending"]) == (1, "revoked", [])
