"""What this machine trusts: certifi's age, and the company's own roots with their dates."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.diagnosis.certificate import Certificate, MalformedCertificateError, read_pem_certificates
from bot.diagnosis.clock import bundle_date
from bot.diagnosis.trust import trust_store
from bot.doctor.finding import Finding, fine, note, wrong

OLD = timedelta(days=400)
"""Mozilla's list changes several times a year; a new root needs about as long to be used."""
SOON = timedelta(days=60)
_SHOWN = 3


def look_at_trust(
    extra: Path | None, now: datetime, released: datetime | None = None
) -> tuple[Finding, ...]:
    """The public roots, and those of TLSCHECK_EXTRA_ROOTS.

    Args:
        extra: The file.
        now: The moment.
        released: When the public roots were; None asks certifi.
    """
    released = released or bundle_date() or now
    values: dict[str, Any] = {"date": released.date(), "roots": len(trust_store().anchors)}
    say = note if now - released > OLD else fine
    found = [say("trust", "old" if now - released > OLD else "public", **values)]
    if extra is not None:
        found += _of_company(extra, now)
    return tuple(found)


def _of_company(file: Path, now: datetime) -> list[Finding]:
    try:
        certificates = read_pem_certificates(file.read_bytes())
    except OSError as error:
        return [wrong("trust", "unreadable", file=file, reason=error.strerror or "?")]
    except MalformedCertificateError:
        return [wrong("trust", "no_roots", file=file)]
    found: list[Finding] = []
    for one in certificates:
        name = one.subject_name
        if one.not_after.astimezone(UTC) <= now:
            found.append(wrong("trust", "expired", file=file, name=name, date=one.not_after.date()))
        elif one.not_after - now < SOON:
            found.append(note("trust", "expires", file=file, name=name, date=one.not_after.date()))
        if not one.is_ca and not one.self_issued:
            found.append(note("trust", "no_ca", file=file, name=name))
    return [
        fine("trust", "company", n=len(certificates), file=file, names=_names(certificates)),
        *found,
    ]


def _names(certificates: tuple[Certificate, ...]) -> str:
    names = [one.subject_name for one in certificates]
    return ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
