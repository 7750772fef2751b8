"""Options that several commands share: their help, and reading their values."""

import re
from datetime import datetime
from enum import StrEnum
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.status import WrongUsageError
from bot.diagnosis.causes import STARTTLS_PROTOCOLS
from bot.diagnosis.certificate import (
    MalformedCertificateError,
    read_certificate,
    read_pem_certificates,
)
from bot.diagnosis.question import ConnectTo
from bot.diagnosis.remedies.software.table import BY_CODE
from bot.diagnosis.report import Target
from bot.diagnosis.target import TargetError, parse_target
from bot.settings import Settings, SettingsError, load_settings
from bot.texts.catalogue import Catalogue, Lang, catalogue

LARGEST_FILE = 10_000_000

# RFC 3339 section 5.6; the space in place of T is its own note.
_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,6})?\d*([Zz]|[+-]\d\d:\d\d)", re.ASCII
)

_PEM_BLOCK = re.compile(rb"-----BEGIN CERTIFICATE-----.*?(?=-----BEGIN |\Z)", re.DOTALL)
_BRACKETED = re.compile(r"\[([^\[\]]*:[^\[\]]*)\](?::([0-9]{1,5}))?")
_WITH_PORT = re.compile(r"([^:]+):([0-9]{1,5})")


class LangOption(StrEnum):
    """Languages of the answer."""

    EN = "en"
    JA = "ja"


Starttls = StrEnum("Starttls", {name.upper(): name for name in STARTTLS_PROTOCOLS})  # type: ignore[misc]  # built from the one list of protocols

JsonOption = Annotated[bool, typer.Option("--json", help="Print Reports as JSON, one a line.")]
RootsOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Trust exactly these PEM roots."),
]
AtOption = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Judge as of this moment, such as 2026-11-23T09:00:00Z."),
]
LangChoice = Annotated[LangOption | None, typer.Option(help="Language of the answer.")]
AddressOption = Annotated[
    list[str] | None,
    typer.Option(metavar="IP[:PORT]", help="Connect there; the name stays (repeatable)."),
]
StarttlsOption = Annotated[Starttls | None, typer.Option(help="Speak this protocol first.")]
NoFetchOption = Annotated[
    bool, typer.Option("--no-fetch", help="Make no AIA, CRL or OCSP request.")
]
AllowNetworkOption = Annotated[
    list[str] | None,
    typer.Option(metavar="CIDR", help="Reach this network, too (repeatable)."),
]
SoftwareOption = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Give the steps for this software, such as apache."),
]
VerboseOption = Annotated[
    bool, typer.Option("--verbose", "-v", help="Full answers with their evidence.")
]
FullchainOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write the repaired full chain into this new file."),
]


def read_settings(lang: LangOption | None) -> tuple[Settings, Lang, Catalogue]:
    """The settings, the language that was chosen, and its texts.

    Raises:
        WrongUsageError: A setting is wrong.
    """
    try:
        settings = load_settings()
    except SettingsError as error:
        raise WrongUsageError(str(error)) from error
    chosen: Lang = lang.value if lang is not None else settings.tlscheck_lang or "en"
    return settings, chosen, catalogue(chosen)


def read_software(typed: str | None, texts: Catalogue, *, servers_only: bool = False) -> str | None:
    """The code of a server software or, unless `servers_only`, of a client platform.

    Raises:
        WrongUsageError: There is no entry for it.
    """
    if typed is None:
        return None
    code = typed.strip().casefold()
    known = [name for name, one in BY_CODE.items() if one.side == "server" or not servers_only]
    if code not in known:
        raise WrongUsageError(
            texts.text("error.software", value=typed[:60], known=", ".join(known))
        )
    return code


def read_roots(file: Path | None, texts: Catalogue) -> str | None:
    """The PEM roots of `--roots`; None without the option.

    Raises:
        WrongUsageError: The file holds no certificates.
    """
    if file is None:
        return None
    return read_certificates(file, texts, what="--roots").decode("utf-8", "replace")


def read_target(text: str, texts: Catalogue, *, starttls: str | None = None) -> Target:
    """One target.

    Raises:
        WrongUsageError: It names no single server.
    """
    try:
        return parse_target(text, starttls=starttls)
    except TargetError as error:
        raise WrongUsageError(texts.text(f"error.target.{error.code}", **error.values)) from error


def read_moment(text: str | None, texts: Catalogue) -> datetime | None:
    """The moment of `--at`.

    Raises:
        WrongUsageError: It is not RFC 3339, which always says its offset from UTC.
    """
    if text is None:
        return None
    try:
        if not _RFC3339.fullmatch(text):
            raise ValueError(text)
        return datetime.fromisoformat(text.upper())
    except ValueError:
        raise WrongUsageError(texts.text("error.option.at", value=text[:100])) from None


def read_addresses(values: list[str], texts: Catalogue) -> tuple[ConnectTo, ...]:
    """The addresses of `--address IP[:PORT]`.

    Raises:
        WrongUsageError: One of them is none.
    """
    return tuple(_address(value, texts) for value in values)


def _address(value: str, texts: Catalogue) -> ConnectTo:
    try:
        found = _BRACKETED.fullmatch(value) or _WITH_PORT.fullmatch(value)
        bare, port = found.groups() if found else (value, None)
        return ConnectTo(address=str(ip_address(bare)), port=None if port is None else int(port))
    except ValueError:
        raise WrongUsageError(texts.text("error.option.address", value=value[:100])) from None


def read_networks(values: list[str], texts: Catalogue) -> tuple[str, ...]:
    """The CIDRs of `--allow-network`.

    Raises:
        WrongUsageError: One of them is none.
    """
    try:
        return tuple(str(ip_network(value, strict=False)) for value in values)
    except ValueError:
        shown = ", ".join(values)[:100]
        raise WrongUsageError(texts.text("error.option.network", value=shown)) from None


def read_certificates(file: Path, texts: Catalogue, *, what: str) -> bytes:
    """A PEM file that holds at least one certificate, as it is.

    Args:
        file: Where it is.
        texts: For the sentence when it cannot be used.
        what: The option or argument that named it.

    Raises:
        WrongUsageError: It cannot be read, is too large, or is no PEM.
    """
    try:
        with file.open("rb") as source:
            pem = source.read(LARGEST_FILE + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        text = texts.text("error.option.unreadable", what=what, file=file, reason=reason)
        raise WrongUsageError(text) from error
    check_pem(pem, texts, what=what, name=str(file))
    return pem


def check_pem(pem: bytes, texts: Catalogue, *, what: str, name: str) -> None:
    """Refuse what cannot be a PEM bundle.

    Raises:
        WrongUsageError: It is too large, or holds no certificate.
    """
    if len(pem) > LARGEST_FILE:
        raise WrongUsageError(texts.text("error.option.too_large", what=what, file=name))
    try:
        read_pem_certificates(pem)
    except MalformedCertificateError as error:
        key, number = _what_it_is(pem)
        text = texts.text(f"error.option.{key}", what=what, file=name, number=number)
        raise WrongUsageError(text) from error


def _what_it_is(pem: bytes) -> tuple[str, int]:
    """Why a file is no PEM bundle: the end of the text's key, and which certificate it is."""
    for number, block in enumerate(_PEM_BLOCK.findall(pem), start=1):
        try:
            read_pem_certificates(block)
        except MalformedCertificateError:
            return "damaged", number
    try:
        read_certificate(pem)
    except MalformedCertificateError:
        return "not_pem", 0
    return "der", 0
