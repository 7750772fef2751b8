"""Who is run against the lab, whose prediction each is held against, and what it needs."""

import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from tests.realclients import browser, fox, gnutls, programs, rust
from tests.realclients.clients import Seen, Server, curl, java, node, openssl, python, why_missing

Ask = Callable[[Sequence[Server], bytes, Path], Awaitable[Mapping[str, Seen]]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One program: `predicted` is the client of the table, `dialect` its words if not the main ones.

    `missing` says why it cannot be run here; `ask` is given the lab's AIA server last.
    """

    name: str
    predicted: str
    missing: Callable[[], str | None]
    ask: Callable[[Server], Ask]
    dialect: str | None = None


@cache
def pythons() -> Mapping[tuple[int, int], str]:
    """The Pythons of this machine by version; pyenv's need not be on the path."""
    names = [f"python3.{minor}" for minor in range(8, 16)]
    found = [path for name in names if (path := shutil.which(name))]
    found += sorted(map(str, (Path.home() / ".pyenv" / "versions").glob("3.*/bin/python3")))
    versions: dict[tuple[int, int], str] = {sys.version_info[:2]: sys.executable}
    for path in found:
        # One without ssl is of no use; neither is a shim for a version that is not chosen.
        ran = subprocess.run(
            [path, "-I", "-c", "import ssl, sys; print(*sys.version_info[:2])"],
            capture_output=True,
            check=False,
            text=True,
            timeout=20,
        )
        if ran.returncode == 0:
            major, minor = map(int, ran.stdout.split())
            versions.setdefault((major, minor), path)
    return versions


def _pythons(*, strict: bool) -> list[str]:
    return [path for version, path in sorted(pythons().items()) if (version >= (3, 13)) is strict]


def _some_python(*, strict: bool) -> Entry:
    """The newest Python of its kind."""
    name = "python-strict" if strict else "python"

    def missing() -> str | None:
        which = "3.13 or later" if strict else "up to 3.12"
        return None if _pythons(strict=strict) else f"no Python {which} is installed"

    def ask(_: Server) -> Ask:
        return partial(python, interpreter=_pythons(strict=strict)[-1])

    return Entry(name, name, missing, ask)


def _java_with_aia(aia: Server) -> Ask:
    async def ask(servers: Sequence[Server], roots: bytes, folder: Path) -> Mapping[str, Seen]:
        return await java(
            *(servers, roots, folder, "-Dcom.sun.security.enableAIAcaIssuers=true"),
            # Names of the hosts file have no ports; over a proxy they need none.
            *(f"-Dhttp.proxyHost={aia.address}", f"-Dhttp.proxyPort={aia.port}"),
        )

    return ask


def _plain(
    name: str, ask: Ask, *command: str, predicted: str = "", dialect: str | None = None
) -> Entry:
    return Entry(name, predicted or name, partial(why_missing, *command), lambda _: ask, dialect)


def _no_browser() -> str | None:
    if shutil.which("certutil") is None:
        return "certutil (libnss3-tools) is not installed"
    return why_missing("chromium", "--version")


ROSTER: tuple[Entry, ...] = (
    _plain("curl", curl, "curl", "--version"),
    _plain("openssl", openssl, "openssl", "version"),
    _plain("wget", gnutls.wget, "wget", "--version", predicted="gnutls"),
    _plain("git", gnutls.git, "git", "--version", predicted="gnutls", dialect="git"),
    _plain(
        *("gnutls-cli", gnutls.gnutls_cli, "gnutls-cli", "--version"),
        predicted="gnutls",
        dialect="gnutls-cli",
    ),
    _some_python(strict=False),
    _some_python(strict=True),
    _plain("node", node, "node", "--version"),
    _plain("java", java, "java", "-version"),
    Entry("java-aia", "java-aia", partial(why_missing, "java", "-version"), _java_with_aia),
    _plain("go", programs.go, "go", "version"),
    _plain("ruby", programs.ruby, "ruby", "--version"),
    _plain("php", programs.php, "php", "--version"),
    Entry("uv", "rustls", rust.missing, lambda _: rust.uv),
    Entry("chromium", "chrome", _no_browser, lambda aia: partial(browser.chromium, aia=aia)),
    Entry("firefox", "firefox", fox.missing, lambda aia: partial(fox.firefox, aia=aia)),
)
"""In the order of the report."""
