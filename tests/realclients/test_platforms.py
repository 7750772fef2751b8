"""What a client platform is told, run on the platform itself: trust the root, then prove it.

The steps that change the whole machine (update-ca-certificates, System.keychain) are not run here.
"""

import asyncio
import hashlib
import os
import shutil
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import JsonValue

from bot.demo.lab.pki import chain_pem, make_intermediate, make_leaf, make_root
from bot.diagnosis.causes import Cause
from bot.diagnosis.remedies import fix_for
from bot.diagnosis.remedies.case import words_of
from bot.diagnosis.remedies.software.entry import Change
from bot.diagnosis.remedies.software.table import BY_CODE
from bot.diagnosis.report import Finding, Target

HOST = "localhost"


@dataclass(frozen=True)
class Platform:
    """A program that has to be there, and what keeps a test from touching the machine's own store.

    `instead` replaces a word of the command that trusts, `with_store` the program of the proof.
    """

    program: str
    instead: tuple[str, str] = ("", "")
    with_store: tuple[str, str] = ("", "")


PLATFORMS = {
    "node": Platform("node"),
    "python": Platform("python3"),
    "java": Platform(
        "jshell",
        ("-cacerts", "-keystore store"),
        (
            "jshell",
            (
                "jshell -R-Djavax.net.ssl.trustStore=$PWD/store "
                "-R-Djavax.net.ssl.trustStorePassword=changeit"
            ),
        ),
    ),
}


@asynccontextmanager
async def served(folder: Path, *, whole: bool, with_root: bool = False) -> AsyncIterator[Target]:
    """A server under a private root, whose files stand in the folder as the steps name them."""
    now = datetime.now(UTC)
    root = make_root("Platforms Root", now=now)
    issuer = make_intermediate(root, "Platforms CA", now=now)
    leaf = make_leaf(issuer, HOST, now=now)
    (folder / f"{HOST}-root.crt").write_bytes(root.pem)
    (folder / f"{HOST}.fullchain.pem").write_bytes(chain_pem(leaf, issuer))
    sent = chain_pem(leaf, issuer, *([root] if with_root else ())) if whole else leaf.pem
    (folder / "sent.pem").write_bytes(sent)
    (folder / "key.pem").write_bytes(leaf.key_pem)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(folder / "sent.pem", folder / "key.pem")

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4096)
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0, ssl=serving)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield Target(input=HOST, host=HOST, port=port)


async def pasted(folder: Path, *commands: str) -> str:
    """What a shell says to these lines."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", "\n".join(commands)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=folder,
        env={"PATH": path, "HOME": str(folder), "LC_ALL": "C.UTF-8"},
    )
    said, _ = await asyncio.wait_for(process.communicate(), 120)
    return said.decode(errors="replace")


def commands_of(code: str, change: Change, target: Target) -> tuple[str, str, str]:
    """The command of a change, the proof and the line to look for."""
    entry, how = BY_CODE[code], PLATFORMS[code]
    if shutil.which(how.program) is None:
        pytest.skip(f"{how.program} is not installed")
    recipe = entry.recipe(change)
    assert recipe is not None
    assert entry.prove is not None
    assert entry.expect is not None
    words = words_of(target)
    made = recipe.command(words).replace(*how.instead)
    return made, entry.prove.format_map(words).replace(*how.with_store), entry.expect


@pytest.mark.parametrize("code", PLATFORMS)
async def test_trusting_the_root_makes_the_proof_come_true(code: str, tmp_path: Path) -> None:
    """Before, the proof shows an error; after the step it shows the line that is looked for."""
    async with served(tmp_path, whole=True) as target:
        made, proof, expect = commands_of(code, Change.TRUST, target)
        assert expect not in await pasted(tmp_path, proof)
        assert expect in await pasted(tmp_path, made, proof)


@pytest.mark.parametrize("code", ["node", "python"])
async def test_lending_the_intermediate_helps_the_client(code: str, tmp_path: Path) -> None:
    """The stop-gap: with the intermediate in its bundle, the client gets by with the leaf alone."""
    async with served(tmp_path, whole=False) as target:
        made, proof, expect = commands_of(code, Change.LEND, target)
        # The root of the test stands for one that the client knows.
        known = f"cat {HOST}-root.crt >>"
        file = f"{HOST}-intermediates.pem" if code == "node" else f"{HOST}-bundle.pem"
        trust, _, _ = commands_of(code, Change.TRUST, target)
        assert expect not in await pasted(tmp_path, trust, proof)
        assert expect in await pasted(tmp_path, made, f"{known} {file}", proof)


async def test_the_root_is_taken_out_of_what_is_sent(tmp_path: Path) -> None:
    """The last certificate of the chain, with its fingerprint to compare, and nothing else."""
    async with served(tmp_path, whole=True, with_root=True) as target:
        evidence: dict[str, JsonValue] = {"root": "Platforms Root", "root_sent": True}
        finding = Finding(code=Cause.UNTRUSTED_ROOT, severity="critical", evidence=evidence)
        fix = fix_for(Cause.UNTRUSTED_ROOT, finding, target, None)
        assert fix is not None
        (step,) = (one for one in fix.steps if one.code == "take_root")
        file = tmp_path / f"{HOST}-root.crt"
        root = ssl.PEM_cert_to_DER_cert(file.read_text())
        file.unlink()
        said = await pasted(tmp_path, step.command or "")
    assert ssl.PEM_cert_to_DER_cert(file.read_text().strip()) == root
    fingerprint = hashlib.sha256(root).hexdigest().upper()
    assert fingerprint in said.replace(":", "")


def intermediates(folder: Path) -> list[str]:
    """The files that the chain was split into."""
    return sorted(one.name for one in folder.glob("*-intermediate-*.crt"))


async def test_the_intermediates_are_split_one_a_file(tmp_path: Path) -> None:
    """update-ca-certificates wants each certificate in a file of its own, without the leaf."""
    async with served(tmp_path, whole=False) as target:
        words = words_of(target)
        chain = tmp_path / f"{HOST}.fullchain.pem"
        whole = chain.read_text()
        chain.write_text(whole + whole[whole.rindex("-----BEGIN") :])
        recipe = BY_CODE["debian"].recipe(Change.LEND)
        assert recipe is not None
        await pasted(tmp_path, recipe.command(words).splitlines()[0])
    parts = intermediates(tmp_path)
    assert parts == [f"{HOST}-intermediate-{number}.crt" for number in (2, 3)]
    first = (tmp_path / parts[0]).read_text()
    assert first.count("BEGIN CERTIFICATE") == 1
    assert first in whole
    assert not whole.startswith(first)
