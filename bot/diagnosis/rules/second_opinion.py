"""Stricter verifiers refuse what OpenSSL's default accepts: some clients do, too.

Asked only when nothing critical was found. Never a reason to call a server broken.
"""

from collections.abc import Iterator

from pydantic import JsonValue

from bot.diagnosis.causes import Cause
from bot.diagnosis.report import Finding
from bot.diagnosis.rules.invalid_chain import COMMAND
from bot.diagnosis.rules.profile import points
from bot.diagnosis.view import View
from bot.diagnosis.webpki import strict_error, web_pki_error_among

_SHOWN = 8


def find(view: View) -> Iterator[Finding]:
    """Find what the stricter verifiers and the finer rules have against a good chain."""
    path = view.path
    if path is None or not path.verdict.ok:
        return
    unkept = list(points(path.certificates))
    web_pki = web_pki_error_among(path, view.sent, view.target.host, view.at)
    # OpenSSL's strict checks are these and the others' together, but for an anchor without a key
    # identifier, which the others let pass: so it is asked only where it can have something to say.
    strict = None
    if web_pki or unkept or path.certificates[-1].key_id is None:
        strict = strict_error(path, view.at, view.trust)
    if not (strict or web_pki or unkept):
        return
    if strict:
        rule, error = "strict", strict
    elif web_pki:
        rule, error = "web_pki", web_pki
    else:
        rule, error = "profile", unkept[0].rule
    listed: list[JsonValue] = [
        {"rule": one.rule, "name": one.certificate.subject_name} for one in unkept[:_SHOWN]
    ]
    breaks: list[JsonValue] = ["python-strict"] if strict else []
    yield Finding(
        code=Cause.INVALID_CHAIN,
        severity="warning",
        evidence={
            "rule": rule,
            "error": error,
            "strict": strict,
            "web_pki": web_pki,
            "points": listed,
            "name": unkept[0].certificate.subject_name
            if unkept
            else path.certificates[0].subject_name,
            "breaks": breaks,
            "command": COMMAND.replace(" -show_chain", " -x509_strict -show_chain"),
        },
    )
