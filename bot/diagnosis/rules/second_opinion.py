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
from bot.diagnosis.webpki import second_opinions

_SHOWN = 8


def find(view: View) -> Iterator[Finding]:
    """Find what the stricter verifiers and the finer rules have against a good chain."""
    path = view.path
    if path is None or not path.verdict.ok:
        return
    refusals = second_opinions(path, view.sent, view.target.host, view.at, view.trust)
    unkept = list(points(path.certificates))
    if not refusals and not unkept:
        return
    strict = next((one.error for one in refusals if one.by == "strict"), None)
    web_pki = next((one.error for one in refusals if one.by == "web_pki"), None)
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
